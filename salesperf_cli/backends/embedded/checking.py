"""The embedded engine's evidence for checks: a table's candidate rows, asked in as few scans as possible."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from salesperf_cli.backends.embedded import duck
from salesperf_cli.backends.embedded.shelf import Shelf
from salesperf_cli.core.build import CheckRequest
from salesperf_cli.core.checking import SAMPLES, Samples
from salesperf_cli.core.contracts import ForeignKeyRule, RowRule
from salesperf_cli.core.ledger import TableState
from salesperf_cli.core.portable_sql import expression_to_duckdb, to_duckdb
from salesperf_cli.core.tables import TableName

if TYPE_CHECKING:
    import duckdb


class DuckEvidence:
    """Implements `Evidence` for one table in one session."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, request: CheckRequest, shelf: Shelf) -> None:
        self._connection = connection
        self._request = request
        self._table = str(request.contract.name)
        self._shelf = shelf
        self._columns = {column.name: str(column.type) for column in request.contract.columns}

    def show(self, name: TableName) -> bool:
        """Make a candidate table readable; False when there is none."""
        state = self._request.tables.get(name)
        if state is not None:
            self._shelf.show(name, state)
        return state is not None

    def broken(self, rules: Sequence[RowRule]) -> Sequence[int]:
        """How many rows break each rule."""
        counts = ", ".join(f"count(*) FILTER ({self._broken(rule)}) AS r{at}" for at, rule in enumerate(rules))
        found = duck.fetch_counts(self._connection, f"SELECT {counts} FROM {self._table}")
        return [found[f"r{at}"] for at in range(len(rules))]

    def broken_keys(self, rule: RowRule, columns: Sequence[str]) -> Samples:
        """`columns` of rows that break the rule."""
        return self._samples(f"SELECT {duck.names(columns)} FROM {self._table} WHERE {self._broken(rule)}")

    def repeats(self, columns: Sequence[str]) -> int:
        """How many rows there are beyond the different values of `columns`."""
        distinct = f"SELECT DISTINCT {duck.names(columns)} FROM {self._table}"
        row = self._connection.execute(
            f"SELECT (SELECT count(*) FROM {self._table}) - (SELECT count(*) FROM ({distinct}))"
        ).fetchone()
        return int(row[0]) if row else 0

    def repeated_keys(self, columns: Sequence[str]) -> Samples:
        """Values of `columns` that stand in more than one row."""
        key = duck.names(columns)
        return self._samples(f"SELECT {key} FROM {self._table} GROUP BY {key} HAVING count(*) > 1")

    def orphans(self, rule: ForeignKeyRule) -> int:
        """How many rows have a value that is not in the other table."""
        return duck.fetch_counts(self._connection, f"SELECT count(*) AS n {self._orphans(rule)}")["n"]

    def orphan_values(self, rule: ForeignKeyRule) -> Samples:
        """Such values, each once."""
        return self._samples(f"SELECT DISTINCT value {self._orphans(rule)}")

    def figure(self, query: str) -> Any:
        """The one value that a portable query gives."""
        row = self._connection.execute(to_duckdb(query, self._shelf.columns)).fetchone()
        return row[0] if row else None

    def newest(self, column: str, state: TableState | None) -> datetime | None:
        """The greatest value of a column, of the candidate (None) or of another state of the table."""
        rows = self._table
        if state is not None:
            rows = f"({duck.relation(self._shelf.listing(self._request.contract.name, state.snapshot_id))})"
        row = self._connection.execute(f"SELECT CAST(max({duck.name(column)}) AS TIMESTAMP) FROM {rows}").fetchone()
        return cast("datetime | None", row[0]) if row else None

    def _broken(self, rule: RowRule) -> str:
        return f"NOT ({expression_to_duckdb(rule.expression, self._columns)})"

    def _orphans(self, rule: ForeignKeyRule) -> str:
        assert rule.column is not None
        column, other = duck.name(rule.column), duck.name(rule.to_column)
        # An anti join costs a fifth of NOT EXISTS here.
        return (
            f"FROM (SELECT {column} AS value FROM {self._table} WHERE {column} IS NOT NULL) "
            f"ANTI JOIN (SELECT {other} AS value FROM {rule.to_table}) USING (value)"
        )

    def _samples(self, sql: str) -> Samples:
        return self._connection.execute(f"{sql} ORDER BY ALL LIMIT {SAMPLES}").fetchall()
