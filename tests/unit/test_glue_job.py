"""The Glue job's arguments, and what is said where Spark cannot start."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from salesperf_cli.backends.aws.job_arguments import job_arguments
from salesperf_cli.backends.spark.session import LocalSpark, jar_coordinates, local_session
from salesperf_cli.core.portable_sql import to_spark
from salesperf_cli.core.text_shapes import java_format
from salesperf_cli.errors import InputError


def test_arguments_are_read_in_both_spellings_and_optional_ones_where_given() -> None:
    argv = ["run_layer.py", "--JOB_NAME", "silver", "--layer", "silver", "--lake=s3://b/l", "--promote", "true"]
    assert job_arguments(argv, ("layer", "lake"), ("promote", "tables")) == {
        "layer": "silver",
        "lake": "s3://b/l",
        "promote": "true",
    }


@pytest.mark.parametrize("argv", [["x", "--layer", "silver"], ["x", "--lake", "l", "--lay", "silver"], ["x", "--lake"]])
def test_missing_and_shortened_arguments_are_refused(argv: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"missing|needs a value"):
        job_arguments(argv, ("layer", "lake"))


def test_the_job_ends_with_the_exit_code_of_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "glue_scripts"))
    from run_layer import main

    assert main(["run_layer.py", "--layer", "bronze", "--lake", str(tmp_path)]) == 2
    assert "'bronze' is not a layer" in capsys.readouterr().out


def test_without_java_the_remedy_is_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(InputError, match="needs Java") as refused, _session(tmp_path, ""):
        pass
    assert "Java 17" in refused.value.remedy


def test_without_pyspark_the_remedy_is_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each == "pyspark" or each.startswith("pyspark.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(InputError, match="Spark is not installed") as refused, _session(tmp_path, ""):
        pass
    assert "salesperf[spark]" in refused.value.remedy


def test_an_unknown_spark_is_refused_and_known_ones_have_their_iceberg() -> None:
    assert "iceberg-spark-runtime-3.5_2.12" in jar_coordinates("3.5.6")[0]
    assert "iceberg-spark-runtime-4.1_2.13" in jar_coordinates("4.1.1")[0]
    with pytest.raises(InputError, match="not supported"):
        jar_coordinates("3.3.0")


def test_spark_gets_the_very_text_of_a_model_with_other_table_names() -> None:
    sql = "SELECT o.a, 'bronze.orders' AS b -- of bronze.orders\nFROM bronze.orders AS o JOIN silver.items ON b = a"
    assert to_spark(sql, {"bronze.orders": "x", "silver.items": "y"}) == (
        "SELECT o.a, 'bronze.orders' AS b -- of bronze.orders\nFROM `x` AS o JOIN `y` AS items ON b = a"
    )


def test_date_patterns_quote_what_is_no_letter() -> None:
    assert java_format("dd/MM/yyyy HH:mm") == "dd'/'MM'/'yyyy' 'HH':'mm"
    assert java_format("yyyy''MM") == "yyyy''MM"
    assert java_format("yyyy-MM-dd'T'HH") == "yyyy'-'MM'-'dd'T'HH"
    with pytest.raises(ValueError, match="not one of"):
        java_format("yyyy'MM")


def _session(tmp_path: Path, jars: str):  # type: ignore[no-untyped-def]  # a session's type would import pyspark
    return local_session(tmp_path, tmp_path / "scratch", LocalSpark(tmp_path, jars, None, None))
