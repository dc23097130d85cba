"""What a snapshot consists of (columns, data files and their statistics), and which snapshots a table has.

A listing is resolved once from Iceberg metadata and kept as JSON by snapshot, so that a query neither imports pyiceberg
nor reads manifests again. A history is read anew each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file: path, rows, bytes, bytes a column, and the least and greatest value a column as text."""

    path: str
    rows: int
    bytes: int
    column_bytes: dict[str, int]
    least: dict[str, str]
    most: dict[str, str]
    partition: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A snapshot's columns as (name, type) and its data files; `form` says how these are read."""

    snapshot_id: int
    columns: tuple[tuple[str, str], ...]
    files: tuple[DataFile, ...]
    form: Literal["parquet", "ndjson"] = "parquet"

    @property
    def rows(self) -> int:
        """Rows in all files."""
        return sum(file.rows for file in self.files)

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as metadata names it: when it was made (UTC), and by which run of ours (None: by something else)."""

    snapshot_id: int
    at: datetime
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A branch or tag, and the snapshot that it points at."""

    name: str
    kind: Literal["branch", "tag"]
    snapshot_id: int


@dataclass(frozen=True, slots=True)
class History:
    """A table's snapshots and references, the oldest snapshot first: branches that start at nothing start there.

    `metadata` is where the metadata file lies that the catalog points at, `previous` the one before it, both in the
    form of `Objects.location`.
    """

    metadata: str
    previous: str | None
    snapshots: tuple[Snapshot, ...]
    references: tuple[Reference, ...]
