"""What the publishing verbs share: hold the lease, end what was interrupted, then act.

Each function is one whole operation on a lake, as a command or the demo calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from salesperf_cli.core import lease, promotion
from salesperf_cli.core.batch import BatchPlan, BatchRequest, Planner
from salesperf_cli.core.events.landed import absorb, would_absorb
from salesperf_cli.core.ledger import EMPTY_RELEASE, Ingest, Ledger, Release, RunRecord, new_run_id
from salesperf_cli.core.planned import PlannedRun, planned, refuse_moved
from salesperf_cli.core.runs import Run, RunReporter
from salesperf_cli.core.served_views import NoViews, Views, refuse_losses
from salesperf_cli.errors import RefusedError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import BatchBackend, Lake
    from salesperf_cli.core.pipeline import Pipeline

Clock = Callable[[], datetime]
NO_VIEWS = NoViews()


class Workspace(Protocol):
    """What an operation works with."""

    @property
    def pipeline(self) -> Pipeline:
        """Contracts and models."""

    @property
    def backend(self) -> Lake:
        """The target's objects and tables."""

    @property
    def ledger(self) -> Ledger:
        """What was received, run and released."""


class BatchWorkspace(Workspace, Protocol):
    """What a run in this process works with."""

    @property
    def backend(self) -> BatchBackend:
        """The target's objects and tables, and an engine."""


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """A run and, where it was promoted, its release."""

    run: RunRecord
    release: Release | None


def plan_batch(workspace: Workspace, request: BatchRequest, begun: RunRecord | None = None) -> BatchPlan:
    """The plan of a run as things stand now; of one that was `begun`, on the tables that it has made already."""
    release = workspace.ledger.current_release()
    if begun is not None:
        release = replace(release, tables=release.tables | begun.tables)
    return _plan(workspace, request, release, workspace.ledger.ingests())


def _plan(workspace: Workspace, request: BatchRequest, release: Release, ingests: Sequence[Ingest]) -> BatchPlan:
    planner = Planner(
        workspace.pipeline.contracts(),
        workspace.pipeline.models(),
        ingests,
        release,
        workspace.backend.objects.location,
    )
    return planner.plan(request)


def run_batch(
    workspace: BatchWorkspace,
    request: BatchRequest,
    reporter: RunReporter,
    *,
    promote: bool,
    clock: Clock,
    agreed: PlannedRun | None = None,
    run_id: str | None = None,
) -> BatchOutcome | None:
    """Plan and walk a run, and publish it where asked; None when everything is up to date.

    When a rule fails, the run's tables stay on its audit branch and nothing is published. `agreed` is a saved plan:
    raises ConflictError when it is not what would be done now. A `run_id` that the ledger knows goes on with that run:
    where each layer is a job of its own, gold is built on what the silver job has made, and published with it.
    """
    run_id = run_id or new_run_id(clock())
    with working(workspace, run_id, "run-batch", clock):
        begun = _begun(workspace.ledger, run_id)
        take_landed(workspace, request, run_id, clock(), agreed)
        plan = plan_batch(workspace, request, begun)
        if agreed is not None:
            refuse_moved(agreed, planned(plan, request))
        reporter.planned(plan)
        record = begun
        if plan.builds:
            with workspace.backend.engine(run_id) as engine:
                name = workspace.backend.engine_name
                record = Run(
                    plan, engine, workspace.ledger, reporter, begun or _new(run_id, plan, name, clock()), clock
                ).walk()
        if record is None:
            return None
        if record.failures or not promote:
            return BatchOutcome(record, None)
        layers = tuple(layer for layer in record.layers if any(name.startswith(layer) for name in record.tables))
        to_publish = promotion.plan_promotion(workspace.ledger, layers)
        refuse_losses(to_publish, workspace.ledger)
        release = promotion.publish(to_publish, workspace.ledger, workspace.backend.tables, now=clock())
        return BatchOutcome(workspace.ledger.run(run_id), release)


def take_landed(
    workspace: Workspace, request: BatchRequest, run_id: str, now: datetime, agreed: PlannedRun | None
) -> None:
    """Take in what the speed layer has landed, where silver is to be built; of it, what a saved plan names."""
    if "silver" in request.layers:
        only = None if agreed is None else {file for step in agreed.steps for file in step.files}
        absorb(workspace.pipeline, workspace.backend.objects, workspace.ledger, run_id=run_id, now=now, only=only)


