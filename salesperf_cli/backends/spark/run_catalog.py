"""A local run's own Iceberg catalog: the lake lends it tables, and the snapshots it makes are entered in the lake.

Spark and pyiceberg cannot both have the lake's SQLite catalog open: Iceberg's JDBC catalog leaves a cursor open from
its first moment on, and with it a lock. So a run has a catalog in its scratch folder, and what it commits becomes part
of the lake in one pyiceberg commit, which is refused when the branch exists already. A run that is killed leaves the
lake as it was.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from salesperf_cli.backends.spark.session import CATALOG
from salesperf_cli.core.tables import TableName
from salesperf_cli.errors import ConflictError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from salesperf_cli.backends.iceberg.tables import CatalogTables


class RunCatalog:
    """Implements `Pointers` with a catalog of the run's own; `tables` are the lake's."""

    def __init__(self, spark: SparkSession, tables: CatalogTables) -> None:
        self._spark = spark
        self._tables = tables
        self._lock = RLock()
        self._lent: dict[TableName, str] = {}

    def name(self, name: TableName) -> str:
        """What a table is called in the session, quoted."""
        return f"{CATALOG}.`{name.layer}`.`{name.table}`"

    def take(self, name: TableName) -> None:
        """Lend the run the table as the lake has it now."""
        with self._lock:
            table = self._tables.refresh(name)
            assert table is not None, f"{name} is in a release or was just created"
            if self._lent.get(name) == table.metadata_location:
                return
            if name in self._lent:
                self._spark.sql(f"DROP TABLE {self.name(name)}")  # its entry only: files stay
            self._spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {CATALOG}.`{name.layer}`")
            metadata = _text(table.metadata_location)
            self._spark.sql(f"CALL {CATALOG}.system.register_table(table => '{name}', metadata_file => '{metadata}')")
            self._lent[name] = table.metadata_location

    def give(self, name: TableName, branch: str) -> None:
        """Enter the snapshot at the head of `branch` in the lake; raises ConflictError when the lake has that
        branch.
        """
        from pyiceberg.exceptions import CommitFailedException
        from pyiceberg.table import StaticTable
        from pyiceberg.table.update import AddSnapshotUpdate, AssertRefSnapshotId, AssertTableUUID, SetSnapshotRefUpdate

        made = StaticTable.from_metadata(self._newest_metadata(name)).metadata
        snapshot = made.snapshot_by_id(made.refs[branch].snapshot_id)
        assert snapshot is not None
        with self._lock:
            table = self._tables.refresh(name)
            assert table is not None
            requirements = (
                AssertTableUUID(uuid=table.metadata.table_uuid),
                AssertRefSnapshotId.model_validate({"ref": branch, "snapshot-id": None}),
            )
            updates = (
                AddSnapshotUpdate(snapshot=snapshot),
                SetSnapshotRefUpdate.model_validate(
                    {"ref-name": branch, "type": "branch", "snapshot-id": snapshot.snapshot_id}
                ),
            )
            try:
                response = table.catalog.commit_table(table, requirements, updates)
            except CommitFailedException as fault:
                raise ConflictError(
                    f"{name} has changed while it was built",
                    why=str(fault),
                    remedy="run the same command again",
                ) from fault
            self._lent[name] = response.metadata_location  # the run's catalog knows that snapshot already

    def _newest_metadata(self, name: TableName) -> str:
        log = f"SELECT file FROM {self.name(name)}.metadata_log_entries"
        row = self._spark.sql(f"{log} ORDER BY timestamp DESC, latest_sequence_number DESC").first()
        assert row is not None
        return str(row[0])


def _text(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
