"""What another scale would cost: the same architecture with other figures, and a curve over one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from salesperf_cli.core.cost.architecture import Architecture, Total, micro, total
from salesperf_cli.core.cost.diff import percent
from salesperf_cli.core.cost.estimate import Unpriced

STEPS = tuple(Decimal(factor) for factor in ("0.1", "0.3", "1", "3", "10", "30", "100", "300", "1000", "3000", "10000"))


@dataclass(frozen=True, slots=True)
class Point:
    """The cost at one value of a figure, by service."""

    value: Decimal
    gross: Decimal
    net: Decimal
    by_service: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The JSON shape of `cost what-if`. `curve` runs over the figure `over`."""

    region: str
    changes: Mapping[str, Decimal]
    before: Total
    after: Total
    delta_gross: Decimal
    percent: Decimal | None
    services: Mapping[str, tuple[Decimal, Decimal]]
    over: str
    curve: tuple[Point, ...]
    unpriced: tuple[Unpriced, ...]
    unpriced_count: int


def what_if(architecture: Architecture, changes: Mapping[str, Decimal], over: str) -> WhatIf:
    """Compare the expected case with one whose figures are changed, and draw the latter over a figure."""
    changed = architecture.with_usage(changes)
    before, after = architecture.month(), changed.month()
    first, second = total(before), total(after)
    left, right = before.by_service(), after.by_service()
    names = sorted({*left, *right}, key=lambda name: (-right.get(name, Decimal(0)), name))
    nothing = Decimal(0)
    return WhatIf(
        region=architecture.region,
        changes=changes,
        before=first,
        after=second,
        delta_gross=micro(after.gross - before.gross),
        percent=percent(first.gross, second.gross),
        services={name: (left.get(name, nothing), right.get(name, nothing)) for name in names},
        over=over,
        curve=curve(changed, over, architecture.usage.expected[over]),
        unpriced=after.unpriced,
        unpriced_count=len(after.unpriced),
    )


def curve(architecture: Architecture, over: str, middle: Decimal) -> tuple[Point, ...]:
    """Costs at multiples of a figure's usual value, and at its present one."""
    present = architecture.usage.expected[over]
    values = sorted({*(middle * step for step in STEPS), present})
    points = []
    for value in values:
        month = architecture.month_of(architecture.usage.expected.with_({over: value}))
        points.append(Point(value, month.gross, month.net, month.by_service()))
    return tuple(points)
