"""The user's Athena SQL as it is sent to Athena: what must differ is spliced into the text, all else stays as typed.

Pure text: no SQL is generated from a tree, and nothing is run here.
"""

from __future__ import annotations

from salesperf_cli.core.athena_statement.statement import (
    AthenaLake,
    Statement,
    statement_of,
    tables_read,
    view_query,
)

__all__ = ["AthenaLake", "Statement", "statement_of", "tables_read", "view_query"]
