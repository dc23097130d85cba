"""Compares two states of a table in DuckDB: missing rows, and each column's differences with sample keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded import duck
from salesperf_cli.core.verification import SAMPLES, TOLERANCE, ColumnDifference, Comparison, Sample

if TYPE_CHECKING:
    import duckdb

    from salesperf_cli.backends.embedded.tables import LocalTables
    from salesperf_cli.core.contracts import Contract
    from salesperf_cli.core.ledger import TableState
    from salesperf_cli.core.tables import Column


class DuckComparer:
    """Implements `Comparer` on a session of its own."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: LocalTables) -> None:
        self._connection = connection
        self._tables = tables

    def compare(self, contract: Contract, left: TableState, right: TableState) -> Comparison:
        """Row by row by the contract's key, column by column; without a key, whole rows."""
        for name, state in (("l", left), ("r", right)):
            listing = self._tables.listing(contract.name, state.snapshot_id)
            self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {duck.relation(listing)}")
        types = self._types()
        return self._by_key(contract, types) if contract.key else self._by_row(contract, types)

    def _types(self) -> tuple[ColumnDifference, ...]:
        described = [self._connection.execute(f"DESCRIBE {name}").fetchall() for name in ("l", "r")]
        left, right = ({row[0]: row[1] for row in rows} for rows in described)
        return tuple(
            ColumnDifference(column, 0, (Sample("type", left.get(column, "none"), right.get(column, "none")),))
            for column in {**left, **right}
            if left.get(column) != right.get(column)
        )

    def _by_key(self, contract: Contract, types: tuple[ColumnDifference, ...]) -> Comparison:
        same = " AND ".join(f"l.{duck.name(each)} IS NOT DISTINCT FROM r.{duck.name(each)}" for each in contract.key)
        joined = f"FROM (SELECT *, true AS _in FROM l) l FULL JOIN (SELECT *, true AS _in FROM r) r ON {same}"
        compared = [column for column in contract.columns if column.name not in contract.key]
        counts = "".join(
            f", count(*) FILTER (l._in AND r._in AND {_differs(column)}) AS c{at}" for at, column in enumerate(compared)
        )
        found = duck.fetch_counts(
            self._connection,
            "SELECT count(*) FILTER (l._in) AS lefts, count(*) FILTER (r._in) AS rights, "
            "count(*) FILTER (r._in IS NULL) AS only_left, "
            f"count(*) FILTER (l._in IS NULL) AS only_right{counts} {joined}",
        )
        differences = tuple(
            ColumnDifference(column.name, found[f"c{at}"], self._samples(contract, column, joined))
            for at, column in enumerate(compared)
            if found[f"c{at}"]
        )
        return Comparison(
            found["lefts"],
            found["rights"],
            found["only_left"],
            found["only_right"],
            self._keys(contract, "l", f"{joined} WHERE r._in IS NULL") if found["only_left"] else (),
            self._keys(contract, "r", f"{joined} WHERE l._in IS NULL") if found["only_right"] else (),
            types + differences,
        )

    def _by_row(self, contract: Contract, types: tuple[ColumnDifference, ...]) -> Comparison:
        columns = ", ".join(_rounded(column) for column in contract.columns)
        left, right = (f"(SELECT {columns} FROM {name})" for name in ("l", "r"))
        only_left, only_right = f"({left} EXCEPT ALL {right})", f"({right} EXCEPT ALL {left})"
        found = duck.fetch_counts(
            self._connection,
            f"SELECT (SELECT count(*) FROM l) AS lefts, (SELECT count(*) FROM r) AS rights, "
            f"(SELECT count(*) FROM {only_left}) AS only_left, (SELECT count(*) FROM {only_right}) AS only_right",
        )
        return Comparison(
            found["lefts"],
            found["rights"],
            found["only_left"],
            found["only_right"],
            self._texts(f"SELECT * FROM {only_left}"),
            self._texts(f"SELECT * FROM {only_right}"),
            types,
        )

    def _samples(self, contract: Contract, column: Column, joined: str) -> tuple[Sample, ...]:
        key, name = duck.names(contract.key, prefix="l."), duck.name(column.name)
        rows = self._connection.execute(
            f"SELECT CAST(l.{name} AS VARCHAR), CAST(r.{name} AS VARCHAR), {key} {joined} "
            f"WHERE l._in AND r._in AND {_differs(column)} ORDER BY {key} LIMIT {SAMPLES}"
        ).fetchall()
        return tuple(Sample(_text(row[2:]), _value(row[0]), _value(row[1])) for row in rows)

    def _keys(self, contract: Contract, side: str, source: str) -> tuple[str, ...]:
        return self._texts(f"SELECT {duck.names(contract.key, prefix=f'{side}.')} {source}")

    def _texts(self, sql: str) -> tuple[str, ...]:
        return tuple(_text(row) for row in self._connection.execute(f"{sql} ORDER BY ALL LIMIT {SAMPLES}").fetchall())


def _differs(column: Column) -> str:
    left, right = f"l.{duck.name(column.name)}", f"r.{duck.name(column.name)}"
    if column.type.kind != "double":
        return f"{left} IS DISTINCT FROM {right}"
    near = f"abs({left} - {right}) <= {TOLERANCE} * greatest(abs({left}), abs({right}))"
    return f"({left} IS DISTINCT FROM {right} AND NOT coalesce({near}, false))"


def _rounded(column: Column) -> str:
    name = duck.name(column.name)
    return f"printf('%.10e', {name}) AS {name}" if column.type.kind == "double" else name


def _text(values: tuple[object, ...]) -> str:
    return " + ".join(_value(value) for value in values)


def _value(value: object) -> str:
    return "null" if value is None else str(value)
