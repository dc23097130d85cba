"""Spark's evidence for checks of a table's candidate rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from salesperf_cli.backends.spark.catalog import IcebergTables
from salesperf_cli.backends.spark.views import Views
from salesperf_cli.core.build import CheckRequest
from salesperf_cli.core.checking import SAMPLES, Samples
from salesperf_cli.core.contracts import ForeignKeyRule, RowRule
from salesperf_cli.core.ledger import TableState
from salesperf_cli.core.portable_sql import expression_to_spark
from salesperf_cli.core.tables import TableName

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


class SparkEvidence:
    """Implements `Evidence` for one table in one session."""

    def __init__(self, tables: IcebergTables, views: Views, request: CheckRequest) -> None:
        self._tables = tables
        self._views = views
        self._request = request
        self._name = request.contract.name
        self._rows = tables.rows(self._name, request.state.snapshot_id)
        self._columns = {column.name: str(column.type) for column in request.contract.columns}

    def show(self, name: TableName) -> bool:
        """Make a candidate table readable; False when there is none."""
        state = self._request.tables.get(name)
        if state is not None:
            self._views.show(name, state)
        return state is not None

    def broken(self, rules: Sequence[RowRule]) -> Sequence[int]:
        """How many rows break each rule."""
        from pyspark.sql import functions as sf

        (row,) = self._rows.agg(*(sf.count_if(self._breaks(rule)) for rule in rules)).collect()
        return [int(count) for count in row]

    def broken_keys(self, rule: RowRule, columns: Sequence[str]) -> Samples:
        """`columns` of rows that break the rule."""
        return _samples(self._rows.where(self._breaks(rule)).select(*columns))

    def repeats(self, columns: Sequence[str]) -> int:
        """How many rows there are beyond the different values of `columns`."""
        from pyspark.sql import functions as sf

        key = sf.struct(*columns)  # a struct is never null, so rows whose key is null count, too
        (row,) = self._rows.agg(sf.count(sf.lit(1)), sf.count_distinct(key)).collect()
        return int(row[0] - row[1])

    def repeated_keys(self, columns: Sequence[str]) -> Samples:
        """Values of `columns` that stand in more than one row."""
        return _samples(self._rows.groupBy(*columns).count().where("`count` > 1").select(*columns))

    def orphans(self, rule: ForeignKeyRule) -> int:
        """How many rows have a value that is not in the other table."""
        return int(self._orphans(rule).count())

    def orphan_values(self, rule: ForeignKeyRule) -> Samples:
        """Such values, each once."""
        return _samples(self._orphans(rule).distinct())

    def figure(self, query: str) -> Any:
        """The one value that a portable query gives."""
        row = self._views.query(query).first()
        return row[0] if row else None

    def newest(self, column: str, state: TableState | None) -> datetime | None:
        """The greatest value of a column, of the candidate (None) or of another state of the table."""
        from pyspark.sql import functions as sf

        rows = self._rows if state is None else self._tables.rows(self._name, state.snapshot_id)
        (row,) = rows.agg(sf.max(f"`{column}`").cast("timestamp_ntz")).collect()
        return cast("datetime | None", row[0])

    def _breaks(self, rule: RowRule) -> Column:
        from pyspark.sql import functions as sf

        return sf.expr(f"NOT ({expression_to_spark(rule.expression, self._columns)})")

    def _orphans(self, rule: ForeignKeyRule) -> DataFrame:
        from pyspark.sql import functions as sf

        state = self._request.tables[rule.to_table]
        known = self._tables.rows(rule.to_table, state.snapshot_id).select(sf.col(f"`{rule.to_column}`").alias("value"))
        values = self._rows.select(sf.col(f"`{rule.column}`").alias("value")).where("value IS NOT NULL")
        return values.join(known, "value", "left_anti")


def _samples(rows: DataFrame) -> Samples:
    order = [rows[f"`{name}`"].asc_nulls_last() for name in rows.columns]
    return [tuple(row) for row in rows.orderBy(*order).limit(SAMPLES).collect()]
