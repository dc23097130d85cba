"""`cost query`, `cost run`, `cost usage`, `cost accuracy`: the price of one thing, and how good predictions were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost_request import (
    Asked,
    ParametersOption,
    RegionOption,
    TemplatesOption,
    UsageOption,
    architecture,
    price_book,
)
from salesperf_cli.commands.cost_request import region as target_region
from salesperf_cli.errors import InputError
from salesperf_cli.options import environment
from salesperf_cli.output.forms import Align, Block, Column, Fields, Table

if TYPE_CHECKING:
    from salesperf_cli.core.cost.accuracy import Accuracy
    from salesperf_cli.core.cost.spend import Spend

_LAYERS = ("silver", "gold")


@dataclass(frozen=True, slots=True)
class QueryPrice:
    """The JSON shape of `cost query`."""

    bytes: int
    billed_bytes: int
    files: int
    files_in_all: int
    price: Spend


@dataclass(frozen=True, slots=True)
class RunPrice:
    """The JSON shape of `cost run`: one run of a layer's job, in three cases."""

    layer: str
    dpus: Decimal
    glue_version: str
    flexible: bool
    seconds: tuple[Decimal, Decimal, Decimal]
    low: Spend
    expected: Spend
    high: Spend


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
    from salesperf_cli.core.compiled import compiled
    from salesperf_cli.core.cost.spend import query_spend
    from salesperf_cli.core.events.relations import LandedTables
    from salesperf_cli.core.query import LakeCatalog, ScanPrice, ask, athena_billed, published_state
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    workspace = open_workspace(world)
    state = published_state(workspace.ledger, None)
    catalog = LakeCatalog(state, workspace.pipeline, LandedTables(workspace.pipeline, workspace.backend.objects))
    values = dict(each.partition("=")[::2] for each in param or ())
    translation = compiled(sql, catalog, values, workspace.backend.objects)
    where = region or target_region(world)
    estimate = ask(translation, state, catalog, workspace.backend.tables.listing, price=ScanPrice(where, None)).estimate
    price = query_spend(price_book(world), where, estimate.bytes)
    found = QueryPrice(estimate.bytes, athena_billed(estimate.bytes), estimate.files, estimate.files_in_all, price)
    world.sink.document(found, _query_view)


def _query_view(found: QueryPrice) -> Iterator[Block]:
    yield Fields(
        (
            ("scans", f"{found.bytes:,} bytes in {found.files} of {found.files_in_all} files"),
            ("billed", f"{found.billed_bytes:,} bytes"),
            *_price(found.price),
        )
    )


def _price(price: Spend) -> Iterator[tuple[str, object]]:
    yield f"price in {price.region}", price.told
    for line in price.lines:
        for part in line.parts:
            yield "source", f"${part.price.normalize():f} a {line.unit}: {part.source}, {part.source_date}"
    for text in price.unpriced:
        yield "unpriced", text


def run(
    ctx: typer.Context,
    layer: Annotated[str, typer.Argument(metavar="LAYER", help="silver or gold.")],
    templates: TemplatesOption = None,
    parameters: ParametersOption = None,
    usage: UsageOption = None,
    region: RegionOption = None,
) -> None:
    """Show what one run of a layer's Glue job costs.

    Workers, Glue version and class come from the template, the time from the usage figures.

    Examples:
      salesperf cost run gold
      salesperf cost run silver --parameters prod
    """
    from salesperf_cli.core.cost.runs import job_of, run_seconds
    from salesperf_cli.core.cost.spend import job_shape, job_spend
    from salesperf_cli.core.cost.usage import Case

    if layer not in _LAYERS:
        raise InputError(
            f"there is no job for {layer!r}", why="silver and gold have one", remedy="salesperf cost run gold"
        )
    world = environment(ctx)
    built = architecture(world, Asked(templates, parameters, usage, region))
    shape = job_shape(job_of(built, layer))
    low, expected, high = (run_seconds(built, layer, case) for case in Case)
    low_price, price, high_price = (job_spend(built.book, built.region, shape, each) for each in (low, expected, high))
    seconds = (low, expected, high)
    world.sink.document(
        RunPrice(layer, shape.dpus, shape.version, shape.is_flexible, seconds, low_price, price, high_price), _run_view
    )


