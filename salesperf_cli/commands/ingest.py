"""`salesperf ingest`: takes source files into bronze."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.options import DryRunOption, environment
from salesperf_cli.output.forms import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from salesperf_cli.core.ingest import IngestedFile, IngestPlan, IngestResult
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Workspace


def ingest(
    ctx: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders, globs or .zip archives.")],
    table: Annotated[
        str | None, typer.Option("--table", metavar="TABLE", help="The source table; else found by name and header.")
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Take source files into the bronze layer.

    CSV, JSON, NDJSON and Parquet, also as .gz or inside a .zip. Bronze keeps the bytes exactly as they are; the
    same content again, under whatever name, is not loaded twice. A header that differs from its contract is
    refused, and then nothing is loaded.

    Examples:
      salesperf ingest ~/Downloads/brazilian-ecommerce.zip
      salesperf ingest 'exports/2018-09/*.csv' --dry-run
      salesperf ingest sales.csv --table orders
    """
    from salesperf_cli.core.ingest import plan_ingest
    from salesperf_cli.core.sources import find_sources
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    workspace = open_workspace(world)
    plan = plan_ingest(find_sources(paths, cwd=world.cwd), workspace.pipeline.contracts(["bronze"]), table)
    result = _preview(world, workspace, plan) if dry_run else _run(world, workspace, plan)
    world.sink.document(result, _view)
    _tell(world, result, dry_run=dry_run)


def _preview(world: Environment, workspace: Workspace, plan: IngestPlan) -> IngestResult:
    from salesperf_cli.core.ingest import preview

    with world.sink.progress(plan.bytes, "Reading", "bytes") as bar:
        return preview(plan, workspace.ledger, bar.advance)


def _run(world: Environment, workspace: Workspace, plan: IngestPlan) -> IngestResult:
    from salesperf_cli.core.ingest import run_ingest
    from salesperf_cli.core.ledger import new_run_id

    now = world.clock()
    with world.sink.progress(plan.bytes, "Ingesting", "bytes") as bar:
        return run_ingest(
            plan, workspace.backend.objects, workspace.ledger, run_id=new_run_id(now), now=now, advance=bar.advance
        )


def _view(result: IngestResult) -> Iterable[Table]:
    columns = (Column("File"), Column("Table"), Column("Bytes"), Column("Lines"), Column("Status"))
    yield Table(columns, [_row(file) for file in result.files])


def _row(file: IngestedFile) -> tuple[object, ...]:
    return (file.file.rsplit("/", 1)[-1].rsplit(":", 1)[-1], file.table, file.bytes, file.lines, file.status)


def _tell(world: Environment, result: IngestResult, *, dry_run: bool) -> None:
    loaded = [file for file in result.files if file.status != "already loaded"]
    known = len(result.files) - len(loaded)
    also = f"; {known} already loaded" if known else ""
    if dry_run:
        world.sink.say(f"Dry run: {len(loaded)} file(s) would be loaded{also}. Nothing was changed.")
    elif loaded:
        size = sum(file.bytes for file in loaded)
        world.sink.step(f"{len(loaded)} file(s), {size:,} bytes in bronze{also}", f"ingest {result.version}")
        world.sink.next_steps(["salesperf run-batch --promote"])
    else:
        world.sink.step(f"{known} file(s) already loaded, nothing to do", mark="·")
