"""What was billed: a month of Cost Explorer by service and usage type, for what carries our tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from salesperf_cli.core.cost.accuracy import CostRecord
from salesperf_cli.core.cost.money import ZERO
from salesperf_cli.errors import InputError


@dataclass(frozen=True, slots=True)
class BilledGroup:
    """A service's charge in the period, as Cost Explorer tells it."""

    service: str
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Billed:
    """The JSON shape of `cost actual`. `pages` is what the question itself was charged for; `end` is not in it."""

    month: str
    start: date
    end: date
    tags: Mapping[str, str]
    is_estimated: bool
    usd: Decimal
    groups: tuple[BilledGroup, ...]
    pages: int
    asked_usd: Decimal | None


def month_of(text: str | None, today: date) -> tuple[date, date]:
    """The first day of a month (`2026-10`; None: this one) and the day after it ends or after today. InputError."""
    try:
        first = date.fromisoformat(f"{text}-01") if text else today.replace(day=1)
    except ValueError as fault:
        raise InputError(
            f"--month cannot be {text!r}", why="a month is written 2026-10", remedy="correct it"
        ) from fault
    if first > today:
        raise InputError(f"{text} has not begun", why=f"today is {today}", remedy="name a month that has")
    after = (first + timedelta(days=32)).replace(day=1)
    return first, min(after, today + timedelta(days=1))


def billed(
    month: str, span: tuple[date, date], tags: Mapping[str, str], answer: Iterable[tuple[BilledGroup, bool]],
    pages: int, page_usd: Decimal | None,
) -> Billed:  # fmt: skip
    """Add the groups of an answer up, service by service, the dearest first."""
    sums: dict[str, Decimal] = {}
    estimated = False
    for group, is_estimated in answer:
        sums[group.service] = sums.get(group.service, ZERO) + group.usd
        estimated |= is_estimated
    groups = tuple(BilledGroup(name, usd) for name, usd in sorted(sums.items(), key=lambda each: (-each[1], each[0])))
    asked = None if page_usd is None else page_usd * pages
    return Billed(month, *span, tags, estimated, sum(sums.values(), ZERO), groups, pages, asked)


def month_record(found: Billed, region: str, deployments: Iterable[CostRecord]) -> CostRecord:
    """A month that is over as an entry of the ledger, beside what the last deployment before its end predicted."""
    ended = datetime.combine(found.end, datetime.min.time(), UTC) - timedelta(seconds=1)
    before = [each.predicted_usd for each in deployments if each.at <= ended]
    return CostRecord("month", found.month, ended, region, before[-1] if before else None, found.usd, "Cost Explorer")
