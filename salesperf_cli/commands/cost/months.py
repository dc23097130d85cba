"""What a month of a target costs with the stacks that a deployment would make: told, asked of the budget, and kept.

No command of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from salesperf_cli.commands.cost.budgeting import ask, enter, foretell
from salesperf_cli.commands.cost.request import CostRequest, architecture
from salesperf_cli.errors import InputError, SalesperfError

if TYPE_CHECKING:
    from salesperf_cli.core.cost.architecture import Architecture
    from salesperf_cli.core.cost.budget import Limits, Verdict
    from salesperf_cli.core.cost.diff import CostDiff
    from salesperf_cli.core.cost.estimate import Estimate
    from salesperf_cli.environment import Environment


@dataclass(frozen=True, slots=True)
class DeployedMonth:
    """A month of the target as it would be: these stacks, and what else is deployed; and how that differs from now."""

    target: str
    region: str
    estimate: Estimate
    stacks: tuple[str, ...]
    difference: CostDiff | None

    @property
    def told(self) -> str:
        """The sums in words."""
        month = self.estimate
        if not month.lines:
            return f"a month of {self.target}: unpriced in {self.region}"
        told = f"a month of {self.target}: ${month.gross:,.2f}, after the free tier ${month.net:,.2f}"
        if month.unpriced:
            told += f", {len(month.unpriced)} things without a price in no sum"
        if self.difference is not None:
            told += f"; {self.difference.delta_gross:+,.2f} against what is deployed"
        return told

    def judged(self, limits: Limits) -> Verdict:
        """What the budget says of it."""
        from salesperf_cli.core.cost.budget import Expense, of_month

        count = len(self.estimate.unpriced)
        unpriced = (f"{count} things have no price",) if count else ()
        return of_month(Expense(f"a month of {self.target}", self.estimate.gross, unpriced), limits)


def month_of(world: Environment, templates: Iterable[str]) -> DeployedMonth:
    """The month of the target with the stacks made from these templates, and those that are there besides."""
    from salesperf_cli.core.cost.diff import compare

    names = set(templates)
    whole = architecture(world, CostRequest())
    chosen = tuple(each for each in whole.templates if each.stack in names)
    there = _deployed(world, whole)
    others = tuple(each for each in there.templates if each.stack not in names) if there else ()
    planned = replace(whole, templates=(*chosen, *others))
    return DeployedMonth(
        target=world.settings.target,
        region=whole.region,
        estimate=planned.month(),
        stacks=tuple(each.stack for each in planned.templates),
        difference=compare(there, planned, "deployed", "local") if there else None,
    )


def _deployed(world: Environment, whole: Architecture) -> Architecture | None:
    from salesperf_cli.commands.cost.sides import side

    try:
        return side(world, whole, "deployed")
    except InputError:  # nothing is deployed yet
        return None
    except SalesperfError as fault:
        world.sink.warn(f"what else is deployed is not counted: {fault.what}")
        return None


def ask_for_month(world: Environment, month: DeployedMonth, limits: Limits, *, dry_run: bool) -> str:
    """Tell the month, and ask the budget; gives what the ledger is to say. Raises RefusedError, in a dry run never."""
    world.sink.say(month.told)
    if dry_run:
        foretell(world, month.judged(limits), limits)
        return ""
    return ask(world, month.judged(limits), limits)


def enter_deployment(world: Environment, month: DeployedMonth, over_budget: str) -> None:
    """Enter in the target's ledger what a month of it is expected to cost from now on."""
    from salesperf_cli.core.cost.accuracy import CostRecord
    from salesperf_cli.factory import open_workspace

    now = world.clock()
    record = CostRecord(
        kind="deploy",
        name=f"{now:%Y%m%dT%H%M%S%f}",
        at=now,
        region=month.region,
        predicted_usd=month.estimate.gross if month.estimate.lines else None,
        billed_usd=None,
        basis=f"a month of {', '.join(month.stacks)}",
        book_date=month.estimate.book_date.isoformat(),
        over_budget=over_budget,
    )
    try:
        objects = open_workspace(world).backend.objects
    except SalesperfError:  # no lake yet: some stacks were deployed alone
        return
    enter(world, objects, record)
