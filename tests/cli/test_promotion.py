"""Promotion, rollback and releases: what blocks them, what they move, and who may work at the same time."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from salesperf_cli.core import lease
from salesperf_cli.core.sample import write_sample
from tests.lake import Lake, assert_same_tables, read_csv, write_csv

ITEMS = "olist_order_items_dataset.csv"
ORPHAN = "0" * 32


def orphan(folder: Path, sample: Path) -> Path:
    """A file with an item of an order that nobody placed."""
    header, rows = read_csv(sample / ITEMS)
    return write_csv(folder / "orphan" / ITEMS, header, [[ORPHAN, "1", *rows[0][2:]]])


def iceberg(lake: Lake, table: str) -> Table:
    """A table as any other Iceberg client opens it."""
    catalog = SqlCatalog(
        "salesperf", uri=f"sqlite:///{lake.root / 'catalog.db'}", warehouse=f"file://{lake.root / 'warehouse'}"
    )
    return catalog.load_table(table)


def commit_from_outside(lake: Lake, table: str) -> None:
    """Append a row to a table's main with another client."""
    opened = iceberg(lake, table)
    opened.append(opened.scan(limit=1).to_arrow())


@pytest.fixture
def published(lake: Lake, sample: Path) -> Lake:
    """The sample, published as r1."""
    lake.done("ingest", str(sample))
    lake.done("run-batch", "--promote")
    return lake


@pytest.fixture(scope="module")
def twice(make_lake: Callable[[str], Lake], sample: Path, more: Path) -> Lake:
    """Two releases, and each test leaves all layers at r2's tables (under whatever release number)."""
    lake = make_lake("twice")
    for folder in (sample, more):
        lake.done("ingest", str(folder))
        lake.done("run-batch", "--promote")
    return lake


# what blocks


def test_a_failing_rule_blocks_promotion_and_nothing_is_visible(published: Lake, sample: Path, tmp_path: Path) -> None:
    before, main = published.release, iceberg(published, "silver.order_items").current_snapshot()
    published.done("ingest", str(orphan(tmp_path, sample)))
    blocked = published.call("run-batch", "--promote")
    assert blocked.exit_code == 3
    assert "silver.order_items order_id_known: 1 row" in " ".join(blocked.stderr.split())
    assert ORPHAN in blocked.stderr
    assert published.run.status == "blocked"
    assert published.release == before
    assert iceberg(published, "silver.order_items").current_snapshot() == main

    for arguments in (("promote", "all"), ("promote", "silver"), ("promote", "all", "--dry-run")):
        refused = published.call(*arguments)
        assert refused.exit_code == 3
        assert "order_id_known" in refused.stderr
    assert published.release == before


def test_when_the_missing_rows_arrive_the_blocked_ones_are_published_with_them(
    published: Lake, sample: Path, tmp_path: Path
) -> None:
    published.done("ingest", str(orphan(tmp_path, sample)))
    assert published.call("run-batch", "--promote").exit_code == 3
    for source, change in (("orders", (ORPHAN, None)), ("order_payments", (ORPHAN, None))):
        header, rows = read_csv(sample / f"olist_{source}_dataset.csv")
        changed = [change[0], *rows[0][1:]]
        published.done("ingest", str(write_csv(tmp_path / "late" / f"olist_{source}_dataset.csv", header, [changed])))
    published.done("run-batch", "--promote")
    assert published.release.name == "r2"
    assert ORPHAN in published.read("gold.sales_wide")["order_id"].to_pylist()


def test_there_is_nothing_to_promote_before_a_run_and_after_a_promotion(lake: Lake, sample: Path) -> None:
    assert lake.call("promote", "all").exit_code == 3
    lake.done("ingest", str(sample))
    lake.done("run-batch", "--promote")
    again = lake.call("promote", "all")
    assert again.exit_code == 3
    assert "nothing to promote" in again.stderr


def test_gold_is_not_published_before_the_silver_it_was_built_on(lake: Lake, sample: Path) -> None:
    lake.done("ingest", str(sample))
    lake.done("run-batch")
    refused = lake.call("promote", "gold")
    assert refused.exit_code == 3
    assert "promote all" in refused.stderr
    lake.done("promote", "silver")
    lake.done("promote", "gold")
    assert [release.changed for release in lake.ledger.releases()] == [("silver",), ("gold",)]


# what moves


