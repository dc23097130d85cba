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
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    records = CostLedger(open_workspace(world).backend.objects).records(month)
    if not records:
        world.sink.say("the ledger holds no cost yet: queries, runs and deployments on AWS write theirs")
    world.sink.document(compare(records), _view)


def _view(found: Accuracy) -> Iterator[Block]:
    def told(amount: Decimal | None) -> str:
        return "unpriced" if amount is None else f"${amount:.6f}"

    kinds = [
        (each.kind, each.count, each.compared, told(each.predicted_usd), told(each.billed_usd),
         "" if each.off_percent is None else f"{each.off_percent:+} %")
        for each in found.kinds
    ]  # fmt: skip
    columns = (Column("Kind"), Column("Entries"), Column("Compared"), *map(money, ("Predicted", "Billed", "Off")))
    if kinds:
        yield Table(columns, kinds, title="Predicted against billed")
    rows = [(f"{e.at:%m-%d %H:%M}", e.kind, e.name, told(e.predicted_usd), told(e.billed_usd)) for e in found.records]
    if rows:
        yield Table((Column("At"), Column("Kind"), Column("What"), money("Predicted"), money("Billed")), rows)
