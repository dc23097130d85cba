"""Incremental runs: only what is touched is written, and the tables are those of a full refresh."""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesperf_cli.core.sample import write_sample
from tests.lake import (
    Lake,
    assert_accounted,
    assert_same_tables,
    counts,
    new_lake,
    query,
    read_csv,
    write_csv,
)

ORDERS = "olist_orders_dataset.csv"
OF_ORDERS = ("customers", "orders", "order_items", "order_payments", "order_reviews")


@pytest.fixture(scope="module")
def grown(make_lake: Callable[[str], Lake], sample: Path, more: Path) -> Lake:
    """A lake of two releases: the sample, then one per cent more orders."""
    lake = make_lake("grown")
    lake.done("ingest", str(sample))
    lake.done("run-batch", "--promote")
    lake.done("ingest", str(more))
    lake.done("run-batch", "--promote")
    return lake


def test_a_second_run_reads_the_new_files_only(grown: Lake, more: Path) -> None:
    assert {file.table for file in grown.run.files} == set(OF_ORDERS)
    assert_accounted(grown.run)
    for source in OF_ORDERS:
        rows = len(read_csv(more / f"olist_{source}_dataset.csv")[1])
        assert counts(grown.run, source) == (rows, rows, 0, 0)


@pytest.mark.parametrize("table", ["silver.orders", "silver.order_items", "silver.order_reviews", "gold.sales_wide"])
def test_partitions_that_are_not_touched_keep_the_very_same_files(grown: Lake, table: str) -> None:
    first, second = (
        {file.path: file.partition for file in grown.listing(table, release.tables[table]).files}
        for release in grown.ledger.releases()
    )
    written = {partition for path, partition in second.items() if path not in first}
    gone = {partition for path, partition in first.items() if path not in second}
    # The new orders are of September 2018; their items ship and their reviews come in the weeks after, and the
    # wide table is laid out by the day on which a purchase month begins.
    allowed = {"2018-09", "2018-10", "2018-11", "2018-09-01"}
    assert written and written <= allowed
    assert gone <= written
    kept = set(first) & set(second)
    assert len(kept) == len(first) - len([path for path, partition in first.items() if partition in written])


def test_an_incremental_run_gives_the_tables_of_a_fresh_lake_and_of_a_full_refresh(
    grown: Lake, make_lake: Callable[[str], Lake], sample: Path, more: Path
) -> None:
    fresh = make_lake("fresh")
    fresh.done("ingest", str(sample), str(more))
    fresh.done("run-batch", "--promote")
    assert_same_tables(grown.published(), fresh.published())
    before = grown.published()
    grown.done("run-batch", "--full-refresh", "--promote")
    assert_same_tables(grown.published(), before)


def test_a_later_version_of_an_order_replaces_the_earlier_one(lake: Lake, sample: Path, tmp_path: Path) -> None:
    lake.done("ingest", str(sample))
    lake.done("run-batch", "--promote")
    header, rows = read_csv(sample / ORDERS)
    status, bought = header.index("order_status"), header.index("order_purchase_timestamp")
    changed = [[*row[:status], "canceled", *row[status + 1 :]] for row in rows[10:15]]
    moved = [*rows[20][:bought], "2016-09-05 00:00:00", *rows[20][bought + 1 :]]
    update = write_csv(tmp_path / "later" / ORDERS, header, [*changed, moved, rows[30]])
    lake.done("ingest", str(update))
    lake.done("run-batch", "--promote")
    assert counts(lake.run, "orders") == (7, 7, 0, 0)
    orders = lake.read("silver.orders")
    assert orders.num_rows == len(rows)
    seen = dict(query("SELECT order_id, status FROM orders", orders=orders))
    assert {seen[row[0]] for row in changed} == {"canceled"}
    wide = lake.read("gold.sales_wide")
    (month,) = {row[0] for row in query(f"SELECT purchase_month FROM w WHERE order_id = '{moved[0]}'", w=wide)}
    assert month == dt.date(2016, 9, 1)

    incremental = lake.published()
    lake.done("run-batch", "--full-refresh", "--promote")
    assert_same_tables(lake.published(), incremental)
    first, second = (file for file in lake.run.files if file.table == "orders")
    assert (first.loaded, first.duplicates) == (len(rows) - 7, 7)
    assert (second.loaded, second.duplicates) == (7, 0)


def test_after_a_rollback_the_files_of_the_later_release_are_taken_anew(
    make_lake: Callable[[str], Lake], sample: Path, more: Path
) -> None:
    lake = make_lake("back")
    lake.done("ingest", str(sample))
    lake.done("run-batch", "--promote")
    first = lake.published()
    lake.done("ingest", str(more))
    lake.done("run-batch", "--promote")
    second = lake.published()
    lake.done("rollback", "all")
    assert_same_tables(lake.published(), first)
    lake.done("run-batch", "--promote")
    assert {file.table for file in lake.run.files} == set(OF_ORDERS)
    assert_same_tables(lake.published(), second)


