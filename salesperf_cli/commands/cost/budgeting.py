"""How the commands that spend money ask the budget: their options, the question, what is said and kept of the answer.

Who decides is `core/cost/budget`; no command of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.request import amount
from salesperf_cli.errors import SalesperfError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects
    from salesperf_cli.core.cost.accuracy import CostRecord
    from salesperf_cli.core.cost.budget import Expense, Limits, Verdict
    from salesperf_cli.core.cost.tally import Spent
    from salesperf_cli.environment import Environment

MaxCostOption = Annotated[
    str | None, typer.Option("--max-cost", metavar="USD", help="On AWS: refuse to spend more on this, such as 0.50.")
]
OverBudgetOption = Annotated[
    bool, typer.Option("--over-budget", help="Go on where a budget says no; the ledger says so.")
]


def limits_of(world: Environment, max_cost: str | None = None, *, over_budget: bool = False) -> Limits:
    """The target's budget and what was typed. Raises InputError for what is no sum of money."""
    from salesperf_cli.core.cost.budget import Limits

    settings = world.settings
    operation = None if max_cost is None else amount(max_cost, "--max-cost")
    return Limits(settings.target, settings.monthly_budget, operation, over_budget)


def spent_so_far(world: Environment, objects: Objects, limits: Limits) -> Spent:
    """What this month's operations came to; nothing is looked at where no budget asks."""
    from salesperf_cli.core.cost.tally import Spent, spent

    return Spent() if limits.monthly is None else spent(objects, world.clock())


def ask_for_operation(world: Environment, objects: Objects, limits: Limits, expense: Expense) -> str:
    """Ask whether an operation may cost what it would; gives what the ledger is to say. Raises RefusedError."""
    from salesperf_cli.core.cost.budget import of_operation

    return ask(world, of_operation(expense, limits, spent_so_far(world, objects, limits)), limits)


def ask(world: Environment, verdict: Verdict, limits: Limits) -> str:
    """Tell a verdict; gives what the ledger is to say where somebody goes on against it. Raises RefusedError."""
    from salesperf_cli.core.cost.budget import allow

    if limits.are_set and verdict.unjudged:
        world.sink.warn(verdict.unjudged)
    over = allow(verdict, limits)
    if over:
        world.sink.warn(f"over budget, as you said: {over}")
    return over


def foretell(world: Environment, verdict: Verdict, limits: Limits) -> None:
    """Tell what a budget would say, where nothing is done yet."""
    if limits.are_set and verdict.unjudged:
        world.sink.warn(verdict.unjudged)
    for why in verdict.refusals:
        world.sink.warn(f"over budget: {why}")


def enter(world: Environment, objects: Objects, record: CostRecord) -> None:
    """Enter a record in the ledger. What was done is done: that it cannot be entered is told, and stops nothing."""
    from salesperf_cli.core.cost.accuracy import CostLedger

    try:
        CostLedger(objects).add(record)
    except SalesperfError as fault:
        world.sink.warn(f"the ledger does not know what this cost: {fault.what}")
