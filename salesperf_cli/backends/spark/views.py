"""What a session can read by name: snapshots and staged sources, each as a temporary view, and their columns."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING

from salesperf_cli.backends.spark.catalog import IcebergTables, contract_columns
from salesperf_cli.core.portable_sql import to_spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from salesperf_cli.core.contracts import Contract
    from salesperf_cli.core.ledger import TableState
    from salesperf_cli.core.tables import TableName


class Views:
    """The readable tables of one session; steps run side by side."""

    def __init__(self, spark: SparkSession, tables: IcebergTables) -> None:
        self._spark = spark
        self._tables = tables
        self._lock = Lock()
        self._shown: dict[str, int] = {}
        self._columns: dict[str, Mapping[str, str]] = {}

    @property
    def columns(self) -> Mapping[str, Mapping[str, str]]:
        """The columns, name to type, of every table that is readable."""
        return dict(self._columns)

    def show(self, name: TableName, state: TableState) -> None:
        """Make a snapshot readable under the table's name."""
        with self._lock:
            if self._shown.get(str(name)) != state.snapshot_id:
                self._tables.rows(name, state.snapshot_id).createOrReplaceTempView(_view(str(name)))
                self._columns[str(name)] = dict(state.columns)
                self._shown[str(name)] = state.snapshot_id

    def show_staged(self, contract: Contract, rows: DataFrame) -> None:
        """Make a staged source readable as `bronze.<table>`."""
        with self._lock:
            rows.createOrReplaceTempView(_view(str(contract.name)))
            self._columns[str(contract.name)] = dict(contract_columns(contract))

    def query(self, sql: str, changed: Mapping[TableName, DataFrame] | None = None) -> DataFrame:
        """The rows of a portable query; `changed` gives what it reads as `changed.<table>`, by the table.

        Raises InputError when the SQL is not portable. Names are settled at once, so a view may be replaced afterwards.
        """
        with self._lock:
            names = {name: _view(name) for name in self._columns}
            columns = dict(self._columns)
            for name, rows in (changed or {}).items():
                other = f"changed.{name.table}"
                rows.createOrReplaceTempView(_view(other))
                names[other] = _view(other)
                columns[other] = columns[str(name)]
            return self._spark.sql(to_spark(sql, names, columns))

    def drop_staged(self, table: TableName) -> None:
        """Forget a staged source."""
        with self._lock:
            self._columns.pop(str(table), None)
            self._spark.catalog.dropTempView(_view(str(table)))


def _view(name: str) -> str:
    return name.replace(".", "__")
