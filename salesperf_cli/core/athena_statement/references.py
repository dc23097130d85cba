"""Where a query names the lake's tables: in FROM and JOIN, and before columns. Found in the tree, told as text places.

Aliases and common tables are no tables, whatever they are called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

from sqlglot import Token, TokenType, exp

from salesperf_cli.core.athena import Catalog
from salesperf_cli.core.athena.relations import LAYERS

CATALOG = "awsdatacatalog"


@dataclass(frozen=True, slots=True)
class Reference:
    """A table named in the text: its layer (None: a database of the catalog that is not the lake's) and name.

    `start` to `end` covers the whole name; `layer_end` is the end of the layer where it is written, else `start`.
    `tail` is where the name of the table alone begins.
    """

    layer: str | None
    table: str
    start: int
    layer_start: int
    layer_end: int
    tail: int
    end: int
    is_column: bool = False
    has_alias: bool = False
    has_version: bool = False

    @property
    def name(self) -> str:
        """`layer.table`."""
        return f"{self.layer}.{self.table}" if self.layer else self.table


def layer_of(database: str, databases: Mapping[str, str]) -> str | None:
    """The layer that a name before a table means: the layer's own, or its database's."""
    name = database.lower()
    if name in databases or name == "bronze":
        return name
    return next((layer for layer, each in databases.items() if each == name), None)


def references(tree: exp.Expr, catalog: Catalog, databases: Mapping[str, str]) -> Iterator[Reference]:
    """Every naming of a table that is no common table, and every column that names its table with the layer."""
    known: set[str] | None = None
    for table in tree.find_all(exp.Table):
        if not _has_place(table.this):
            continue
        if table.text("db"):
            layer = layer_of(table.text("db"), databases) if _is_ours(table) else None
            yield _table_reference(table, layer)
        elif table.name.lower() not in _common_tables(table):
            known = {name.lower() for name in catalog.tables()} if known is None else known
            found = (layer for layer in LAYERS if f"{layer}.{table.name.lower()}" in known and layer in databases)
            yield _table_reference(table, next(found, None))
    for column in tree.find_all(exp.Column):
        yield from _column_reference(column, databases)


def _is_ours(table: exp.Table) -> bool:
    return table.text("catalog").lower() in ("", CATALOG)


def _has_place(node: object) -> bool:
    return isinstance(node, exp.Identifier) and "start" in node.meta


def _start(node: exp.Expr) -> int:
    return cast(int, node.meta["start"])


def _end(node: exp.Expr) -> int:
    return cast(int, node.meta["end"]) + 1


def _table_reference(table: exp.Table, layer: str | None) -> Reference:
    name, db, catalog = table.this, table.args.get("db"), table.args.get("catalog")
    first = next(part for part in (catalog, db, name) if part is not None)
    return Reference(
        layer=layer,
        table=table.name.lower(),
        start=_start(first),
        layer_start=_start(db or name),
        layer_end=_end(db) if db is not None else _start(name),
        tail=_start(name),
        end=_end(name),
        has_alias=table.args.get("alias") is not None,
        has_version=bool(table.args.get("version") or table.args.get("when")),
    )


def _column_reference(column: exp.Column, databases: Mapping[str, str]) -> Iterator[Reference]:
    """`gold.sales_wide.price`, where no nearer relation is called gold."""
    parts = [column.args.get(part) for part in ("catalog", "db", "table")]
    written = [part for part in parts if part is not None and _has_place(part)]
    for at, (db, table) in enumerate(pairwise(written)):
        layer = layer_of(db.name, databases)
        catalog = written[at - 1] if at else None
        if layer is None or (catalog is not None and catalog.name.lower() != CATALOG):
            continue
        if _names_a_table(column, db.name.lower(), table.name.lower()):
            first = catalog or db
            yield Reference(
                layer=layer,
                table=table.name.lower(),
                start=_start(first),
                layer_start=_start(db),
                layer_end=_end(db),
                tail=_start(table),
                end=_end(table),
                is_column=True,
            )
            return


def _names_a_table(column: exp.Column, database: str, table: str) -> bool:
    """Whether the nearest relation that the name can mean is a table without an alias."""
    select = column.find_ancestor(exp.Select)
    while select is not None:
        sources = list(_sources(select))
        if any(_is_bare(source) and _named(source) == (database, table) for source in sources):
            return True
        if any(_named(source)[1] == database for source in sources):
            return False
        select = select.find_ancestor(exp.Select)
    return False


def _is_bare(source: exp.Expr) -> bool:
    return isinstance(source, exp.Table) and not source.alias


def _named(source: exp.Expr) -> tuple[str, str]:
    return source.text("db").lower(), source.alias_or_name.lower()


def _sources(select: exp.Select) -> Iterator[exp.Expr]:
    """The tables and subqueries that stand in the FROM and JOIN clauses of this very SELECT."""
    for node in select.find_all(exp.Table, exp.Subquery, exp.Unnest, exp.Lateral, exp.Values):
        clause = node.find_ancestor(exp.From, exp.Join, exp.Lateral, exp.Select)
        if isinstance(clause, exp.Select) and not isinstance(node, exp.Lateral):
            continue
        if node.find_ancestor(exp.Select) is select:
            yield node


def _common_tables(node: exp.Expr) -> set[str]:
    """The names of the common tables that can be seen from here: in a WITH, those before; all, if it is recursive."""
    seen: set[str] = set()
    child, parent = node, node.parent
    while parent is not None:
        if isinstance(parent, exp.With):
            listed = parent.expressions
            at = next(i for i, each in enumerate(listed) if each is child)
            visible = listed if parent.args.get("recursive") else listed[:at]
            seen.update(each.alias.lower() for each in visible)
            child, parent = parent, parent.parent
            if parent is None:
                break
        else:
            seen.update(each.alias.lower() for each in getattr(parent, "ctes", ()) if each is not child)
        child, parent = parent, parent.parent
    return seen


def references_by_sight(tokens: list[Token], databases: Mapping[str, str]) -> tuple[Reference, ...] | None:
    """`layer.table` wherever it is written, for text that no parser here can read.

    None when a layer's name also stands alone: it may then be an alias, and which is meant cannot be seen.
    """
    found = []
    for at, token in enumerate(tokens):
        layer = layer_of(token.text, databases) if token.token_type in _NAMES else None
        before = tokens[at - 1] if at else None
        if layer is None or (before is not None and before.token_type == TokenType.DOT and not _in_catalog(tokens, at)):
            continue
        rest = tokens[at + 1 : at + 3]
        if len(rest) < 2 or rest[0].token_type != TokenType.DOT:
            return None
        end = rest[1].end + 1
        found.append(
            Reference(layer, rest[1].text.lower(), token.start, token.start, token.end + 1, rest[1].start, end)
        )
    return tuple(found)


_NAMES = (TokenType.VAR, TokenType.IDENTIFIER)


def _in_catalog(tokens: list[Token], at: int) -> bool:
    return at > 1 and tokens[at - 2].text.lower() == CATALOG
