"""Questions to Athena as the tests of this folder ask them. Not a test module."""

from __future__ import annotations

from typing import Any

from salesperf_cli.backends.aws.athena import AthenaQueries
from salesperf_cli.backends.ports import QueryProgress
from salesperf_cli.core.athena_statement import AthenaLake, Statement, statement_of
from tests.athena_names import DATABASES, Catalog

WORKGROUP = "salesperf-dev"


def asked(sql: str = "SELECT * FROM gold.sales_wide", **values: str) -> Statement:
    """A question to a catalog of which nothing is known."""
    return statement_of(sql, AthenaLake(Catalog(), DATABASES), values)


def quiet(progress: QueryProgress) -> None:
    """Look away."""


def rows_of(queries: AthenaQueries, statement: Statement | None = None) -> list[tuple[Any, ...]]:
    """All rows of an answer, two at a time."""
    with queries.answer(statement or asked(), quiet) as answer:
        found: list[tuple[Any, ...]] = []
        while rows := answer.fetch(2):
            assert len(rows) <= 2
            found += rows
        return found
