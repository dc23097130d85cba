"""What Athena tells of a statement before it runs: its kind, its verb, and the file that its results go to."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_SHOWING = {"SHOW", "DESCRIBE", "DESC", "EXPLAIN"}
_CHANGING = {"INSERT", "UPDATE", "DELETE", "MERGE", "UNLOAD"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `kind` is DML, DDL or UTILITY; `gives_rows` tells a SELECT, whose results are a CSV file."""

    sql: str
    kind: str
    verb: str
    gives_rows: bool

    @property
    def shows(self) -> bool:
        """Whether its rows are shown; Trino counts the rows of the others in a row of its own."""
        return self.gives_rows or self.kind == "UTILITY"


def read_statement(query: str) -> Statement:
    """A statement as it was sent; a semicolon at its end, which Athena takes and Trino does not, is dropped."""
    sql = query.strip().rstrip(";").rstrip()
    words = _COMMENTS.sub(" ", sql).replace("(", " ").upper().split()
    first = words[0] if words else ""
    if first in _SHOWING:
        return Statement(sql, "UTILITY", first, gives_rows=False)
    if first in _CHANGING:
        return Statement(sql, "DML", first, gives_rows=False)
    if first in ("SELECT", "WITH", "VALUES", "TABLE", "EXECUTE"):
        return Statement(sql, "DML", "SELECT", gives_rows=True)
    named = next((word for word in words[1:] if word in ("VIEW", "TABLE", "SCHEMA", "DATABASE")), "")
    return Statement(sql, "DDL", f"{first}_{named}".rstrip("_"), gives_rows=False)
