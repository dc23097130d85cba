"""`salesperf run-batch`: builds and audits silver and gold."""

from __future__ import annotations

from typing import Annotated

import typer

from salesperf_cli.commands.batch_talk import BatchTalk, plan_document, plan_view, run_document, run_view, tell_outcome
from salesperf_cli.options import DryRunOption, Engine, EngineOption, environment


def run_batch(
    ctx: typer.Context,
    layer: Annotated[str, typer.Argument(metavar="[silver|gold|all]", help="Which layers to build.")] = "all",
    tables: Annotated[
        str, typer.Option("--tables", metavar="T,T", help="Only these tables, separated by commas.")
    ] = "",
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild also what is up to date.")] = False,
    engine: EngineOption = Engine.DUCKDB,
    promote: Annotated[bool, typer.Option("--promote", help="Publish the result when every rule holds.")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Build silver and gold from what is new, and audit them.

    Everything is written to an audit branch and judged there by the rules of its contract; readers keep seeing the
    last release until it is promoted. Rows that break a rule go to quarantine with rule, reason, file and line. When a
    rule of a table fails, nothing is published and the exit code is 3.

    Examples:
      salesperf run-batch --promote
      salesperf run-batch silver --tables orders,order_items
      salesperf run-batch --full-refresh --dry-run
      salesperf run-batch --engine spark
    """
    from salesperf_cli.core import operations
    from salesperf_cli.core.batch import BatchRequest
    from salesperf_cli.core.promotion import layers_of
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    request = BatchRequest(layers_of(layer), tuple(filter(None, tables.split(","))), full_refresh)
    workspace = open_workspace(world, engine)
    if dry_run:
        world.sink.document(plan_document(operations.plan_batch(workspace, request)), plan_view)
        return
    outcome = operations.run_batch(workspace, request, BatchTalk(world), promote=promote, clock=world.clock)
    if outcome is not None:
        world.sink.document(run_document(outcome.run), run_view)
    tell_outcome(world, outcome)
