"""A catalog of three tables and a view, now and as of a release, and what is sent to Athena for a question to it."""

from __future__ import annotations

from salesperf_cli.core.athena_statement import AthenaLake, Statement, statement_of
from tests.athena_names import DATABASES, Catalog

VIEW = "-- items that were sold\nSELECT order_id, price FROM gold.sales_wide WHERE price > 0; -- the end"
_COLUMNS = (("order_id", "string"), ("price", "decimal(12,2)"), ("sold_on", "date"))
_TABLES = {"gold.sales_wide": _COLUMNS, "gold.sales_monthly": (), "silver.orders": _COLUMNS}
CATALOG = Catalog(_TABLES, {"serving.sale_lines": VIEW})
NOW = AthenaLake(CATALOG, DATABASES)
THEN = AthenaLake(CATALOG, DATABASES, {"gold.sales_wide": 11, "silver.orders": 22}, "r1")


def sent(sql: str, lake: AthenaLake = NOW, **values: str) -> Statement:
    """What is sent for a question with its parameters."""
    return statement_of(sql, lake, values)


def with_databases(expected: str) -> str:
    """A text with `{gold}` and the other layers as the quoted names of their databases."""
    return expected.format(**{layer: f'"{name}"' for layer, name in DATABASES.items()})
