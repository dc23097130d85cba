"""The cost of what a command is about to do, and of what it then did: said on stderr, and kept in the ledger.

Both figures come from the same functions of `core/cost`; no command of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from salesperf_cli.commands.cost.request import CostRequest, architecture
from salesperf_cli.errors import SalesperfError

if TYPE_CHECKING:
    from decimal import Decimal

    from salesperf_cli.backends.ports import JobRun, Objects
    from salesperf_cli.core.cost.architecture import Architecture
    from salesperf_cli.core.cost.spend import Spend
    from salesperf_cli.environment import Environment


class JobCosts:
    """What Glue jobs cost: by the target's templates and the usage figures before, by the seconds billed after."""

    def __init__(self, world: Environment, objects: Objects) -> None:
        self._world = world
        self._objects = objects
        self._predicted: dict[str, Spend] = {}

    def predicted(self, layers: Iterable[str]) -> str:
        """What one run of these layers' jobs would cost, in words."""
        from salesperf_cli.core.cost.runs import run_seconds

        told = []
        for layer in layers:
            seconds = run_seconds(self._architecture, layer)
            self._predicted[layer] = self._spend(layer, seconds)
            told.append(f"{layer} {self._predicted[layer].told} for {seconds:.0f} s")
        return f"predicted cost: {', '.join(told)}"

    def billed(self, layer: str, job: str, run: JobRun) -> str:
        """What a job run came to, in words; entered in the ledger beside what was predicted."""
        from salesperf_cli.core.cost.accuracy import CostLedger, CostRecord

        spend, before = self._spend(layer, run.seconds), self._predicted.get(layer)
        record = CostRecord(
            kind="run",
            name=job,
            at=self._world.clock(),
            region=self._architecture.region,
            predicted_usd=before.usd if before else None,
            billed_usd=spend.usd,
            basis=f"{run.seconds} s of Glue",
            book_date=self._architecture.book.generated.isoformat(),
        )
        CostLedger(self._objects).add(record)
        return f"{spend.told} for {run.seconds:,} s" + (f", predicted {before.told}" if before else "")

    def _spend(self, layer: str, seconds: Decimal | int) -> Spend:
        from salesperf_cli.core.cost.runs import job_of
        from salesperf_cli.core.cost.spend import job_shape, job_spend

        built = self._architecture
        return job_spend(built.book, built.region, job_shape(job_of(built, layer)), seconds)

    @cached_property
    def _architecture(self) -> Architecture:
        return architecture(self._world, CostRequest())


def replay_cost(world: Environment, objects: Objects, events: int) -> str:
    """What sending so many events came to, in words and in the ledger; their size is that of the usage figures.

    The stream's hours run anyway, and are not in it. How many events a source holds is not known before.
    """
    from salesperf_cli.core.cost.accuracy import CostLedger, CostRecord
    from salesperf_cli.core.cost.spend import replay_spend
    from salesperf_cli.core.cost.usage import Case

    built = architecture(world, CostRequest())
    size = int(built.usage.case(Case.EXPECTED)["event_bytes"])
    on_demand = built.parameters.get("StreamMode", "ON_DEMAND") == "ON_DEMAND"
    spend = replay_spend(built.book, built.region, events, size, is_on_demand=on_demand)
    now = world.clock()
    CostLedger(objects).add(
        CostRecord("replay", f"{now:%Y%m%dT%H%M%S%f}", now, built.region, None, spend.usd, f"{events} events")
    )
    return f"{spend.told} for {events:,} events of {size:,} bytes, besides the stream's hours"


def monthly_cost(world: Environment, templates: Iterable[str], *, deployed: bool) -> str:
    """What a month of the stacks made from these templates costs, in words; of a `deployed` target also what it was."""
    from dataclasses import replace

    from salesperf_cli.commands.cost.sides import side
    from salesperf_cli.core.cost.architecture import total
    from salesperf_cli.core.cost.diff import compare

    names = set(templates)
    whole = architecture(world, CostRequest())
    planned = replace(whole, templates=tuple(each for each in whole.templates if each.stack in names))
    after = total(planned.month())
    told = f"a month of these stacks: ${after.gross:,.2f}, after the free tier ${after.net:,.2f}"
    if not deployed:
        return told
    try:
        there = side(world, planned, "deployed")
        there = replace(there, templates=tuple(each for each in there.templates if each.stack in names))
        change = compare(there, planned, "deployed", "local")
    except SalesperfError:  # not all of it is deployed yet
        return told
    return f"{told}; {change.delta_gross:+,.2f} against what is deployed"
