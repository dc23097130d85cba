"""Judging a table's candidate rows by its contract's rules: the verdicts and their words, on every engine alike.

The figures come from an engine's `Evidence`: a rule that holds costs one figure, only one that fails asks for samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

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
from salesperf_cli.core.ledger import CheckRecord, TableState
from salesperf_cli.core.tables import TableName

SAMPLES = 5
"""How many sample keys a failed rule shows."""

Samples = Sequence[tuple[Any, ...]]


class Evidence(Protocol):
    """What an engine can tell of the table under judgement; samples come in order, at most `SAMPLES`."""

    def show(self, name: TableName) -> bool:
        """Make a candidate table readable; False when there is none."""

    def broken(self, rules: Sequence[RowRule]) -> Sequence[int]:
        """How many rows break each rule."""

    def broken_keys(self, rule: RowRule, columns: Sequence[str]) -> Samples:
        """`columns` of rows that break the rule."""

    def repeats(self, columns: Sequence[str]) -> int:
        """How many rows there are beyond the different values of `columns`."""

    def repeated_keys(self, columns: Sequence[str]) -> Samples:
        """Values of `columns` that stand in more than one row."""

    def orphans(self, rule: ForeignKeyRule) -> int:
        """How many rows have a value that is not in the other table."""

    def orphan_values(self, rule: ForeignKeyRule) -> Samples:
        """Such values, each once."""

    def figure(self, query: str) -> Any:
        """The one value that a portable query gives."""

    def newest(self, column: str, state: TableState | None) -> datetime | None:
        """The greatest value of a column, of the candidate (None) or of another state of the table."""


class Checker:
    """Judges one table by what `evidence` tells of it."""

    def __init__(self, request: CheckRequest, evidence: Evidence) -> None:
        self._request = request
        self._evidence = evidence
        self._contract: Contract = request.contract

    def check(self) -> Iterator[CheckRecord]:
        """Every rule's verdict, in the contract's order."""
        self._evidence.show(self._contract.name)
        yield from self._row_rules()
        for rule in self._contract.table_rules:
            yield self._table_rule(rule)

    # rows

    def _row_rules(self) -> Iterator[CheckRecord]:
        rules = self._contract.row_rules
        if not rules:
            return
        columns = self._contract.key or self._contract.column_names[:3]
        for rule, count in zip(rules, self._evidence.broken(rules), strict=True):
            samples = self._evidence.broken_keys(rule, columns) if count else ()
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
                return self._record(rule, rule.bounds.admit(rows), 0, f"{rows:,} rows, must be {rule.bounds}")
            case SqlRule():
                return self._sql(rule)
            case FreshnessRule():
                return self._freshness(rule)
            case RowCountChangeRule():
                return self._change(rule)

    def _unique(self, rule: UniqueRule) -> CheckRecord:
        count = self._evidence.repeats(rule.columns)
        samples = self._evidence.repeated_keys(rule.columns) if count else ()
        return self._record(rule, count == 0, count, f"{' + '.join(rule.columns)} stands more than once", samples)

    def _foreign_key(self, rule: ForeignKeyRule) -> CheckRecord:
        if not self._evidence.show(rule.to_table):
            return self._record(rule, False, 0, f"{rule.to_table} does not exist yet")
        count = self._evidence.orphans(rule)
        samples = self._evidence.orphan_values(rule) if count else ()
        message = f"{rule.column} is not in {rule.to_table}.{rule.to_column}"
        return self._record(rule, count == 0, count, message, samples)

    def _sql(self, rule: SqlRule) -> CheckRecord:
        from salesperf_cli.core.portable_sql import tables

        missing = [name for name in map(TableName.parse, tables(rule.query)) if not self._evidence.show(name)]
        if missing:
            return self._record(rule, False, 0, f"{missing[0]} does not exist yet")
        figure = self._evidence.figure(rule.query)
        passed = figure is not None and rule.bounds.admit(float(figure))
        words = f" ({rule.description.rstrip('.')})" if rule.description else ""
        return self._record(rule, passed, 0, f"the figure is {figure}, must be {rule.bounds}{words}")

    def _freshness(self, rule: FreshnessRule) -> CheckRecord:
        assert rule.column is not None
        newest = self._evidence.newest(rule.column, None)
        if newest is None:
            return self._record(rule, False, 0, f"{rule.column} holds no value")
        if rule.max_age_days is not None:
            age = self._request.now.replace(tzinfo=None) - newest
            if age > timedelta(days=rule.max_age_days):
                return self._record(rule, False, 0, f"the newest {rule.column} is {newest}, {age.days:,} days old")
        if rule.never_backwards and self._request.base is not None:
            released = self._evidence.newest(rule.column, self._request.base)
            if released is not None and newest < released:
                return self._record(rule, False, 0, f"the newest {rule.column} went back from {released} to {newest}")
        return self._record(rule, True, 0, f"the newest {rule.column} is {newest}")

    def _change(self, rule: RowCountChangeRule) -> CheckRecord:
        base, rows = self._request.base, self._request.state.rows
        if base is None or base.rows == 0:
            return self._record(rule, True, 0, f"{rows:,} rows, nothing released to compare with")
        percent = 100.0 * (rows - base.rows) / base.rows
        message = f"{base.rows:,} → {rows:,} rows ({percent:+.1f} %), must be {rule.bounds} %"
        return self._record(rule, rule.bounds.admit(percent), 0, message)

    def _record(self, rule: Rule, passed: bool, count: int, message: str, samples: Samples = ()) -> CheckRecord:
        shown = tuple(" + ".join(str(value) for value in row) for row in samples)
        return CheckRecord(str(self._contract.name), rule.name, rule.severity, passed, count, message, shown)
