"""Iceberg tables in an SQLite catalog, through pyiceberg: create, commit to a branch, publish, list files.

Engines write Parquet files; this module makes them part of tables. The listing of a snapshot is kept as JSON beside the
lake, since a snapshot never changes and importing pyiceberg costs more than a query.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from salesperf_cli.backends.embedded.iceberg_files import FILE_SCHEME, data_files, listing_of, local_path
from salesperf_cli.backends.embedded.iceberg_schema import iceberg_schema, iceberg_type, partition_name, partition_spec
from salesperf_cli.core.ledger import TableState
from salesperf_cli.core.listing import Listing
from salesperf_cli.core.tables import TableName
from salesperf_cli.errors import ConflictError

if TYPE_CHECKING:
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.table import Table

    from salesperf_cli.core.contracts import Contract

RUN_ID_PROPERTY = "salesperf.run-id"


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit made: the snapshot, the metadata file that knows it, and its listing."""

    snapshot_id: int
    metadata: str
    listing: Listing


class LocalTables:
    """The tables of the lake at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.RLock()
        self._known: dict[TableName, Table] = {}

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
        from pyiceberg.exceptions import CommitFailedException
        from pyiceberg.table.refs import SnapshotRefType
        from pyiceberg.table.update import AssertRefSnapshotId, AssertTableUUID, SetSnapshotRefUpdate

        table = self._load(name)
        current = table.current_snapshot() if table else None
        at = current.snapshot_id if current else None
        if table is None or (at not in (expected, state.snapshot_id) and not _untouched(table)):
            raise _moved(name, at, expected)
        # The tag is set anew where an attempt that was given up has left it elsewhere.
        updates = tuple(
            SetSnapshotRefUpdate.model_validate({"ref-name": ref, "type": kind, "snapshot-id": state.snapshot_id})
            for ref, kind in (("main", SnapshotRefType.BRANCH), (tag, SnapshotRefType.TAG))
        )
        requirements = (
            AssertTableUUID(uuid=table.metadata.table_uuid),
            AssertRefSnapshotId.model_validate({"ref": "main", "snapshot-id": at}),
        )
        with self._lock:
            try:
                done = self._catalog.commit_table(table, requirements, updates)
            except CommitFailedException as fault:
                raise _moved(name, at, expected) from fault
            table.metadata, table.metadata_location = done.metadata, done.metadata_location

    def listing(self, name: TableName, snapshot_id: int) -> Listing:
        """The data files, columns and statistics of a snapshot."""
        cached = self._cache_file(name, snapshot_id)
        try:
            return msgspec.json.decode(cached.read_bytes(), type=Listing)
        except (FileNotFoundError, msgspec.MsgspecError):
            table = self._load(name)
            if table is None or table.snapshot_by_id(snapshot_id) is None:
                raise ConflictError(
                    f"{name} has lost the snapshot {snapshot_id}",
                    why="it was expired, or the catalog was changed by other means",
                    remedy="rebuild it: salesperf run-batch --full-refresh",
                ) from None
            files = [(file, table.specs()[file.spec_id]) for file in _files_at(table, snapshot_id)]
            listing = listing_of(table, snapshot_id, files)
            self._keep(name, listing)
            return listing

    # for engines

    def warm_up(self) -> None:
        """Begin to import what commits need, while the engine reads files: it takes most of a second."""
        threading.Thread(target=_import_iceberg, daemon=True).start()

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

    def _metadata_location(self, name: TableName) -> str | None:
        """What the catalog points at, from its own table: loading an Iceberg table costs a hundred times as much."""
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(self._root / "catalog.db")) as catalog:
            row = catalog.execute(
                "SELECT metadata_location FROM iceberg_tables WHERE table_namespace = ? AND table_name = ?",
                (name.layer, name.table),
            ).fetchone()
        return row[0] if row else None

    def field_ids(self, table: Table) -> Mapping[str, int]:
        """The Iceberg field id of each column."""
        return {field.name: field.field_id for field in table.schema().fields}

    def commit(
        self,
        table: Table,
        name: TableName,
        *,
        branch: str,
        base: int | None,
        added: Iterable[str],
        removed: Iterable[str],
        run_id: str,
    ) -> Commit:
        """Commit files (paths) to a new branch that starts at snapshot `base` (None: at nothing), in one snapshot."""
        from pyiceberg.table.update.snapshot import ManageSnapshots

        with self._lock:
            gone = set(removed)
            new = data_files(table, added)
            start = base if base is not None else first_snapshot(table)
            old = _files_at(table, start)
            dropped = [file for file in old if base is None or local_path(file.file_path) in gone]
            with table.transaction() as transaction:
                with ManageSnapshots(transaction) as changes:
                    changes.create_branch(start, branch)
                update = transaction.update_snapshot({RUN_ID_PROPERTY: run_id}, branch=branch)
                with update.overwrite() as snapshot:
                    for file in dropped:
                        snapshot.delete_data_file(file)
                    for file in new:
                        snapshot.append_data_file(file)
            snapshot_id = table.metadata.refs[branch].snapshot_id
            left = {file.file_path for file in old} - {file.file_path for file in dropped}
            kept = [(file, table.specs()[file.spec_id]) for file in old if file.file_path in left]
            listing = listing_of(table, snapshot_id, [*kept, *((file, table.spec()) for file in new)])
            self._keep(name, listing)
            return Commit(snapshot_id, table.metadata_location, listing)

    # mechanics

    @cached_property
    def _catalog(self) -> SqlCatalog:
        from pyiceberg.catalog.sql import SqlCatalog

        self._root.mkdir(parents=True, exist_ok=True)
        return SqlCatalog(
            "salesperf",
            uri=f"sqlite:///{self._root / 'catalog.db'}",
            warehouse=f"{FILE_SCHEME}{self._root / 'warehouse'}",
        )

    def _load(self, name: TableName) -> Table | None:
        from pyiceberg.exceptions import NoSuchTableError

        with self._lock:
            if name not in self._known:
                try:
                    self._known[name] = self._catalog.load_table(str(name))
                except NoSuchTableError:
                    return None
            return self._known[name]

    def _create(self, contract: Contract) -> Table:
        """Create the table with an empty snapshot on main, from which branches can start."""
        from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
        from pyiceberg.table import Table

        schema = iceberg_schema(contract.columns)
        spec = partition_spec(contract.partition, schema) if contract.partition else UNPARTITIONED_PARTITION_SPEC
        self._catalog.create_namespace_if_not_exists(contract.name.layer)
        transaction = self._catalog.create_table_transaction(
            str(contract.name), schema, partition_spec=spec, properties={"write.parquet.compression-codec": "zstd"}
        )
        with transaction.update_snapshot().fast_append():
            pass
        made = transaction.commit_transaction()
        table = Table(made.name(), made.metadata, made.metadata_location, made.io, self._catalog)
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

    def _keep(self, name: TableName, listing: Listing) -> None:
        cached = self._cache_file(name, listing.snapshot_id)
        cached.parent.mkdir(parents=True, exist_ok=True)
        scratch = cached.with_suffix(f".{threading.get_ident()}.tmp")
        scratch.write_bytes(msgspec.json.encode(listing))
        scratch.replace(cached)

    def _cache_file(self, name: TableName, snapshot_id: int) -> Path:
        return self._root / "_cache" / "listings" / str(name) / f"{snapshot_id}.json"


def _import_iceberg() -> None:
    import pyiceberg.catalog.sql
    import pyiceberg.io.pyarrow
    import pyiceberg.table.update.snapshot  # noqa: F401


def first_snapshot(table: Table) -> int:
    """The empty snapshot that the table was created with (or the oldest that is left)."""
    return min(table.metadata.snapshots, key=lambda each: each.sequence_number or 0).snapshot_id


def _untouched(table: Table) -> bool:
    """Whether main still stands at the empty snapshot that the table was created with."""
    snapshot = table.current_snapshot()
    return (
        snapshot is not None
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


def _files_at(table: Table, snapshot_id: int) -> list[Any]:
    snapshot = table.snapshot_by_id(snapshot_id)
    if snapshot is not None and _total(snapshot.summary, "total-data-files") == 0:
        return []
    return [task.file for task in table.scan(snapshot_id=snapshot_id).plan_files()]
