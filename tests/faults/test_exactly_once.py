"""Every sale counts once in the live view, whatever happens to the events on their way, and whenever one looks."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from salesperf_cli.core.events.deliveries import find_deliveries
from salesperf_cli.core.events.event import Event, Window
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.sample import write_sample
from salesperf_cli.environment import Environment
from tests.faults.chaos import Chaos, ChaosStream, deliver, replay_through
from tests.lake import Lake, read_csv, write_csv
from tests.sold import totals_of

ITEMS = "olist_order_items_dataset.csv"
Totals = tuple[int, int, Decimal, Decimal]


@dataclass(frozen=True)
class Shop:
    """A lake with the first deliveries published; events and totals of all sales."""

    lake: Lake
    saved: Path
    events: Sequence[Event]
    delivered: Totals
    all: Totals

    def restore(self) -> Lake:
        shutil.rmtree(self.lake.root)
        shutil.copytree(self.saved, self.lake.root)
        return self.lake


def told(*folders: Path) -> Totals:
    """Items, distinct items, price and freight of files."""
    count, price, freight = totals_of(*folders)
    return count, count, price, freight


def live(lake: Lake, *options: str) -> Totals:
    """The same of the live view."""
    sql = """
        SELECT count(*) AS n, count(DISTINCT concat(order_id, '/', CAST(order_item_id AS varchar))) AS items,
          CAST(coalesce(sum(price), 0) AS varchar) AS price, CAST(coalesce(sum(freight), 0) AS varchar) AS freight
        FROM serving.sales_live
    """
    (row,) = lake.done("query", sql, "-o", "json", *options)
    return row["n"], row["items"], Decimal(row["price"]), Decimal(row["freight"])


def number(lake: Lake, sql: str) -> int:
    (row,) = lake.done("query", sql, "-o", "json")
    return int(next(iter(row.values())))


def derived(lake: Lake, folders: Sequence[Path]) -> list[Event]:
    """The events of files, as `replay` makes them."""
    import io

    from salesperf_cli.factory import open_events, open_local

    world = Environment(io.StringIO(), io.StringIO(), io.StringIO(), lake.variables, lake.folder)
    workspace = open_local(world)
    wanted = find_deliveries(load_pipeline("olist"), [str(folder) for folder in folders], lake.ledger, cwd=lake.folder)
    with open_events(workspace, wanted) as source, source.open(Window(), 0) as chunks:
        return [event for chunk in chunks for event in chunk]


@pytest.fixture(scope="module")
def shop(make_lake: Callable[[str], Lake]) -> Shop:
    lake = make_lake("live")
    first, second = lake.folder / "first", lake.folder / "second"
    write_sample(first, 40, 11, False)
    write_sample(second, 20, 11, False, first_order=40)
    lake.done("ingest", "first")
    lake.done("run-batch", "--promote")
    saved = lake.folder / "saved"
    shutil.copytree(lake.root, saved)
    return Shop(lake, saved, derived(lake, [first, second]), told(first), told(first, second))


def assert_each_sale_counts_once(shop: Shop, seed: int) -> None:
    lake, chaos = shop.restore(), Chaos(seed)
    assert live(lake) == shop.delivered
    cut = chaos.dice.randint(0, len(shop.events))
    replay_through(chaos, lake.root, shop.events[:cut])
    if chaos.happens(0.5):  # a run in the midst of it
        lake.done("run-batch", "--promote")
    result = replay_through(chaos, lake.root, shop.events)
    assert result.spooled == 0
    assert live(lake) == shop.all

    lake.done("run-batch")  # built and audited, not published: the landed events are what counts
    assert live(lake) == shop.all
    run = lake.run
    assert live(lake, "--as-of", run.run_id) == shop.all
    lake.done("promote", "all")
    assert live(lake) == shop.all
    assert number(lake, "SELECT count(*) FROM silver.sale_events") == shop.all[0]
    assert number(lake, "SELECT count(*) FROM gold.sales_ahead") == shop.all[0] - shop.delivered[0]

    lake.done("rollback", "all")
    assert live(lake) == shop.all
    deliver(chaos, lake.root)
    lake.done("run-batch", "--promote")
    assert live(lake) == shop.all


@pytest.mark.parametrize("seed", range(3))
def test_each_sale_counts_once(shop: Shop, seed: int) -> None:
    assert_each_sale_counts_once(shop, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 103))
def test_each_sale_counts_once_under_a_hundred_more_seeds(shop: Shop, seed: int) -> None:
    assert_each_sale_counts_once(shop, seed)


def test_a_rollback_moves_the_watermark_back_and_the_next_run_takes_the_events_anew(shop: Shop) -> None:
    lake, calm = shop.restore(), Chaos(1, 0, 0, 0, 0, 0)
    replay_through(calm, lake.root, shop.events[:10])
    lake.done("run-batch", "--promote")
    first = lake.release.tables["silver.sale_events"]
    replay_through(calm, lake.root, shop.events)
    lake.done("run-batch", "--promote")
    second = lake.release.tables["silver.sale_events"]
    assert second.inputs["bronze.sale_events"] > first.inputs["bronze.sale_events"]
    assert (first.rows, second.rows) == (10, len(shop.events))
    lake.done("rollback", "all")
    assert lake.release.tables["silver.sale_events"] == first
    assert live(lake) == shop.all
    lake.done("run-batch", "--promote")
    assert lake.release.tables["silver.sale_events"].rows == len(shop.events)


def test_a_delivery_takes_the_place_of_the_events_that_told_of_it(shop: Shop) -> None:
    lake = shop.restore()
    replay_through(Chaos(2), lake.root, shop.events)
    lake.done("run-batch", "--promote")
    lake.done("ingest", "second")
    assert live(lake) == shop.all
    lake.done("run-batch", "--promote")
    assert live(lake) == shop.all
    assert number(lake, "SELECT count(*) FROM gold.sales_ahead") == 0
    assert number(lake, "SELECT count(*) FROM serving.sales_live WHERE source = 'speed'") == 0


def test_an_event_that_lands_late_is_counted_where_it_belongs(shop: Shop) -> None:
    lake, calm = shop.restore(), Chaos(3, 0, 0, 0, 0, 0)
    replay_through(calm, lake.root, shop.events[1:])
    lake.done("run-batch", "--promote")
    replay_through(calm, lake.root, shop.events)
    lake.done("run-batch", "--promote")
    assert live(lake) == shop.all
    first = shop.events[0]
    assert number(lake, f"SELECT count(*) FROM silver.sale_events WHERE event_id = '{first.event_id}'") == 1


def age(lake: Lake, days: int) -> None:
    """Everything that has landed landed so many days earlier."""
    for folder in sorted(lake.root.glob("speed/*/landed_date=*")):
        name, _, day = folder.name.partition("=")
        folder.rename(folder.with_name(f"{name}={date.fromisoformat(day) - timedelta(days=days)}"))


def objects_read(lake: Lake, *options: str) -> int:
    """How many of the landed objects the live view reads."""
    sql = "SELECT count(*) FROM serving.sales_live"
    tables = "SELECT count(*) FROM gold.sales_wide, gold.sales_ahead"
    both, stored = (lake.done("query", each, "--estimate", "-o", "json", *options)["files"] for each in (sql, tables))
    return int(both - stored)


def landed_objects(lake: Lake) -> int:
    return len(list(lake.root.glob("speed/sale_events/**/*.gz")))


def test_the_live_view_reads_no_day_that_a_run_has_taken_in_whole(shop: Shop) -> None:
    lake, calm = shop.restore(), Chaos(4, 0, 0, 0, 0, 0)
    replay_through(calm, lake.root, shop.events[:30])
    age(lake, 9)
    old = landed_objects(lake)
    assert objects_read(lake) == old > 0
    lake.done("run-batch", "--promote")
    assert objects_read(lake) == 0
    assert objects_read(lake, "--as-of", "r1") == old
    replay_through(calm, lake.root, shop.events)
    new = landed_objects(lake) - old
    assert (objects_read(lake), live(lake)) == (new, shop.all)
    lake.done("rollback", "all")
    assert (objects_read(lake), live(lake)) == (old + new, shop.all)
    lake.done("run-batch", "--promote")
    assert live(lake) == live(lake, "--as-of", "r1") == shop.all


def test_a_day_of_which_events_wait_in_the_stream_is_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    lake, calm = shop.restore(), Chaos(5, 0, 0, 0, 0, 0)
    replay_through(calm, lake.root, shop.events[:30])
    age(lake, 9)
    nine_days_ago = time.time() - 9 * 86_400
    with monkeypatch.context() as patch:
        patch.setattr("salesperf_cli.backends.embedded.stream.time.time", lambda: nine_days_ago)
        ChaosStream(lake.root, calm).put(shop.events[30:])
    lake.done("run-batch", "--promote")
    assert objects_read(lake) == landed_objects(lake)
    deliver(calm, lake.root)
    assert live(lake) == shop.all
    lake.done("run-batch", "--promote")
    assert (objects_read(lake), live(lake)) == (0, shop.all)


ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "data" / "brazilian-ecommerce.zip"


@pytest.mark.slow
@pytest.mark.skipif(not ARCHIVE.is_file(), reason="the real data set is not beside the checkout")
def test_the_real_sales_count_once_through_every_fault(make_lake: Callable[[str], Lake]) -> None:
    lake = make_lake("real")
    events = derived(lake, [ARCHIVE])
    total = (112_650, 112_650, Decimal("13591643.70"), Decimal("2251909.54"))
    assert len(events) == total[0]
    lake.done("ingest", str(ARCHIVE))
    lake.done("run-batch", "--promote")
    assert live(lake) == total
    chaos = Chaos(5, batch=500)
    replay_through(chaos, lake.root, events, chunk=5_000)
    assert live(lake) == total
    lake.done("run-batch", "--promote")
    assert live(lake) == total
    assert number(lake, "SELECT count(*) FROM silver.sale_events") == total[0]
    assert number(lake, "SELECT count(*) FROM gold.sales_ahead") == 0
    lake.done("rollback", "all")
    assert live(lake) == total


@pytest.mark.slow
@pytest.mark.skipif(not ARCHIVE.is_file(), reason="the real data set is not beside the checkout")
def test_the_real_sales_of_a_shop_without_their_items_are_those_of_the_events(
    make_lake: Callable[[str], Lake], tmp_path: Path
) -> None:
    """Deliveries hold one item only: all others come from events, then from what runs made of them."""
    import zipfile

    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(tmp_path / "real")
    header, rows = read_csv(tmp_path / "real" / ITEMS)
    lake = make_lake("ahead")
    events = derived(lake, [tmp_path / "real"])
    write_csv(tmp_path / "real" / ITEMS, header, rows[:1])
    lake.done("ingest", str(tmp_path / "real"))
    lake.call("run-batch", "--promote")
    assert lake.release.number == 1
    total = (112_650, 112_650, Decimal("13591643.70"), Decimal("2251909.54"))
    chaos = Chaos(6, batch=500)
    replay_through(chaos, lake.root, events[:50_000], chunk=5_000)
    lake.done("run-batch", "--promote")
    assert live(lake)[0] == len({event.event_id for event in events[:50_000]} | {_id_of(events, rows[0])})
    replay_through(chaos, lake.root, events, chunk=5_000)
    assert live(lake) == total
    lake.done("run-batch", "--promote")
    assert live(lake) == total
    assert number(lake, "SELECT count(*) FROM gold.sales_ahead") == total[0] - 1
    lake.done("rollback", "all")
    assert live(lake) == total


def _id_of(events: Sequence[Event], row: Sequence[str]) -> str:
    wanted = f'"order_id":"{row[0]}","line_number":{row[1]},'.encode()
    return next(event.event_id for event in events if wanted in event.data)
