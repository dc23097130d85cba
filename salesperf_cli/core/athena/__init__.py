"""Athena (Trino) SQL compiled to DuckDB SQL that gives Trino's answers, or refused by name.

What lives here is pure: text in, text out. Running the SQL, creating the macros and reading files is the engine's part.
"""

from __future__ import annotations

from salesperf_cli.core.athena.model import Catalog, Filter, OutputColumn, TableSchema, Translation

__all__ = ["Catalog", "Filter", "OutputColumn", "TableSchema", "Translation", "reference_page", "translate"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def translate(sql: str, catalog: Catalog, parameters: Mapping[str, str] | None = None) -> Translation:
    """Compile one Athena statement.

    `parameters` are the values of `:name`, as text; they are bound by DuckDB and never pasted into the SQL.
    Raises InputError when the statement is wrong, or is one whose answer this engine cannot vouch for.
    """
    from salesperf_cli.core.athena.statements import translate_statement

    return translate_statement(sql, catalog, parameters or {})


def reference_page() -> str:
    """The Markdown of docs/reference/athena-sql.md, written from the allow-list itself."""
    from salesperf_cli.core.athena.reference import page

    return page()
