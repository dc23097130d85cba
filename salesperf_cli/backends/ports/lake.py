"""A lake: objects in a bucket, Iceberg tables in a catalog."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from salesperf_cli.core.ledger import TableState
    from salesperf_cli.core.listing import History, Listing
    from salesperf_cli.core.tables import TableName


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object's bytes and the tag that a conditional replace must name."""

    data: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class ReceivedObject:
    """An object that was written once: its key, size in bytes, SHA-256 (hex), and whether this call created it."""

    key: str
    bytes: int
    sha256: str
    created: bool


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """An object as a listing tells of it: its key, size in bytes, and when it was last written (UTC)."""

    key: str
    bytes: int
    modified: datetime


class Objects(Protocol):
    """A bucket: whole objects under keys, created and replaced conditionally.

    A key is names with slashes between them (`keys.checked_key`, else InputError), and none is another's folder. Of
    several that create or replace an object at once, one wins. An etag says which bytes these are, not which write.
    """

    @property
    def parallel(self) -> int:
        """How many objects to receive at once."""

    def read(self, key: str) -> StoredObject | None:
        """The object, or None when there is none."""

    def create(self, key: str, data: bytes) -> bool:
        """Write a new object; False when the key is taken (nothing is written)."""

    def replace(self, key: str, data: bytes, etag: str) -> bool:
        """Replace an object that still has `etag`; False when it has changed or gone."""

    def delete(self, key: str) -> None:
        """Remove an object; none there is no error."""

    def keys(self, prefix: str) -> Sequence[str]:
        """All keys below the folder `prefix`, sorted; of the names beside a prefix that ends inside a name, none."""

    def entries(self, prefix: str) -> Sequence[ObjectEntry]:
        """What `keys` gives, each with size and age."""

    def delete_all(self, keys: Sequence[str]) -> None:
        """Remove many objects, a thousand a request where that can be; none there is no error."""

    def receive(
        self,
        stream: BinaryIO,
        key_of: Callable[[str], str],
        *,
        watch: Callable[[bytes], None],
        stored: Callable[[int], None] | None = None,
    ) -> ReceivedObject:
        """Store a stream under `key_of(sha256)`, which is asked when the stream has ended.

        `watch` sees each block once, in order; `stored` is told how many more bytes have arrived, which may be later,
        and 0 now and then. Each stops it by raising. The same bytes under the same key again are no error
        (`created` is False); bytes of another size there raise ConflictError.
        """

    def open(self, key: str) -> BinaryIO:
        """A stream over an object's bytes, from beginning to end; FileNotFoundError when there is none."""

    def location(self, key: str) -> str:
        """The path or URL under which an engine reads the object; the empty key stands for the whole bucket."""


class Tables(Protocol):
    """Iceberg tables in a catalog: branches are written by an engine, and main is moved here."""

    def main(self, name: TableName) -> int | None:
        """The snapshot that main points at, or None when nothing was ever published there."""

    def publish(self, name: TableName, state: TableState, *, expected: int | None, tag: str) -> None:
        """Move main from `expected` to the state's snapshot and tag it; raises ConflictError when main is elsewhere.

        Doing it again is no error.
        """

    def listing(self, name: TableName, snapshot_id: int) -> Listing:
        """The data files, columns and statistics of a snapshot."""

    def history(self, name: TableName) -> History | None:
        """What the catalog's current metadata knows of the table; None when there is no such table."""

    def reached(self, name: TableName, snapshots: Collection[int]) -> frozenset[str]:
        """Where the files lie that these snapshots consist of: manifests, data and statistics, in the form of
        `Objects.location`. The metadata files themselves are in `History`.
        """

    def expire(self, name: TableName, history: History, *, snapshots: Collection[int], refs: Collection[str]) -> None:
        """Take references and snapshots out of the metadata, in one commit; files stay where they are.

        Raises ConflictError, and changes nothing, when the table is no longer as in `history`.
        """


class Lake(Protocol):
    """Where a lake's files, ledger and tables are: all that publishing and looking need."""

    @property
    def objects(self) -> Objects:
        """Where files and the ledger are."""

    @property
    def tables(self) -> Tables:
        """The Iceberg tables."""
