"""`salesperf rollback`: goes back to an earlier release."""

from __future__ import annotations

from typing import Annotated

import typer

from salesperf_cli.commands.publication import publish_document, publish_view, tell_published
from salesperf_cli.options import DryRunOption, environment


def rollback(
    ctx: typer.Context,
    layer: Annotated[str, typer.Argument(metavar="silver|gold|all", help="Which layers to bring back.")],
    to: Annotated[
        str | None, typer.Option("--to", metavar="RELEASE", help="The release to go back to; else the one before.")
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Go back to an earlier release, all tables together.

    A rollback is a release too, so it can be rolled back. Files that the later release had taken in are pending
    again, and the next run-batch takes them anew.

    Going back with one layer alone leaves the other as it is: gold is then newer than the silver under it, until the
    next run-batch.

    Examples:
      salesperf rollback gold --dry-run
      salesperf rollback all --to r3
    """
    from salesperf_cli.core import operations
    from salesperf_cli.core.ledger import new_run_id
    from salesperf_cli.core.promotion import plan_rollback
    from salesperf_cli.factory import open_views, open_workspace

    world = environment(ctx)
    workspace = open_workspace(world)
    if dry_run:
        now = world.clock()
        plan = plan_rollback(workspace.ledger, layer, to, run_id=new_run_id(now), now=now)
        world.sink.document(publish_document(plan, None), publish_view)
        return
    plan, release = operations.rollback(workspace, layer, to, clock=world.clock, views=open_views(world, workspace))
    world.sink.document(publish_document(plan, release), publish_view)
    tell_published(world, release)
