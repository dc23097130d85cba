"""The cost of what a command is about to do, and of what it then did: said on stderr, asked of the budget, and kept in
the ledger.

Predicted and billed figures come from the same functions of `core/cost`; no command of its own. What a month of a
target's stacks costs is in `months`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from salesperf_cli.commands.cost.budgeting import ask_for_operation, enter
from salesperf_cli.commands.cost.request import CostRequest, architecture

if TYPE_CHECKING:
    from decimal import Decimal

    from salesperf_cli.backends.ports import JobRun, Objects
    from salesperf_cli.core.cost.accuracy import CostRecord
    from salesperf_cli.core.cost.architecture import Architecture
    from salesperf_cli.core.cost.budget import Expense, Limits
    from salesperf_cli.core.cost.spend import Spend
    from salesperf_cli.environment import Environment


class JobCosts:
    """What Glue jobs cost: by the target's templates and the usage figures before, by the seconds billed after."""

    def __init__(self, world: Environment, objects: Objects, limits: Limits) -> None:
        self._world = world
        self._objects = objects
        self._limits = limits
        self._predicted: dict[str, Spend] = {}
        self._over = ""

    def predicted(self, layers: Iterable[str]) -> str:
        """What one run of these layers' jobs would cost, in words."""
        from salesperf_cli.core.cost.runs import run_seconds

        told = []
        for layer in layers:
            seconds = run_seconds(self._architecture, layer)
            self._predicted[layer] = self._spend(layer, seconds)
            told.append(f"{layer} {self._predicted[layer].told} for {seconds:.0f} s")
        return f"predicted cost: {', '.join(told)}"

    @property
    def expense(self) -> Expense:
        """What was predicted, for the budget."""
        from salesperf_cli.core.cost.budget import Expense
        from salesperf_cli.core.cost.money import ZERO

        usd = sum((spend.priced_usd for spend in self._predicted.values()), ZERO)
        unpriced = tuple(dict.fromkeys(text for spend in self._predicted.values() for text in spend.unpriced))
        return Expense("the run", usd, unpriced)

    def ask(self) -> None:
        """Ask the budget for what was predicted. Raises RefusedError; no job was started yet."""
        self._over = ask_for_operation(self._world, self._objects, self._limits, self.expense)

    def began(self, layer: str, job: str) -> None:
        """A job was started: its prediction counts until its bill is known, also when nobody waits for it."""
        from salesperf_cli.backends.ports import JobRun

        if layer in self._predicted:
            enter(self._world, self._objects, self._record(layer, job, JobRun("starting")))

    def billed(self, layer: str, job: str, run: JobRun) -> str:
        """What a job run came to, in words; entered in the ledger beside what was predicted."""
        spend, before = self._spend(layer, run.seconds), self._predicted.get(layer)
        enter(self._world, self._objects, self._record(layer, job, run))
        return f"{spend.told} for {run.seconds:,} s" + (f", predicted {before.told}" if before else "")

    def _record(self, layer: str, job: str, run: JobRun) -> CostRecord:
        from salesperf_cli.core.cost.accuracy import CostRecord

        before = self._predicted.get(layer)
        return CostRecord(
            kind="run",
            name=job,
            at=self._world.clock(),
            region=self._architecture.region,
            predicted_usd=before.usd if before else None,
            billed_usd=self._spend(layer, run.seconds).usd if run.ended else None,
            basis=f"{run.seconds} s of Glue" if run.ended else "not known yet",
            book_date=self._architecture.book.generated.isoformat(),
            layer=layer,
            seconds=run.seconds if run.ended else None,
            outcome=run.state,
            over_budget=self._over,
        )

    def _spend(self, layer: str, seconds: Decimal | int) -> Spend:
        from salesperf_cli.core.cost.runs import job_of
        from salesperf_cli.core.cost.spend import job_shape, job_spend

        built = self._architecture
        return job_spend(built.book, built.region, job_shape(job_of(built, layer)), seconds)

    @cached_property
    def _architecture(self) -> Architecture:
        return architecture(self._world, CostRequest())


class ReplayCosts:
    """What sending events costs. Their size is that of the usage figures; the stream's hours run anyway."""

    def __init__(self, world: Environment, objects: Objects, limits: Limits) -> None:
        self._world = world
        self._objects = objects
        self._limits = limits
        self._predicted: Spend | None = None
        self._over = ""

    def predicted(self, events: int) -> str:
        """What sending so many events would cost, in words."""
        self._predicted = self._spend(events)
        return f"predicted cost: {self._told(self._predicted, events)}"

    def ask(self, *, loop: bool) -> None:
        """Ask the budget for what was predicted, which with `loop` is the first round's. Raises RefusedError."""
        from salesperf_cli.core.cost.budget import Expense

        assert self._predicted is not None
        unpriced = (*self._predicted.unpriced, *(("what comes after the first round",) if loop else ()))
        expense = Expense("the replay", self._predicted.priced_usd, unpriced)
        self._over = ask_for_operation(self._world, self._objects, self._limits, expense)

    def billed(self, events: int) -> None:
        """Tell and enter what sending so many events came to."""
        from salesperf_cli.core.cost.accuracy import CostRecord

        spend, now, before = self._spend(events), self._world.clock(), self._predicted
        record = CostRecord(
            kind="replay",
            name=f"{now:%Y%m%dT%H%M%S%f}",
            at=now,
            region=self._architecture.region,
            predicted_usd=before.usd if before else None,
            billed_usd=spend.usd,
            basis=f"{events} events of {self._event_bytes} bytes",
            book_date=self._architecture.book.generated.isoformat(),
            over_budget=self._over,
        )
        enter(self._world, self._objects, record)
        self._world.sink.say(f"cost: {self._told(spend, events)}" + (f", predicted {before.told}" if before else ""))

    def _told(self, spend: Spend, events: int) -> str:
        return f"{spend.told} for {events:,} events of {self._event_bytes:,} bytes, besides the stream's hours"

    def _spend(self, events: int) -> Spend:
        from salesperf_cli.core.cost.spend import replay_spend

        built = self._architecture
        on_demand = built.parameters.get("StreamMode", "ON_DEMAND") == "ON_DEMAND"
        return replay_spend(built.book, built.region, events, self._event_bytes, is_on_demand=on_demand)

    @property
    def _event_bytes(self) -> int:
        from salesperf_cli.core.cost.usage import Case

        return int(self._architecture.usage.case(Case.EXPECTED)["event_bytes"])

    @cached_property
    def _architecture(self) -> Architecture:
        return architecture(self._world, CostRequest())
