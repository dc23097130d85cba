"""A run that is made layer by layer, as jobs on AWS make it: gold is built on a silver that is not published yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from salesperf_cli.core.batch import BatchPlan, BatchRequest, Step
from salesperf_cli.core.build import BuildResult, StageResult
from salesperf_cli.core.ledger import CheckRecord, new_run_id
from salesperf_cli.core.operations import BatchOutcome, run_batch
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.errors import RefusedError
from salesperf_cli.factory import LocalWorkspace
from tests.lake import Lake, assert_accounted, assert_same_tables, new_lake


class _Quiet:
    def planned(self, plan: BatchPlan) -> None: ...
    def started(self, step: Step) -> None: ...
    def staged(self, step: Step, result: StageResult) -> None: ...
    def built(self, step: Step, result: BuildResult) -> None: ...
    def checked(self, step: Step, checks: tuple[CheckRecord, ...]) -> None: ...


def _clock() -> datetime:
    return datetime.now(UTC)


def _job(lake: Lake, layer: str, run_id: str, *, promote: bool = False) -> BatchOutcome | None:
    pipeline = load_pipeline(str(lake.pipeline) if lake.pipeline else "olist")
    workspace = LocalWorkspace(None, pipeline, lake.backend, lake.ledger)  # type: ignore[arg-type]  # no settings needed
    return run_batch(workspace, BatchRequest((layer,)), _Quiet(), promote=promote, clock=_clock, run_id=run_id)


def _shop(folder: Path) -> Lake:
    lake = new_lake(folder)
    lake.done("sample", "files", "--orders", "80", "--seed", "9")
    lake.done("ingest", "files")
    return lake


def test_two_jobs_under_one_run_id_make_what_one_run_makes(tmp_path: Path) -> None:
    whole, parts = _shop(tmp_path / "whole"), _shop(tmp_path / "parts")
    whole.done("run-batch", "--promote")
    run_id = new_run_id(_clock())
    silver = _job(parts, "silver", run_id)
    assert silver is not None and silver.run.status == "audited" and silver.release is None
    assert parts.ledger.releases() == ()
    gold = _job(parts, "gold", run_id, promote=True)
    assert gold is not None and gold.release is not None
    assert gold.release.changed == ("silver", "gold")
    assert gold.run.layers == ("silver", "gold")
    assert parts.ledger.run_ids() == [run_id]
    assert_accounted(parts.run)
    assert sorted(parts.run.tables) == sorted(whole.run.tables)
    assert_same_tables(parts.published(), whole.published())


def test_what_came_meanwhile_is_left_for_the_next_run(tmp_path: Path) -> None:
    lake = _shop(tmp_path)
    run_id = new_run_id(_clock())
    _job(lake, "silver", run_id)
    lake.done("sample", "more", "--orders", "20", "--seed", "10")
    lake.done("ingest", "more")
    _job(lake, "gold", run_id, promote=True)
    before = lake.read("silver.orders").num_rows
    lake.done("run-batch", "--promote")
    assert lake.read("silver.orders").num_rows > before == 80


def test_nothing_goes_on_from_a_run_that_a_rule_blocks(tmp_path: Path) -> None:
    lake = _shop(tmp_path)
    run_id = new_run_id(_clock())
    _job(lake, "silver", run_id)
    record = lake.ledger.run(run_id)
    failed = CheckRecord("silver.orders", "made_up", "error", passed=False, count=1, message="wrong")
    lake.ledger.write_run(replace(record, status="blocked", checks=(*record.checks, failed)))
    with pytest.raises(RefusedError, match="1 rule blocks run"):
        _job(lake, "gold", run_id)
    lake.ledger.write_run(replace(record, status="running"))
    with pytest.raises(RefusedError, match="cannot be gone on with"):
        _job(lake, "gold", run_id)
