"""What `Tables` promises, on the SQLite catalog here and on the Glue catalog."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from salesperf_cli.backends.iceberg.tables import CatalogTables, first_snapshot
from salesperf_cli.backends.ports import Objects
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.ledger import TableState
from salesperf_cli.core.tables import Column, ColumnType, Partition, TableName
from salesperf_cli.errors import ConflictError

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

NewTables = Callable[[], CatalogTables]


@pytest.fixture
def new_tables(target: str, new_objects: Callable[[], Objects], request: Any, tmp_path: Path) -> NewTables:
    """Makes clients of one and the same catalog."""
    if target == "embedded":
        from salesperf_cli.backends.embedded.tables import LocalTables

        return lambda: LocalTables(tmp_path / "lake")
    from salesperf_cli.backends.aws.tables import GlueTables

    session, objects = request.getfixturevalue("aws"), new_objects()
    bucket = objects.location("")
    databases = {layer: f"{layer}_{uuid.uuid4().hex[:8]}" for layer in ("silver", "gold")}
    for database in databases.values():
        session.client("glue").create_database(DatabaseInput={"Name": database})
    return lambda: GlueTables(session, objects, bucket, databases)


@pytest.fixture
def tables(new_tables: NewTables) -> CatalogTables:
    return new_tables()


def _branch(tables: CatalogTables, branch: str, *prices: str) -> TableState:
    """Write rows to a new branch that starts at nothing, as an engine does; gives the table's state there."""
    table = tables.ensure(CONTRACT)
    tables.refresh(NAME)
    rows = [
        {"id": at, "sold_at": datetime(2018, at % 12 + 1, 3, 12), "price": _decimal(price)}  # noqa: DTZ001 - Iceberg's have no zone
        for at, price in enumerate(prices)
    ]
    table.manage_snapshots().create_branch(first_snapshot(table), branch).commit()
    table.append(pa.Table.from_pylist(rows, schema=table.schema().as_arrow()), branch=branch)
    snapshot_id = table.metadata.refs[branch].snapshot_id
    return TableState(snapshot_id, table.metadata_location, len(rows), 0, 0, "1", {}, ())


def _decimal(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)


def test_a_branch_is_not_seen_until_it_is_published(tables: CatalogTables) -> None:
    assert tables.main(NAME) is None
    state = _branch(tables, "audit_1", "10.00", "20.50")
    assert tables.main(NAME) is None
    tables.publish(NAME, state, expected=None, tag="r1")
    assert tables.main(NAME) == state.snapshot_id


def test_publishing_again_is_no_error_and_another_process_sees_it(new_tables: NewTables) -> None:
    mine, theirs = new_tables(), new_tables()
    state = _branch(mine, "audit_1", "10.00")
    for _ in range(2):
        mine.publish(NAME, state, expected=None, tag="r1")
    assert theirs.main(NAME) == state.snapshot_id
    table = theirs.refresh(NAME)
    assert table is not None and table.metadata.refs["r1"].snapshot_id == state.snapshot_id


def test_main_moves_only_from_where_it_is_expected(new_tables: NewTables) -> None:
    mine, theirs = new_tables(), new_tables()
    first, second, third = (_branch(mine, f"audit_{at}", f"{at}.00") for at in (1, 2, 3))
    mine.publish(NAME, first, expected=None, tag="r1")
    theirs.publish(NAME, second, expected=first.snapshot_id, tag="r2")
    with pytest.raises(ConflictError, match=r"main of gold.sales has moved"):
        mine.publish(NAME, third, expected=first.snapshot_id, tag="r3")
    assert mine.main(NAME) == theirs.main(NAME) == second.snapshot_id


def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told(new_tables: NewTables) -> None:
    made = _branch(new_tables(), "audit_0", "1.00")
    new_tables().publish(NAME, made, expected=None, tag="r0")
    states = [_branch(new_tables(), f"audit_{at}", f"{at}.00") for at in (1, 2)]

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
    state = _branch(mine, "audit_1", "10.00")
    other = _branch(theirs, "audit_2", "20.00")
    mine.publish(NAME, state, expected=None, tag="r1")
    assert theirs.main(NAME) == state.snapshot_id
    theirs.publish(NAME, other, expected=state.snapshot_id, tag="r2")


def test_a_listing_tells_files_columns_and_statistics(new_tables: NewTables) -> None:
    state = _branch(new_tables(), "audit_1", "10.00", "20.50", "7.25")
    listing = new_tables().listing(NAME, state.snapshot_id)
    assert listing.columns == (("id", "long"), ("sold_at", "timestamp"), ("price", "decimal(12, 2)"))
    assert listing.rows == 3
    assert sorted(file.partition or "" for file in listing.files) == ["2018-01", "2018-02", "2018-03"]
    assert {file.least["price"] for file in listing.files} == {"10.00", "20.50", "7.25"}
    assert all(file.column_bytes["price"] > 0 and file.bytes > 0 for file in listing.files)
    assert new_tables().listing(NAME, state.snapshot_id) == listing  # kept, or made again


def test_a_snapshot_that_is_not_there_is_a_conflict(tables: CatalogTables) -> None:
    _branch(tables, "audit_1", "10.00")
    with pytest.raises(ConflictError, match="has lost the snapshot 42"):
        tables.listing(NAME, 42)


def test_a_table_follows_its_contract(new_tables: NewTables) -> None:
    old = _branch(new_tables(), "audit_1", "10.00")
    wider = replace(CONTRACT, columns=(*COLUMNS, Column("city", ColumnType("string"), False, "", "", "internal")))
    daily = replace(wider, partition=Partition("sold_at", "day"))
    table = new_tables().ensure(daily)
    assert [field.name for field in table.schema().fields] == ["id", "sold_at", "price", "city"]
    assert [str(field.transform) for field in table.spec().fields] == ["day"]
    assert new_tables().listing(NAME, old.snapshot_id).columns[-1][0] == "price"
