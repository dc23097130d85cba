"""Checking: a table's candidate rows are judged by its contract's rules, as few scans as possible.

A rule that holds costs a part of one scan; only a rule that fails asks again, for sample keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from salesperf_cli.backends.embedded import duck
from salesperf_cli.backends.embedded.shelf import Shelf
from salesperf_cli.core.build import CheckRequest
from salesperf_cli.core.contracts import (
    Contract,
    ForeignKeyRule,
    FreshnessRule,
    RowCountChangeRule,
    RowCountRule,
    RowRule,
    Rule,
    SqlRule,
    TableRule,
    UniqueRule,
)
from salesperf_cli.core.ledger import CheckRecord
from salesperf_cli.core.portable_sql import expression_to_duckdb, to_duckdb
from salesperf_cli.core.tables import TableName

if TYPE_CHECKING:
    import duckdb

SAMPLES = 5


class Checker:
    """Judges one table."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, request: CheckRequest, shelf: Shelf) -> None:
        self._connection = connection
        self._request = request
        self._contract: Contract = request.contract
        self._table = str(request.contract.name)
        self._shelf = shelf

    def check(self) -> Iterator[CheckRecord]:
        """Every rule's verdict, in the contract's order."""
        self._show(self._contract.name)
        yield from self._row_rules()
        for rule in self._contract.table_rules:
            yield self._table_rule(rule)

    # rows

    def _row_rules(self) -> Iterator[CheckRecord]:
        rules = self._contract.row_rules
        if not rules:
            return
        columns = {column.name: str(column.type) for column in self._contract.columns}
        broken = [f"NOT ({expression_to_duckdb(rule.expression, columns)})" for rule in rules]
        counts = ", ".join(f"count(*) FILTER ({each}) AS r{at}" for at, each in enumerate(broken))
        found = duck.fetch_counts(self._connection, f"SELECT {counts} FROM {self._table}")
        for at, rule in enumerate(rules):
            count = found[f"r{at}"]
            samples = self._keys(f"FROM {self._table} WHERE {broken[at]}") if count else ()
            yield self._record(rule, count == 0, count, rule.description or rule.expression, samples)

    # tables

    def _table_rule(self, rule: TableRule) -> CheckRecord:
        match rule:
            case UniqueRule():
                return self._unique(rule)
            case ForeignKeyRule():
                return self._foreign_key(rule)
            case RowCountRule():
                rows = self._request.state.rows
                return self._record(rule, rule.bounds.admit(rows), rows, f"{rows:,} rows, must be {rule.bounds}")
            case SqlRule():
                return self._sql(rule)
            case FreshnessRule():
                return self._freshness(rule)
            case RowCountChangeRule():
                return self._change(rule)

    def _unique(self, rule: UniqueRule) -> CheckRecord:
        key = duck.names(rule.columns)
        doubled = f"(SELECT {key}, count(*) AS times FROM {self._table} GROUP BY {key} HAVING count(*) > 1)"
        row = self._connection.execute(
            f"SELECT (SELECT count(*) FROM {self._table}) - (SELECT count(*) FROM (SELECT DISTINCT {key} FROM {self._table}))"
        ).fetchone()
        count = int(row[0]) if row else 0
        samples = self._rows(f"SELECT {key} FROM {doubled} ORDER BY ALL LIMIT {SAMPLES}") if count else ()
        return self._record(rule, count == 0, count, f"{count:,} rows repeat {' + '.join(rule.columns)}", samples)

    def _foreign_key(self, rule: ForeignKeyRule) -> CheckRecord:
        assert rule.column is not None
        column, other = duck.name(rule.column), duck.name(rule.to_column)
        if not self._show(rule.to_table):
            return self._record(rule, False, self._request.state.rows, f"{rule.to_table} does not exist yet")
        # An anti join costs a fifth of NOT EXISTS here.
        orphans = (
            f"FROM (SELECT {column} AS value FROM {self._table} WHERE {column} IS NOT NULL) "
            f"ANTI JOIN (SELECT {other} AS value FROM {rule.to_table}) USING (value)"
        )
        count = duck.fetch_counts(self._connection, f"SELECT count(*) AS n {orphans}")["n"]
        samples = self._rows(f"SELECT DISTINCT value {orphans} ORDER BY ALL LIMIT {SAMPLES}") if count else ()
        message = f"{count:,} rows whose {rule.column} is not in {rule.to_table}.{rule.to_column}"
        return self._record(rule, count == 0, count, message, samples)

    def _sql(self, rule: SqlRule) -> CheckRecord:
        from salesperf_cli.core.portable_sql import tables

        missing = [name for name in map(TableName.parse, tables(rule.query)) if not self._show(name)]
        if missing:
            return self._record(rule, False, 0, f"{missing[0]} does not exist yet")
        row = self._connection.execute(to_duckdb(rule.query, self._shelf.columns)).fetchone()
        figure = row[0] if row else None
        passed = figure is not None and rule.bounds.admit(float(figure))
        words = f"{rule.description}: " if rule.description else ""
        return self._record(rule, passed, 0, f"{words}the figure is {figure}, must be {rule.bounds}")

    def _freshness(self, rule: FreshnessRule) -> CheckRecord:
        assert rule.column is not None
        row = self._connection.execute(
            f"SELECT CAST(max({duck.name(rule.column)}) AS TIMESTAMP) FROM {self._table}"
        ).fetchone()
        newest = row[0] if row else None
        if newest is None:
            return self._record(rule, False, 0, f"{rule.column} holds no value")
        if rule.max_age_days is not None:
            age = self._request.now.replace(tzinfo=None) - newest
            if age > timedelta(days=rule.max_age_days):
                return self._record(rule, False, 0, f"the newest {rule.column} is {newest}, {age.days:,} days old")
        if rule.never_backwards and self._request.base is not None:
            released = self._newest_released(rule.column)
            if released is not None and newest < released:
                return self._record(rule, False, 0, f"the newest {rule.column} went back from {released} to {newest}")
        return self._record(rule, True, 0, f"the newest {rule.column} is {newest}")

    def _change(self, rule: RowCountChangeRule) -> CheckRecord:
        base, rows = self._request.base, self._request.state.rows
        if base is None or base.rows == 0:
            return self._record(rule, True, 0, f"{rows:,} rows, nothing released to compare with")
        percent = 100.0 * (rows - base.rows) / base.rows
        message = f"{base.rows:,} → {rows:,} rows ({percent:+.1f} %), must be {rule.bounds} %"
        return self._record(rule, rule.bounds.admit(percent), rows - base.rows, message)

    # mechanics

    def _show(self, name: TableName) -> bool:
        """Make a candidate table readable; False when there is none."""
        state = self._request.tables.get(name)
        if state is not None:
            self._shelf.show(name, state)
        return state is not None

    def _newest_released(self, column: str) -> Any:
        assert self._request.base is not None
        listing = self._shelf.listing(self._contract.name, self._request.base.snapshot_id)
        row = self._connection.execute(
            f"SELECT CAST(max({duck.name(column)}) AS TIMESTAMP) FROM ({duck.relation(listing)})"
        ).fetchone()
        return row[0] if row else None

    def _record(self, rule: Rule, passed: bool, count: int, message: str, samples: tuple[str, ...] = ()) -> CheckRecord:
        return CheckRecord(self._table, rule.name, rule.severity, passed, count, message, samples)

    def _keys(self, source: str) -> tuple[str, ...]:
        columns = duck.names(self._contract.key or self._contract.column_names[:3])
        return self._rows(f"SELECT {columns} {source} ORDER BY ALL LIMIT {SAMPLES}")

    def _rows(self, sql: str) -> tuple[str, ...]:
        return tuple(" + ".join(str(value) for value in row) for row in self._connection.execute(sql).fetchall())
