"""The edge cases of the portable SQL: expressions and queries with the rows that every engine must give.

The cases are data: `edge_cases.jsonl` (an expression a line, over typed columns x and y, the last value of a
row is what is expected), `query_cases.jsonl` (a query a line with its rows) over the tables of
`query_fixtures.json`. They run on DuckDB in tests/unit/test_portable_sql_parity.py and on Spark in
test_portable_sql_on_spark.py.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class EdgeCase:
    """An expression, the types of its columns, and rows of inputs with the expected value last."""

    entry: str
    sql: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]

    @property
    def inputs(self) -> tuple[Row, ...]:
        """The rows without what is expected."""
        return tuple(row[:-1] for row in self.rows)

    @property
    def expected(self) -> tuple[Any, ...]:
        """What the expression must give, row by row."""
        return tuple(row[-1] for row in self.rows)


@dataclass(frozen=True)
class QueryCase:
    """A query over the fixture tables and its rows, in any order."""

    name: str
    sql: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Fixture:
    """A table that queries read: its name, the types of its columns, its rows."""

    table: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]


def columns_of(text: str) -> tuple[tuple[str, str], ...]:
    """Names and types out of 'x int, y decimal(12,2)'."""
    names, depth, start = [], 0, 0
    for position, character in enumerate(text + ","):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            name, _, type_name = text[start:position].strip().partition(" ")
            names.append((name, type_name))
            start = position + 1
    return tuple(names)


def edge_cases() -> tuple[EdgeCase, ...]:
    """Every expression case."""
    return tuple(
        EdgeCase(record["entry"], record["sql"], columns_of(record["columns"]), tuple(map(tuple, record["rows"])))
        for record in _records("edge_cases.jsonl")
    )


def query_cases() -> tuple[QueryCase, ...]:
    """Every query case."""
    records = _records("query_cases.jsonl")
    return tuple(QueryCase(each["name"], each["sql"], tuple(map(tuple, each["rows"]))) for each in records)


def fixtures() -> tuple[Fixture, ...]:
    """The tables that query cases read."""
    tables = json.loads(_HERE.joinpath("query_fixtures.json").read_text(encoding="utf-8"))
    return tuple(
        Fixture(name, columns_of(table["columns"]), tuple(map(tuple, table["rows"]))) for name, table in tables.items()
    )


def _records(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _HERE.joinpath(name).read_text(encoding="utf-8").split("\n") if line]


def typed(value: Any, type_name: str) -> Any:
    """An input, written in JSON, as the Python value of its column's type."""
    if value is None:
        return None
    if type_name == "date":
        return date.fromisoformat(value)
    if type_name == "timestamp":
        return datetime.fromisoformat(value)
    if type_name.startswith("decimal"):
        return Decimal(value)
    return float(value) if type_name == "double" else value


def same(actual: Any, expected: Any) -> bool:
    """Whether a value is the expected one: numbers by value, doubles within 1e-12, dates and decimals may be
    texts.
    """
    if actual is None or expected is None:
        return actual is expected
    if isinstance(actual, bool) or isinstance(expected, bool):
        return actual is expected
    if isinstance(actual, date):
        return str(actual) == str(expected)
    if isinstance(actual, Decimal) and isinstance(expected, str):
        return actual == Decimal(expected)
    if isinstance(actual, int | float | Decimal) and isinstance(expected, int | float | Decimal):
        if isinstance(actual, float) or isinstance(expected, float):
            both_nan = math.isnan(actual) and math.isnan(expected)
            return both_nan or math.isclose(actual, expected, rel_tol=1e-12)
        return actual == expected
    return type(actual) is type(expected) and actual == expected


def _sort_text(value: Any) -> str:
    if isinstance(value, float | int | Decimal) and not isinstance(value, bool):
        return f"{float(value):.9g}"
    try:
        return f"{float(value):.9g}"  # a decimal that the data file holds as text
    except (TypeError, ValueError):
        return str(value)


def _order(row: Row) -> tuple[str, ...]:
    return tuple(_sort_text(value) for value in row)


def same_rows(actual: list[Row], expected: list[Row]) -> bool:
    """Whether two results hold the same rows, in any order."""
    if len(actual) != len(expected):
        return False
    pairs = zip(sorted(actual, key=_order), sorted(expected, key=_order), strict=True)
    return all(len(row) == len(wanted) and all(map(same, row, wanted)) for row, wanted in pairs)
