"""The serving views where engines read them, kept true while tables move.

A bounded view skips the days whose events are in the tables beside it (`events.bound`). While tables move one after the
other, and after they went back, that is not so: whoever moves them opens the views first, so that they read all that
has landed, and closes them behind the new release. Killed in between, they are open: right, and only slower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from salesperf_cli.core.events.bound import FIRST_DAY, is_bounded
from salesperf_cli.core.ledger import withdrawn_since
from salesperf_cli.core.query import published_state
from salesperf_cli.errors import RefusedError, SalesperfError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Queries
    from salesperf_cli.core.events.bound import Bounds
    from salesperf_cli.core.ledger import Ledger
    from salesperf_cli.core.promotion import PublishPlan
    from salesperf_cli.core.serving_views import ViewStep


class Views(Protocol):
    """What publishing asks of the views; its caller holds the lease."""

    def open(self) -> None:
        """Have every view read all that has landed; raises what stands in the way of it."""

    def close(self) -> None:
        """Have every view that was made read what the release needs. One that cannot be is told, and stays open."""


class NoViews:
    """Implements `Views` where queries read the pipeline's files, and so the bound of the release that they see."""

    def open(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class Talk(Protocol):
    """Hears what is done to the views."""

    def busy(self, text: str) -> None:
        """What is being done right now."""

    def step(self, text: str, note: str = "") -> None:
        """What was done."""

    def warn(self, text: str) -> None:
        """What was not."""


@dataclass(frozen=True, slots=True)
class ServedViews:
    """Implements `Views` in a service such as Athena, which is opened when there is something to do."""

    ledger: Ledger
    bounds: Bounds
    queries: Callable[[], Queries]
    talk: Talk

    def plan(self) -> tuple[ViewStep, ...]:
        """Every view as the current release needs it; raises InputError while nothing is published."""
        tables, views = published_state(self.ledger, None), self.bounds.pipeline.serving_views()
        return self._steps({name: self.bounds.day(name, tables) for name, sql in views.items() if is_bounded(sql)})

    def make(self, steps: Sequence[ViewStep]) -> None:
        """Make the views, or replace them."""
        for step in steps:
            self._make(step)

    def open(self) -> None:
        """Have every bounded view read all that has landed; raises what stands in the way of it."""
        if bounded := {name for name, day in self.ledger.views().items() if day != FIRST_DAY}:
            self.make([step for step in self._steps({}) if step.view in bounded])

    def close(self) -> None:
        """Have every bounded view that was made read what the release needs."""
        made = self.ledger.views()
        try:
            if made:
                self.make([step for step in self.plan() if made.get(step.view) not in (None, step.landed_from)])
        except SalesperfError as fault:
            self.talk.warn(f"Views read more than they need to: {fault.what}. To mend it: salesperf publish-views")

    def _steps(self, days: Mapping[str, str]) -> tuple[ViewStep, ...]:
        from salesperf_cli.core.serving_views import plan_views

        pipeline = self.bounds.pipeline
        return plan_views(pipeline.serving_views(), pipeline.built_names(), self.queries().databases, days)

    def _make(self, step: ViewStep) -> None:
        """The ledger never says an earlier day than the view: it is written first where the day moves on, else last."""
        known, day = self.ledger.views(), step.landed_from
        if day is not None and day > known.get(step.view, ""):
            self.ledger.write_views({**known, step.view: day})
        self.talk.busy(f"making {step.view}")
        try:
            self.queries().run(step.statement)
        except SalesperfError as fault:
            raise type(fault)(
                f"the view {step.view} cannot be made: {fault.what}",
                why=fault.why,
                remedy=fault.remedy,
                detail=fault.detail,
            ) from fault
        if day is not None and day < known.get(step.view, ""):
            self.ledger.write_views({**known, step.view: day})
        self.talk.step(step.view, _reads(day))


def _reads(day: str | None) -> str:
    if day is None:
        return ""
    return "reads all landed events" if day == FIRST_DAY else f"reads events landed from {day}"


def refuse_losses(plan: PublishPlan, ledger: Ledger) -> None:
    """Raise RefusedError where somebody who cannot open the views would move tables under a bounded one.

    Tables that only gain rows are harmless: what is built on others moves after them, so that an item that was
    delivered is in both for a moment. One that leaves a table would be in neither.
    """
    if all(day == FIRST_DAY for day in ledger.views().values()) or not _may_lose_rows(plan, ledger):
        return
    raise RefusedError(
        f"run {plan.run.run_id} is built and audited, but a job cannot publish it",
        why="it may take rows out of tables: the live view must be opened before, which a job cannot do",
        remedy="publish it from a terminal: salesperf promote all",
    )


def _may_lose_rows(plan: PublishPlan, ledger: Ledger) -> bool:
    """Whether a table is defined anew, lost a file, or is built on one that moved in an earlier release."""
    moving, ingests = {str(step.table) for step in plan.steps}, ledger.ingests()
    for step in plan.steps:
        if step.before is None:
            continue
        if step.before.fingerprint != step.after.fingerprint:
            return True
        for source, at in step.before.inputs.items():
            if source.startswith("bronze."):
                lost = withdrawn_since(ingests, source.removeprefix("bronze."), at)
            else:
                lost = source not in moving and step.after.inputs.get(source) != at
            if lost:
                return True
    return False