def plan_with_landed(workspace: Workspace, request: BatchRequest, now: datetime) -> BatchPlan:
    """The plan of a run that were made now: after what has landed was taken in. Nothing is written."""
    ingests = workspace.ledger.ingests()
    if "silver" in request.layers:
        ingests += tuple(would_absorb(workspace.pipeline, workspace.backend.objects, ingests, now))
    return _plan(workspace, request, workspace.ledger.current_release(), ingests)


def _new(run_id: str, plan: BatchPlan, engine: str, now: datetime) -> RunRecord:
    return RunRecord(run_id, "batch", "running", now, plan.layers, engine)


def _begun(ledger: Ledger, run_id: str) -> RunRecord | None:
    """The run of that id as far as it has come; raises RefusedError when it cannot be gone on with."""
    run = ledger.find_run(run_id)
    if run is None or run.status == "audited":
        return run
    if run.status == "blocked":
        raise promotion.blocked(run)
    raise RefusedError(
        f"run {run_id} cannot be gone on with",
        why=f"its status is {run.status}; what comes next is built on an audited layer",
        remedy="run: salesperf run-batch",
    )


def promote(
    workspace: Workspace, layers: Sequence[str], *, clock: Clock, take_over: bool = False, views: Views = NO_VIEWS
) -> tuple[promotion.PublishPlan, Release]:
    """Publish the last audited run's tables of `layers`; with `take_over` also over what another writer published.

    `views` are opened before tables move, and closed behind the release.
    """
    with working(workspace, new_run_id(clock()), "promote", clock) as ended:
        if ended is not None and ended.kind == "promote":
            views.close()
            return _plan_of(workspace.ledger, ended), ended
        plan = promotion.plan_promotion(workspace.ledger, layers)
        if take_over:
            plan = promotion.taking_over(plan, workspace.backend.tables)
        return plan, _published(workspace, plan, views, clock)


def rollback(
    workspace: Workspace, layer: str, to: str | None, *, clock: Clock, views: Views = NO_VIEWS
) -> tuple[promotion.PublishPlan, Release]:
    """Bring a layer's tables back to an earlier release; `views` as for `promote`."""
    run_id = new_run_id(clock())
    with working(workspace, run_id, "rollback", clock) as ended:
        if ended is not None and ended.kind == "rollback":  # going back once more would undo what was asked
            views.close()
            return _plan_of(workspace.ledger, ended), ended
        plan = promotion.plan_rollback(workspace.ledger, layer, to, run_id=run_id, now=clock())
        return plan, _published(workspace, plan, views, clock)


def close_views(workspace: Workspace, views: Views, *, clock: Clock) -> None:
    """Have the views read no more than the current release needs: a job that has published it could not."""
    with working(workspace, new_run_id(clock()), "publish-views", clock):
        views.close()


def _published(workspace: Workspace, plan: promotion.PublishPlan, views: Views, clock: Clock) -> Release:
    views.open()
    release = promotion.publish(plan, workspace.ledger, workspace.backend.tables, now=clock())
    views.close()
    return release


@contextmanager
def working(workspace: Workspace, run_id: str, doing: str, clock: Clock) -> Iterator[Release | None]:
    """Hold the batch lease, having ended what a killed promotion left; gives the release that this made, if any."""
    with lease.hold(workspace.backend.objects, run_id, doing):
        yield promotion.finish_interrupted(workspace.ledger, workspace.backend.tables, now=clock())


def _plan_of(ledger: Ledger, release: Release) -> promotion.PublishPlan:
    """The plan of a release that was just ended, for telling it."""
    releases = ledger.releases()
    base = releases[-2] if len(releases) > 1 else EMPTY_RELEASE
    run = ledger.run(release.run_id)
    steps = tuple(
        promotion.publish_step(name, base.tables.get(name), state)
        for name, state in sorted(run.tables.items())
        if base.tables.get(name) != state
    )
    return promotion.PublishPlan(release.kind, release.changed, base, run, steps, release.note)
