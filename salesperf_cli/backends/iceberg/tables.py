"""Iceberg tables in a catalog, through pyiceberg: created and evolved by contract, published, listed.

Engines write their rows; which catalog it is, and where listings are kept, is a target's own affair. The listing of a
snapshot is kept as JSON, since a snapshot never changes and importing pyiceberg costs more than a query.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from salesperf_cli.backends.iceberg.files import listing_of, plain_location
from salesperf_cli.backends.iceberg.schema import iceberg_schema, iceberg_type, partition_name, partition_spec
from salesperf_cli.core.ledger import TableState
from salesperf_cli.core.listing import History, Listing
from salesperf_cli.core.tables import TableName
from salesperf_cli.errors import ConflictError

if TYPE_CHECKING:
    from pyiceberg.catalog import MetastoreCatalog
    from pyiceberg.table import Table

    from salesperf_cli.core.contracts import Contract

RUN_ID_PROPERTY = "salesperf.run-id"
"""In a snapshot's summary: the run that made it."""

_ATTEMPTS = 4
_PROPERTIES = {"write.parquet.compression-codec": "zstd"}


class CatalogTables(ABC):
    """Implements `Tables` over a catalog; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._known: dict[TableName, Table] = {}

    # what a target says

    @property
    @abstractmethod
    def catalog(self) -> MetastoreCatalog:
        """The catalog, opened when first asked for."""

    @abstractmethod
    def namespace(self, layer: str) -> str:
        """What the catalog calls a layer."""

    @abstractmethod
    def _metadata_location(self, name: TableName) -> str | None:
        """What the catalog points at now, cheaply: loading an Iceberg table costs a hundred times as much."""

    @abstractmethod
    def _kept(self, name: TableName, snapshot_id: int) -> bytes | None:
        """The listing that was kept, if one was."""

    @abstractmethod
    def _keep(self, name: TableName, snapshot_id: int, listing: bytes) -> None:
        """Keep a listing; it may be lost."""

    def _place(self, name: TableName) -> str | None:
        """Where a new table's files go; None leaves it to the catalog."""
        return None

    def _make_namespace(self, layer: str) -> None:  # noqa: B027 - most targets have nothing to do
        """See to it that the layer's namespace is there; where a deployment has made it there is nothing to do."""

    # the port

    def main(self, name: TableName) -> int | None:
        """The snapshot that main points at, or None when nothing was ever published there."""
        table = self.refresh(name)
        snapshot = table.current_snapshot() if table and not _untouched(table) else None
        return snapshot.snapshot_id if snapshot else None

    def publish(self, name: TableName, state: TableState, *, expected: int | None, tag: str) -> None:
        """Move main from `expected` to the state's snapshot and tag it; raises ConflictError when main is elsewhere.

        Commits the two references themselves: a pyiceberg transaction would copy the whole metadata several times.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            table = self._load(name)
            current = table.current_snapshot() if table else None
            at = current.snapshot_id if current else None
            if table is None or (at not in (expected, state.snapshot_id) and not _untouched(table)):
                raise _moved(name, at, expected)
            fault = self._point(table, state.snapshot_id, at, tag)
            if fault is None:
                return
            if attempt == _ATTEMPTS:
                raise _moved(name, at, expected) from fault
            self.refresh(name)  # another branch of the table may have been written: then main is where it was

    def _point(self, table: Table, snapshot_id: int, at: int | None, tag: str) -> Exception | None:
        """Move main from `at` to a snapshot and tag it, in one commit; gives the fault where that was refused."""
        from pyiceberg.exceptions import CommitFailedException
        from pyiceberg.table.refs import SnapshotRefType
        from pyiceberg.table.update import AssertRefSnapshotId, AssertTableUUID, SetSnapshotRefUpdate

        # The tag is set anew where an attempt that was given up has left it elsewhere.
        updates = tuple(
            SetSnapshotRefUpdate.model_validate({"ref-name": ref, "type": kind, "snapshot-id": snapshot_id})
            for ref, kind in (("main", SnapshotRefType.BRANCH), (tag, SnapshotRefType.TAG))
        )
        requirements = (
            AssertTableUUID(uuid=table.metadata.table_uuid),
            AssertRefSnapshotId.model_validate({"ref": "main", "snapshot-id": at}),
        )
        with self._lock:
            try:
                done = self.catalog.commit_table(table, requirements, updates)
            except CommitFailedException as fault:
                return fault
            table.metadata, table.metadata_location = done.metadata, done.metadata_location
            return None

    def listing(self, name: TableName, snapshot_id: int) -> Listing:
        """The data files, columns and statistics of a snapshot."""
        kept = self._kept(name, snapshot_id)
        if kept is not None:
            try:
                return msgspec.json.decode(kept, type=Listing)
            except msgspec.MsgspecError:
                pass  # cut off: made anew below
        table = self._load(name)
        if table is None or table.snapshot_by_id(snapshot_id) is None:
            table = self.refresh(name)
        if table is None or table.snapshot_by_id(snapshot_id) is None:
            raise ConflictError(
                f"{name} has lost the snapshot {snapshot_id}",
                why="it was expired, or the catalog was changed by other means",
                remedy="rebuild it: salesperf run-batch --full-refresh",
            )
        files = [(file, table.specs()[file.spec_id]) for file in files_at(table, snapshot_id)]
        listing = listing_of(table, snapshot_id, files)
        self._remember(name, listing)
        return listing

    def history(self, name: TableName) -> History | None:
        """What the catalog's current metadata knows of the table; None when there is no such table."""
        from salesperf_cli.backends.iceberg.expiry import history_of

        table = self.refresh(name)
        return history_of(table) if table else None

    def reached(self, name: TableName, snapshots: Collection[int]) -> frozenset[str]:
        """Where the files lie that these snapshots consist of; raises ConflictError when a list of them is gone."""
        from salesperf_cli.backends.iceberg.expiry import files_of

        table = self._load(name)
        assert table is not None, f"{name} has a history"
        try:
            return files_of(table, snapshots)
        except FileNotFoundError as fault:
            raise ConflictError(
                f"a file that says what {name} consists of is missing",
                why=str(fault),
                remedy="rebuild the table: salesperf run-batch --full-refresh --promote",
            ) from fault

    def expire(self, name: TableName, history: History, *, snapshots: Collection[int], refs: Collection[str]) -> None:
        """Take references and snapshots out of the metadata; raises ConflictError when the table has moved."""
        from pyiceberg.exceptions import CommitFailedException

        from salesperf_cli.backends.iceberg.expiry import forget

        moved = ConflictError(
            f"{name} has moved meanwhile",
            why="something else writes this table",
            remedy="run the same command again",
        )
        with self._lock:
            table = self.refresh(name)
            if table is None or plain_location(table.metadata_location) != history.metadata:
                raise moved
            try:
                done = forget(self.catalog, table, snapshots, refs)
            except CommitFailedException as fault:
                raise moved from fault
            table.metadata, table.metadata_location = done.metadata, done.metadata_location

    # for engines

    def ensure(self, contract: Contract) -> Table:
        """The table as its contract says, created or brought up to its columns and partition where needed."""
        with self._lock:
            table = self._load(contract.name)
            if table is None:
                return self._create(contract)
            return self._evolve(table, contract)

    def refresh(self, name: TableName) -> Table | None:
        """The table as the catalog has it now: somebody else may have moved it."""
        with self._lock:
            known = self._known.get(name)
            if known is not None and known.metadata_location != self._metadata_location(name):
                del self._known[name]
            return self._load(name)

    def field_ids(self, table: Table) -> Mapping[str, int]:
        """The Iceberg field id of each column."""
        return {field.name: field.field_id for field in table.schema().fields}

    # mechanics

    def _identifier(self, name: TableName) -> tuple[str, str]:
        return self.namespace(name.layer), name.table

    def _remember(self, name: TableName, listing: Listing) -> None:
        self._keep(name, listing.snapshot_id, msgspec.json.encode(listing))

    def _load(self, name: TableName) -> Table | None:
        from pyiceberg.exceptions import NoSuchTableError

        with self._lock:
            if name not in self._known:
                try:
                    self._known[name] = self.catalog.load_table(self._identifier(name))
                except NoSuchTableError:
                    return None
            return self._known[name]

    def _create(self, contract: Contract) -> Table:
        """Create the table with an empty snapshot on main, from which branches can start."""
        from pyiceberg.exceptions import TableAlreadyExistsError
        from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
        from pyiceberg.table import Table

        schema = iceberg_schema(contract.columns)
        spec = partition_spec(contract.partition, schema) if contract.partition else UNPARTITIONED_PARTITION_SPEC
        self._make_namespace(contract.name.layer)
        transaction = self.catalog.create_table_transaction(
            self._identifier(contract.name),
            schema,
            location=self._place(contract.name),
            partition_spec=spec,
            properties=_PROPERTIES,
        )
        with transaction.update_snapshot().fast_append():
            pass
        try:
            made = transaction.commit_transaction()
        except TableAlreadyExistsError as fault:
            raise ConflictError(
                f"{contract.name} has just been created by somebody else",
                why=str(fault),
                remedy="run the same command again",
            ) from fault
        table = Table(made.name(), made.metadata, made.metadata_location, made.io, self.catalog)
        self._known[contract.name] = table
        return table

    def _evolve(self, table: Table, contract: Contract) -> Table:
        """Bring an existing table's columns and partition to the contract; old snapshots keep the schema they had."""
        current = {field.name: field for field in table.schema().fields}
        wanted = {column.name: column for column in contract.columns}
        stale = [
            name
            for name, field in current.items()
            if name not in wanted or field.field_type != iceberg_type(wanted[name])
        ]
        missing = [name for name in wanted if name not in current or name in stale]
        if stale or missing:
            with table.update_schema(allow_incompatible_changes=True) as schema:
                for name in stale:
                    schema.delete_column(name)
            with table.update_schema(allow_incompatible_changes=True) as schema:
                for name in missing:
                    schema.add_column(name, iceberg_type(wanted[name]), doc=wanted[name].description)
        spec = partition_spec(contract.partition, table.schema()) if contract.partition else None
        have = [(field.name, str(field.transform)) for field in table.spec().fields]
        want = [(field.name, str(field.transform)) for field in spec.fields] if spec else []
        if have != want:
            with table.update_spec() as update:
                for name, _ in have:
                    update.remove_field(name)
                if contract.partition:
                    update.add_field(
                        contract.partition.column, contract.partition.transform, partition_name(contract.partition)
                    )
        return self._reload(contract.name) if stale or missing or have != want else table

    def _reload(self, name: TableName) -> Table:
        self._known.pop(name, None)
        table = self._load(name)
        assert table is not None
        return table


