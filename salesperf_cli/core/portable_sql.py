"""The portable Spark SQL of models and rules: what is refused, and the same query for DuckDB.

The allow-list, the translation and the reasons live in the package `portable`; this module is the door and
is cheap to import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from salesperf_cli.core.portable.finding import Finding
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from salesperf_cli.core.portable.translation import Translation

__all__ = [
    "Finding",
    "expression_to_duckdb",
    "expression_to_spark",
    "lint",
    "output_columns",
    "tables",
    "to_duckdb",
    "to_spark",
]

Schema = Mapping[str, Mapping[str, str]]
"""'layer.table' to its columns: name to contract type (`string`, `decimal(12,2)`, …)."""


def lint(sql: str, columns: Schema | None = None) -> tuple[Finding, ...]:
    """What in a SELECT or an expression is not portable between Spark and DuckDB; empty when all of it is.

    `columns` (tables to columns to contract types) makes the answer exact. Without it the type of a table's
    column is unknown, and what depends on it is checked by the translated query when it runs.
    """
    return _translate(sql, columns).findings


def to_duckdb(sql: str, columns: Schema | None = None) -> str:
    """A portable SELECT or expression as DuckDB SQL that gives the same rows.

    Raises InputError that lists every finding when the SQL is not portable.
    """
    return _accepted(_translate(sql, columns))


def expression_to_duckdb(expression: str, columns: Mapping[str, str] | None = None) -> str:
    """A rule's expression, such as `price >= 0 OR price IS NULL`, as DuckDB SQL.

    `columns` maps the names it may use to contract types. Raises InputError when it is a query or is not
    portable.
    """
    from salesperf_cli.core.portable.translation import translate_expression

    return _accepted(translate_expression(expression, columns))


def to_spark(sql: str, names: Mapping[str, str], columns: Schema | None = None) -> str:
    """A portable SELECT for Spark: the very same text, in which each table stands under its name in a session.

    `names` maps `layer.table` to that name. Raises InputError that lists every finding when the SQL is not portable.
    """
    from salesperf_cli.core.portable.renaming import with_names

    _accepted(_translate(sql, columns))
    return with_names(sql, names)


def expression_to_spark(expression: str, columns: Mapping[str, str] | None = None) -> str:
    """A rule's expression for Spark: the very same text. Raises InputError as `expression_to_duckdb` does."""
    expression_to_duckdb(expression, columns)
    return expression


def tables(sql: str) -> tuple[str, ...]:
    """The tables, `layer.table`, that a SELECT reads, sorted; names of WITH clauses have no layer and are
    left out.
    """
    from sqlglot import exp

    from salesperf_cli.core.portable.parsing import SyntaxProblemError, parse

    try:
        tree = parse(sql)
    except SyntaxProblemError:
        return _parsed(_translate(sql, None)).tables
    return tuple(sorted({f"{table.db}.{table.name}".lower() for table in tree.find_all(exp.Table) if table.db}))


def output_columns(sql: str) -> tuple[tuple[str, str | None], ...]:
    """Name and pinned type (from the outermost CAST, as contracts write it) of each column a SELECT gives.

    The type is None where no CAST pins it; a column without a name has an empty one.
    """
    return _parsed(_translate(sql, None)).output_columns


def _translate(sql: str, columns: Schema | None) -> Translation:
    from salesperf_cli.core.portable.translation import translate

    return translate(sql, columns)


def _accepted(translation: Translation) -> str:
    if not translation.findings:
        return translation.sql
    raise InputError(
        "the SQL is not portable between Spark and DuckDB",
        why=f"{len(translation.findings)} construct(s) are not on the allow-list",
        remedy="write them the portable way, as the lines above say",
        detail=tuple(str(finding) for finding in translation.findings),
    )


def _parsed(translation: Translation) -> Translation:
    if translation.parsed:
        return translation
    _accepted(translation)
    return translation
