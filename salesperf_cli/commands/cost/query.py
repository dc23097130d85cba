"""`salesperf cost query`: what one question to Athena would cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.amounts import price_pairs
from salesperf_cli.commands.cost.request import RegionOption, known_region, price_book
from salesperf_cli.commands.cost.request import region as target_region
from salesperf_cli.commands.query import parameters
from salesperf_cli.options import environment
from salesperf_cli.output.forms import Block, Fields

if TYPE_CHECKING:
    from salesperf_cli.core.cost.spend import Spend
    from salesperf_cli.core.query import Estimate
    from salesperf_cli.environment import Environment


@dataclass(frozen=True, slots=True)
class QueryPrice:
    """The JSON shape of `cost query`."""

    bytes: int
    billed_bytes: int
    files: int
    files_in_all: int
    price: Spend


def query(
    ctx: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="The question, in Athena SQL.")],
    region: RegionOption = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="K=V", help="A value for :K in the SQL.")
    ] = None,
) -> None:
    """Show what one query would cost on Athena, from metadata; it is not run.

    Examples:
      salesperf cost query "SELECT count(*) FROM gold.sales_wide"
      salesperf cost query "SELECT * FROM gold.sales_wide" --region us-east-1
    """
    from salesperf_cli.core.cost.spend import query_spend
    from salesperf_cli.core.query import athena_billed

    world = environment(ctx)
    book = price_book(world)
    where = known_region(book, region, "--region") if region else target_region(world)
    scan = _scan(world, sql, parameters(param or []), where)
    price = query_spend(book, where, scan.bytes)
    found = QueryPrice(scan.bytes, athena_billed(scan.bytes), scan.files, scan.files_in_all, price)
    world.sink.document(found, _view)


def _scan(world: Environment, sql: str, values: Mapping[str, str], region: str) -> Estimate:
    """What the question would read of the last release, told from metadata."""
    from salesperf_cli.core.compiled import compiled
    from salesperf_cli.core.events.relations import LandedTables
    from salesperf_cli.core.query import LakeCatalog, ScanPrice, ask, published_state
    from salesperf_cli.factory import open_workspace

    workspace = open_workspace(world)
    pipeline, backend = workspace.pipeline, workspace.backend
    state = published_state(workspace.ledger, None)
    catalog = LakeCatalog(state, pipeline, LandedTables(pipeline, backend.objects))
    translation = compiled(sql, catalog, values, backend.objects)
    return ask(translation, state, catalog, backend.tables.listing, price=ScanPrice(region, None)).estimate


def _view(found: QueryPrice) -> Iterator[Block]:
    yield Fields(
        (
            ("scans", f"{found.bytes:,} bytes in {found.files} of {found.files_in_all} files"),
            ("billed", f"{found.billed_bytes:,} bytes"),
            *price_pairs(found.price),
        )
    )
