"""`salesperf ingest`: takes source files into bronze."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.ingest_api import api_view, fetched_apis
from salesperf_cli.options import DryRunOption, environment
from salesperf_cli.output.forms import Block, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from salesperf_cli.core.api.fetch import Fetched
    from salesperf_cli.core.ingest import IngestedFile, IngestPlan, IngestResult
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Workspace


def ingest(
    ctx: typer.Context,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders, globs, .zip archives; or an API's address.")
    ],
    table: Annotated[
        str | None, typer.Option("--table", metavar="TABLE", help="The source table; else found by name and header.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="VALUE", help="API: take what is new since then; or: all.")
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option("--secret", metavar="NAME", help="API: name of its secret; locally of an environment variable."),
    ] = None,
    records: Annotated[
        str | None, typer.Option("--records", metavar="PATH", help="API: where in a page the list of records stands.")
    ] = None,
    paging: Annotated[
        str | None,
        typer.Option(
            "--paging",
            metavar="KIND",
            help="API: none, linkHeader, nextLink:PATH, cursor:PATH:PARAMETER, page:PARAMETER or offset:PARAMETER.",
        ),
    ] = None,
    page_size: Annotated[
        str | None, typer.Option("--page-size", metavar="PARAMETER=N", help="API: records to ask for at once.")
    ] = None,
    max_pages: Annotated[
        int | None, typer.Option("--max-pages", metavar="N", min=1, help="API: refuse to take more pages.")
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Take source files into the bronze layer.

    CSV, JSON, NDJSON and Parquet, also as .gz or inside a .zip. Bronze keeps the bytes exactly as they are; the
    same content again, under whatever name, is not loaded twice. A header that differs from its contract is
    refused, and then nothing is loaded.

    An address of https:// is an API that gives records as JSON: all its pages are one file of NDJSON, and from there
    on a source like any other. How it pages is said in the table's contract, or here.

    Examples:
      salesperf ingest ~/Downloads/brazilian-ecommerce.zip
      salesperf ingest 'exports/2018-09/*.csv' --dry-run
      salesperf ingest sales.csv --table orders
      salesperf ingest https://shop.example/api/orders --table orders --dry-run
    """
    from salesperf_cli.core.api.addresses import is_address
    from salesperf_cli.core.api.request import ApiFlags
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    workspace = open_workspace(world)
    flags = ApiFlags(records, paging, page_size, since, secret, max_pages)
    addresses = [path for path in paths if is_address(path)]
    with fetched_apis(world, workspace, addresses, table, flags, only_first=dry_run) as fetched:
        plan = _plan(world, workspace, [path for path in paths if path not in addresses], fetched, table)
        result = _preview(world, workspace, plan) if dry_run else _run(world, workspace, plan)
    result = replace(result, apis=tuple(each.report for each in fetched))
    world.sink.document(result, partial(_view, dry_run=dry_run))
    _tell(world, result, dry_run=dry_run)


def _plan(
    world: Environment, workspace: Workspace, paths: Sequence[str], fetched: Sequence[Fetched], table: str | None
) -> IngestPlan:
    from salesperf_cli.core.ingest import plan_ingest
    from salesperf_cli.core.sources import find_sources

    sources = [each.source for each in fetched if each.source]
    files = find_sources(paths, cwd=world.cwd) if paths else ()
    return plan_ingest([*files, *sources], workspace.pipeline.contracts(["bronze"]), table)


def _preview(world: Environment, workspace: Workspace, plan: IngestPlan) -> IngestResult:
    from salesperf_cli.core.ingest import IngestPlan, IngestResult, preview

    # Of an API only the first page is here: it was held against the contract, and that is all it is good for.
    plan = IngestPlan(tuple(step for step in plan.steps if not step.source.origin))
    if not plan.steps:
        return IngestResult("", None, ())
    with world.sink.progress(plan.bytes, "Reading", "bytes") as bar:
        return preview(plan, workspace.ledger, bar.advance)


def _run(world: Environment, workspace: Workspace, plan: IngestPlan) -> IngestResult:
    from salesperf_cli.core.ingest import IngestResult, run_ingest
    from salesperf_cli.core.ledger import new_run_id

    if not plan.steps:
        return IngestResult("", None, ())
    now = world.clock()
    with world.sink.progress(plan.bytes, "Ingesting", "bytes") as bar:
        return run_ingest(
            plan, workspace.backend.objects, workspace.ledger, run_id=new_run_id(now), now=now, advance=bar.advance
        )


def _view(result: IngestResult, *, dry_run: bool) -> Iterable[Block]:
    yield from api_view(result.apis, dry_run=dry_run)
    if result.apis and not result.files:
        return
    columns = (Column("File"), Column("Table"), Column("Bytes"), Column("Lines"), Column("Status"))
    yield Table(columns, [_row(file) for file in result.files])


def _row(file: IngestedFile) -> tuple[object, ...]:
    return (file.file.rsplit("/", 1)[-1].rsplit(":", 1)[-1], file.table, file.bytes, file.lines, file.status)


def _tell(world: Environment, result: IngestResult, *, dry_run: bool) -> None:
    loaded = [file for file in result.files if file.status != "already loaded"]
    known = len(result.files) - len(loaded)
    also = f"; {known} already loaded" if known else ""
    if dry_run and result.apis:
        world.sink.say(f"Dry run: of each API the first page was looked at{also}. Nothing was changed.")
    elif dry_run:
        world.sink.say(f"Dry run: {len(loaded)} file(s) would be loaded{also}. Nothing was changed.")
    elif loaded:
        size = sum(file.bytes for file in loaded)
        world.sink.step(f"{len(loaded)} file(s), {size:,} bytes in bronze{also}", f"ingest {result.version}")
        world.sink.next_steps(["salesperf run-batch --promote"])
    elif result.apis and not known:
        world.sink.step("the API has nothing new, nothing to do", mark="·")
    else:
        world.sink.step(f"{known} file(s) already loaded, nothing to do", mark="·")
