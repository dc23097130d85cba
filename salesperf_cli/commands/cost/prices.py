"""`salesperf cost prices`: the prices themselves, and new ones from AWS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.amounts import MARKS, money
from salesperf_cli.commands.cost.request import price_book
from salesperf_cli.core.cost.money import plain_number, short_number
from salesperf_cli.errors import InputError
from salesperf_cli.options import DryRunOption, YesOption, environment
from salesperf_cli.output.forms import Block, Column, Line, OutputFormat, Table

if TYPE_CHECKING:
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
    else:
        _list(world, words or ())


def _list(world: Environment, words: Sequence[str]) -> None:
    """The rows of the book that have all these words. Raises InputError when none has."""
    book = price_book(world)
    found = book.matching(words)
    if not found:
        raise InputError("no price has these words", why=" ".join(words), remedy="salesperf cost prices lists all")
    if world.sink.document_format is OutputFormat.TABLE:
        world.sink.blocks(_prices_view(found))
        world.sink.say(f"\n{len(found)} prices of {book.generated} ({book.origin}), USD, taxes excluded")
        return
    world.sink.table("", [Column(name) for name in _ALL], [[getattr(row, name) for name in _ALL] for row in found])


def _prices_view(rows: tuple[PriceRow, ...]) -> Iterator[Block]:
    """A table for each service and region, which keeps usage types short enough for their line."""
    columns = (Column("Usage type", wrap=True), money("USD"), Column("Per", wrap=True), Column("Price"))
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
        columns = (Column("Usage type"), Column("Region"), money("Old"), money("New"))
        yield Table(columns, rows, title="Prices that differ")
    yield Line(
        f"{found.asked} asked, {found.confirmed} as before, {len(rows)} differ, {len(found.not_found)} not found"
    )
    if found.not_found:
        yield Line("not found, kept as they are: " + ", ".join(found.not_found))
