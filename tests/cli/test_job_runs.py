"""Waiting for jobs: what the terminal tells and ends with, by jobs that really run, here in threads on DuckDB."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.backends.ports import JobRun
from salesperf_cli.core import lease
from salesperf_cli.core.batch import BatchRequest
from salesperf_cli.core.job_outcome import leave_fault
from salesperf_cli.core.job_runs import Waiting, run_jobs
from salesperf_cli.core.operations import BatchOutcome, run_batch
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.promotion import layers_of
from salesperf_cli.errors import ConflictError, RetryableError, SalesperfError
from salesperf_cli.factory import LocalWorkspace
from tests.lake import Lake, new_lake


class Heard:
    """A reporter that remembers; also of the runs inside the jobs."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *words: self.said.append(" ".join((name, *(str(word)[:60] for word in words))))

    def names(self) -> list[str]:
        return [line.split()[0] for line in self.said]


@dataclass
class ThreadJobs:
    """Jobs in threads of this process, each on DuckDB. `dies` names a layer whose job ends without a word."""

    workspace: LocalWorkspace
    dies: str = ""
    stopped: list[str] = field(default_factory=list)
    started: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _threads: dict[str, threading.Thread] = field(default_factory=dict)
    _faults: dict[str, str] = field(default_factory=dict)

    def start(self, layer: str, arguments: Mapping[str, str]) -> str:
        job = f"job-{layer}"
        self.started[layer] = arguments
        self._threads[job] = threading.Thread(target=self._work, args=(job, layer, arguments))
        self._threads[job].start()
        return job

    def run(self, layer: str, job: str) -> JobRun:
        if self._threads[job].is_alive():
            return JobRun("running")
        fault = self._faults.get(job, "")
        return JobRun("failed" if fault else "succeeded", fault, 1)

    def stop(self, layer: str, job: str) -> None:
        self.stopped.append(job)

    def log(self, layer: str, job: str, after: str | None) -> tuple[Sequence[str], str | None]:
        return (() if after else (f"hello from {layer}",)), "1"

    def _work(self, job: str, layer: str, arguments: Mapping[str, str]) -> None:
        if layer == self.dies:
            self._faults[job] = "MemoryError"
            return
        request = BatchRequest(layers_of(layer), (), arguments.get("full-refresh") == "true")
        try:
            run_batch(self.workspace, request, Heard(), promote="promote" in arguments, clock=_clock,
                      run_id=arguments["run-id"])  # fmt: skip
        except SalesperfError as error:
            leave_fault(self.workspace.backend.objects, arguments["run-id"], layer, error)
            self._faults[job] = f"SystemExit: {int(error.exit_code)}"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = new_lake(tmp_path / "shop")
    lake.done("sample", "files", "--orders", "60", "--seed", "4")
    lake.done("ingest", "files")
    return lake


def _clock() -> datetime:
    return datetime.now(UTC)


def _workspace(lake: Lake) -> LocalWorkspace:
    return LocalWorkspace(None, load_pipeline("olist"), lake.backend, lake.ledger)  # type: ignore[arg-type]  # no settings


def _run(lake: Lake, jobs: ThreadJobs, heard: Heard, **waiting: Any) -> BatchOutcome | None:
    pace = Waiting(poll_seconds=0.05, **waiting)
    request = BatchRequest(layers_of("all"))
    return run_jobs(_workspace(lake), jobs, request, heard, promote=True, clock=_clock, waiting=pace)


def test_each_layer_is_a_job_under_one_run_id_and_the_last_one_publishes(lake: Lake) -> None:
    jobs, heard = ThreadJobs(_workspace(lake)), Heard()
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
        _run(lake, ThreadJobs(_workspace(lake), dies="gold"), Heard())
    assert failed.value.why == "MemoryError"
    assert lake.ledger.releases() == ()


def test_the_error_of_a_job_arrives_as_what_it_was(lake: Lake) -> None:
    workspace = _workspace(lake)
    objects = workspace.backend.objects

    class Busy(ThreadJobs):
        """Between the look and the start somebody else has begun."""

        def _work(self, job: str, layer: str, arguments: Mapping[str, str]) -> None:
            with lease.hold(objects, "somebody-else", "run-batch"):
                super()._work(job, layer, arguments)

    with pytest.raises(ConflictError, match="another salesperf works on this lake"):
        _run(lake, Busy(workspace), Heard())


def test_while_a_run_holds_the_lease_no_job_is_started(lake: Lake) -> None:
    jobs = ThreadJobs(_workspace(lake))
    with (
        lease.hold(lake.backend.objects, "mine", "run-batch"),
        pytest.raises(ConflictError, match="works on this lake"),
    ):
        _run(lake, jobs, Heard())
    assert jobs.started == {}


@pytest.mark.parametrize("stop", [False, True])
def test_an_interrupt_leaves_the_job_alone_or_stops_it(lake: Lake, stop: bool) -> None:
    jobs, heard = ThreadJobs(_workspace(lake)), Heard()

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(lake, jobs, heard, stop_on_interrupt=stop, sleep=interrupted)
    assert jobs.stopped == (["job-silver"] if stop else [])
    assert heard.names()[-1] == ("job_stopped" if stop else "job_left")
    for thread in jobs._threads.values():
        thread.join()
