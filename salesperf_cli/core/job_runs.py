"""A run whose layers are jobs elsewhere: started one after the other under one run id, followed, and read back.

The jobs walk the same plan on the same ledger; here is only the waiting. Closing the terminal stops nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from salesperf_cli.core import lease
from salesperf_cli.core.batch import BatchPlan, BatchRequest
from salesperf_cli.core.job_outcome import fault_of
from salesperf_cli.core.ledger import new_run_id
from salesperf_cli.core.operations import BatchOutcome, Clock, Workspace, plan_batch, take_landed
from salesperf_cli.core.planned import PlannedRun, planned, refuse_moved
from salesperf_cli.errors import RetryableError, SalesperfError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import JobRun, Jobs

POLL_SECONDS = 2.0
"""How long to wait between two looks at a job; a Glue job takes a minute at least."""


class JobReporter(Protocol):
    """Hears how the jobs go on."""

    def planned(self, plan: BatchPlan) -> None:
        """The plan is made."""

    def job_started(self, layer: str, job: str) -> None:
        """A layer's job was started."""

    def job_said(self, layer: str, line: str) -> None:
        """A job printed a line."""

    def job_ended(self, layer: str, run: JobRun) -> None:
        """A layer's job has ended."""

    def job_left(self, layer: str, job: str, run_id: str) -> None:
        """The waiting was interrupted; the job goes on."""

    def job_stopped(self, layer: str, job: str) -> None:
        """The waiting was interrupted, and the job asked to stop."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait: seconds between two looks, what sleeps them, and whether an interrupt stops the job, too."""

    stop_on_interrupt: bool = False
    poll_seconds: float = POLL_SECONDS
    sleep: Callable[[float], None] = time.sleep


def run_jobs(
    workspace: Workspace,
    jobs: Jobs,
    request: BatchRequest,
    reporter: JobReporter,
    *,
    promote: bool,
    clock: Clock,
    waiting: Waiting,
    agreed: PlannedRun | None = None,
) -> BatchOutcome | None:
    """Plan a run, start a job for each layer that has something to build, and wait; None when all is up to date.

    Raises the error that a job failed with, ConflictError while another run holds the batch lease.
    """
    lease.refuse_held(workspace.backend.objects)
    run_id = new_run_id(clock())
    take_landed(workspace, request, run_id, clock(), agreed)  # an ingest needs no lease
    plan = plan_batch(workspace, request)
    if agreed is not None:
        refuse_moved(agreed, planned(plan, request))
    reporter.planned(plan)
    layers = [layer for layer in request.layers if any(build.table.layer == layer for build in plan.builds)]
    if not layers:
        return None
    for layer in layers:
        arguments = _arguments(request, run_id, promote=promote and layer == layers[-1])
        job = jobs.start(layer, arguments)
        reporter.job_started(layer, job)
        ended = _follow(jobs, layer, job, run_id, reporter, waiting)
        record = workspace.ledger.find_run(run_id)
        if record is not None and record.status == "blocked":
            return BatchOutcome(record, None)
        if ended.state != "succeeded":
            raise fault_of(workspace.backend.objects, run_id, layer) or _unexplained(layer, ended)
    return _outcome(workspace, request, run_id)


def _arguments(request: BatchRequest, run_id: str, *, promote: bool) -> dict[str, str]:
    arguments = {"run-id": run_id}
    if request.tables:
        arguments["tables"] = ",".join(request.tables)
    if request.full_refresh:
        arguments["full-refresh"] = "true"
    if promote:
        arguments["promote"] = "true"
    return arguments


def _follow(jobs: Jobs, layer: str, job: str, run_id: str, reporter: JobReporter, waiting: Waiting) -> JobRun:
    """Wait until a job has ended, telling what it prints; gives how it ended."""
    place: str | None = None
    try:
        while True:
            run = jobs.run(layer, job)
            lines, place = jobs.log(layer, job, place)
            for line in lines:
                reporter.job_said(layer, line)
            if run.ended:
                reporter.job_ended(layer, run)
                return run
            waiting.sleep(waiting.poll_seconds)
    except KeyboardInterrupt:
        if waiting.stop_on_interrupt:
            jobs.stop(layer, job)
            reporter.job_stopped(layer, job)
        else:
            reporter.job_left(layer, job, run_id)
        raise


def _unexplained(layer: str, run: JobRun) -> SalesperfError:
    return RetryableError(
        f"the {layer} job {'was stopped' if run.state == 'stopped' else 'failed'}",
        why=run.message or f"its state is {run.state}, and it left no word",
        remedy="what is published is unchanged; read its log, then run the same command again",
    )


def _outcome(workspace: Workspace, request: BatchRequest, run_id: str) -> BatchOutcome | None:
    record = workspace.ledger.find_run(run_id)
    if record is None:
        if plan_batch(workspace, request).builds:
            raise _idle(run_id)
        return None  # somebody else has built it all in the meantime
    release = workspace.ledger.current_release()
    return BatchOutcome(record, release if release.run_id == run_id else None)


def _idle(run_id: str) -> SalesperfError:
    return RetryableError(
        "the jobs ended well, and nothing was built",
        why=f"the lake knows nothing of the run {run_id}: they may have worked on another lake",
        remedy="salesperf deploy makes the jobs anew; then run the same command again",
    )
