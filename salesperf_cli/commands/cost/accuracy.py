"""`salesperf cost accuracy`: how good predictions were, from the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.amounts import money
from salesperf_cli.options import environment
from salesperf_cli.output.forms import Block, Column, Table

if TYPE_CHECKING:
    from salesperf_cli.core.cost.accuracy import Accuracy


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
    from salesperf_cli.core.cost.actual import month_of
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    if month:
        month_of(month, world.clock().date())  # only to refuse what is no month
    records = CostLedger(open_workspace(world).backend.objects).records(month)
    if not records:
        world.sink.say("the ledger holds no cost yet: queries, runs and deployments on AWS write theirs")
    world.sink.document(compare(records), _view)


def _view(found: Accuracy) -> Iterator[Block]:
    def told(amount: Decimal | None, otherwise: str = "unknown") -> str:
        return otherwise if amount is None else f"${amount:.6f}"

    kinds = [
        (each.kind, each.count, each.compared, told(each.predicted_usd), told(each.billed_usd),
         "" if each.off_percent is None else f"{each.off_percent:+} %")
        for each in found.kinds
    ]  # fmt: skip
    columns = (Column("Kind"), Column("Entries"), Column("Compared"), *map(money, ("Predicted", "Billed", "Off")))
    if kinds:
        yield Table(columns, kinds, title="Predicted against billed")
    rows = [
        (f"{each.at:%m-%d %H:%M}", each.kind, each.name, told(each.predicted_usd),
         told(each.billed_usd, "not yet" if each.is_open else "unknown"))
        for each in found.records
    ]  # fmt: skip
    over = sum(bool(each.over_budget) for each in found.records)
    footer = f"{over} of these went over a budget, as somebody said (-o json tells why)" if over else ""
    if rows:
        yield Table(
            (Column("At"), Column("Kind"), Column("What"), money("Predicted"), money("Billed")), rows, footer=footer
        )
