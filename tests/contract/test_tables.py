"""What `Tables` promises, on the SQLite catalog here and on the Glue catalog."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from salesperf_cli.backends.iceberg.tables import CatalogTables, first_snapshot
from salesperf_cli.backends.ports import Objects
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.ledger import TableState
from salesperf_cli.core.tables import Column, ColumnType, Partition, TableName
from salesperf_cli.errors import ConflictError
from tests.contract.conftest import NewTables

NAME = TableName("gold", "sales")
COLUMNS = (
    Column("id", ColumnType("bigint"), False, "Key.", "Chave.", "internal"),
    Column("sold_at", ColumnType("timestamp"), False, "When.", "Quando.", "internal"),
    Column("price", ColumnType("decimal", 12, 2), False, "Price.", "Preço.", "internal"),
)
CONTRACT = Contract(
    name=NAME, version="1.0.0", owner="sales", description="Sales.", description_pt="Vendas.", columns=COLUMNS,
    key=("id",), partition=Partition("sold_at", "month"), incremental="full", row_rules=(), table_rules=(),
    source=None, origin="", fingerprint="1",
)  # fmt: skip


def branch(tables: CatalogTables, name: str, *prices: str) -> TableState:
    """Write rows to a new branch that starts at nothing, as an engine does; gives the table's state there."""
    table = tables.ensure(CONTRACT)
    tables.refresh(NAME)
    rows = [
        {"id": at, "sold_at": datetime(2018, at % 12 + 1, 3, 12), "price": _decimal(price)}  # noqa: DTZ001 - Iceberg's have no zone
        for at, price in enumerate(prices)
    ]
    table.manage_snapshots().create_branch(first_snapshot(table), name).commit()
    table.append(pa.Table.from_pylist(rows, schema=table.schema().as_arrow()), branch=name)
    snapshot_id = table.metadata.refs[name].snapshot_id
    return TableState(snapshot_id, table.metadata_location, len(rows), 0, 0, "1", {}, ())


def _decimal(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)


def test_a_branch_is_not_seen_until_it_is_published(tables: CatalogTables) -> None:
    assert tables.main(NAME) is None
    state = branch(tables, "audit_1", "10.00", "20.50")
    assert tables.main(NAME) is None
    tables.publish(NAME, state, expected=None, tag="r1")
    assert tables.main(NAME) == state.snapshot_id


def test_publishing_again_is_no_error_and_another_process_sees_it(new_tables: NewTables) -> None:
    mine, theirs = new_tables(), new_tables()
    state = branch(mine, "audit_1", "10.00")
    for _ in range(2):
        mine.publish(NAME, state, expected=None, tag="r1")
    assert theirs.main(NAME) == state.snapshot_id
    table = theirs.refresh(NAME)
    assert table is not None and table.metadata.refs["r1"].snapshot_id == state.snapshot_id


def test_main_moves_only_from_where_it_is_expected(new_tables: NewTables) -> None:
    mine, theirs = new_tables(), new_tables()
    first, second, third = (branch(mine, f"audit_{at}", f"{at}.00") for at in (1, 2, 3))
    mine.publish(NAME, first, expected=None, tag="r1")
    theirs.publish(NAME, second, expected=first.snapshot_id, tag="r2")
    with pytest.raises(ConflictError, match=r"main of gold.sales has moved"):
        mine.publish(NAME, third, expected=first.snapshot_id, tag="r3")
    assert mine.main(NAME) == theirs.main(NAME) == second.snapshot_id


def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told(new_tables: NewTables) -> None:
    made = branch(new_tables(), "audit_0", "1.00")
    new_tables().publish(NAME, made, expected=None, tag="r0")
    states = [branch(new_tables(), f"audit_{at}", f"{at}.00") for at in (1, 2)]

    def publish(state: TableState) -> bool:
        try:
            new_tables().publish(NAME, state, expected=made.snapshot_id, tag=f"r{state.snapshot_id}")
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(publish, states))
    assert sorted(won) == [False, True]
    assert new_tables().main(NAME) == states[won.index(True)].snapshot_id


