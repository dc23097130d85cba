"""`salesperf publish-views`: makes the serving views in Athena."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from salesperf_cli.options import DryRunOption, environment
from salesperf_cli.output.forms import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from salesperf_cli.core.pipeline import Pipeline
    from salesperf_cli.core.serving_views import ViewStep
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import AwsWorkspace


@dataclass(frozen=True, slots=True)
class PublishedView:
    """A view, what it reads, the statement that makes it, and the day from which it reads landed events."""

    view: str
    reads: tuple[str, ...]
    statement: str
    landed_from: str | None


@dataclass(frozen=True, slots=True)
class ViewsReport:
    """The JSON shape of `publish-views`; `published` is False in a dry run, and where views are read as they stand."""

    published: bool
    views: tuple[PublishedView, ...]


def publish_views(ctx: typer.Context, dry_run: DryRunOption = False) -> None:
    """Make the serving views in Athena, or replace them.

    Each serving/*.sql of the pipeline becomes a view of the serving database, after those that it reads. A live view
    reads landed events from the day of which some are not in the release yet; promote and rollback move that day, a
    scheduled job does not: run this now and then. On the target local there is nothing to make: there the files
    themselves are the views.

    Examples:
      salesperf publish-views --target dev --dry-run
      salesperf publish-views --target dev
    """
    from salesperf_cli.factory import AwsWorkspace, open_workspace

    world = environment(ctx)
    workspace = open_workspace(world)
    if isinstance(workspace, AwsWorkspace):
        steps = _published(world, workspace, dry_run=dry_run)
        world.sink.document(ViewsReport(not dry_run, tuple(map(_shown, steps))), _view)
    else:
        steps = _as_they_are(workspace.pipeline)
        world.sink.document(ViewsReport(False, tuple(map(_shown, steps))), _view)
        world.sink.say("Nothing to make: on this target queries read the serving/*.sql of the pipeline.")


def _as_they_are(pipeline: Pipeline) -> Sequence[ViewStep]:
    """The views in their order, over the layers by their own names."""
    from salesperf_cli.core.serving_views import plan_views

    return plan_views(pipeline.serving_views(), pipeline.built_names(), None)


def _published(world: Environment, workspace: AwsWorkspace, *, dry_run: bool) -> Sequence[ViewStep]:
    """The views in their order, made where that was asked for: no table may move meanwhile."""
    from salesperf_cli.core.ledger import new_run_id
    from salesperf_cli.core.operations import working
    from salesperf_cli.factory import open_served_views

    views = open_served_views(world, workspace)
    if dry_run:
        return views.plan()
    with working(workspace, new_run_id(world.clock()), "publish-views", world.clock):
        steps = views.plan()
        views.make(steps)
        return steps


def _shown(step: ViewStep) -> PublishedView:
    return PublishedView(step.view, step.reads, step.statement.sql, step.landed_from)


def _view(report: ViewsReport) -> Iterable[Table]:
    columns = (Column("View"), Column("Reads", wrap=True), Column("Landed from"))
    yield Table(columns, [(each.view, ", ".join(each.reads), each.landed_from or "") for each in report.views])
