"""Waiting for jobs: what the terminal tells and ends with, by jobs that really run, here in threads on DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.core import lease
from salesperf_cli.core.batch import BatchRequest
from salesperf_cli.core.job_runs import Waiting, run_jobs
from salesperf_cli.core.operations import BatchOutcome
from salesperf_cli.core.promotion import layers_of
from salesperf_cli.errors import ConflictError, RetryableError
from tests.cli.thread_jobs import Heard, ThreadJobs, clock, workspace_of
from tests.lake import Lake, received_lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return received_lake(tmp_path / "shop")


def _run(lake: Lake, jobs: ThreadJobs, heard: Heard, **waiting: Any) -> BatchOutcome | None:
    pace = Waiting(poll_seconds=0.05, **waiting)
    request = BatchRequest(layers_of("all"))
    return run_jobs(workspace_of(lake), jobs, request, heard, promote=True, clock=clock, waiting=pace)


def test_each_layer_is_a_job_under_one_run_id_and_the_last_one_publishes(lake: Lake) -> None:
    jobs, heard = ThreadJobs(workspace_of(lake)), Heard()
    outcome = _run(lake, jobs, heard)
    assert outcome is not None and outcome.release is not None and outcome.release.changed == ("silver", "gold")
    assert jobs.started["silver"] == {"run-id": outcome.run.run_id}
    assert jobs.started["gold"] == {"run-id": outcome.run.run_id, "promote": "true"}
    assert heard.names() == [
        "planned", "job_started", "job_said", "job_ended", "job_started", "job_said", "job_ended"
    ]  # fmt: skip
    assert _run(lake, jobs, Heard()) is None  # everything is up to date


def test_a_job_that_ends_without_a_word_is_told_with_what_the_service_says(lake: Lake) -> None:
    with pytest.raises(RetryableError, match="the gold job failed") as failed:
        _run(lake, ThreadJobs(workspace_of(lake), dies="gold"), Heard())
    assert failed.value.why == "MemoryError"
    assert lake.ledger.releases() == ()


def test_the_error_of_a_job_arrives_as_what_it_was(lake: Lake) -> None:
    workspace = workspace_of(lake)
    objects = workspace.backend.objects

    class Busy(ThreadJobs):
        """Between the look and the start somebody else has begun."""

        def _work(self, job: str, layer: str, arguments: Mapping[str, str]) -> None:
            with lease.hold(objects, "somebody-else", "run-batch"):
                super()._work(job, layer, arguments)

    with pytest.raises(ConflictError, match="another salesperf works on this lake"):
        _run(lake, Busy(workspace), Heard())


def test_while_a_run_holds_the_lease_no_job_is_started(lake: Lake) -> None:
    jobs = ThreadJobs(workspace_of(lake))
    with (
        lease.hold(lake.backend.objects, "mine", "run-batch"),
        pytest.raises(ConflictError, match="works on this lake"),
    ):
        _run(lake, jobs, Heard())
    assert jobs.started == {}


@pytest.mark.parametrize("stop", [False, True])
def test_an_interrupt_leaves_the_job_alone_or_stops_it(lake: Lake, stop: bool) -> None:
    jobs, heard = ThreadJobs(workspace_of(lake)), Heard()

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(lake, jobs, heard, stop_on_interrupt=stop, sleep=interrupted)
    assert jobs.stopped == (["job-silver"] if stop else [])
    assert heard.names()[-1] == ("job_stopped" if stop else "job_left")
    for thread in jobs._threads.values():
        thread.join()
