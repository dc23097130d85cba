"""`salesperf publish-views`: makes the serving views in Athena."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from salesperf_cli.errors import SalesperfError
from salesperf_cli.options import DryRunOption, environment
from salesperf_cli.output.forms import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from salesperf_cli.backends.ports import Queries
    from salesperf_cli.core.pipeline import Pipeline
    from salesperf_cli.core.serving_views import ViewStep
    from salesperf_cli.environment import Environment


@dataclass(frozen=True, slots=True)
class PublishedView:
    """A view, what it reads, and the statement that makes it."""

    view: str
    reads: tuple[str, ...]
    statement: str


@dataclass(frozen=True, slots=True)
class ViewsReport:
    """The JSON shape of `publish-views`; `published` is False in a dry run, and where views are read as they stand."""

    published: bool
    views: tuple[PublishedView, ...]


def publish_views(ctx: typer.Context, dry_run: DryRunOption = False) -> None:
    """Make the serving views in Athena, or replace them.

    Each serving/*.sql of the pipeline becomes a view of the serving database, after those that it reads. On the target
    local there is nothing to make: there the files themselves are the views.

    Examples:
      salesperf publish-views --target dev --dry-run
      salesperf publish-views --target dev
    """
    from salesperf_cli.factory import AwsWorkspace, open_workspace

    world = environment(ctx)
    workspace = open_workspace(world)
    queries = workspace.backend.queries if isinstance(workspace, AwsWorkspace) else None
    steps = _planned(workspace.pipeline, queries)
    if queries is not None and not dry_run:
        _publish(world, queries, steps)
    report = ViewsReport(queries is not None and not dry_run, tuple(map(_shown, steps)))
    world.sink.document(report, _view)
    if queries is None:
        world.sink.say("Nothing to make: on this target queries read the serving/*.sql of the pipeline.")


def _planned(pipeline: Pipeline, queries: Queries | None) -> Sequence[ViewStep]:
    """The views in their order, over Athena's databases; where there are none, over the layers by their own names."""
    from salesperf_cli.core.serving_views import plan_views
    from salesperf_cli.core.tables import BUILT_LAYERS

    databases = {layer: layer for layer in _LAYERS} if queries is None else queries.databases
    tables = [str(name) for name in pipeline.contracts(BUILT_LAYERS)]
    return plan_views(pipeline.serving_views(), tables, databases)


_LAYERS = ("silver", "gold", "quarantine", "serving", "speed")


def _publish(world: Environment, queries: Queries, steps: Sequence[ViewStep]) -> None:
    for step in steps:
        world.sink.busy(f"making {step.view}")
        try:
            queries.run(step.statement)
        except SalesperfError as fault:
            raise type(fault)(
                f"the view {step.view} cannot be made: {fault.what}",
                why=fault.why,
                remedy=fault.remedy,
                detail=fault.detail,
            ) from fault
        world.sink.step(step.view)


def _shown(step: ViewStep) -> PublishedView:
    return PublishedView(step.view, step.reads, step.statement.sql)


def _view(report: ViewsReport) -> Iterable[Table]:
    columns = (Column("View"), Column("Reads", wrap=True))
    yield Table(columns, [(each.view, ", ".join(each.reads)) for each in report.views])