def test_a_branch_written_meanwhile_does_not_stop_publishing(new_tables: NewTables) -> None:
    mine, theirs = new_tables(), new_tables()
    state = branch(mine, "audit_1", "10.00")
    other = branch(theirs, "audit_2", "20.00")
    mine.publish(NAME, state, expected=None, tag="r1")
    assert theirs.main(NAME) == state.snapshot_id
    theirs.publish(NAME, other, expected=state.snapshot_id, tag="r2")


def test_a_listing_tells_files_columns_and_statistics(new_tables: NewTables) -> None:
    state = branch(new_tables(), "audit_1", "10.00", "20.50", "7.25")
    listing = new_tables().listing(NAME, state.snapshot_id)
    assert listing.columns == (("id", "long"), ("sold_at", "timestamp"), ("price", "decimal(12, 2)"))
    assert listing.rows == 3
    assert sorted(file.partition or "" for file in listing.files) == ["2018-01", "2018-02", "2018-03"]
    assert {file.least["price"] for file in listing.files} == {"10.00", "20.50", "7.25"}
    assert all(file.column_bytes["price"] > 0 and file.bytes > 0 for file in listing.files)
    assert new_tables().listing(NAME, state.snapshot_id) == listing  # kept, or made again


def test_a_snapshot_that_is_not_there_is_a_conflict(tables: CatalogTables) -> None:
    branch(tables, "audit_1", "10.00")
    with pytest.raises(ConflictError, match="has lost the snapshot 42"):
        tables.listing(NAME, 42)


def test_a_table_follows_its_contract(new_tables: NewTables) -> None:
    old = branch(new_tables(), "audit_1", "10.00")
    wider = replace(CONTRACT, columns=(*COLUMNS, Column("city", ColumnType("string"), False, "", "", "internal")))
    daily = replace(wider, partition=Partition("sold_at", "day"))
    table = new_tables().ensure(daily)
    assert [field.name for field in table.schema().fields] == ["id", "sold_at", "price", "city"]
    assert [str(field.transform) for field in table.spec().fields] == ["day"]
    assert new_tables().listing(NAME, old.snapshot_id).columns[-1][0] == "price"


# the past of a table


def _stored(objects: Objects) -> set[str]:
    return {objects.location(key) for key in objects.keys("warehouse/gold/sales/")}


def _published(tables: CatalogTables, count: int) -> list[TableState]:
    """So many releases, each with rows of its own."""
    states: list[TableState] = []
    for at in range(1, count + 1):
        state = branch(tables, f"audit_{at}", f"{at}.00", f"{at}.50")
        tables.publish(NAME, state, expected=states[-1].snapshot_id if states else None, tag=f"r{at}")
        states.append(state)
    return states


def test_a_table_that_is_not_there_has_no_history(tables: CatalogTables) -> None:
    assert tables.history(NAME) is None


def test_a_history_tells_snapshots_references_and_the_metadata_in_force(
    new_tables: NewTables, objects: Objects
) -> None:
    first, second = _published(new_tables(), 2)
    history = new_tables().history(NAME)
    assert history is not None
    empty, *others = history.snapshots
    assert [each.snapshot_id for each in others] == [first.snapshot_id, second.snapshot_id]
    assert empty.at <= others[0].at <= others[1].at
    assert {(ref.name, ref.kind, ref.snapshot_id) for ref in history.references} == {
        ("main", "branch", second.snapshot_id),
        ("audit_1", "branch", first.snapshot_id),
        ("audit_2", "branch", second.snapshot_id),
        ("r1", "tag", first.snapshot_id),
        ("r2", "tag", second.snapshot_id),
    }
    assert {history.metadata, history.previous} <= _stored(objects)


def test_what_all_snapshots_reach_is_all_that_is_stored_but_old_metadata(
    new_tables: NewTables, objects: Objects
) -> None:
    states = _published(new_tables(), 2)
    tables = new_tables()
    history = tables.history(NAME)
    assert history is not None
    reached = tables.reached(NAME, [each.snapshot_id for each in history.snapshots])
    assert {each.rsplit(".", 1)[1] for each in reached} == {"avro", "parquet"}
    assert reached <= _stored(objects)
    assert all(each.endswith(".metadata.json") for each in _stored(objects) - reached)
    files = {file.path for state in states for file in tables.listing(NAME, state.snapshot_id).files}
    assert {each for each in reached if each.endswith(".parquet")} == files
    assert tables.reached(NAME, [states[0].snapshot_id]) < reached


