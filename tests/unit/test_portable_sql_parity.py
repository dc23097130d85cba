"""The allow-list on DuckDB: each edge case, translated, gives what Spark was seen to give (tests/spark)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from salesperf_cli.core.portable.allow_list import FUNCTIONS
from salesperf_cli.core.portable.constructs import PARTS
from salesperf_cli.core.portable.parsing import parse
from salesperf_cli.core.portable_sql import expression_to_duckdb, lint, to_duckdb

sys.path.insert(0, str(Path(__file__).parents[1] / "spark"))
from edge_cases import EdgeCase, QueryCase, edge_cases, fixtures, query_cases, same, same_rows

CASES = edge_cases()
SCHEMA = {fixture.table: dict(fixture.columns) for fixture in fixtures()}


def _create(
    connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[tuple[str, str], ...], rows: list[tuple]
) -> None:
    described = ", ".join(f"{name} {'VARCHAR' if kind == 'string' else kind}" for name, kind in columns)
    connection.execute(f"CREATE OR REPLACE TABLE {table} ({described})")
    connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", rows)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("SET TimeZone = 'UTC'; SET threads = 1; CREATE SCHEMA bronze")
        for fixture in fixtures():
            _create(made, fixture.table, fixture.columns, list(fixture.rows))
        yield made


def _wrong(connection: duckdb.DuckDBPyConnection, case: EdgeCase) -> list[str]:
    columns = (("row_", "int"), *case.columns)
    _create(connection, "cases", columns, [(number, *row) for number, row in enumerate(case.inputs)])
    sql = expression_to_duckdb(case.sql, dict(case.columns))
    results = connection.execute(f"SELECT {sql} FROM cases ORDER BY row_").fetchall()
    return [
        f"{case.sql} of {row[:-1]} is {actual!r}, not {row[-1]!r}"
        for row, (actual,) in zip(case.rows, results, strict=True)
        if not same(actual, row[-1])
    ]


@pytest.mark.parametrize("entry", sorted({case.entry for case in CASES}))
def test_duckdb_gives_what_spark_gives(connection: duckdb.DuckDBPyConnection, entry: str) -> None:
    assert [line for case in CASES if case.entry == entry for line in _wrong(connection, case)] == []


@pytest.mark.parametrize("described", [True, False], ids=["types known", "types unknown"])
@pytest.mark.parametrize("case", query_cases(), ids=lambda case: case.name)
def test_duckdb_gives_the_rows_that_spark_gives(
    connection: duckdb.DuckDBPyConnection, case: QueryCase, described: bool
) -> None:
    schema = SCHEMA if described else None
    if not described and lint(case.sql):
        pytest.skip("the division in it is refused where the types of its columns are unknown")
    rows = connection.execute(to_duckdb(case.sql, schema)).fetchall()
    assert same_rows(rows, list(case.rows)), rows


def test_an_expression_of_unknown_types_gives_the_same_value_or_stops_loudly(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    wrong = []
    for case in CASES:
        if lint(case.sql):
            continue
        _create(
            connection,
            "cases",
            (("row_", "int"), *case.columns),
            [(n, *row) for n, row in enumerate(case.inputs)],
        )
        try:
            results = connection.execute(f"SELECT {expression_to_duckdb(case.sql)} FROM cases ORDER BY row_").fetchall()
        except duckdb.Error:
            continue
        wrong += [
            case.sql for (actual,), wanted in zip(results, case.expected, strict=True) if not same(actual, wanted)
        ]
    assert wrong == []


def _called(tree: exp.Expression) -> set[str]:
    return {node.name.lower() for node in tree.find_all(exp.Anonymous)}


def test_every_function_on_the_list_has_an_edge_case() -> None:
    called = set().union(*(_called(parse(case.sql)) for case in (*CASES, *query_cases())))
    assert sorted(set(FUNCTIONS) - called) == []


def test_every_construct_on_the_list_has_an_edge_case() -> None:
    used = {type(node) for case in (*CASES, *query_cases()) for node in parse(case.sql).walk()}
    assert sorted(node.__name__ for node in set(PARTS) - used) == []
