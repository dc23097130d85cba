"""Iceberg tables in an SQLite catalog beside their files: what DuckDB writes becomes part of them here."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.backends.iceberg.files import FILE_SCHEME, data_files, listing_of, local_path
from salesperf_cli.backends.iceberg.tables import RUN_ID_PROPERTY, CatalogTables, files_at, first_snapshot
from salesperf_cli.core.listing import Listing
from salesperf_cli.core.tables import TableName
from salesperf_cli.errors import ConflictError, InputError

if TYPE_CHECKING:
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.table import Table


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit made: the snapshot, the metadata file that knows it, and its listing."""

    snapshot_id: int
    metadata: str
    listing: Listing


class LocalTables(CatalogTables):
    """The tables of the lake at `root`."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    @cached_property
    def catalog(self) -> SqlCatalog:
        """The catalog, opened when first asked for."""
        from pyiceberg.catalog.sql import SqlCatalog

        self._root.mkdir(parents=True, exist_ok=True)
        return SqlCatalog(
            "salesperf",
            uri=f"sqlite:///{self._root / 'catalog.db'}",
            warehouse=f"{FILE_SCHEME}{self._root / 'warehouse'}",
        )

    def namespace(self, layer: str) -> str:
        """Layers are called what they are."""
        return layer

    def _make_namespace(self, layer: str) -> None:
        self.catalog.create_namespace_if_not_exists(layer)

    def listing(self, name: TableName, snapshot_id: int) -> Listing:
        """As in every catalog; raises InputError where the lake was moved or copied."""
        found = super().listing(name, snapshot_id)
        for file in found.files[:1]:
            self._hold_in_place(file.path)
        return found

    # for the embedded engine

    def warm_up(self) -> None:
        """Begin to import what commits need, while the engine reads files: it takes most of a second.

        The process waits for it at its end: to stop amid an import of C code aborts.
        """
        threading.Thread(target=_import_iceberg).start()

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
            old = files_at(table, start)
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
            self._remember(name, listing)
            return Commit(snapshot_id, table.metadata_location, listing)

    # mechanics

    def _load(self, name: TableName) -> Table | None:
        try:
            table = super()._load(name)
        except FileNotFoundError as fault:
            self._hold_in_place(local_path(self._metadata_location(name) or ""))
            raise ConflictError(
                f"a file that says what {name} consists of is missing",
                why=str(fault),
                remedy="restore it; a lake can be built anew from its bronze files in another folder",
            ) from fault
        if table is not None:
            self._hold_in_place(local_path(table.metadata_location))
        return table

    def _hold_in_place(self, file: str) -> None:
        """Raise InputError for a file of the tables that lies in another lake: what is written here would go there."""
        if file.startswith(f"{self._root}/"):
            return
        there = Path(file.partition("/warehouse/")[0])
        if there.resolve() == self._root.resolve():
            return
        import shlex

        old, new = shlex.quote(str(there)), shlex.quote(str(self._root))
        link = f"mkdir -p {shlex.quote(str(there.parent))} && ln -s {new} {old}"
        raise InputError(
            f"the lake in {self._root} has its tables in {there}",
            why="tables name their files by full path: a lake that was moved or copied does not find its own",
            remedy=f"this is a copy: work in {there}, or ingest the files into a new lake"
            if there.exists()
            else f"move it back, or leave a link in its old place: {link}",
        )

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

    def _kept(self, name: TableName, snapshot_id: int) -> bytes | None:
        try:
            return self._cache_file(name, snapshot_id).read_bytes()
        except FileNotFoundError:
            return None

    def _keep(self, name: TableName, snapshot_id: int, listing: bytes) -> None:
        cached = self._cache_file(name, snapshot_id)
        cached.parent.mkdir(parents=True, exist_ok=True)
        scratch = cached.with_suffix(f".{threading.get_ident()}.tmp")
        with suppress(FileNotFoundError):  # a vacuum has just removed the folder, which was empty
            scratch.write_bytes(listing)
            scratch.replace(cached)

    def _cache_file(self, name: TableName, snapshot_id: int) -> Path:
        return self._root / "_cache" / "listings" / str(name) / f"{snapshot_id}.json"


def _import_iceberg() -> None:
    import pyiceberg.catalog.sql
    import pyiceberg.io.pyarrow
    import pyiceberg.table.update.snapshot  # noqa: F401