def test_a_dry_run_of_a_promotion_is_what_the_promotion_then_does(published: Lake, more: Path) -> None:
    published.done("ingest", str(more))
    published.done("run-batch")
    before = published.release
    plan = published.done("promote", "all", "--dry-run")
    assert published.release == before
    done = published.done("promote", "all")
    assert {**plan, "release": "r2"} == done
    for table in done["tables"]:
        assert table["rows_before"] == before.tables[table["table"]].rows
        assert table["rows"] == published.release.tables[table["table"]].rows
        assert table["schema_changes"] == []


def test_promotion_moves_main_of_every_table_and_tags_it_with_the_release(published: Lake) -> None:
    for name, state in published.release.tables.items():
        table = iceberg(published, name)
        snapshot = table.current_snapshot()
        assert snapshot is not None and snapshot.snapshot_id == state.snapshot_id
        assert table.metadata.refs["r1"].snapshot_id == state.snapshot_id
        assert table.scan().to_arrow().num_rows == state.rows


def test_rollback_brings_every_table_of_the_layers_back_and_is_a_release_itself(twice: Lake) -> None:
    first, second = twice.ledger.releases()[:2]
    plan = twice.done("rollback", "all", "--to", "r1", "--dry-run")
    done = twice.done("rollback", "all", "--to", "r1")
    assert {**plan, "release": done["release"], "run_id": done["run_id"]} == done
    assert twice.release.tables == first.tables
    assert twice.release.kind == "rollback"
    for name, state in first.tables.items():
        snapshot = iceberg(twice, name).current_snapshot()
        assert snapshot is not None and snapshot.snapshot_id == state.snapshot_id
    twice.done("rollback", "all")
    assert twice.release.tables == second.tables


def test_rollback_of_one_layer_leaves_the_other(twice: Lake) -> None:
    first, second = twice.ledger.releases()[:2]
    twice.done("rollback", "gold", "--to", "r1")
    for name, state in twice.release.tables.items():
        assert state == (first if name.startswith("gold.") else second).tables[name]
    twice.done("rollback", "gold")
    assert twice.release.tables == second.tables


def test_rollback_to_where_a_layer_stands_or_to_an_unknown_release_is_refused(twice: Lake) -> None:
    assert twice.call("rollback", "all", "--to", twice.release.name).exit_code == 3
    unknown = twice.call("rollback", "all", "--to", "r99")
    assert unknown.exit_code == 2
    assert "r99" in unknown.stderr


def test_the_first_release_cannot_be_rolled_back(published: Lake) -> None:
    assert published.call("rollback", "all").exit_code == 3


def test_releases_are_listed_newest_first(twice: Lake) -> None:
    listed = twice.done("releases")["releases"]
    assert [each["release"] for each in listed] == [each.name for each in reversed(twice.ledger.releases())]
    assert listed[-1]["layers"] == ["silver", "gold"]


def test_a_layer_cannot_go_back_to_a_release_that_did_not_have_it(lake: Lake, sample: Path) -> None:
    lake.done("ingest", str(sample))
    lake.done("run-batch")
    lake.done("promote", "silver")
    lake.done("promote", "gold")
    refused = lake.call("rollback", "gold")
    assert refused.exit_code == 3
    assert "r1 has no gold tables" in refused.stderr


# who else


def test_a_commit_from_outside_makes_promotion_and_rollback_conflict(published: Lake, more: Path) -> None:
    published.done("ingest", str(more))
    published.done("run-batch", "--promote")
    published.done("rollback", "all")
    published.done("run-batch")
    commit_from_outside(published, "silver.sellers")
    commit_from_outside(published, "silver.orders")
    before = published.release
    mains = {name: iceberg(published, name).current_snapshot() for name in before.tables}
    for arguments in (("promote", "all"), ("rollback", "all", "--to", "r2"), ("run-batch", "--promote")):
        refused = published.call(*arguments)
        assert refused.exit_code == 6, arguments
        assert "main of silver.orders has moved" in refused.stderr
    assert published.release == before
    assert {name: iceberg(published, name).current_snapshot() for name in before.tables} == mains


