"""DuckDB and Spark on the same files: the same tables, the same rows set aside, the same verdicts, on one ledger."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.core.ledger import RunRecord
from salesperf_cli.core.portable import allow_list
from salesperf_cli.core.portable.functions import Function
from salesperf_cli.core.sample import write_sample
from tests.lake import Lake, assert_accounted, assert_same_rows, assert_same_tables, new_lake
from tests.parity.documents import write_documents
from tests.parity.malformed import IN_FILES, write_files, write_pipeline

pytestmark = pytest.mark.spark

PROMOTE = ("run-batch", "--promote")
SPARK = (*PROMOTE, "--engine", "spark")


def assert_same_run(left: RunRecord, right: RunRecord) -> None:
    """Two runs counted the same rows of the same files and came to the same verdicts, word for word."""
    assert _by(left.files) == _by(right.files)
    assert _by(left.checks) == _by(right.checks)
    assert {name: state.rows for name, state in left.tables.items()} == {n: s.rows for n, s in right.tables.items()}


def _by(records: Iterable[Any]) -> list[str]:
    return sorted(map(str, records))


def test_runs_on_either_engine_in_any_order_publish_the_same_tables(tmp_path: Path) -> None:
    on_duckdb, mixed = new_lake(tmp_path / "duckdb"), new_lake(tmp_path / "mixed")
    write_sample(tmp_path / "first", 200, 7, False)
    write_sample(tmp_path / "second", 40, 7, False, first_order=200)
    write_sample(tmp_path / "third", 20, 7, False, first_order=240, base_orders=200)
    for delivery, engine in (("first", SPARK), ("second", SPARK), ("third", PROMOTE)):
        for lake, command in ((on_duckdb, PROMOTE), (mixed, engine)):
            lake.done("ingest", str(tmp_path / delivery))
            lake.done(*command)
        assert_same_run(on_duckdb.run, mixed.run)
        assert_same_tables(on_duckdb.published(), mixed.published())
    assert [mixed.ledger.run(run).engine for run in mixed.ledger.run_ids()] == ["spark", "spark", "duckdb"]
    asked = [
        lake.call("query", "SELECT sum(price) AS p, count(*) AS n FROM gold.sales_wide") for lake in (on_duckdb, mixed)
    ]
    assert asked[0].stdout == asked[1].stdout


def test_both_engines_block_the_same_dirty_delivery_for_the_same_reasons(tmp_path: Path) -> None:
    write_sample(tmp_path / "dirty", 150, 3, True)
    lakes = {}
    for name, command in (("duckdb", PROMOTE), ("spark", SPARK)):
        lake = lakes[name] = new_lake(tmp_path / name)
        lake.done("ingest", str(tmp_path / "dirty"))
        assert lake.call(*command).exit_code == 3
        assert lake.release.number == 0
        assert_accounted(lake.run)
    left, right = lakes["duckdb"], lakes["spark"]
    assert_same_run(left.run, right.run)
    for name, state in left.run.tables.items():
        rows = [lake.read(name, lake.run.tables[name]) for lake in (left, right)]
        if name.startswith("quarantine."):
            rows = [each.drop_columns(["run_id", "quarantined_at"]) for each in rows]
        assert state.rows == rows[0].num_rows
        assert_same_rows(name, *rows)


@pytest.mark.parametrize("seed", [1, 5])
def test_both_engines_load_and_refuse_the_same_rows_of_malformed_files(tmp_path: Path, seed: int) -> None:
    lake = new_lake(tmp_path / "lake", write_pipeline(tmp_path / "pipeline"))
    lake.done("ingest", str(write_files(tmp_path / "files", seed, 40)))
    assert_same_on_both(lake)


@pytest.mark.parametrize("seed", [1, 5])
def test_both_engines_load_and_refuse_the_same_malformed_records_of_json_and_parquet(tmp_path: Path, seed: int) -> None:
    lake = new_lake(tmp_path / "lake", write_pipeline(tmp_path / "pipeline"))
    lake.done("ingest", str(write_documents(tmp_path / "files", seed, 30)))
    assert_same_on_both(lake, "--tables", "plain")


def assert_same_on_both(lake: Lake, *options: str) -> None:
    result = lake.call("models", "verify", *options)
    assert result.stdout, result.stderr
    wrong = [each for each in result.document["verdicts"] if each["comparison"]["columns"] or _missing(each)]
    assert (result.exit_code, wrong) == (0, [])


def _missing(verdict: dict[str, Any]) -> int:
    return int(verdict["comparison"]["only_left"] + verdict["comparison"]["only_right"])


def test_a_model_that_means_something_else_on_spark_is_found_with_its_column_and_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = write_pipeline(tmp_path / "pipeline")
    contract = pipeline / "contracts" / "silver" / "plain.yaml"
    key = "        description: code\n"
    contract.write_text(contract.read_text().replace(key, f"{key}        primaryKey: true\n"))
    model = pipeline / "models" / "silver" / "plain.sql"
    model.write_text(model.read_text().replace("CAST(many AS int)", "CAST(dayofweek(seen) AS int)"))
    # As if the list had the trap that it exists to hold off: DuckDB counts from 0.
    moment = allow_list.DATES["dayofweek"][0].arguments
    naive = (Function("dayofweek({0})", allow_list.DATES["dayofweek"][0].result, moment),)
    monkeypatch.setitem(allow_list.FUNCTIONS, "dayofweek", naive)
    lake = new_lake(tmp_path / "lake", pipeline)
    header = ",".join(IN_FILES.values())
    (tmp_path / "plain-1.csv").write_text(f"{header}\na,1.5,2017-01-02 03:04:05,,,,1,,\nb,1.5,,,,,2,,\n")
    lake.done("ingest", str(tmp_path / "plain-1.csv"))
    result = lake.call("models", "verify", "--tables", "plain")
    assert result.exit_code == 3
    source, found = (each["comparison"] for each in result.document["verdicts"])
    assert not result.document["equal"]
    assert (source["columns"], found["only_left"], found["only_right"]) == ([], 0, 0)
    sample = {"key": "a", "left": "1", "right": "2"}
    assert found["columns"] == [{"column": "many", "rows": 1, "samples": [sample]}]


@pytest.mark.slow
def test_a_spark_run_keeps_others_out_and_killed_midway_leaves_what_is_published(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    write_sample(tmp_path / "first", 150, 7, False)
    write_sample(tmp_path / "second", 30, 7, False, first_order=150)
    lake.done("ingest", str(tmp_path / "first"))
    lake.done(*PROMOTE)
    before, mains = lake.published(), _mains(lake)
    lake.done("ingest", str(tmp_path / "second"))
    run = lake.start(*SPARK)
    try:
        _wait_for(lambda: _has_branch(lake))
        assert lake.call(*PROMOTE).exit_code == 6
    finally:
        run.send_signal(signal.SIGKILL)
        run.communicate()
    assert _mains(lake) == mains
    assert_same_tables(before, lake.published())
    lake.done(*SPARK)
    untouched = new_lake(tmp_path / "other")
    for delivery in ("first", "second"):
        untouched.done("ingest", str(tmp_path / delivery))
        untouched.done(*PROMOTE)
    assert_same_tables(untouched.published(), lake.published())


def _mains(lake: Lake) -> dict[str, int]:
    return {name: state.snapshot_id for name, state in lake.release.tables.items()}


def _has_branch(lake: Lake) -> bool:
    """Whether the run under way has committed a table to its audit branch."""
    run = lake.ledger.last_run()
    if run is None or run.engine != "spark":
        return False
    from salesperf_cli.core.runs import audit_branch
    from salesperf_cli.core.tables import TableName

    names = (TableName.parse(name) for name in lake.release.tables)
    tables = (lake.backend.tables.refresh(name) for name in names)
    return any(audit_branch(run.run_id) in table.metadata.refs for table in tables if table is not None)


def _wait_for(condition: Any, seconds: float = 180) -> None:
    ended = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ended, "it did not happen in time"
        time.sleep(0.2)