def _run_view(found: RunPrice) -> Iterator[Block]:
    kind = "flexible, " if found.flexible else ""
    columns = (Column(f"One run of {found.layer}"), *(_right(name) for name in ("Low", "Expected", "High")))
    rows: list[tuple[object, ...]] = [
        ("seconds", *(f"{each:.0f}" for each in found.seconds)),
        ("price", *(each.told for each in (found.low, found.expected, found.high))),
    ]
    yield Table(columns, rows)
    pairs = (("job", f"{found.dpus.normalize():f} DPU, {kind}Glue {found.glue_version}"), *_price(found.expected))
    yield Fields(pairs)


def _right(name: str) -> Column:
    return Column(name, align=Align.RIGHT)


def usage(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Option("--usage", metavar="FILE", help="Begin with these figures.")] = None,
    measured: Annotated[
        bool, typer.Option("--measured", help="Put in what this project's lake shows: bytes, rows, run times.")
    ] = False,
) -> None:
    """Print a usage file with every figure, what it means, and where its value is from.

    Saved as usage.yaml in the project folder, every cost command reads it.

    Examples:
      salesperf cost usage > usage.yaml
      salesperf cost usage --measured > usage.yaml
    """
    from salesperf_cli.commands.cost_request import usage as wanted
    from salesperf_cli.core.cost.measured import measure
    from salesperf_cli.core.cost.usage import usage_file

    world = environment(ctx)
    found, sources = wanted(world, file), dict[str, str]()
    if measured:
        from salesperf_cli.factory import open_workspace

        figures = measure(open_workspace(world).ledger)
        found = found.with_({each.name: each.value for each in figures})
        sources = {each.name: each.source for each in figures}
        world.sink.step(f"{len(figures)} figures measured in this lake")
    head = ("Usage for salesperf cost. A value is a number, or {low, expected, high}.",
            "Figures of one resource: `resources: {LakeBucket: {bronze_files_per_day: 3}}`.")  # fmt: skip
    world.sink.text(usage_file(found, sources, head))


def accuracy(
    ctx: typer.Context,
    month: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="Only this month.")] = "",
) -> None:
    """Compare what was predicted with what was billed, from the ledger.

    Examples:
      salesperf cost accuracy
      salesperf cost accuracy --month 2026-11 -o json
    """
    from salesperf_cli.core.cost.accuracy import CostLedger
    from salesperf_cli.core.cost.accuracy import accuracy as compare
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    records = CostLedger(open_workspace(world).backend.objects).records(month)
    if not records:
        world.sink.say("the ledger holds no cost yet: queries, runs and deployments on AWS write theirs")
    world.sink.document(compare(records), _accuracy_view)


def _accuracy_view(found: Accuracy) -> Iterator[Block]:
    def told(amount: Decimal | None) -> str:
        return "unpriced" if amount is None else f"${amount:.6f}"

    kinds = [
        (each.kind, each.count, each.compared, told(each.predicted_usd), told(each.billed_usd),
         "" if each.off_percent is None else f"{each.off_percent:+} %")
        for each in found.kinds
    ]  # fmt: skip
    columns = (Column("Kind"), Column("Entries"), Column("Compared"), *map(_right, ("Predicted", "Billed", "Off")))
    if kinds:
        yield Table(columns, kinds, title="Predicted against billed")
    rows = [(f"{e.at:%m-%d %H:%M}", e.kind, e.name, told(e.predicted_usd), told(e.billed_usd)) for e in found.records]
    if rows:
        yield Table((Column("At"), Column("Kind"), Column("What"), _right("Predicted"), _right("Billed")), rows)