def test_only_the_named_tables_are_built_and_the_others_follow_later(
    make_lake: Callable[[str], Lake], sample: Path, more: Path
) -> None:
    lake = make_lake("named")
    lake.done("ingest", str(sample))
    lake.done("run-batch", "--promote")
    lake.done("ingest", str(more))
    lake.done("run-batch", "silver", "--tables", "customers,silver.orders", "--promote")
    assert set(lake.run.tables) == {"silver.customers", "silver.orders"}
    lake.done("run-batch", "--promote")
    assert "silver.order_items" in lake.run.tables
    assert "silver.orders" not in lake.run.tables
    incremental = lake.published()
    lake.done("run-batch", "--full-refresh", "--promote")
    assert_same_tables(lake.published(), incremental)


def test_a_table_that_no_model_builds_is_refused(lake: Lake, sample: Path) -> None:
    lake.done("ingest", str(sample))
    result = lake.call("run-batch", "--tables", "orders; DROP TABLE x")
    assert result.exit_code == 2
    assert "silver.orders" in result.stderr


def test_gold_is_built_on_the_silver_that_was_promoted_before(
    make_lake: Callable[[str], Lake], sample: Path, grown: Lake
) -> None:
    lake = make_lake("layers")
    lake.done("ingest", str(sample))
    lake.done("run-batch", "silver")
    assert lake.release.number == 0
    refused = lake.call("run-batch", "gold")
    assert refused.exit_code == 3
    assert "promote" in refused.stderr
    lake.done("promote", "silver")
    assert {name.split(".")[0] for name in lake.release.tables} == {"silver"}
    lake.done("run-batch", "gold")
    lake.done("promote", "gold")
    first = grown.ledger.releases()[0]
    filled = {name: state for name, state in first.tables.items() if state.rows}
    assert_same_tables(lake.published(), {name: grown.read(name, state) for name, state in filled.items()})


def test_a_run_without_its_sources_says_what_is_missing(lake: Lake, more: Path) -> None:
    lake.done("ingest", str(more))
    result = lake.call("run-batch")
    assert result.exit_code == 3
    assert "ingest" in result.stderr


# however the rows arrive


def _parts(folder: Path, tiny: Path, deliveries: int, chance: random.Random) -> list[Path]:
    """The rows of a sample, shuffled and dealt over deliveries; a parent always comes with or before its children."""
    header, rows = read_csv(tiny / ORDERS)
    delivery_of = {row[0]: chance.randrange(deliveries) for row in rows}
    customer_of = {row[header.index("customer_id")]: row[0] for row in rows}
    parts = [folder / str(number) for number in range(deliveries)]
    for source in sorted(tiny.glob("*.csv")):
        header, rows = read_csv(source)
        chance.shuffle(rows)
        dealt: dict[int, list[list[str]]] = {}
        for row in rows:
            order = (
                customer_of.get(row[0])
                if "customers" in source.name
                else row[header.index("order_id")]
                if ("order_id" in header)
                else None
            )
            dealt.setdefault(0 if order is None else delivery_of[order], []).append(row)
        for number, some in dealt.items():
            write_csv(parts[number] / source.name, header, some)
    return [part for part in parts if part.exists()]


@pytest.fixture(scope="module")
def tiny(make_lake: Callable[[str], Lake]) -> Lake:
    """Forty orders, loaded at once; their files lie in `files`."""
    lake = make_lake("tiny")
    write_sample(lake.folder / "files", 40, 11, False)
    lake.done("ingest", "files")
    lake.done("run-batch", "--promote")
    return lake


deals = given(st.integers(2, 3), st.integers(0, 1000), st.lists(st.booleans(), min_size=3, max_size=3))
"""Over how many files, shuffled how, and after which of them a run is made."""

some = settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@some
@deals
def test_however_rows_are_dealt_over_files_and_runs_the_tables_are_the_same(
    tiny: Lake, deliveries: int, seed: int, run_each: list[bool]
) -> None:
    assert_same_however_dealt(tiny, deliveries, seed, run_each)


@pytest.mark.slow
@settings(some, max_examples=20)
@deals
def test_in_many_ways_too(tiny: Lake, deliveries: int, seed: int, run_each: list[bool]) -> None:
    assert_same_however_dealt(tiny, deliveries, seed, run_each)


def assert_same_however_dealt(tiny: Lake, deliveries: int, seed: int, run_each: list[bool]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = new_lake(Path(folder) / "shop")
        parts = _parts(Path(folder) / "parts", tiny.folder / "files", deliveries, random.Random(seed))
        for number, part in enumerate(parts):
            lake.done("ingest", str(part))
            if run_each[number] and number < len(parts) - 1 and _complete(lake):
                lake.done("run-batch", "--promote")
        lake.done("run-batch", "--promote")
        assert_same_tables(lake.published(), tiny.published())


def _complete(lake: Lake) -> bool:
    """Every source has a file: else a run is refused, and rightly."""
    tables = {receipt.table for ingest in lake.ledger.ingests() for receipt in ingest.receipts}
    return len(tables) == 9