def test_what_is_expired_is_forgotten_and_the_rest_reads_as_before(new_tables: NewTables, objects: Objects) -> None:
    first, second, third = _published(new_tables(), 3)
    tables = new_tables()
    history = tables.history(NAME)
    assert history is not None
    refs = ["audit_1", "r1", "audit_2", "audit_3"]
    before = _stored(objects)
    tables.expire(NAME, history, snapshots=[first.snapshot_id], refs=refs)
    assert before < _stored(objects)  # one metadata file more, and none less
    for client in (tables, new_tables()):
        left = client.history(NAME)
        assert left is not None and left.previous == history.metadata
        assert {each.snapshot_id for each in left.snapshots} == {
            history.snapshots[0].snapshot_id,
            second.snapshot_id,
            third.snapshot_id,
        }
        assert sorted(ref.name for ref in left.references) == ["main", "r2", "r3"]
    table = new_tables().refresh(NAME)
    assert table is not None
    for state, price in ((second, "2.00"), (third, "3.00")):
        assert _decimal(price) in table.scan(snapshot_id=state.snapshot_id).to_arrow()["price"].to_pylist()
    fourth = branch(new_tables(), "audit_4", "4.00")
    new_tables().publish(NAME, fourth, expected=third.snapshot_id, tag="r4")
    new_tables().publish(NAME, second, expected=fourth.snapshot_id, tag="r5")
    assert new_tables().main(NAME) == second.snapshot_id


def test_a_table_that_has_moved_is_not_expired(new_tables: NewTables) -> None:
    first, second = _published(new_tables(), 2)
    mine = new_tables()
    history = mine.history(NAME)
    assert history is not None
    theirs = new_tables().refresh(NAME)
    assert theirs is not None
    theirs.manage_snapshots().create_tag(first.snapshot_id, "month_end").commit()
    with pytest.raises(ConflictError, match=r"gold.sales has moved meanwhile"):
        mine.expire(NAME, history, snapshots=[first.snapshot_id], refs=["audit_1", "r1"])
    left = new_tables().history(NAME)
    assert left is not None
    assert {"month_end", "r1", "audit_1"} <= {ref.name for ref in left.references}
    assert second.snapshot_id in {each.snapshot_id for each in left.snapshots}


def test_a_table_that_moves_between_look_and_commit_is_not_expired(
    new_tables: NewTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something else commits after the table was read and before the catalog is asked to change it."""
    first, _ = _published(new_tables(), 2)
    mine, theirs = new_tables(), new_tables()
    history, table = mine.history(NAME), theirs.refresh(NAME)
    assert history is not None and table is not None
    commit = mine.catalog.commit_table

    def after_another(*arguments: Any) -> Any:
        monkeypatch.undo()
        table.manage_snapshots().create_tag(first.snapshot_id, "month_end").commit()
        return commit(*arguments)

    monkeypatch.setattr(mine.catalog, "commit_table", after_another)
    with pytest.raises(ConflictError, match="has moved meanwhile"):
        mine.expire(NAME, history, snapshots=[first.snapshot_id], refs=["audit_1", "r1"])
    left = new_tables().history(NAME)
    assert left is not None and "month_end" in {ref.name for ref in left.references}


def test_main_that_was_emptied_by_something_else_is_not_taken_for_a_new_table(new_tables: NewTables) -> None:
    """Its parent has been expired, and it holds no row: as the first snapshot of a table."""
    first, second = _published(new_tables(), 2)
    tables = new_tables()
    table = tables.refresh(NAME)
    assert table is not None
    table.delete("id >= 0")
    history = tables.history(NAME)
    assert history is not None
    tables.expire(NAME, history, snapshots=[second.snapshot_id], refs=["audit_2", "r2"])
    with pytest.raises(ConflictError, match="has moved"):
        new_tables().publish(NAME, first, expected=second.snapshot_id, tag="r3")


def test_a_manifest_list_that_is_gone_is_told(new_tables: NewTables, objects: Objects) -> None:
    (state,) = _published(new_tables(), 1)
    for key in objects.keys("warehouse/gold/sales/metadata/"):
        if "snap-" in key and str(state.snapshot_id) in key:
            objects.delete(key)
    with pytest.raises(ConflictError, match=r"what gold.sales consists of is missing"):
        new_tables().reached(NAME, [state.snapshot_id])
