"""Iceberg tables as Spark reads and writes them: a snapshot as rows, and rows committed to a run's audit branch.

Tables are created, and their files listed, by pyiceberg on every engine, so that what a run leaves behind is the same.
Where Spark finds a table, and how the lake learns of its commits, is the business of a `Pointers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from salesperf_cli.backends.iceberg.tables import RUN_ID_PROPERTY, first_snapshot
from salesperf_cli.core.ledger import TableState

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from salesperf_cli.backends.iceberg.tables import CatalogTables
    from salesperf_cli.core.contracts import Contract
    from salesperf_cli.core.listing import Listing
    from salesperf_cli.core.tables import TableName


@dataclass(frozen=True, slots=True)
class SparkCommit:
    """What a commit made: the snapshot, the metadata file that knows it, its listing, and how many rows were
    written.
    """

    snapshot_id: int
    metadata: str
    listing: Listing
    rows_written: int

    def state(self, contract: Contract) -> TableState:
        """The table's state, for a table that was made from no other."""
        return TableState(
            snapshot_id=self.snapshot_id,
            metadata=self.metadata,
            rows=self.listing.rows,
            bytes=self.listing.bytes,
            files=len(self.listing.files),
            fingerprint=contract.fingerprint,
            inputs={},
            columns=contract_columns(contract),
        )


class Pointers(Protocol):
    """The way between the catalog that Spark uses and the lake's."""

    def name(self, name: TableName) -> str:
        """What a table is called in the session, quoted."""

    def take(self, name: TableName) -> None:
        """See to it that Spark has the table as the lake has it now."""

    def give(self, name: TableName, branch: str) -> None:
        """See to it that the lake has the branch that Spark has written; raises ConflictError when it cannot."""


class IcebergTables:
    """The lake's tables in one session."""

    def __init__(self, spark: SparkSession, tables: CatalogTables, pointers: Pointers) -> None:
        self._spark = spark
        self._tables = tables
        self._pointers = pointers

    def listing(self, name: TableName, snapshot_id: int) -> Listing:
        """What a snapshot consists of."""
        return self._tables.listing(name, snapshot_id)

    def rows(self, name: TableName, snapshot_id: int) -> DataFrame:
        """The rows of a snapshot, in the columns that it has."""
        self._pointers.take(name)
        return self._spark.sql(f"SELECT * FROM {self._pointers.name(name)} VERSION AS OF {snapshot_id}")

    def commit(
        self, contract: Contract, rows: DataFrame, *, base: int | None, branch: str, replaced: Column, run_id: str
    ) -> SparkCommit:
        """Commit rows to a new branch that starts at snapshot `base` (None: at nothing), in place of the rows
        `replaced`.
        """
        table = self._tables.ensure(contract)
        start = base if base is not None else first_snapshot(table)
        self._pointers.take(contract.name)
        name = self._pointers.name(contract.name)
        self._spark.sql(f"ALTER TABLE {name} CREATE BRANCH `{branch}` AS OF VERSION {start}")
        typed = [rows[f"`{each.name}`"].cast(sql_type(str(each.type))).alias(each.name) for each in contract.columns]
        writer = rows.select(*typed).writeTo(f"{name}.`branch_{branch}`")
        writer.option(f"snapshot-property.{RUN_ID_PROPERTY}", run_id).overwrite(replaced)
        self._pointers.give(contract.name, branch)
        return self._committed(contract, branch)

    def _committed(self, contract: Contract, branch: str) -> SparkCommit:
        table = self._tables.refresh(contract.name)
        assert table is not None
        snapshot_id = table.metadata.refs[branch].snapshot_id
        snapshot = table.snapshot_by_id(snapshot_id)
        added = snapshot.summary["added-records"] if snapshot and snapshot.summary else None
        listing = self._tables.listing(contract.name, snapshot_id)
        return SparkCommit(snapshot_id, table.metadata_location, listing, int(added or 0))


def contract_columns(contract: Contract) -> tuple[tuple[str, str], ...]:
    """A contract's columns as (name, type)."""
    return tuple((column.name, str(column.type)) for column in contract.columns)


def sql_type(type_: str) -> str:
    """The Spark type of a contract's or a listing's type."""
    return {"timestamp": "timestamp_ntz", "long": "bigint"}.get(type_, type_)
