"""The names that an expression can see, with their kinds, and the collected findings. No SQL constructs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from salesperf_cli.core.portable.finding import Finding
from salesperf_cli.core.portable.kinds import Kind
from salesperf_cli.core.portable.parsing import line_and_column, offset

Columns = tuple[tuple[str, Kind], ...]
"""Names and kinds in order; a source whose columns are not known is None instead."""


@dataclass(slots=True)
class Scope:
    """One SELECT: its sources by alias, its own aliases, its named windows, and the query around it."""

    parent: Scope | None = None
    sources: dict[str, Mapping[str, Kind] | None] = field(default_factory=dict)
    aliases: dict[str, Kind] = field(default_factory=dict)
    ordered_windows: dict[str, bool] = field(default_factory=dict)
    ctes: dict[str, Columns | None] = field(default_factory=dict)

    def kind(self, name: str, table: str) -> Kind:
        """The kind of a column, UNKNOWN where its source was not described."""
        name, table = name.lower(), table.lower()
        if table:
            found = [self.sources[table]] if table in self.sources else []
        else:
            found = [columns for columns in self.sources.values() if columns is None or name in columns]
        kinds = {columns[name] for columns in found if columns is not None and name in columns}
        if len(kinds) == 1:
            return kinds.pop()
        if found or not self.sources:
            return self.aliases.get(name, Kind.UNKNOWN) if not kinds and not table else Kind.UNKNOWN
        if not table and name in self.aliases:
            return self.aliases[name]
        return self.parent.kind(name, table) if self.parent is not None else Kind.UNKNOWN

    def cte(self, name: str) -> tuple[bool, Columns | None]:
        """Whether a WITH clause in sight has that name, and its columns."""
        if name in self.ctes:
            return True, self.ctes[name]
        return self.parent.cte(name) if self.parent is not None else (False, None)


@dataclass(slots=True)
class Findings:
    """Collects findings at the places of nodes."""

    sql: str
    items: list[Finding] = field(default_factory=list)

    def add(self, node: exp.Expr, construct: str, message: str) -> None:
        """Refuse a construct where the node stands."""
        line, column = line_and_column(self.sql, offset(node))
        self.items.append(Finding(line, column, construct, message))

    def source(self, node: exp.Expr) -> str:
        """The text of a single token as it was written."""
        return self.sql[node.meta["start"] : node.meta["end"] + 1] if "start" in node.meta else ""
