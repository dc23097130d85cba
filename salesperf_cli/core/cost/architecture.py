"""What an estimate is made of (templates, parameters, usage, prices, region), and the estimate in its three cases."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from salesperf_cli.core.cost.book import PriceBook
from salesperf_cli.core.cost.estimate import Allowance, CostLine, Estimate, Unpriced, estimate
from salesperf_cli.core.cost.figures import FIGURES
from salesperf_cli.core.cost.metering import free_resources, metered
from salesperf_cli.core.cost.template import Resource, Template, resources
from salesperf_cli.core.cost.usage import Case, Usage, UsageRange

_MICRO = Decimal("0.000001")


@dataclass(frozen=True)
class Architecture:
    """All that decides what a month costs."""

    templates: tuple[Template, ...]
    parameters: Mapping[str, str]
    usage: UsageRange
    book: PriceBook
    region: str

    @cached_property
    def resources(self) -> Sequence[Resource]:
        """The resources that would be deployed."""
        return resources(self.templates, self.parameters, self.region)

    def month(self, case: Case = Case.EXPECTED) -> Estimate:
        """The estimate of one case."""
        return self.month_of(self.usage.case(case))

    def month_of(self, usage: Usage) -> Estimate:
        """The estimate for some usage."""
        return estimate(metered(self.resources, usage), self.book, self.region)

    def with_usage(self, changes: Mapping[str, Decimal]) -> Architecture:
        """The same with other figures."""
        return replace(self, usage=self.usage.with_(changes))

    def in_region(self, region: str) -> Architecture:
        """The same elsewhere."""
        return replace(self, region=region)


@dataclass(frozen=True, slots=True)
class Total:
    """A month's sum in USD, taxes excluded: all lines, and what the account's free tier leaves of it."""

    gross: Decimal
    free: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class UsedFigure:
    """A usage figure that an estimate rests on, and where its value is from. `resource`: it holds for that one only."""

    name: str
    low: Decimal
    expected: Decimal
    high: Decimal
    unit: str
    source: str
    resource: str = ""


class _Noting(dict[str, Decimal]):
    """Values that remember which of them were looked at."""

    def __init__(self, values: Mapping[str, Decimal]) -> None:
        super().__init__(values)
        self.seen: set[str] = set()

    def __getitem__(self, name: str) -> Decimal:
        self.seen.add(name)
        return super().__getitem__(name)


@dataclass(frozen=True, slots=True)
class CostReport:
    """What `cost estimate` gives: the JSON shape. Lines and allowances are those of the expected case."""

    region: str
    currency: str
    taxes: str
    book_date: str
    book: str
    usage: str
    low: Total
    expected: Total
    high: Total
    assumed_usd: Decimal
    lines: tuple[CostLine, ...]
    free_tier: tuple[Allowance, ...]
    unpriced: tuple[Unpriced, ...]
    unpriced_count: int
    resources: int
    free_resources: int
    figures: tuple[UsedFigure, ...]


def total(month: Estimate) -> Total:
    """The sums of an estimate."""
    return Total(micro(month.gross), micro(month.free), micro(month.net))


def micro(amount: Decimal) -> Decimal:
    """An amount to the millionth of a dollar, as reports carry it."""
    return amount.quantize(_MICRO)


def report(architecture: Architecture, case: Case = Case.EXPECTED) -> CostReport:
    """The estimate in all three cases, with the lines of one."""
    usage = architecture.usage.case(case)
    noting = _Noting(usage.values)
    months = {each: architecture.month(each) for each in Case if each is not case}
    months[case] = shown = architecture.month_of(replace(usage, values=noting))
    return CostReport(
        region=architecture.region,
        currency="USD",
        taxes="excluded",
        book_date=architecture.book.generated.isoformat(),
        book=architecture.book.origin,
        usage=architecture.usage.origin,
        low=total(months[Case.LOW]),
        expected=total(months[Case.EXPECTED]),
        high=total(months[Case.HIGH]),
        assumed_usd=micro(shown.assumed),
        lines=shown.lines,
        free_tier=shown.allowances,
        unpriced=shown.unpriced,
        unpriced_count=len(shown.unpriced),
        resources=len(architecture.resources),
        free_resources=free_resources(architecture.resources),
        figures=tuple(_figures(architecture.usage, noting.seen)),
    )


def _figures(usage: UsageRange, seen: Collection[str]) -> Iterator[UsedFigure]:
    for name, figure in FIGURES.items():
        if name in seen and name in usage.expected.values:
            low, expected, high = (usage.case(case).values[name] for case in Case)
            yield UsedFigure(name, low, expected, high, figure.unit, usage.source(name))
    for resource, own in usage.expected.own.items():
        for name in own:
            low, expected, high = (usage.case(case).own[resource][name] for case in Case)
            yield UsedFigure(name, low, expected, high, FIGURES[name].unit, usage.origin, resource)
