"""How amounts look in every view about money: columns, marks, shares, bars, and what is in no sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from salesperf_cli.core.cost.money import counted
from salesperf_cli.output.forms import Align, Block, Column, Table

if TYPE_CHECKING:
    from salesperf_cli.core.cost.estimate import Unpriced
    from salesperf_cli.core.cost.spend import Spend

MARKS = {"listed": "", "unverified": "?", "assumed": "~"}
_BAR = 16


def money(name: str) -> Column:
    """A column of amounts that are already written."""
    return Column(name, align=Align.RIGHT)


def share(part: Decimal, whole: Decimal) -> str:
    """A part in percent of the whole."""
    if not whole:
        return ""
    percent = part / whole * 100
    return "<1 %" if 0 < percent < 1 else f"{percent:.0f} %"


def bar(value: Decimal, most: Decimal, width: int = _BAR) -> str:
    """A bar in eighths of a column; what is above 0 shows at least a sliver."""
    if not most or not value:
        return ""
    eighths = max(int(value / most * width * 8), 1)
    return "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")


def price_pairs(price: Spend) -> Iterator[tuple[str, object]]:
    """What one thing costs, where each of its prices is from, and what of it has none."""
    yield f"price in {price.region}", price.told
    for line in price.lines:
        for part in line.parts:
            day = "" if part.source_date in part.source else f", {part.source_date}"
            yield "source", f"${part.price.normalize():f} a {line.unit}: {part.source}{day}"
    for text in price.unpriced:
        yield "unpriced", text


def left_out(unpriced: Sequence[Unpriced]) -> Iterator[Block]:
    """What is in no sum, and why."""
    if unpriced:
        rows = [(each.resource, _quantity(each), each.reason) for each in unpriced]
        columns = (Column("Resource"), Column("Quantity"), Column("Why", wrap=True))
        yield Table(columns, rows, title=f"In no sum: {len(unpriced)} without a price")


def _quantity(each: Unpriced) -> str:
    return "unknown" if each.quantity is None else counted(each.quantity, each.unit)