def first_snapshot(table: Table) -> int:
    """The empty snapshot that the table was created with (or the oldest that is left)."""
    return min(table.metadata.snapshots, key=lambda each: each.sequence_number or 0).snapshot_id


def _untouched(table: Table) -> bool:
    """Whether main still stands at the empty snapshot that the table was created with.

    Others may have no parent left, once old snapshots were taken out, and hold no row.
    """
    snapshot = table.current_snapshot()
    return (
        snapshot is not None
        and snapshot.snapshot_id == first_snapshot(table)
        and snapshot.parent_snapshot_id is None
        and _total(snapshot.summary, "total-data-files") == 0
    )


def _total(summary: Any, name: str) -> int:
    return int(summary[name] or 0) if summary is not None else 0


def _moved(name: TableName, at: int | None, expected: int | None) -> ConflictError:
    return ConflictError(
        f"main of {name} has moved",
        why=f"it stands at snapshot {at}, and the run was based on {expected}",
        remedy="find out what moved it; to publish over it: salesperf promote all --take-over",
    )


def files_at(table: Table, snapshot_id: int) -> list[Any]:
    """The manifest entries of a snapshot's data files."""
    snapshot = table.snapshot_by_id(snapshot_id)
    if snapshot is not None and _total(snapshot.summary, "total-data-files") == 0:
        return []
    return [task.file for task in table.scan(snapshot_id=snapshot_id).plan_files()]
