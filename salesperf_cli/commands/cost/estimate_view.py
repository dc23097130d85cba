"""How an estimate looks on a terminal of 80 columns; no arithmetic but sums of shown lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from salesperf_cli.commands.cost.amounts import MARKS, bar, left_out, money, share
from salesperf_cli.core.cost.money import CENT, ZERO, change, dollars, short_number
from salesperf_cli.output.forms import Block, Column, Fields, Line, Table

if TYPE_CHECKING:
    from salesperf_cli.core.cost.architecture import CostReport, UsedFigure
    from salesperf_cli.core.cost.estimate import CostLine


@dataclass(frozen=True, slots=True)
class _Row:
    """Lines of one kind drawn as one."""

    service: str
    name: str
    what: str
    usd: Decimal
    price: str


def report_view(report: CostReport) -> Iterator[Block]:
    """Services with bars, then the lines, the free tier, the sum, and what the sum leaves out."""
    low, expected, high = report.low, report.expected, report.high
    sums: dict[str, Decimal] = {}
    for line in report.lines:
        sums[line.service] = sums.get(line.service, ZERO) + line.usd
    ranked = sorted(sums.items(), key=lambda item: -item[1])
    most = max(sums.values(), default=ZERO)
    yield Table(
        (Column("Service"), money("USD a month"), money("Share"), Column("")),
        [(name, dollars(usd), share(usd, expected.gross), bar(usd, most)) for name, usd in ranked],
        title=f"A month in {report.region}: {_headline(report)}",
    )
    rows = _grouped(report.lines)
    shown = [row for row in rows if row.usd >= CENT / 2]
    small = rows[len(shown) :]
    lines: list[tuple[object, ...]] = [(row.service, row.name, row.what, dollars(row.usd), row.price) for row in shown]
    if small:
        together = dollars(sum((row.usd for row in small), ZERO))
        lines.append(("", f"{len(small)} more", "below half a cent each", together, ""))
    yield Table(
        (Column("Service"), Column("Resource"), Column("For"), money("USD"), Column("Price")),
        lines,
        title="Line by line",
    )
    yield Table(
        (Column(""), money("Low"), money("Expected"), money("High")),
        [
            ("all lines", dollars(low.gross), dollars(expected.gross), dollars(high.gross)),
            ("free tier of the account", *(dollars(-each.free) for each in (low, expected, high))),
            ("to pay", dollars(low.net), dollars(expected.net), dollars(high.net)),
        ],
        title="Sum",
    )
    yield from left_out(report.unpriced)
    yield Line("\n" + "\n".join(_notes(report)))


def _headline(report: CostReport) -> str:
    """The sum; not $0.00 where nothing at all has a price."""
    if report.unpriced and not report.lines:
        return "unpriced"
    return f"{dollars(report.expected.gross)}, after the free tier {dollars(report.expected.net)}"


def _notes(report: CostReport) -> Iterator[str]:
    yield f"Prices of {report.book_date} ({report.book} book), usage: {report.usage}. Taxes are excluded."
    if report.assumed_usd:
        yield (
            f"{dollars(report.assumed_usd)} of it rests on prices that are assumed (~) or unverified (?): AWS is not"
            " known to list them."
        )
    priced = len({(line.stack, line.resource) for line in report.lines})
    unpriced = f"{report.unpriced_count} unpriced" if report.unpriced_count else "none unpriced"
    yield f"{report.resources} resources: {priced} priced, {report.free_resources} free of charge, {unpriced}."


def _grouped(lines: Iterable[CostLine]) -> list[_Row]:
    """Like lines of one kind of resource drawn as one (13 alarms), the dearest first."""
    groups: dict[tuple[str, str, str, str], list[CostLine]] = {}
    for line in lines:
        alike = line.resource if line.kind not in _MANY else ""
        groups.setdefault((line.service, line.kind, alike, line.what), []).append(line)
    rows = []
    for (service, kind, _, what), members in groups.items():
        one = members[0].resource if len(members) == 1 else f"{len(members)} {_MANY[kind]}"
        rows.append(_Row(service, one, what, sum((line.usd for line in members), ZERO), _origin(members)))
    return sorted(rows, key=lambda row: -row.usd)


def _origin(lines: Sequence[CostLine]) -> str:
    """Where a price is from, in a word: since when AWS lists it, or that it does not."""
    worst = max(lines, key=lambda line: list(MARKS).index(line.standing))
    dates = sorted(part.source_date[:7] for part in worst.parts)
    return f"{MARKS[worst.standing]} {worst.standing}".strip() + (
        f" {dates[0]}" if dates and worst.standing == "listed" else ""
    )


_MANY = {
    "AWS::CloudWatch::Alarm": "alarms",
    "AWS::Logs::LogGroup": "log groups",
    "AWS::Glue::Database": "databases",
}


def explain_view(report: CostReport) -> Iterator[Block]:
    """Every line in full: how its quantity came about, quantity × price, tier, and the row of the price book."""
    from salesperf_cli.core.cost.estimate import explained

    for line in sorted(report.lines, key=lambda each: (each.stack, each.resource)):
        yield Fields(explained(line), title=f"{line.stack} {line.resource}, {line.service}: {dollars(line.usd)}")
    for allowance in report.free_tier:
        used, free = short_number(allowance.used), short_number(allowance.free)
        source = allowance.source + ("" if allowance.verified else ", unverified")
        pairs = ((allowance.usage_type, f"{used} of {free} free units are used"), ("source", source))
        yield Fields(pairs, title=f"Free tier, {allowance.service}: {dollars(-allowance.usd)}")
    yield Fields([_figure(each) for each in report.figures], title="Usage figures, and where each is from")
    yield from left_out(report.unpriced)
    total = report.expected
    yield Line(f"\n{dollars(total.gross)} - {dollars(total.free)} free = {dollars(total.net)}; taxes are excluded")


def _figure(figure: UsedFigure) -> tuple[str, str]:
    name = f"{figure.resource}.{figure.name}" if figure.resource else figure.name
    span = "" if figure.low == figure.high else f" ({short_number(figure.low)} to {short_number(figure.high)})"
    return name, f"{short_number(figure.expected)}{span} {figure.unit}: {figure.source}"


def compare_view(here: CostReport, there: CostReport) -> Iterator[Block]:
    """Two regions side by side, service by service."""
    sums = [_by_service(each) for each in (here, there)]
    names = sorted({*sums[0], *sums[1]}, key=lambda name: -sums[0].get(name, ZERO))
    rows: list[tuple[object, ...]] = []
    for name in names:
        first, second = (each.get(name, ZERO) for each in sums)
        ratio = f"{first / second:.2f}×" if second else ""
        rows.append((name, dollars(first), dollars(second), change(first - second), ratio))
    total = here.expected.gross - there.expected.gross
    ratio = f"{here.expected.gross / there.expected.gross:.2f}×" if there.expected.gross else ""
    rows.append(("all", dollars(here.expected.gross), dollars(there.expected.gross), change(total), ratio))
    columns = (Column("Service"), money(here.region), money(there.region), money("Difference"), money("Ratio"))
    yield Table(columns, rows, title="The same architecture in two regions, USD a month")
    for each in (here, there):
        yield from (Line(f"{each.region}: {text}") for text in _beside(each))


def _beside(report: CostReport) -> Iterator[str]:
    assumed, count = dollars(report.assumed_usd), report.unpriced_count
    yield f"{assumed} rests on assumed or unverified prices, {count} things have no price"


def _by_service(report: CostReport) -> Mapping[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in report.lines:
        sums[line.service] = sums.get(line.service, ZERO) + line.usd
    return sums
