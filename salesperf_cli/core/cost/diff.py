"""What a change does to the cost of a month: line by line, and in sum."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from salesperf_cli.core.cost.architecture import Architecture, Total, micro, total
from salesperf_cli.core.cost.estimate import CostLine, Estimate, Unpriced
from salesperf_cli.core.cost.money import ZERO


@dataclass(frozen=True, slots=True)
class Change:
    """A line that differs. A side that does not have it is None."""

    kind: Literal["added", "removed", "changed"]
    stack: str
    resource: str
    service: str
    usage_type: str
    what: str
    before: Decimal | None
    after: Decimal | None
    delta: Decimal
    how_before: str
    how_after: str
    standing: str


@dataclass(frozen=True, slots=True)
class CostDiff:
    """Two months compared: the JSON shape of `cost diff`. `percent` is of the gross sum, None from nothing."""

    old: str
    new: str
    old_region: str
    new_region: str
    before: Total
    after: Total
    delta_gross: Decimal
    delta_net: Decimal
    percent: Decimal | None
    changes: tuple[Change, ...]
    new_unpriced: tuple[Unpriced, ...]
    unpriced_before: int
    unpriced_after: int


Key = tuple[str, str, str]


def compare(old: Architecture, new: Architecture, old_name: str, new_name: str) -> CostDiff:
    """The difference between two architectures in the expected case, the greatest changes first."""
    left, right = old.month(), new.month()
    # Two single templates are compared whatever their files are called.
    alone = len(old.templates) == len(new.templates) == 1
    before, after = _by_key(left, alone=alone), _by_key(right, alone=alone)
    changes = [_change(before.get(key), after.get(key)) for key in dict.fromkeys((*before, *after))]
    changed = [each for each in changes if each is not None]
    known = {("" if alone else each.stack, each.resource, each.usage_type) for each in left.unpriced}
    first, second = total(left), total(right)
    return CostDiff(
        old=old_name,
        new=new_name,
        old_region=old.region,
        new_region=new.region,
        before=first,
        after=second,
        delta_gross=micro(right.gross - left.gross),
        delta_net=micro(right.net - left.net),
        percent=percent(first.gross, second.gross),
        changes=tuple(sorted(changed, key=lambda each: (-abs(each.delta), each.resource))),
        new_unpriced=tuple(
            each
            for each in right.unpriced
            if ("" if alone else each.stack, each.resource, each.usage_type) not in known
        ),
        unpriced_before=len(left.unpriced),
        unpriced_after=len(right.unpriced),
    )


def percent(before: Decimal, after: Decimal) -> Decimal | None:
    """By how many percent a sum grew, to a tenth; None where it grew from nothing."""
    if not before:
        return None if after else ZERO
    return ((after - before) / before * 100).quantize(Decimal("0.1"))


def _by_key(month: Estimate, *, alone: bool) -> dict[Key, CostLine]:
    """Lines by stack, resource and purpose: a usage type may change (Flex, another region) and stay a line."""
    return {
        ("" if alone else line.stack, line.resource, f"{line.service} {_purpose(line)}"): line for line in month.lines
    }


def _purpose(line: CostLine) -> str:
    return "runs" if line.what == "flexible runs" else line.what


def _change(before: CostLine | None, after: CostLine | None) -> Change | None:
    line = after or before
    assert line is not None
    delta = (after.usd if after else ZERO) - (before.usd if before else ZERO)
    if not delta and (before is None or after is None or before.usage_type == after.usage_type):
        return None
    return Change(
        kind="changed" if before and after else "added" if after else "removed",
        stack=line.stack,
        resource=line.resource,
        service=line.service,
        usage_type=line.usage_type,
        what=line.what,
        before=before.usd if before else None,
        after=after.usd if after else None,
        delta=delta,
        how_before=before.how if before else "",
        how_after=after.how if after else "",
        standing=line.standing,
    )
