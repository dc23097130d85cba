"""One thing in a query that is not portable. No rules here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A construct at a line and column (both from 1) that is refused; the message names the portable way to
    write it.
    """

    line: int
    column: int
    construct: str
    message: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column} {self.construct}: {self.message}"
