"""Whether a budget lets something be done: an operation, beside what this month's cost; or a deployment, for a month.

The one place that decides; commands ask and tell. Amounts are USD before any free tier. What has no price cannot be
held against a limit: it is told, and never taken as 0 in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from salesperf_cli.core.cost.money import ZERO, fine
from salesperf_cli.core.cost.tally import Spent
from salesperf_cli.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent, None where nothing was said: by the target in a month, and by one operation.

    `is_waived`: somebody goes on anyway.
    """

    target: str = "local"
    monthly: Decimal | None = None
    operation: Decimal | None = None
    is_waived: bool = False

    @property
    def are_set(self) -> bool:
        """Whether there is any limit."""
        return self.monthly is not None or self.operation is not None


@dataclass(frozen=True, slots=True)
class Expense:
    """What is about to be spent: on what, the part that has a price, and in words what has none.

    `is_least`: it may become more.
    """

    what: str
    usd: Decimal
    unpriced: tuple[str, ...] = ()
    is_least: bool = False

    @property
    def told(self) -> str:
        """The sum in words."""
        return f"{'at least ' if self.is_least or self.unpriced else ''}{fine(self.usd)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a budget says: why not (nothing: go on), what would help, and what could not be judged."""

    expense: Expense
    refusals: tuple[str, ...]
    remedies: tuple[str, ...]

    @property
    def unjudged(self) -> str:
        """What the budget did not see, in words; empty where it saw all."""
        if not self.expense.unpriced:
            return ""
        return f"the budget cannot see all of {self.expense.what}: {', '.join(self.expense.unpriced)}"


def of_operation(expense: Expense, limits: Limits, spent: Spent) -> Verdict:
    """Hold an operation to both limits. What costs nothing is never refused."""
    refusals, remedies = [], []
    may_cost = bool(expense.usd or expense.unpriced)
    if limits.operation is not None and is_above(expense.usd, limits.operation):
        refusals.append(f"it would cost {expense.told}, and --max-cost is {fine(limits.operation)}")
        remedies.append("raise --max-cost")
    if limits.monthly is not None and may_cost:
        left = limits.monthly - spent.usd
        if is_above(expense.usd, left) or left <= 0:
            refusals.append(
                f"it would cost {expense.told}; {_left(left)} of {fine(limits.monthly)} this month for"
                f" {limits.target}: {_so_far(spent)}"
            )
            remedies.append("raise monthly_budget in salesperf.toml")
    return Verdict(expense, tuple(refusals), tuple(remedies))


def is_above(usd: Decimal, limit: Decimal | None) -> bool:
    """Whether a sum is more than a limit allows: what is exactly the limit is within it."""
    return limit is not None and usd > limit


def of_month(expense: Expense, limits: Limits) -> Verdict:
    """Hold the month of a deployment to the target's budget."""
    if limits.monthly is None or not is_above(expense.usd, limits.monthly):
        return Verdict(expense, (), ())
    more = expense.usd - limits.monthly
    why = f"{expense.told} a month, {fine(more)} above the {fine(limits.monthly)} that {limits.target} may cost"
    return Verdict(expense, (why,), ("raise monthly_budget in salesperf.toml",))


def allow(verdict: Verdict, limits: Limits) -> str:
    """What the ledger is to say: nothing, or by how much the budget was exceeded where that was waived.

    Raises RefusedError where it was not.
    """
    why = "; ".join(verdict.refusals)
    if not why or limits.is_waived:
        return why
    raise RefusedError(
        f"{verdict.expense.what} would exceed the budget",
        why=why,
        remedy=", or ".join(("spend less", *verdict.remedies, "add --over-budget to go on anyway")),
    )


def affordable(limits: Limits, spent: Spent) -> Decimal | None:
    """What an operation may come to while it is under way; None where nothing limits it."""
    if limits.is_waived or not limits.are_set:
        return None
    bounds = [limits.operation, None if limits.monthly is None else limits.monthly - spent.usd]
    return max(min(each for each in bounds if each is not None), ZERO)


def _left(left: Decimal) -> str:
    return f"{fine(left)} is left" if left > 0 else "nothing is left"


def _so_far(spent: Spent) -> str:
    operations = f"{spent.operations:,} operation{'s' * (spent.operations != 1)}"
    unpriced = f", {spent.unpriced:,} of them without a price" if spent.unpriced else ""
    return f"{operations} came to {fine(spent.usd)}{unpriced}"
