"""What a table's metadata knows of its past, which files snapshots consist of, and how the metadata forgets them.

Deletes no file. Imported where it is needed only: all of it needs pyiceberg.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.update import (
    AssertTableUUID,
    RemoveSnapshotRefUpdate,
    RemoveSnapshotsUpdate,
    TableRequirement,
    TableUpdate,
)

from salesperf_cli.backends.iceberg.files import plain_location
from salesperf_cli.backends.iceberg.tables import RUN_ID_PROPERTY
from salesperf_cli.core.listing import History, Reference, Snapshot

if TYPE_CHECKING:
    from pyiceberg.catalog import MetastoreCatalog
    from pyiceberg.manifest import ManifestFile
    from pyiceberg.table import CommitTableResponse, Table
    from pyiceberg.table.metadata import TableMetadata

_READERS = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AssertUnmoved(AssertTableUUID):
    """The table must be as it was when it was decided what goes: checked here, right before the commit."""

    seen: Any

    def validate(self, base_metadata: TableMetadata | None) -> None:  # type: ignore[override]  # pydantic's own name
        """Raises CommitFailedException when it is not."""
        super().validate(base_metadata)
        if base_metadata is None or _mark(base_metadata) != self.seen:
            raise CommitFailedException("something else has changed the table")


def history_of(table: Table) -> History:
    """The table's snapshots and references."""
    metadata = table.metadata
    log = metadata.metadata_log
    in_order = sorted(metadata.snapshots, key=lambda each: each.sequence_number or 0)
    return History(
        metadata=plain_location(table.metadata_location),
        previous=plain_location(log[-1].metadata_file) if log else None,
        snapshots=tuple(
            Snapshot(
                each.snapshot_id,
                _EPOCH + timedelta(milliseconds=each.timestamp_ms),
                each.summary[RUN_ID_PROPERTY] if each.summary else None,
            )
            for each in in_order
        ),
        references=tuple(
            Reference(name, "tag" if ref.snapshot_ref_type == SnapshotRefType.TAG else "branch", ref.snapshot_id)
            for name, ref in sorted(metadata.refs.items())
        ),
    )


def files_of(table: Table, snapshots: Collection[int]) -> frozenset[str]:
    """Where the files lie that these snapshots consist of; raises FileNotFoundError when one that lists them is gone.

    Snapshots share most of their manifests: each is read once.
    """
    wanted = set(snapshots)
    chosen = [each for each in table.metadata.snapshots if each.snapshot_id in wanted]
    metadata = table.metadata
    statistics = (*metadata.statistics, *metadata.partition_statistics)
    found = {plain_location(each.statistics_path) for each in statistics if each.snapshot_id in wanted}
    found.update(plain_location(each.manifest_list) for each in chosen if each.manifest_list)
    with ThreadPoolExecutor(_READERS) as pool:
        manifests = {
            manifest.manifest_path: manifest
            for of_one in pool.map(lambda each: each.manifests(table.io), chosen)
            for manifest in of_one
        }
        found.update(map(plain_location, manifests))
        for paths in pool.map(lambda each: tuple(_paths(table, each)), manifests.values()):
            found.update(paths)
    return frozenset(found)


def _mark(metadata: TableMetadata) -> tuple[Any, ...]:
    """What tells one state of a table from another, as far as its past is concerned."""
    return metadata.last_updated_ms, dict(metadata.refs), {each.snapshot_id for each in metadata.snapshots}


def _paths(table: Table, manifest: ManifestFile) -> Iterator[str]:
    for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
        yield plain_location(entry.data_file.file_path)


def forget(
    catalog: MetastoreCatalog, table: Table, snapshots: Collection[int], refs: Collection[str]
) -> CommitTableResponse:
    """Commit the table's metadata without some snapshots and references; raises CommitFailedException.

    pyiceberg's `expire_snapshots` does the same in a transaction, one kind of change at a time, and would commit upon a
    table that has changed meanwhile; a reference that was set since would go with its snapshot.
    """
    updates: tuple[TableUpdate, ...] = tuple(
        RemoveSnapshotRefUpdate.model_validate({"ref-name": name}) for name in sorted(refs)
    )
    if snapshots:
        updates += (RemoveSnapshotsUpdate.model_validate({"snapshot-ids": sorted(snapshots)}),)
    unmoved: TableRequirement = AssertUnmoved(uuid=table.metadata.table_uuid, seen=_mark(table.metadata))
    return catalog.commit_table(table, (unmoved,), updates)