def test_taking_over_publishes_over_a_commit_from_outside(published: Lake, more: Path) -> None:
    published.done("ingest", str(more))
    published.done("run-batch")
    commit_from_outside(published, "silver.sellers")
    commit_from_outside(published, "silver.orders")
    assert "--take-over" in published.call("promote", "all").stderr
    published.done("promote", "all", "--take-over")
    for name, state in published.run.tables.items():
        snapshot = iceberg(published, name).current_snapshot()
        assert snapshot is not None
        assert snapshot.snapshot_id == state.snapshot_id


def test_a_lease_is_renewed_while_its_holder_works(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "TERM", timedelta(seconds=0.3))
    with lease.hold(lake.backend.objects, "run", "test"):
        first = (lake.root / lease.KEY).read_bytes()
        time.sleep(0.6)
        later = msgspec.json.decode((lake.root / lease.KEY).read_bytes(), type=lease.Holder)
    assert later.until > msgspec.json.decode(first, type=lease.Holder).until
    assert not (lake.root / lease.KEY).exists()


def test_a_commit_from_outside_before_the_first_release_is_a_conflict_and_nothing_moves(
    lake: Lake, sample: Path
) -> None:
    lake.done("ingest", str(sample))
    lake.done("run-batch")
    table = iceberg(lake, "silver.sellers")
    state = lake.run.tables["silver.sellers"]
    table.append(table.scan(snapshot_id=state.snapshot_id).to_arrow())
    first = iceberg(lake, "gold.customer_rfm").current_snapshot()
    assert lake.call("promote", "all").exit_code == 6
    assert lake.release.number == 0
    assert lake.run.status == "audited"
    assert iceberg(lake, "gold.customer_rfm").current_snapshot() == first


def test_of_two_runs_at_once_one_works_and_the_other_is_told_to_wait(lake: Lake, tmp_path: Path) -> None:
    write_sample(tmp_path / "files", 3_000, 7, False)
    lake.done("ingest", str(tmp_path / "files"))
    first = lake.start("run-batch", "--promote")
    held = lake.root / lease.KEY
    deadline = time.monotonic() + 30
    while not held.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    for arguments in (("run-batch",), ("promote", "all"), ("rollback", "all")):
        second = lake.call(*arguments)
        assert second.exit_code == 6, second.stderr
        assert str(first.pid) in second.stderr
    first.communicate(timeout=120)
    assert first.returncode == 0
    assert not held.exists()
    assert [release.name for release in lake.ledger.releases()] == ["r1"]


def _dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def _leave_lease(lake: Lake, *, host: str, pid: int, until: datetime) -> None:
    holder = lease.Holder("20200101T000000000000Z-aaaaaa", host, pid, "1", "run-batch", until)
    path = lake.root / lease.KEY
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(holder))


def test_the_lease_of_a_dead_process_is_taken_over(lake: Lake, sample: Path) -> None:
    import socket

    lake.done("ingest", str(sample))
    _leave_lease(lake, host=socket.gethostname(), pid=_dead_pid(), until=datetime.now(UTC) + timedelta(minutes=10))
    lake.done("run-batch", "silver", "--tables", "sellers")
    assert not (lake.root / lease.KEY).exists()


def test_the_lease_of_another_machine_holds_until_its_term_has_ended(lake: Lake, sample: Path) -> None:
    lake.done("ingest", str(sample))
    _leave_lease(lake, host="elsewhere", pid=1, until=datetime.now(UTC) + timedelta(minutes=10))
    refused = lake.call("run-batch")
    assert refused.exit_code == 6
    assert "elsewhere" in refused.stderr
    _leave_lease(lake, host="elsewhere", pid=1, until=datetime.now(UTC) - timedelta(seconds=1))
    lake.done("run-batch", "silver", "--tables", "sellers")


def test_two_ingests_of_the_same_files_at_once_load_them_once(lake: Lake, sample: Path) -> None:
    started = [lake.start("ingest", str(sample)) for _ in range(3)]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    receipts = [receipt for ingest in lake.ledger.ingests() for receipt in ingest.receipts]
    assert len(receipts) == 9
    assert [ingest.version for ingest in lake.ledger.ingests()] == list(range(1, len(lake.ledger.ingests()) + 1))


def test_an_audited_run_is_no_longer_promoted_once_another_was_published(published: Lake, more: Path) -> None:
    published.done("ingest", str(more))
    published.done("run-batch")
    published.done("run-batch", "--promote")
    latest = published.published()
    refused = published.call("promote", "all")
    assert refused.exit_code == 3
    assert_same_tables(published.published(), latest)
