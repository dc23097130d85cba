"""Iceberg tables in the Glue Data Catalog, their files in the lake's bucket."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from salesperf_cli.backends.aws.faults import code_of, not_allowed, told
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.backends.iceberg.tables import CatalogTables
from salesperf_cli.core.tables import TableName

if TYPE_CHECKING:
    from pyiceberg.catalog.glue import GlueCatalog

    from salesperf_cli.backends.ports import Objects
    from salesperf_cli.core.ledger import TableState
    from salesperf_cli.core.listing import History, Listing


class GlueTables(CatalogTables):
    """The tables of the lake at `lake` (`s3://bucket`); `databases` gives the Glue database of each layer.

    Listings are kept in `objects`, the lake's bucket: whoever asks next need not read manifests again.
    """

    def __init__(self, session: AwsSession, objects: Objects, lake: str, databases: Mapping[str, str]) -> None:
        super().__init__()
        self._session = session
        self._objects = objects
        self._lake = lake.rstrip("/")
        self._databases = databases

    @cached_property
    def catalog(self) -> GlueCatalog:
        """The catalog, opened when first asked for."""
        from pyiceberg.catalog.glue import GlueCatalog

        return GlueCatalog("salesperf", self._session.client("glue"), warehouse=self._warehouse, **self._storage())

    def main(self, name: TableName) -> int | None:
        """The snapshot that main points at, or None; raises AccessError."""
        with _told(f"look at {name}"):
            return super().main(name)

    def publish(self, name: TableName, state: TableState, *, expected: int | None, tag: str) -> None:
        """Move main and tag it; raises ConflictError when main is elsewhere, AccessError."""
        with _told(f"publish {name}"):
            super().publish(name, state, expected=expected, tag=tag)

    def listing(self, name: TableName, snapshot_id: int) -> Listing:
        """The data files, columns and statistics of a snapshot; raises AccessError."""
        with _told(f"see which files {name} has"):
            return super().listing(name, snapshot_id)

    def history(self, name: TableName) -> History | None:
        """What the catalog's current metadata knows of the table; raises AccessError."""
        with _told(f"look at {name}"):
            return super().history(name)

    def reached(self, name: TableName, snapshots: Collection[int]) -> frozenset[str]:
        """Where the files lie that these snapshots consist of; raises ConflictError, AccessError."""
        with _told(f"see which files {name} has"):
            return super().reached(name, snapshots)

    def expire(self, name: TableName, history: History, *, snapshots: Collection[int], refs: Collection[str]) -> None:
        """Take references and snapshots out of the metadata; raises ConflictError when it has moved, AccessError."""
        with _told(f"take old snapshots out of {name}"):
            super().expire(name, history, snapshots=snapshots, refs=refs)

    def namespace(self, layer: str) -> str:
        """The layer's Glue database."""
        return self._databases[layer]

    @property
    def _warehouse(self) -> str:
        return f"{self._lake}/warehouse"

    def _place(self, name: TableName) -> str:
        return f"{self._warehouse}/{name.layer}/{name.table}"

    def _storage(self) -> dict[str, str]:
        """How pyiceberg reaches S3. Arrow's client knows neither SSO nor our profiles, so it is handed credentials."""
        keys = self._session.credentials()
        given = {
            "s3.region": self._session.region,
            "s3.endpoint": self._session.endpoint_url,
            "s3.access-key-id": keys.access_key,
            "s3.secret-access-key": keys.secret_key,
            "s3.session-token": keys.token,
        }
        return {name: value for name, value in given.items() if value}

    def _metadata_location(self, name: TableName) -> str | None:
        from botocore.exceptions import ClientError

        with told(f"read {name} in the Glue catalog"):
            try:
                found = self._session.client("glue").get_table(DatabaseName=self.namespace(name.layer), Name=name.table)
            except ClientError as fault:
                if code_of(fault) == "EntityNotFoundException":
                    return None
                raise
        location = found["Table"].get("Parameters", {}).get("metadata_location")
        return str(location) if location else None

    def _kept(self, name: TableName, snapshot_id: int) -> bytes | None:
        stored = self._objects.read(_listing_key(name, snapshot_id))
        return stored.data if stored else None

    def _keep(self, name: TableName, snapshot_id: int, listing: bytes) -> None:
        self._objects.create(_listing_key(name, snapshot_id), listing)


@contextmanager
def _told(doing: str) -> Iterator[None]:
    """Turn into errors of ours what pyiceberg lets through: boto3's from the catalog, Arrow's from S3."""
    try:
        with told(doing):
            yield
    except OSError as fault:
        if isinstance(fault, PermissionError) or "ACCESS_DENIED" in str(fault):
            raise not_allowed(doing, str(fault)) from fault
        raise


def _listing_key(name: TableName, snapshot_id: int) -> str:
    return f"_cache/listings/{name}/{snapshot_id}.json"
