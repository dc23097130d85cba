"""`salesperf promote`: publishes an audited run."""

from __future__ import annotations

from typing import Annotated

import typer

from salesperf_cli.commands.publication import publish_document, publish_view, tell_published
from salesperf_cli.options import DryRunOption, environment


def promote(
    ctx: typer.Context,
    layer: Annotated[str, typer.Argument(metavar="[silver|gold|all]", help="Which layers to publish.")] = "all",
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Also over what something else has put on a table's main.")
    ] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Make an audited run visible, as a named release.

    Moves main of every table of the layer to what the last run audited. Refused with exit code 3 while a rule fails,
    and with 6 when something else was published in between.

    Examples:
      salesperf promote all --dry-run
      salesperf promote gold
    """
    from salesperf_cli.core import operations
    from salesperf_cli.core.promotion import layers_of, plan_promotion
    from salesperf_cli.factory import open_views, open_workspace

    world = environment(ctx)
    workspace, layers = open_workspace(world), layers_of(layer)
    if dry_run:
        world.sink.document(publish_document(plan_promotion(workspace.ledger, layers), None), publish_view)
        return
    views = open_views(world, workspace)
    plan, release = operations.promote(workspace, layers, clock=world.clock, take_over=take_over, views=views)
    world.sink.document(publish_document(plan, release), publish_view)
    tell_published(world, release)
