"""What Spark itself refuses or fails at is told in three lines, with its cause and without a page of Java."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from salesperf_cli.errors import InputError, SalesperfError

pytestmark = pytest.mark.spark


def _asked(home: Path, sql: str) -> SalesperfError:
    from salesperf_cli.backends.spark.faults import told
    from salesperf_cli.backends.spark.session import LocalSpark, local_session

    jars = os.environ.get("SALESPERF_SPARK_JARS", "")
    with (
        local_session(home, home / "faults", LocalSpark(home, jars, "2GB", 2)) as session,
        pytest.raises(SalesperfError) as raised,
        told("build gold.t"),
    ):
        session.sql(sql).collect()
    return raised.value


def test_sql_that_spark_does_not_take_names_the_step_and_the_reason(spark_home: Path) -> None:
    error = _asked(spark_home, "SELECT nowhere FROM (SELECT 1 AS a)")
    assert isinstance(error, InputError)
    assert error.what == "Spark does not take the SQL to build gold.t"
    assert "nowhere" in error.why and "\n" not in error.why


def test_a_row_that_fails_names_the_step_and_the_cause(spark_home: Path) -> None:
    error = _asked(spark_home, "SELECT CAST(id * 3000000000 AS int) AS n FROM range(3)")
    assert error.what == "Spark could not build gold.t"
    assert "CAST_OVERFLOW" in error.why and len(error.why) <= 300
