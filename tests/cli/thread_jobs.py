"""Jobs that really run, here in threads on DuckDB. Not a test module."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from salesperf_cli.backends.ports import JobRun
from salesperf_cli.core.batch import BatchRequest
from salesperf_cli.core.job_outcome import leave_fault
from salesperf_cli.core.operations import run_batch
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.promotion import layers_of
from salesperf_cli.errors import SalesperfError
from salesperf_cli.factory import LocalWorkspace
from tests.lake import Lake


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
            run_batch(self.workspace, request, Heard(), promote="promote" in arguments, clock=clock,
                      run_id=arguments["run-id"])  # fmt: skip
        except SalesperfError as error:
            leave_fault(self.workspace.backend.objects, arguments["run-id"], layer, error)
            self._faults[job] = f"SystemExit: {int(error.exit_code)}"


def workspace_of(lake: Lake) -> LocalWorkspace:
    """The workspace in which jobs work on a lake."""
    return LocalWorkspace(None, load_pipeline("olist"), lake.backend, lake.ledger)  # type: ignore[arg-type]  # no settings


def clock() -> datetime:
    """The time."""
    return datetime.now(UTC)
