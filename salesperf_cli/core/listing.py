"""What a snapshot consists of: columns, data files and their statistics.

Resolved once from Iceberg metadata and kept as JSON by snapshot, so that a query neither imports pyiceberg nor reads
manifests again.
"""

from __future__ import annotations

from dataclasses import dataclass
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
