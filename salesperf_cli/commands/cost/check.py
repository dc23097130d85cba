"""`salesperf cost check`: refuses a month that costs too much, for CI and pull requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.request import (
    CostRequest,
    ParametersOption,
    RegionOption,
    TemplatesOption,
    UsageOption,
    amount,
    architecture,
)
from salesperf_cli.core.cost.money import dollars, plain_number
from salesperf_cli.errors import InputError, RefusedError
from salesperf_cli.options import environment
from salesperf_cli.output.forms import Block, Line

if TYPE_CHECKING:
    from salesperf_cli.core.cost.architecture import CostReport
    from salesperf_cli.core.cost.check import CostCheck
    from salesperf_cli.core.cost.diff import CostDiff
    from salesperf_cli.environment import Environment


@dataclass(frozen=True, slots=True)
class Limits:
    """What is not to be exceeded: a month's sum in USD, and its growth in percent against something else."""

    max_usd: Decimal | None
    max_increase_percent: Decimal | None
    against: str | None
    refuse_unpriced: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and what it is about: the estimate, and how it differs from what it was compared with."""

    verdict: CostCheck
    report: CostReport
    difference: CostDiff | None


def check(
    ctx: typer.Context,
    max: Annotated[
        str | None, typer.Option("--max", metavar="USD", help="Refuse more a month; else monthly_budget.")
    ] = None,
    max_increase: Annotated[
        str | None, typer.Option("--max-increase", metavar="PERCENT", help="Refuse a greater growth; needs --against.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="OLD", help="What to compare with, as in cost diff.")
    ] = None,
    refuse_unpriced: Annotated[
        bool, typer.Option("--refuse-unpriced", help="Refuse also when something has no price.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a comment for a pull request.")] = False,
    templates: TemplatesOption = None,
    parameters: ParametersOption = None,
    usage: UsageOption = None,
    region: RegionOption = None,
) -> None:
    """Refuse a month that costs too much, for CI and pull requests.

    The limits hold for the gross sum (before the free tier) with expected usage. Exit code 3 when one is exceeded.
    Without --max the target's `monthly_budget` (salesperf.toml) is the limit.

    Examples:
      salesperf cost check --max 200
      salesperf cost check --max 200 --against main/infra --max-increase 10%
      salesperf cost check --max 200 --markdown > comment.md
    """
    world = environment(ctx)
    limits = _limits(world, max, max_increase, against, refuse_unpriced=refuse_unpriced)
    judged = _judged(world, CostRequest(templates, parameters, usage, region), limits)
    if markdown:
        world.sink.text(_comment(judged))
    else:
        world.sink.document(judged.verdict, _view)
    if not judged.verdict.passed:
        raise _above(judged.verdict)
    world.sink.step("the cost is within its limits")


def _limits(
    world: Environment, max_usd: str | None, max_increase: str | None, against: str | None, *, refuse_unpriced: bool
) -> Limits:
    """The limits as typed, or the target's budget.

    Raises InputError where there is none, or where growth has nothing to grow from.
    """
    from salesperf_cli.core.cost.check import parse_percent

    most = world.settings.monthly_budget if max_usd is None else amount(max_usd, "--max")
    if most is None and max_increase is None and not refuse_unpriced:
        raise InputError(
            "there is nothing to check",
            why=f"no limit is given, and the target {world.settings.target} has no monthly_budget",
            remedy="salesperf cost check --max 200",
        )
    if max_increase is not None and against is None:
        raise InputError(
            "--max-increase has nothing to compare with", why="--against is missing", remedy="--against main/infra"
        )
    return Limits(
        most,
        parse_percent(max_increase) if max_increase is not None else None,
        against,
        refuse_unpriced,
    )


def _judged(world: Environment, request: CostRequest, limits: Limits) -> Judged:
    """The estimate, compared where that is asked for, and held against the limits."""
    from salesperf_cli.commands.cost.sides import side
    from salesperf_cli.core.cost.architecture import report
    from salesperf_cli.core.cost.check import judge
    from salesperf_cli.core.cost.diff import compare

    built, old = architecture(world, request), limits.against
    difference = compare(side(world, built, old), built, old, "now") if old else None
    found = report(built)
    verdict = judge(
        found, limits.max_usd, difference, limits.max_increase_percent, refuse_unpriced=limits.refuse_unpriced
    )
    return Judged(verdict, found, difference)


def _comment(judged: Judged) -> str:
    from salesperf_cli.core.cost.check import markdown

    return markdown(judged.verdict, judged.report, judged.difference)


def _above(verdict: CostCheck) -> RefusedError:
    return RefusedError(
        "the cost is above its limit",
        why="; ".join(verdict.reasons),
        remedy="salesperf cost --explain shows each line; lower the usage, or raise the limit",
    )


def _view(verdict: CostCheck) -> Iterator[Block]:
    """The verdict in a few lines."""
    limit = "no limit" if verdict.max_usd is None else f"limit {dollars(verdict.max_usd)}"
    high = dollars(verdict.high_usd)
    yield Line(f"{dollars(verdict.usd)} a month in {verdict.region} ({limit}); with high usage {high}")
    if verdict.max_increase_percent is not None:
        grown = "from nothing" if verdict.increase_percent is None else f"{plain_number(verdict.increase_percent)} %"
        yield Line(f"growth {grown} (limit {plain_number(verdict.max_increase_percent)} %)")
    if verdict.unpriced_count:
        yield Line(f"{verdict.unpriced_count} things have no price and are in no sum")
