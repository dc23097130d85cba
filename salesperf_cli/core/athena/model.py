"""What goes into the compiler and what comes out: schemas, the catalog port, the translation. No SQL is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A lake table: its name `layer.table` and its columns as (name, contract type)."""

    name: str
    columns: tuple[tuple[str, str], ...]


class Catalog(Protocol):
    """What the compiler asks about the lake; it asks only about the tables that a query names."""

    def tables(self) -> Sequence[str]:
        """Every table and serving view, as `layer.name`."""
        ...

    def table(self, name: str) -> TableSchema | None:
        """The schema of `layer.table`, or None when it is no stored table."""
        ...

    def view(self, name: str) -> str | None:
        """The Athena SQL of `serving.view`, or None when it is no view."""
        ...


@dataclass(frozen=True, slots=True)
class Filter:
    """A predicate that every wanted row meets: `op` is = < <= > >= or in (then `value` is a tuple)."""

    column: str
    op: str
    value: object


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column of the answer and its Trino type, e.g. `decimal(38,2)`."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Translation:
    """DuckDB SQL and what the engine must know to run it.

    `macros` names the definitions to create first; `columns` and `filters` are per table read; `parameters` are bound
    to $1, $2, … in order, and `parameter_names` are theirs (a name used in two types stands twice); `notes` say where
    the answer is exact although Athena's is approximate.
    """

    sql: str
    tables: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    filters: Mapping[str, tuple[Filter, ...]]
    parameters: tuple[object, ...]
    macros: tuple[str, ...]
    output: tuple[OutputColumn, ...]
    notes: tuple[str, ...] = ()
    parameter_names: tuple[str, ...] = ()
