"""FROM: tables, views, subqueries, joins, UNNEST and LATERAL. What is not a table of the lake cannot be read."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from sqlglot import exp

from salesperf_cli.core.athena import expressions, parsing, queries
from salesperf_cli.core.athena.casts import unify
from salesperf_cli.core.athena.context import (
    Compilation,
    Field,
    Relation,
    Scan,
    Scope,
    mismatch,
    near,
    quoted,
    refuse,
    text,
    unsupported,
)
from salesperf_cli.core.athena.names import read_field
from salesperf_cli.core.athena.operators import compare, condition
from salesperf_cli.core.athena.trino_types import BIGINT, VARCHAR, Type, contract_type

LAYERS = ("gold", "serving", "silver", "speed", "quarantine")


def from_clause(ctx: Compilation, scope: Scope, node: exp.Select) -> str:
    """` FROM …` of a SELECT; the columns in sight are added to the scope."""
    first = node.args.get("from_")
    if first is None:
        return ""
    return " FROM " + _joined(ctx, scope, first.this, node.args.get("joins") or [])


def _joined(ctx: Compilation, scope: Scope, first: exp.Expr, joins: list[exp.Expr]) -> str:
    sql, fields = _source(ctx, scope, first)
    scope.fields.extend(fields)
    inner_joins = list(first.args.get("joins") or []) if isinstance(first, exp.Table) else []
    comma = False
    for join in [*inner_joins, *joins]:
        expressions.only(join, "this", "side", "kind", "on", "using")
        side, kind = str(join.args.get("side") or "").upper(), str(join.args.get("kind") or "").upper()
        on, using = join.args.get("on"), join.args.get("using")
        if side not in ("", "LEFT", "RIGHT", "FULL") or kind not in ("", "INNER", "CROSS", "OUTER"):
            unsupported(f"{side} {kind} JOIN".strip(), join)
        is_comma = not (side or kind or on or using)
        if comma and side in ("RIGHT", "FULL"):
            unsupported(f"a comma in FROM followed by {side} JOIN", join, remedy="Write CROSS JOIN and parentheses.")
        comma = comma or is_comma
        if not (is_comma or kind == "CROSS" or on or using):
            refuse("JOIN needs ON or USING", "Athena refuses it.", "Write ON condition, or CROSS JOIN.", join)
        sql += _join(ctx, scope, join.this, side, on, using)
    return sql


def _join(
    ctx: Compilation, scope: Scope, source: exp.Expr, side: str, on: exp.Expr | None, using: list[exp.Expr] | None
) -> str:
    left = list(scope.fields)
    lateral = isinstance(source, (exp.Unnest, exp.Lateral))
    if lateral and (
        side in ("RIGHT", "FULL") or using or (on is not None and not (isinstance(on, exp.Boolean) and on.this))
    ):
        unsupported("UNNEST or LATERAL joined otherwise than CROSS JOIN or LEFT JOIN … ON TRUE", source)
    sql, right = _source(ctx, scope if lateral else Scope(parent=scope.parent), source)
    scope.fields = left + right
    if on is None and not using:
        return f" CROSS JOIN {sql}"
    word = f" {side} JOIN" if side else " JOIN"
    if using:
        test = _using(ctx, scope, left, right, side, using)
    else:
        assert on is not None
        test = condition(ctx, expressions.expression(ctx, scope, on), "ON", on).sql
    return f"{word} {sql} ON {test}"


def _using(
    ctx: Compilation, scope: Scope, left: list[Field], right: list[Field], side: str, wanted: list[exp.Expr]
) -> str:
    tests, merged, hidden = [], [], set()
    for name in wanted:
        one, other = _side_field(left, name, "left"), _side_field(right, name, "right")
        pair = [read_field(ctx, scope, field) for field in (one, other)]
        tests.append(compare(ctx, "=", pair[0], pair[1], name).sql)
        (a, b), kind = unify(ctx, pair, "USING", name)
        sql = {"RIGHT": b.sql, "FULL": f"coalesce({a.sql}, {b.sql})"}.get(side, a.sql)
        origins = {"RIGHT": other.origins, "FULL": ()}.get(side, one.origins)
        merged.append(Field(one.name, "", sql, kind, origins))
        hidden |= {id(one), id(other)}
    scope.ungrouped.clear()
    scope.fields = merged + [field for field in left + right if id(field) not in hidden]
    return " AND ".join(tests)


def _side_field(fields: list[Field], name: exp.Expr, side: str) -> Field:
    found = [field for field in fields if field.name.lower() == name.name.lower()]
    if len(found) != 1:
        refuse(
            f"USING column {name.name!r} is {'missing' if not found else 'ambiguous'} on the {side} side",
            "It must be exactly one column there.",
            "Use ON instead.",
            name,
        )
    return found[0]


def _source(ctx: Compilation, scope: Scope, node: exp.Expr) -> tuple[str, list[Field]]:
    if isinstance(node, exp.Table):
        expressions.only(node, "this", "db", "catalog", "alias", "joins")
        return _table(ctx, node)
    if isinstance(node, exp.Subquery):
        return _derived(ctx, scope, node)
    if isinstance(node, exp.Values):
        expressions.only(node, "expressions", "alias")
        return _aliased(ctx, queries.values(ctx, scope.parent, node), node)
    if isinstance(node, exp.Unnest):
        expressions.only(node, "expressions", "alias", "offset")
        return _unnest(ctx, scope, node)
    if isinstance(node, exp.Lateral):
        expressions.only(node, "this", "alias")
        if not isinstance(node.this, exp.Subquery):
            unsupported("LATERAL over a function", node, "There are no table functions.", "Use UNNEST.")
        sql, fields = _aliased(ctx, queries.query(ctx, scope, node.this.this), node)
        return f"LATERAL {sql}", fields
    return unsupported(f"{node.key.upper()} in FROM", node)


def _derived(ctx: Compilation, scope: Scope, node: exp.Subquery) -> tuple[str, list[Field]]:
    expressions.only(node, "this", "alias", "with_")
    if isinstance(node.this, exp.Table):
        inner = Scope(parent=scope.parent)
        sql = _joined(ctx, inner, node.this, [])
        if node.alias:
            unsupported("an alias on a parenthesised join", node, remedy="Use a subquery: (SELECT … ) AS name.")
        return f"({sql})", inner.fields
    return _aliased(ctx, queries.query(ctx, scope.parent, node.this), node)


def _aliased(ctx: Compilation, relation: Relation, node: exp.Expr) -> tuple[str, list[Field]]:
    alias = node.args.get("alias")
    name = alias.name if alias is not None else ""
    sql_name = ctx.alias(name or "query")
    fields = queries.renamed(
        relation.fields, [column.name for column in alias.columns] if alias is not None else [], node
    )
    return f"({relation.sql}) AS {sql_name}", _under(fields, name, sql_name)


def _under(fields: tuple[Field, ...], name: str, sql_name: str, schema: str = "") -> list[Field]:
    return [replace(field, relation=name, sql=f"{sql_name}.{field.sql}", schema=schema) for field in fields]


def _table(ctx: Compilation, node: exp.Table) -> tuple[str, list[Field]]:
    if not isinstance(node.this, exp.Identifier) or (
        node.this.args.get("quoted") and not node.this.name.replace("_", "").isalnum()
    ):
        shown = node.sql(dialect="trino")[:40]
        refuse(
            f"FROM {shown} is no table of the lake",
            "There are no table functions, and files cannot be read by SQL.",
            "Read layer.table; SHOW TABLES lists them.",
            node,
        )
    alias = node.args.get("alias")
    if node.args.get("catalog") and node.text("catalog").lower() != "awsdatacatalog":
        unsupported(f"the catalog {node.text('catalog')}", node, "There is one lake.", "Write layer.table.")
    shown = alias.name if alias is not None else node.name
    names = [column.name for column in alias.columns] if alias is not None else []
    schema = "" if alias is not None else node.text("db")
    relation = _common_table(ctx, node) if not node.text("db") else None
    if relation is None:
        relation = _lake_relation(ctx, node)
        schema = schema or ""
    sql_name = ctx.alias(shown)
    return f"{relation.sql} AS {sql_name}", _under(
        queries.renamed(relation.fields, names, node), shown, sql_name, schema
    )


def _common_table(ctx: Compilation, node: exp.Table) -> Relation | None:
    for level in reversed(ctx.queries):
        if node.name.lower() in level:
            return level[node.name.lower()]
    return None


def _lake_relation(ctx: Compilation, node: exp.Table) -> Relation:
    layer, name = node.text("db").lower(), node.name.lower()
    if layer == "information_schema":
        return _information_schema(ctx, name, node)
    if layer == "bronze":
        refuse("bronze is not queryable", "It holds files exactly as received.", f"Query silver.{name} instead.", node)
    full = f"{layer}.{name}" if layer else _find_layer(ctx, name, node)
    view = ctx.catalog.view(full) if full.startswith("serving.") else None
    if view is not None:
        return _view(ctx, full, view, node)
    schema = ctx.catalog.table(full)
    if schema is None or full.split(".")[0] not in LAYERS:
        _unknown_table(ctx, full, node)
    ctx.scans.append(Scan(full))
    ctx.columns.setdefault(full, {})
    scan = len(ctx.scans) - 1
    fields = tuple(
        Field(column, "", quoted(column), contract_type(kind), ((scan, column),)) for column, kind in schema.columns
    )
    return Relation(".".join(quoted(part) for part in full.split(".")), fields)


def _find_layer(ctx: Compilation, name: str, node: exp.Expr) -> str:
    known = {table.lower() for table in ctx.catalog.tables()}
    found = [f"{layer}.{name}" for layer in LAYERS if f"{layer}.{name}" in known]
    if not found:
        _unknown_table(ctx, name, node)
    return found[0]


def _unknown_table(ctx: Compilation, name: str, node: exp.Expr) -> NoReturn:
    tables = [table for table in ctx.catalog.tables() if not table.startswith("bronze.")]
    choices = tables if "." in name else [*tables, *(table.split(".")[1] for table in tables)]
    why = near(name, choices) or f"known tables: {', '.join(tables[:6]) or 'none yet'}"
    refuse(f"table {name!r} does not exist", why, "SHOW TABLES lists what can be queried.", node)


def _view(ctx: Compilation, name: str, sql: str, node: exp.Expr) -> Relation:
    if name in ctx.views:
        refuse(f"the view {name} reads itself", " → ".join([*ctx.views, name]), "Break the circle.", node)
    ctx.views.append(name)
    outer, ctx.queries = ctx.queries, []
    relation = queries.query(ctx, None, parsing.parse(sql, parsing.tokens_of(sql)))
    ctx.queries = outer
    ctx.views.pop()
    return Relation(f"({relation.sql})", relation.fields)


def _information_schema(ctx: Compilation, name: str, node: exp.Expr) -> Relation:
    tables = [table for table in ctx.catalog.tables() if table.split(".")[0] in LAYERS]
    if name == "tables":
        names = ("table_catalog", "table_schema", "table_name", "table_type")
        rows = [
            ("awsdatacatalog", *table.split("."), "VIEW" if table.startswith("serving.") else "BASE TABLE")
            for table in tables
        ]
        return constant(names, rows)
    if name == "columns":
        schemas = [(table, ctx.catalog.table(table)) for table in tables]
        columns = [
            ("awsdatacatalog", *table.split("."), column, str(i + 1), str(contract_type(kind)))
            for table, schema in schemas
            if schema
            for i, (column, kind) in enumerate(schema.columns)
        ]
        relation = constant(
            ("table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "data_type"), columns
        )
        position = relation.fields[4]
        numbered = f"(SELECT * REPLACE (CAST(ordinal_position AS BIGINT) AS ordinal_position) FROM {relation.sql})"
        return Relation(numbered, (*relation.fields[:4], replace(position, type=BIGINT), relation.fields[5]))
    return refuse(
        f"information_schema.{name} is not here", "Only tables and columns are.", "Use those, or DESCRIBE table.", node
    )


def constant(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> Relation:
    """A relation of text known now."""
    listed = ", ".join(map(quoted, names))
    lines = ", ".join(f"({', '.join(map(text, cells))})" for cells in rows)
    empty = f"SELECT {', '.join(f'CAST(NULL AS VARCHAR) AS {quoted(name)}' for name in names)} WHERE FALSE"
    sql = f"(SELECT * FROM (VALUES {lines}) AS rows({listed}))" if rows else f"({empty})"
    return Relation(sql, tuple(Field(name, "", quoted(name), VARCHAR) for name in names))


def _unnest(ctx: Compilation, scope: Scope, node: exp.Unnest) -> tuple[str, list[Field]]:
    """UNNEST side by side, shorter ones padded with NULL; maps give two columns, arrays of rows one a field."""
    alias, ordinality = node.args.get("alias"), node.args.get("offset")
    names = [column.name for column in alias.columns] if alias is not None else []
    if isinstance(ordinality, exp.Identifier):
        names.append(ordinality.name)
    raw: list[str] = []
    columns: list[tuple[str, Type]] = []
    lengths: list[str] = []
    for item in node.expressions:
        value = expressions.expression(ctx, scope, item)
        if value.type.name == "array":
            raw.append(f"unnest({value.sql}) AS u{len(raw)}")
            columns.extend(_spread(f"u{len(raw) - 1}", value.type.items[0]))
            lengths.append(f"len({value.sql})")
        elif value.type.name == "map":
            raw += [
                f"unnest(map_keys({value.sql})) AS u{len(raw)}",
                f"unnest(map_values({value.sql})) AS u{len(raw) + 1}",
            ]
            columns += [(f"u{len(raw) - 2}", value.type.items[0]), (f"u{len(raw) - 1}", value.type.items[1])]
            lengths.append(f"cardinality({value.sql})")
        else:
            mismatch(f"UNNEST takes an array or a map, not {value.type}", node)
    if ordinality:
        longest = f"greatest(0, {', '.join(lengths)})"
        raw.append(f"unnest(range(1, 1 + {longest})) AS u{len(raw)}")
        columns.append((f"u{len(raw) - 1}", BIGINT))
    if len(names) != len(columns):
        refuse(
            f"UNNEST gives {len(columns)} columns",
            f"{len(names)} names are given.",
            "Name them: UNNEST(…) AS t(a, b).",
            node,
        )
    scope.ungrouped.clear()
    inner, outer = ctx.alias("raw"), ctx.alias(alias.name if alias is not None else "unnest")
    listed = ", ".join(f"{inner}.{sql} AS {quoted(f'c{i}')}" for i, (sql, _) in enumerate(columns))
    sql = f"LATERAL (SELECT {listed} FROM (SELECT {', '.join(raw)}) AS {inner}) AS {outer}"
    fields = [
        Field(name, alias.name if alias is not None else "", f'{outer}."c{i}"', kind)
        for i, (name, (_, kind)) in enumerate(zip(names, columns, strict=True))
    ]
    return sql, fields


def _spread(sql: str, kind: Type) -> list[tuple[str, Type]]:
    if kind.name != "row":
        return [(sql, kind)]
    return [(f"{sql}.f{i}", item) for i, item in enumerate(kind.items)]
