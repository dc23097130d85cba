"""`salesperf cost actual`: what AWS billed for what carries our tags."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.amounts import bar, money
from salesperf_cli.commands.cost.request import price_book, region
from salesperf_cli.core.cost.money import dollars
from salesperf_cli.errors import InputError, SalesperfError
from salesperf_cli.options import YesOption, environment
from salesperf_cli.output.forms import Block, Column, Line, Table

if TYPE_CHECKING:
    from datetime import date

    from salesperf_cli.core.cost.actual import Billed
    from salesperf_cli.core.cost.spend import Spend
    from salesperf_cli.environment import Environment


def actual(
    ctx: typer.Context,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="Which month; else this one.")] = None,
    yes: YesOption = False,
) -> None:
    """Show what AWS billed for what carries our tags, from Cost Explorer.

    Each page of its answer costs $0.01: this is told, and asked about, first. The tags `project` and `environment`
    must be active for billing in the account; figures of the last day or two can still change. A month that is over is
    entered in the ledger, beside what the last deployment predicted (see cost accuracy).

    Examples:
      salesperf cost actual --target prod
      salesperf cost actual --target prod --month 2026-10 --yes
    """
    from salesperf_cli.core.cost.actual import month_of

    world = environment(ctx)
    span = month_of(month, world.clock().date())
    if world.settings.is_local:
        raise InputError("the local target is billed nothing", why="it is this machine", remedy="add --target NAME")
    page = _page_price(world)
    world.sink.say(f"Cost Explorer charges {page.told} for each page of its answer")
    if world.confirm("Ask it?", assume_yes=yes):
        found = _billed(world, span, page)
        _enter(world, found)
        world.sink.document(found, _view)


def _page_price(world: Environment) -> Spend:
    """What Cost Explorer charges for one page of an answer."""
    from salesperf_cli.core.cost.meters import bill_pages
    from salesperf_cli.core.cost.spend import spend

    return spend(price_book(world), region(world), (bill_pages(Decimal(1)),))


def _billed(world: Environment, span: tuple[date, date], page: Spend) -> Billed:
    """What was billed in these days for what carries the target's tags. Costs money."""
    from salesperf_cli.core.cost.actual import billed
    from salesperf_cli.factory import open_billing

    settings = world.settings
    tags = {"project": settings.stack_prefix, "environment": settings.target}
    billing = open_billing(settings)
    charges = list(billing.charges(*span, tags))
    return billed(f"{span[0]:%Y-%m}", span, tags, charges, billing.pages, page.usd)


def _enter(world: Environment, found: Billed) -> None:
    """Enter a month that is over in the target's ledger; where there is no lake, or it is there already, do nothing."""
    from salesperf_cli.core.cost.accuracy import CostLedger
    from salesperf_cli.core.cost.actual import month_record
    from salesperf_cli.factory import open_workspace

    if found.is_estimated or found.end.day != 1 or found.end > world.clock().date():
        return
    with suppress(SalesperfError):
        ledger = CostLedger(open_workspace(world).backend.objects)
        ledger.add(month_record(found, region(world), ledger.records(kind="deploy")))


def _view(found: Billed) -> Iterator[Block]:
    most = max((group.usd for group in found.groups), default=found.usd)
    rows = [(group.service, dollars(group.usd), bar(group.usd, most)) for group in found.groups]
    tags = ", ".join(f"{key}={value}" for key, value in found.tags.items())
    columns = (Column("Service"), money("USD"), Column(""))
    yield Table(columns, [*rows, ("all", dollars(found.usd), "")], title=f"Billed in {found.month} for {tags}")
    if not found.groups:
        yield Line("nothing carries these tags; are they active for billing in the account?")
    if found.is_estimated:
        yield Line("AWS may still change these figures")
    asked = "an unpriced sum" if found.asked_usd is None else dollars(found.asked_usd)
    yield Line(f"asking took {found.pages} page(s), {asked}")
