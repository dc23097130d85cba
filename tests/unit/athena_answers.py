"""Runs Athena SQL through the compiler and a real DuckDB, and compares rows as Trino's answers are compared."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb

from salesperf_cli.backends.embedded import trino_macros
from salesperf_cli.core.athena import Translation, translate
from tests.athena_names import Catalog

INF = math.inf
ORDERS = """with o(id,cust,state,price,qty,d,ts,ok,x) as (values
 (1,'a','SP',decimal '10.50',1,date '2018-01-05',timestamp '2018-01-05 10:00:00.123456',true,1.5e0),
 (2,'b','RJ',decimal '20.25',2,date '2018-01-31',timestamp '2018-01-31 23:59:59.000000',false,2.5e0),
 (3,'a','SP',decimal '5.00',3,date '2018-02-28',timestamp '2018-02-28 00:00:00.000000',null,nan()),
 (4,null,'MG',null,0,null,null,true,null)),
 c(cust,name) as (values ('a','Ana'),('b','Bia'),('z','Zé'))"""


@dataclass(frozen=True)
class Answer:
    types: list[str]
    rows: list[tuple[Any, ...]]

    def same_as(self, expected: list[tuple[Any, ...]], *, ordered: bool) -> bool:
        """Whether the rows are the ones expected; doubles within 1e-12."""
        got = [tuple(_plain(value) for value in row) for row in self.rows]
        wanted = [tuple(_plain(value) for value in row) for row in expected]
        if not ordered:
            got, wanted = sorted(got, key=repr), sorted(wanted, key=repr)
        return len(got) == len(wanted) and all(map(_close, got, wanted))


def answer(sql: str, parameters: Mapping[str, str] | None = None) -> Answer:
    """What the local engine answers; an engine's error is raised as it is."""
    translation = translate(sql, Catalog(), parameters)
    return Answer([column.type for column in translation.output], run(translation))


def value(expression: str) -> Any:
    """The one value of `select expression`."""
    return answer(f"select {expression}").rows[0][0]


def failure(sql: str) -> str:
    """What a query says that fails while it runs."""
    try:
        found = answer(sql)
    except duckdb.Error as fault:
        return trino_macros.plain_error(str(fault))
    raise AssertionError(f"no failure: {found.rows}")


def run(translation: Translation) -> list[tuple[Any, ...]]:
    """The rows of a translation; an instant becomes a datetime in UTC."""
    relation = _connection().execute(translation.sql, list(translation.parameters))
    kinds = [str(kind) for _, kind, *_ in relation.description]
    if "TIMESTAMP WITH TIME ZONE" in kinds:  # DuckDB's Python client wants another package for these
        names = [f'"{name}"' for name, *_ in relation.description]
        shown = [f"{n} AT TIME ZONE 'UTC'" if "ZONE" in k else n for n, k in zip(names, kinds, strict=True)]
        sql = f"SELECT {', '.join(shown)} FROM ({translation.sql})"
        rows = _connection().execute(sql, list(translation.parameters)).fetchall()
        return [tuple(_instant(v) if "ZONE" in k else v for v, k in zip(row, kinds, strict=True)) for row in rows]
    return relation.fetchall()


def _instant(found: Any) -> Any:
    return found.replace(tzinfo=datetime.UTC) if found is not None else None


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for statement in (*trino_macros.SETTINGS, *trino_macros.definitions(trino_macros.names())):
        connection.execute(statement)
    return connection


def _plain(found: Any) -> Any:
    """NaN as text, rows and arrays as tuples, maps as sorted pairs."""
    if isinstance(found, float) and math.isnan(found):
        return "NaN"
    if isinstance(found, dict):
        if found and all(re.fullmatch(r"f\d+", str(key)) for key in found):
            return tuple(_plain(item) for item in found.values())
        return ("map", *sorted(((repr(key), _plain(item)) for key, item in found.items()), key=repr))
    if isinstance(found, list | tuple):
        return tuple(_plain(item) for item in found)
    return found


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_close, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-14)
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        return one is not None and other is not None and Decimal(one) == Decimal(other)
    if isinstance(one, datetime.date) or isinstance(other, datetime.date):
        return str(one).removesuffix(".000") == str(other).removesuffix(".000")
    return type(one) is type(other) and bool(one == other)
