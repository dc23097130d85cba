"""The guard over a month's cost: a limit, and a limit to its growth; and the comment for a pull request."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from salesperf_cli.core.cost.architecture import CostReport
from salesperf_cli.core.cost.budget import is_above
from salesperf_cli.core.cost.diff import CostDiff
from salesperf_cli.core.cost.money import change, dollars, plain_number
from salesperf_cli.errors import InputError

_LINES = 10


@dataclass(frozen=True, slots=True)
class CostCheck:
    """The verdict: the JSON shape of `cost check`. Amounts are gross USD a month, in the expected case."""

    passed: bool
    region: str
    usd: Decimal
    high_usd: Decimal
    net_usd: Decimal
    max_usd: Decimal | None
    increase_percent: Decimal | None
    max_increase_percent: Decimal | None
    unpriced_count: int
    reasons: tuple[str, ...]


def judge(
    report: CostReport, limit: Decimal | None, diff: CostDiff | None, increase: Decimal | None, *, refuse_unpriced: bool
) -> CostCheck:
    """Hold an estimate to its limits. What has no price counts for nothing here: `refuse_unpriced` minds it."""
    reasons = []
    usd = report.expected.gross
    if limit is not None and is_above(usd, limit):
        reasons.append(f"{dollars(usd)} a month is more than {dollars(limit)}")
    if diff is not None and increase is not None:
        grew_from_nothing = diff.percent is None
        if grew_from_nothing or (diff.percent or Decimal(0)) > increase:
            by = "from nothing" if grew_from_nothing else f"by {plain_number(diff.percent or Decimal(0))} %"
            reasons.append(f"it grows {by}, {change(diff.delta_gross)}; {plain_number(increase)} % may be")
    if refuse_unpriced and report.unpriced_count:
        reasons.append(f"{report.unpriced_count} things have no price")
    return CostCheck(
        passed=not reasons,
        region=report.region,
        usd=usd,
        high_usd=report.high.gross,
        net_usd=report.expected.net,
        max_usd=limit,
        increase_percent=diff.percent if diff else None,
        max_increase_percent=increase,
        unpriced_count=report.unpriced_count,
        reasons=tuple(reasons),
    )


def _beside(verdict: CostCheck) -> str:
    return f"After the free tier {dollars(verdict.net_usd)}; with high usage {dollars(verdict.high_usd)}."


def parse_percent(text: str) -> Decimal:
    """`10%` or `10`. Raises InputError."""
    try:
        number = Decimal(text.strip().removesuffix("%").strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise InputError(f"--max-increase cannot be {text!r}", why="it is no percentage", remedy="write 10%")
    return number


def markdown(verdict: CostCheck, report: CostReport, diff: CostDiff | None) -> str:
    """The verdict as a comment on a pull request."""
    mark = "✅ within its limits" if verdict.passed else "❌ refused"
    lines = [
        f"### Cost: {dollars(verdict.usd)} a month, {mark}",
        "",
        f"{report.region}, before the free tier, without taxes. {_beside(verdict)}",
    ]
    lines += [f"- **{reason}**" for reason in verdict.reasons]
    if diff is not None:
        grown = "" if diff.percent is None else f" ({'+' if diff.percent > 0 else ''}{plain_number(diff.percent)} %)"
        lines += ["", f"Change: **{change(diff.delta_gross)}**{grown}", ""]
        if diff.changes:
            lines += ["| Resource | For | Before | After | Change |", "|---|---|--:|--:|--:|"]
        for each in diff.changes[:_LINES]:
            before, after = ("–" if usd is None else dollars(usd) for usd in (each.before, each.after))
            lines.append(f"| {each.resource} | {each.what} | {before} | {after} | {change(each.delta)} |")
        if len(diff.changes) > _LINES:
            lines.append(f"\nand {len(diff.changes) - _LINES} smaller changes")
    if report.unpriced:
        lines += ["", f"**{report.unpriced_count} without a price, in no sum:**", ""]
        lines += [f"- {each.resource} ({each.kind}): {each.reason}" for each in report.unpriced]
    if report.assumed_usd:
        lines += ["", f"{dollars(report.assumed_usd)} of it rests on prices that are assumed, not listed."]
    lines += ["", f"<sub>Price book of {report.book_date}. `salesperf cost --explain` shows each line's source.</sub>"]
    return "\n".join(lines) + "\n"
