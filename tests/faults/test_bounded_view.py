"""The bounded live view tells what the unbounded one tells, at every moment of any history, killed wherever it may be.

Tables are sets of items here, and Athena is the text of the view; ledger, lease, publishing and views are the real
ones.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.backends.embedded.objects import FolderObjects
from salesperf_cli.backends.ports import IN_HAND
from salesperf_cli.core import operations
from salesperf_cli.core.events.bound import FIRST_DAY, Bounds
from salesperf_cli.core.events.landed import absorb
from salesperf_cli.core.ledger import Ingest, Ledger, Receipt, RunRecord, TableState, new_run_id
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.promotion import plan_promotion, publish
from salesperf_cli.core.served_views import ServedViews, refuse_losses
from salesperf_cli.core.tables import TableName
from salesperf_cli.core.withdrawal import withdraw
from salesperf_cli.errors import RetryableError, SalesperfError
from tests.athena_names import DATABASES

KEPT = timedelta(days=2)
PIPELINE = load_pipeline("olist")
WIDE, AHEAD = "gold.sales_wide", "gold.sales_ahead"
ITEMS, EVENTS = "silver.order_items", "silver.sale_events"


class Killed(BaseException):
    """The process ended here."""


class Quiet:
    """Implements `Talk`."""

    def busy(self, text: str) -> None: ...

    def step(self, text: str, note: str = "") -> None: ...

    def warn(self, text: str) -> None: ...


@dataclass
class World:
    """A lake, a stream that keeps two days, Athena's view, and what happens next by the dice.

    It implements `Tables`, `Queries` and the workspace of operations.
    """

    objects: FolderObjects
    dice: random.Random
    deadly: bool = True
    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)
    waiting: list[tuple[datetime, int]] = field(default_factory=list)
    sold: int = 0
    delivered: dict[int, str] = field(default_factory=dict)
    rows: dict[int, frozenset[int]] = field(default_factory=dict)
    mains: dict[str, int] = field(default_factory=dict)
    bound: str | None = None
    athena_fails: bool = False

    # the workspace

    pipeline = PIPELINE
    databases = DATABASES
    region = "sa-east-1"

    @property
    def backend(self) -> Any:
        return self

    tables = queries = backend

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.objects)

    @property
    def views(self) -> ServedViews:
        bounds = Bounds(PIPELINE, self.objects, self.ledger, lambda _: self.now - KEPT - IN_HAND)
        return ServedViews(self.ledger, bounds, lambda: self, Quiet())  # type: ignore[arg-type,return-value]

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    # Tables and Queries: each of their effects may be the last, and after each the view must be right

    def main(self, name: TableName) -> int | None:
        return self.mains.get(str(name))

    def publish(self, name: TableName, state: TableState, *, expected: int | None, tag: str) -> None:
        assert self.mains.get(str(name)) in (expected, state.snapshot_id)
        with self.mortal():
            self.mains[str(name)] = state.snapshot_id

    def run(self, statement: Any) -> None:
        with self.mortal():
            if self.athena_fails:
                raise RetryableError("Athena does not answer", why="", remedy="")
            (self.bound,) = re.findall(r"landed_date >= '([0-9-]+)'", statement.sql)

    @contextmanager
    def mortal(self) -> Iterator[None]:
        self.maybe_die()
        yield
        self.assert_right()
        self.maybe_die()

    def maybe_die(self) -> None:
        if self.deadly and self.dice.random() < 0.06:
            raise Killed

    # the view

    def view(self, bound: str) -> tuple[frozenset[int], frozenset[int]]:
        """The items that it tells from deliveries, and those from events."""
        wide, ahead = (self.rows.get(self.mains.get(name, 0), frozenset()) for name in (WIDE, AHEAD))
        landed = {
            int(item)
            for key in self.objects.keys("speed/sale_events/")
            if key.split("landed_date=")[1][:10] >= bound
            for item in self.objects.read(key).data.split()  # type: ignore[union-attr]
        }
        return wide, (ahead | landed) - wide

    def assert_right(self) -> None:
        if self.bound is not None:
            assert self.view(self.bound) == self.view(FIRST_DAY)

    # what happens

    def sell(self) -> None:
        self.sold += 1
        self.waiting.append((self.now, self.sold))

    def wait(self) -> None:
        for _ in range(self.dice.choice((1, 6, 24, 48))):
            self.pass_time()

    def pass_time(self) -> None:
        """What leaves the stream lands now, for the function has it in its hands, and never again."""
        self.now += timedelta(minutes=50)
        leaving = [each for each in self.waiting if each[0] < self.now - KEPT]
        self.land(leaving)
        self.waiting = [each for each in self.waiting if each not in leaving]

    def land_some(self) -> None:
        self.land(self.waiting[: self.dice.randint(0, len(self.waiting))])

    def land(self, batch: list[tuple[datetime, int]]) -> None:
        """As the function does: date and hour are those of the first record."""
        while batch:
            size = self.dice.choice((1, 3, 9))
            self._land(batch[:size])
            batch = batch[size:]

    def _land(self, part: list[tuple[datetime, int]]) -> None:
        arrived = part[0][0]
        name = f"landed_date={arrived:%Y-%m-%d}/landed_hour={arrived:%H}/s-{part[0][1]}-{part[-1][1]}.ndjson.gz"
        self.objects.create(f"speed/sale_events/{name}", b" ".join(b"%d" % item for _, item in part))
        for each in part:
            if each in self.waiting and self.dice.random() < 0.9:  # else the checkpoint is lost: it lands once more
                self.waiting.remove(each)
        self.assert_right()

    def deliver(self) -> None:
        item = self.dice.randint(1, self.sold + 2)
        key = f"bronze/order_items/{item}-{self.now:%d%H%M%S}"
        if item not in self.delivered:
            receipt = Receipt("order_items", key, f"{item}-{self.now:%d%H%M%S}", key, 1, "csv", ())
            self.ledger.add_ingest(lambda _, version: Ingest(version, "r", self.clock(), (receipt,)))
            self.delivered[item] = receipt.name

    def withdraw(self) -> None:
        if self.delivered:
            name = self.delivered.pop(self.dice.choice(sorted(self.delivered)))
            withdraw(self.ledger, [name], run_id="r", now=self.clock())

    def build(self) -> None:
        """A run as far as its audit: what was taken in, in tables that are built on each other."""
        run_id = new_run_id(self.clock())
        with operations.working(self, run_id, "run-batch", self.clock):
            absorb(PIPELINE, self.objects, self.ledger, run_id=run_id, now=self.now)
            ingests, base = self.ledger.ingests(), self.ledger.current_release().tables
            version = ingests[-1].version if ingests else 0
            events = frozenset(
                int(item)
                for ingest in ingests
                for receipt in ingest.receipts
                if receipt.table == "sale_events"
                for item in self.objects.read(receipt.key).data.split()  # type: ignore[union-attr]
            )
            wide = frozenset(self.delivered)
            made: dict[str, TableState] = {}

            def make(name: str, rows: frozenset[int], inputs: dict[str, int]) -> int:
                snapshot = len(self.rows) + 1
                self.rows[snapshot] = rows
                made[name] = TableState(snapshot, "", len(rows), 0, 1, "as defined", inputs)
                return snapshot

            items = make(ITEMS, wide, {"bronze.order_items": version})
            told = make(EVENTS, events, {"bronze.sale_events": version})
            lines = make(WIDE, wide, {ITEMS: items})
            make(AHEAD, events - wide, {EVENTS: told, WIDE: lines})
            before = {name: base[name].snapshot_id for name in made if name in base}
            self.ledger.write_run(
                RunRecord(run_id, "batch", "audited", self.now, ("silver", "gold"), "", base=before, tables=made)
            )

    def promote(self) -> None:
        layers = self.dice.choice((["silver", "gold"], ["silver", "gold"], ["silver"], ["gold"]))
        operations.promote(self, layers, clock=self.clock, views=self.views)

    def promote_in_a_job(self) -> None:
        with operations.working(self, new_run_id(self.clock()), "run-batch", self.clock):
            plan = plan_promotion(self.ledger, ["silver", "gold"])
            refuse_losses(plan, self.ledger)
            publish(plan, self.ledger, self, now=self.clock())

    def roll_back(self) -> None:
        layer, to = self.dice.choice(("all", "gold", "silver")), None
        if (releases := self.ledger.releases()) and self.dice.random() < 0.5:
            to = self.dice.choice(releases).name
        operations.rollback(self, layer, to, clock=self.clock, views=self.views)

    def publish_views(self) -> None:
        with operations.working(self, new_run_id(self.clock()), "publish-views", self.clock):
            self.views.make(self.views.plan())

    def step(self) -> None:
        happenings: tuple[tuple[Callable[[], None], int], ...] = (
            (self.sell, 30), (self.land_some, 20), (self.wait, 10), (self.deliver, 10), (self.withdraw, 2),
            (self.build, 10), (self.promote, 7), (self.promote_in_a_job, 7), (self.roll_back, 3),
            (self.publish_views, 6),
        )  # fmt: skip
        (happening,) = self.dice.choices([each for each, _ in happenings], [weight for _, weight in happenings])
        self.athena_fails = self.dice.random() < 0.1
        with suppress(Killed, SalesperfError):  # refused, or cut off: the next step goes on from there
            happening()
        self.assert_right()

    def settle(self) -> None:
        """Nothing fails any more: what was sold long ago is taken in and published."""
        self.deadly = self.athena_fails = False
        self.sell()
        self.land_some()
        for _ in range(120):
            self.pass_time()
        self.build()
        operations.promote(self, ["silver", "gold"], clock=self.clock, views=self.views)
        self.publish_views()


@pytest.mark.parametrize("seed", range(10))
def test_the_bounded_view_tells_what_the_unbounded_one_tells(seed: int, tmp_path: Path) -> None:
    assert_right_at_every_moment(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 110))
def test_the_bounded_view_tells_what_the_unbounded_one_tells_under_more_seeds(seed: int, tmp_path: Path) -> None:
    assert_right_at_every_moment(seed, tmp_path)


def assert_right_at_every_moment(seed: int, tmp_path: Path) -> None:
    world = World(FolderObjects(tmp_path), random.Random(seed))
    for _ in range(150):
        world.step()
    world.settle()
    world.assert_right()
    days = [key.split("landed_date=")[1][:10] for key in world.objects.keys("speed/sale_events/")]
    assert world.bound is not None and max(days) < world.bound, "the bound skips nothing"
