"""The state of one compilation: typed expressions, scopes of columns, what was read, and how a refusal is worded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from salesperf_cli.core.athena.trino_types import Type
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from sqlglot import exp

    from salesperf_cli.core.athena.model import Catalog, Filter
    from salesperf_cli.core.athena.parameters import Parameter

Origin = tuple[int, str]  # (scan, column)


@dataclass(frozen=True, slots=True)
class Predicate:
    """`column op value` over a bare column, known to hold for every row that the condition keeps."""

    origins: tuple[Origin, ...]
    op: str
    value: object


@dataclass(frozen=True, slots=True)
class Typed:
    """A compiled expression: DuckDB text and Trino type, and what is known of it.

    `value` is the Python value of a literal, `parameter` the name of an untyped parameter, `origins` the stored columns
    that a bare column comes from.
    """

    sql: str
    type: Type
    value: object = None
    parameter: str = ""
    origins: tuple[Origin, ...] = ()
    predicates: tuple[Predicate, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A column that a scope offers: its name, the relation it belongs to, and the text that reads it."""

    name: str
    relation: str
    sql: str
    type: Type
    origins: tuple[Origin, ...] = ()
    schema: str = ""
    qualified_only: bool = False


@dataclass(slots=True)
class Scope:
    """The columns in sight, innermost first; lambda parameters and select aliases are fields as well."""

    fields: list[Field] = field(default_factory=list)
    parent: Scope | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    grouped: set[str] | None = None
    ungrouped: list[str] = field(default_factory=list)
    windows: dict[str, str] = field(default_factory=dict)
    transparent: bool = False
    aggregated: bool = False
    windowed: bool = False
    inside_aggregate: int = 0

    def owner(self) -> Scope:
        """The scope of the SELECT that a lambda stands in."""
        return self.parent.owner() if self.transparent and self.parent else self


@dataclass(slots=True)
class Scan:
    """One reading of a stored table, with the predicates that its rows must meet."""

    table: str
    filters: list[Filter] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Relation:
    """A query that can be read from: its text and its columns."""

    sql: str
    fields: tuple[Field, ...]


@dataclass(slots=True)
class Compilation:
    """What is gathered while one statement is compiled."""

    catalog: Catalog
    parameters: Mapping[str, Parameter]
    columns: dict[str, dict[str, None]] = field(default_factory=dict)
    scans: list[Scan] = field(default_factory=list)
    macros: dict[str, None] = field(default_factory=dict)
    bound: list[object] = field(default_factory=list)
    bound_names: dict[tuple[str, str], str] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    queries: list[dict[str, Relation]] = field(default_factory=list)
    views: list[str] = field(default_factory=list)
    counter: int = 0

    def macro(self, name: str, *arguments: str) -> str:
        """A call of one of our macros, which is thereby needed."""
        self.macros[name] = None
        return f"{name}({', '.join(arguments)})"

    def alias(self, hint: str) -> str:
        """A relation name that nothing else in the statement has."""
        self.counter += 1
        return quoted(f"{hint}_{self.counter}")


def quoted(name: str) -> str:
    """A DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A DuckDB string literal."""
    return "'" + value.replace("'", "''") + "'"


def near(name: str, known: Iterable[str]) -> str:
    """`did you mean a, b?`, or nothing."""
    found = difflib.get_close_matches(name.lower(), list(known), n=3, cutoff=0.6)
    return f"did you mean {', '.join(found)}?" if found else ""


def place(node: exp.Expr | None) -> str:
    """`line 1:8: ` of the first name inside the node, as Athena words it."""
    if node is not None:
        for part in node.walk():
            line, column = part.meta.get("line"), part.meta.get("col")
            if line and column:
                width = len(str(part.args.get("this", "")))
                return f"line {line}:{max(1, column - width + 1)}: "
    return ""


def refuse(what: str, why: str, remedy: str, node: exp.Expr | None = None) -> NoReturn:
    """Stop with a refusal that says what, why and what to do."""
    raise InputError(place(node) + what, why=why, remedy=remedy)


def unsupported(what: str, node: exp.Expr | None = None, why: str = "", remedy: str = "") -> NoReturn:
    """Refuse a construct that is right in Athena, but not answered here."""
    refuse(
        f"{what} is not supported here",
        why or "The local engine cannot vouch for the same answer as Athena.",
        remedy or "Write it another way; docs/reference/athena-sql.md lists what is supported.",
        node,
    )


def mismatch(what: str, node: exp.Expr | None = None, remedy: str = "") -> NoReturn:
    """Refuse what Athena refuses too, for its types."""
    refuse(what, "Athena compares and combines only values of matching types.", remedy or "Add a CAST.", node)
