"""`salesperf cost what-if`: what another scale would cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.amounts import left_out, money
from salesperf_cli.commands.cost.request import (
    CostRequest,
    ParametersOption,
    RegionOption,
    TemplatesOption,
    UsageOption,
    architecture,
)
from salesperf_cli.core.cost.money import change, dollars, short_number
from salesperf_cli.errors import InputError
from salesperf_cli.options import environment
from salesperf_cli.output.forms import Block, Column, Line, Table

if TYPE_CHECKING:
    from decimal import Decimal

    from salesperf_cli.core.cost.whatif import WhatIf


def what_if(
    ctx: typer.Context,
    orders_per_day: Annotated[
        str | None, typer.Option("--orders-per-day", metavar="N", help="Orders a day, such as 1e6.")
    ] = None,
    retention: Annotated[
        str | None, typer.Option("--retention", metavar="DAYS", help="How long data are held: 90d, 2y.")
    ] = None,
    queries_per_day: Annotated[
        str | None, typer.Option("--queries-per-day", metavar="N", help="Questions to Athena a day.")
    ] = None,
    runs_per_day: Annotated[str | None, typer.Option("--runs-per-day", metavar="N", help="Batch runs a day.")] = None,
    set: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIGURE=N", help="Any other figure of usage.")
    ] = None,
    over: Annotated[str, typer.Option("--over", metavar="FIGURE", help="What the plot runs over.")] = "orders_per_day",
    templates: TemplatesOption = None,
    parameters: ParametersOption = None,
    usage: UsageOption = None,
    region: RegionOption = None,
) -> None:
    """Show what another scale would cost, with a plot of cost against scale.

    Examples:
      salesperf cost what-if --orders-per-day 1e6 --retention 90d
      salesperf cost what-if --queries-per-day 5000 --over queries_per_day
      salesperf cost what-if --set query_scan_percent=50
    """
    from salesperf_cli.core.cost.whatif import what_if as reckon

    world = environment(ctx)
    options = {
        "--orders-per-day": ("orders_per_day", orders_per_day),
        "--retention": ("retention_days", retention),
        "--queries-per-day": ("queries_per_day", queries_per_day),
        "--runs-per-day": ("batch_runs_per_day", runs_per_day),
    }
    changes, plotted = _changes(set or (), options), _plotted(over)
    built = architecture(world, CostRequest(templates, parameters, usage, region))
    world.sink.document(reckon(built, changes, plotted), lambda result: _view(result, world.width))


def _changes(typed: Iterable[str], options: Mapping[str, tuple[str, str | None]]) -> Mapping[str, Decimal]:
    """The figures that change: FIGURE=N as typed, then those with an option of their own. Raises InputError."""
    from salesperf_cli.core.cost.usage import known_figure, parse_quantity

    found = {}
    for each in typed:
        name, _, value = each.partition("=")
        found[known_figure(name, "--set").name] = parse_quantity(value, name, f"--set {name}")
    for option, (name, text) in options.items():
        if text is not None:
            found[name] = parse_quantity(text, name, option)
    return found


def _plotted(figure: str) -> str:
    """The figure that the plot runs over. Raises InputError for one that has no usual value."""
    from salesperf_cli.core.cost.usage import known_figure

    if known_figure(figure, "--over").expected is None:
        raise InputError(f"--over cannot be {figure}", why="it has no usual value", remedy="--over orders_per_day")
    return figure


def _view(result: WhatIf, width: int) -> Iterator[Block]:
    """Service by service before and after, and a plot of cost against scale."""
    from salesperf_cli.core.cost.plot import plot

    rows = [
        (name, dollars(before), dollars(after), change(after - before))
        for name, (before, after) in result.services.items()
        if before or after
    ]
    sums = (dollars(result.before.gross), dollars(result.after.gross), change(result.delta_gross))
    net = (dollars(result.before.net), dollars(result.after.net), change(result.after.net - result.before.net))
    columns = (Column("Service"), money("Now"), money("Then"), money("Change"))
    changes = ", ".join(f"{name} {short_number(value)}" for name, value in result.changes.items()) or "as it is"
    yield Table(columns, [*rows, ("all", *sums), ("after the free tier", *net)], title=f"What if: {changes}")
    points = [(point.value, point.gross) for point in result.curve]
    drawn = plot(points, f"USD a month over {result.over}", width=min(width, 80))
    yield Line("\n" + "\n".join(line.replace(" ", "\u00a0") for line in drawn))  # a line keeps only hard spaces
    yield from left_out(result.unpriced)
