"""`cost prices` and `cost actual`: the prices themselves, new ones from AWS, and what was billed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost_request import price_book, region
from salesperf_cli.errors import InputError
from salesperf_cli.options import DryRunOption, YesOption, environment
from salesperf_cli.output.forms import Align, Block, Column, Line, OutputFormat, Table

if TYPE_CHECKING:
    from salesperf_cli.core.cost.actual import Billed
    from salesperf_cli.core.cost.book import PriceRow
    from salesperf_cli.core.cost.refresh import Refresh
    from salesperf_cli.environment import Environment

_ALL = (
    "service", "region", "usage_type", "unit", "price", "tier_begin", "tier_end", "standing", "description", "source",
    "source_date", "confidence", "note",
)  # fmt: skip


def prices(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]…", help="Rows with all these words; or: refresh.")
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """List the prices, each with its source; `refresh` reads new ones from AWS.

    `refresh` asks the AWS Price List for every price of the book, shows old against new, and then writes a book into
    the project folder, which comes before the one that travels with salesperf. It costs nothing.

    Examples:
      salesperf cost prices
      salesperf cost prices kinesis sa-east-1
      salesperf cost prices assumed
      salesperf cost prices refresh --dry-run
    """
    world = environment(ctx)
    if words and words[0] == "refresh":
        if len(words) > 1:
            raise InputError(
                "refresh takes no words", why="it reads all prices", remedy="salesperf cost prices refresh"
            )
        _refresh(world, dry_run=dry_run, yes=yes)
        return
    book = price_book(world)
    found = book.matching(words or ())
    if not found:
        raise InputError(
            "no price has these words", why=" ".join(words or ()), remedy="salesperf cost prices lists all"
        )
    if world.sink.document_format is OutputFormat.TABLE:
        world.sink.blocks(_prices_view(found))
        world.sink.say(f"\n{len(found)} prices of {book.generated} ({book.origin}), USD, taxes excluded")
        return
    world.sink.table("", [Column(name) for name in _ALL], [[getattr(row, name) for name in _ALL] for row in found])


def _prices_view(rows: tuple[PriceRow, ...]) -> Iterator[Block]:
    """A table for each service and region, which keeps usage types short enough for their line."""
    from salesperf_cli.commands.cost_look import MARKS
    from salesperf_cli.core.cost.money import plain_number

    columns = (
        Column("Usage type", wrap=True), Column("USD", align=Align.RIGHT), Column("Per", wrap=True), Column("Price"),
    )  # fmt: skip
    places: dict[tuple[str, str], list[PriceRow]] = {}
    for row in rows:
        places.setdefault((row.service, row.region), []).append(row)
    for place, members in places.items():
        shown = [
            (row.key + _tier(row), plain_number(row.price), row.unit, f"{MARKS[row.standing]} {_since(row)}".strip())
            for row in members
        ]
        yield Table(columns, shown, title=", ".join(place))


def _tier(row: PriceRow) -> str:
    from salesperf_cli.core.cost.money import short_number

    return f" from {short_number(row.tier_begin)}" if row.tier_begin else ""


def _since(row: PriceRow) -> str:
    return f"listed {row.source_date[:7]}" if row.verified else str(row.standing)


def _refresh(world: Environment, *, dry_run: bool, yes: bool) -> None:
    from salesperf_cli.core.cost.book import PROJECT_BOOK, project_book, written
    from salesperf_cli.core.cost.refresh import questions, refreshed
    from salesperf_cli.factory import open_prices

    book = project_book(world.settings.project)
    regions = [*book.regions, "global"]
    list_ = open_prices(world.settings)
    with world.sink.progress(len(questions(book, regions)), "Reading the AWS Price List", "prices") as progress:
        fresh, found = refreshed(book, regions, list_.products, world.clock().date(), progress.advance)
    file = world.settings.project / PROJECT_BOOK
    if world.sink.document_format is OutputFormat.TABLE:
        world.sink.blocks(_refresh_view(found))
    if not found.confirmed and not found.changes:
        raise InputError(
            "AWS listed none of the prices", why="nothing was found for any usage type", remedy="check the endpoint"
        )
    if not dry_run and world.confirm(f"Write {len(fresh.rows)} prices to {file}?", assume_yes=yes):
        partial = file.with_suffix(".json.part")
        partial.write_bytes(written(fresh))
        partial.replace(file)
        found = replace(found, written=str(file))
        world.sink.step(f"wrote {PROJECT_BOOK}", f"{found.confirmed} as before, {len(found.changes)} changed")
    if world.sink.document_format is not OutputFormat.TABLE:
        world.sink.document(found)


def _refresh_view(found: Refresh) -> Iterator[Block]:
    from salesperf_cli.core.cost.money import plain_number

    rows = [
        (
            each.usage_type,
            each.region,
            "–" if each.before is None else plain_number(each.before) + (" ~" if each.was == "assumed" else ""),
            "–" if each.after is None else plain_number(each.after),
        )
        for each in found.changes
    ]
    if rows:
        columns = (
            Column("Usage type"), Column("Region"), Column("Old", align=Align.RIGHT), Column("New", align=Align.RIGHT),
        )  # fmt: skip
        yield Table(columns, rows, title="Prices that differ")
    yield Line(
        f"{found.asked} asked, {found.confirmed} as before, {len(rows)} differ, {len(found.not_found)} not found"
    )
    if found.not_found:
        yield Line("not found, kept as they are: " + ", ".join(found.not_found))


def actual(
    ctx: typer.Context,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="Which month; else this one.")] = None,
    yes: YesOption = False,
) -> None:
    """Show what AWS billed for what carries our tags, from Cost Explorer.

    Each page of its answer costs $0.01: this is told, and asked about, first. The tags `project` and `environment`
    must be active for billing in the account; figures of the last day or two can still change.

    Examples:
      salesperf cost actual --target prod
      salesperf cost actual --target prod --month 2026-10 --yes
    """
    from salesperf_cli.core.cost.actual import billed, month_of
    from salesperf_cli.core.cost.meters import bill_pages
    from salesperf_cli.core.cost.spend import spend
    from salesperf_cli.factory import open_billing

    world = environment(ctx)
    settings = world.settings
    span = month_of(month, world.clock().date())
    if settings.is_local:
        raise InputError("the local target is billed nothing", why="it is this machine", remedy="add --target NAME")
    page = spend(price_book(world), region(world), (bill_pages(Decimal(1)),))
    world.sink.say(f"Cost Explorer charges {page.told} for each page of its answer")
    if not world.confirm("Ask it?", assume_yes=yes):
        return
    tags = {"project": settings.stack_prefix, "environment": settings.target}
    billing = open_billing(settings)
    charges = list(billing.charges(*span, tags))
    found = billed(f"{span[0]:%Y-%m}", span, tags, charges, billing.pages, page.usd)
    world.sink.document(found, _billed_view)


def _billed_view(found: Billed) -> Iterator[Block]:
    from salesperf_cli.commands.cost_look import bar
    from salesperf_cli.core.cost.money import dollars

    most = max((group.usd for group in found.groups), default=found.usd)
    rows = [(group.service, dollars(group.usd), bar(group.usd, most)) for group in found.groups]
    tags = ", ".join(f"{key}={value}" for key, value in found.tags.items())
    columns = (Column("Service"), Column("USD", align=Align.RIGHT), Column(""))
    yield Table(columns, [*rows, ("all", dollars(found.usd), "")], title=f"Billed in {found.month} for {tags}")
    if not found.groups:
        yield Line("nothing carries these tags; are they active for billing in the account?")
    if found.is_estimated:
        yield Line("AWS may still change these figures")
    asked = "an unpriced sum" if found.asked_usd is None else dollars(found.asked_usd)
    yield Line(f"asking took {found.pages} page(s), {asked}")
