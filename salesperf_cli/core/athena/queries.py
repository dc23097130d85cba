"""SELECT, VALUES, set operations and WITH: scopes, grouping, ordering and limits. FROM lives in relations."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from salesperf_cli.core.athena import clauses, expressions, relations
from salesperf_cli.core.athena.casts import bind, coerce
from salesperf_cli.core.athena.context import (
    Compilation,
    Field,
    Relation,
    Scope,
    Typed,
    mismatch,
    quoted,
    refuse,
    unsupported,
)
from salesperf_cli.core.athena.model import Filter
from salesperf_cli.core.athena.operators import condition
from salesperf_cli.core.athena.trino_types import Type, common

_SELECT_CLAUSES = (
    "expressions",
    "distinct",
    "from_",
    "joins",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "with_",
    "windows",
)
_SET_CLAUSES = ("this", "expression", "distinct", "order", "limit", "offset", "with_")


def query(ctx: Compilation, parent: Scope | None, node: exp.Expr) -> Relation:
    """Compile any query; `parent` is the scope that a correlated subquery may look into."""
    with_clause = node.args.get("with_")
    prefix = ""
    ctx.queries.append({})
    if with_clause is not None:
        prefix = _with(ctx, parent, with_clause)
    if isinstance(node, exp.Select):
        result = _select(ctx, parent, node)
    elif isinstance(node, exp.SetOperation):
        result = _set_operation(ctx, parent, node)
    elif isinstance(node, exp.Values):
        expressions.only(node, "expressions", "with_")
        result = values(ctx, parent, node)
    elif isinstance(node, exp.Subquery):
        expressions.only(node, "this", "order", "limit", "offset", "with_")
        result = _ordered(ctx, query(ctx, parent, node.this), node)
    else:
        result = unsupported(
            f"{node.key.upper()}", node, remedy="Only queries can be run: SELECT, WITH, VALUES, UNION."
        )
    ctx.queries.pop()
    return replace(result, sql=prefix + result.sql)


def _with(ctx: Compilation, parent: Scope | None, node: exp.Expr) -> str:
    if node.args.get("recursive"):
        unsupported(
            "WITH RECURSIVE", node, "Athena limits its depth and DuckDB does not.", "Use sequence() and UNNEST."
        )
    parts = []
    for cte in node.expressions:
        relation = query(ctx, parent, cte.this)
        name = ctx.alias(cte.alias)
        if cte.alias.lower() in ctx.queries[-1]:
            refuse(f"WITH names {cte.alias} twice", "Athena refuses it.", "Rename one.", cte)
        fields = renamed(relation.fields, [column.name for column in cte.args["alias"].columns], cte)
        ctx.queries[-1][cte.alias.lower()] = Relation(name, fields)
        parts.append(f"{name} AS ({relation.sql})")
    return f"WITH {', '.join(parts)} "


def renamed(fields: tuple[Field, ...], names: list[str], node: exp.Expr | None = None) -> tuple[Field, ...]:
    """The fields under the column aliases given, if any."""
    if not names:
        return fields
    if len(names) != len(fields):
        mismatch(f"{len(names)} column aliases for {len(fields)} columns", node, "Name every column.")
    return tuple(replace(field, name=name) for field, name in zip(fields, names, strict=True))


def values(ctx: Compilation, parent: Scope | None, node: exp.Expr) -> Relation:
    """VALUES, each column in the common type of its rows."""
    scope = Scope(parent=parent)
    rows = []
    for item in node.expressions:
        cells = item.expressions if isinstance(item, exp.Tuple) else [item]
        rows.append([bind(ctx, expressions.expression(ctx, scope, cell), None) for cell in cells])
    if len({len(cells) for cells in rows}) != 1:
        mismatch("the rows of VALUES have different lengths", node)
    kinds = [_common_of([cells[i] for cells in rows], "VALUES", node) for i in range(len(rows[0]))]
    lines = [", ".join(coerce(ctx, cell, kind).sql for cell, kind in zip(cells, kinds, strict=True)) for cells in rows]
    names = [f"_col{i}" for i in range(len(kinds))]
    listed = ", ".join(quoted(name) for name in names)
    sql = f"SELECT {listed} FROM (VALUES {', '.join(f'({line})' for line in lines)}) AS {ctx.alias('values')}({listed})"
    return Relation(sql, tuple(Field(name, "", quoted(name), kind) for name, kind in zip(names, kinds, strict=True)))


def _common_of(cells: list[Typed], what: str, node: exp.Expr | None) -> Type:
    kind = cells[0].type
    for cell in cells[1:]:
        found = common(kind, cell.type)
        if found is None:
            mismatch(f"{what}: the types {kind} and {cell.type} do not go together", node)
        kind = found
    return kind


def conform(ctx: Compilation, relation: Relation, kinds: tuple[Type, ...]) -> Relation:
    """The relation with its columns widened to the types given."""
    if tuple(field.type for field in relation.fields) == kinds:
        return relation
    alias = ctx.alias("side")
    parts, fields = [], []
    for field, kind in zip(relation.fields, kinds, strict=True):
        sql = coerce(ctx, Typed(f"{alias}.{field.sql}", field.type), kind).sql
        parts.append(f"{sql} AS {field.sql}")
        fields.append(replace(field, type=kind))
    return Relation(f"SELECT {', '.join(parts)} FROM ({relation.sql}) AS {alias}", tuple(fields))


def _set_operation(ctx: Compilation, parent: Scope | None, node: exp.SetOperation) -> Relation:
    expressions.only(node, *_SET_CLAUSES)
    left, right = query(ctx, parent, node.this), query(ctx, parent, node.expression)
    word = node.key.upper()
    if len(left.fields) != len(right.fields):
        mismatch(
            f"the sides of {word} have {len(left.fields)} and {len(right.fields)} columns",
            node,
            "Select as many on both.",
        )
    kinds = []
    for i, (one, other) in enumerate(zip(left.fields, right.fields, strict=True)):
        kind = common(one.type, other.type)
        if kind is None:
            mismatch(f"column {i + 1} of {word} has the types {one.type} and {other.type}", node)
        kinds.append(kind)
    left, right = conform(ctx, left, tuple(kinds)), conform(ctx, right, tuple(kinds))
    quantity = "" if node.args.get("distinct") else " ALL"
    sql = f"({left.sql}) {word}{quantity} ({right.sql})"
    merged = word == "UNION"
    fields = tuple(
        replace(one, origins=one.origins + other.origins if merged else ())
        for one, other in zip(left.fields, right.fields, strict=True)
    )
    return _ordered(ctx, Relation(sql, fields), node)


def _ordered(ctx: Compilation, relation: Relation, node: exp.Expr) -> Relation:
    """ORDER BY, OFFSET and LIMIT over a finished query, whose output columns are all that is in sight."""
    if not any(node.args.get(clause) for clause in ("order", "limit", "offset")):
        return relation
    alias = ctx.alias("ordered")
    fields = [replace(field, sql=f"{alias}.{field.sql}", relation="") for field in relation.fields]
    scope = Scope(fields=fields)
    outputs = [Typed(field.sql, field.type) for field in fields]
    order = clauses.order_by(ctx, scope, node.args.get("order"), [field.name for field in fields], outputs)
    columns = ", ".join(f"{field.sql} AS {inner.sql}" for field, inner in zip(fields, relation.fields, strict=True))
    sql = f"SELECT {columns} FROM ({relation.sql}) AS {alias}{order}{clauses.limits(ctx, node)}"
    return Relation(sql, _without_origins(relation.fields) if _is_limited(node) else relation.fields)


def _is_limited(node: exp.Expr) -> bool:
    return bool(node.args.get("limit") or node.args.get("offset"))


def _without_origins(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(replace(field, origins=()) for field in fields)


def _select(ctx: Compilation, parent: Scope | None, node: exp.Select) -> Relation:
    expressions.only(node, *_SELECT_CLAUSES)
    scope = Scope(parent=parent)
    source = relations.from_clause(ctx, scope, node)
    items = _items(scope, node)
    scope.aliases = {item.alias.lower(): str(i + 1) for i, (_, item) in enumerate(items) if isinstance(item, exp.Alias)}
    where = ""
    if node.args.get("where"):
        test = condition(ctx, expressions.expression(ctx, scope, node.args["where"].this), "WHERE", node.args["where"])
        clauses.reject_aggregates(scope, "WHERE", node.args["where"])
        where = f" WHERE {test.sql}"
        for predicate in test.predicates:
            for scan, column in predicate.origins:
                ctx.scans[scan].filters.append(Filter(column, predicate.op, predicate.value))
    scope.ungrouped.clear()
    _named_windows(ctx, scope, node)
    group = clauses.group_by(ctx, scope, node, items)
    outputs = [clauses.output(ctx, scope, item) for _, item in items]
    having = ""
    if node.args.get("having"):
        test = condition(
            ctx, expressions.expression(ctx, scope, node.args["having"].this), "HAVING", node.args["having"]
        )
        having = f" HAVING {test.sql}"
    names = [name or f"_col{i}" for i, (name, _) in enumerate(items)]
    order = clauses.order_by(ctx, scope, node.args.get("order"), names, outputs, [bool(item[0]) for item in items])
    if (group or scope.aggregated or having) and scope.ungrouped:
        refuse(
            f"{scope.ungrouped[0]!r} must be an aggregate or appear in GROUP BY",
            "The query groups its rows.",
            f"Add {scope.ungrouped[0]} to GROUP BY, or wrap it: max({scope.ungrouped[0]}).",
        )
    distinct = node.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        unsupported("DISTINCT ON", node, remedy="Use row_number() OVER (PARTITION BY … ORDER BY …) = 1.")
    fields = _output_fields(names, outputs)
    columns = ", ".join(f"{output.sql} AS {field.sql}" for output, field in zip(outputs, fields, strict=True))
    sql = f"SELECT {'DISTINCT ' if distinct else ''}{columns}{source}{where}{group}{having}{order}"
    sql += clauses.limits(ctx, node)
    opaque = scope.windowed or _is_limited(node)
    return Relation(sql, _without_origins(fields) if opaque else fields)


def _output_fields(names: list[str], outputs: list[Typed]) -> tuple[Field, ...]:
    seen: set[str] = set()
    fields = []
    for name, output in zip(names, outputs, strict=True):
        unique, attempt = name, 1
        while unique.lower() in seen:
            attempt += 1
            unique = f"{name}_{attempt}"
        seen.add(unique.lower())
        fields.append(Field(name, "", quoted(unique), output.type, output.origins))
    return tuple(fields)


def _items(scope: Scope, node: exp.Select) -> list[clauses.Item]:
    """The SELECT list with every star spelt out."""
    items: list[clauses.Item] = []
    for item in node.expressions:
        star = item if isinstance(item, exp.Star) else item.this if isinstance(item, exp.Column) else None
        if isinstance(star, exp.Star):
            expressions.only(star)
            table = item.text("table") if isinstance(item, exp.Column) else ""
            chosen = (
                [field for field in scope.fields if field.relation.lower() == table.lower()]
                if table
                else [field for field in scope.fields if not field.qualified_only]
            )
            if not chosen:
                refuse(
                    f"no columns for {table or ''}{'.' if table else ''}*",
                    "FROM has no such relation.",
                    "Check the alias.",
                    item,
                )
            items.extend((field.name, field) for field in chosen)
        elif isinstance(item, exp.Alias):
            items.append((item.alias, item))
        else:
            plain = item.unnest() if isinstance(item, exp.Paren) else item
            named = isinstance(plain, (exp.Column, exp.Dot))
            items.append(
                (plain.name if isinstance(plain, exp.Column) else plain.expression.name if named else "", item)
            )
    if not items:
        refuse("the SELECT list is empty", "A query needs columns.", "Write SELECT * or name columns.", node)
    return items


def _named_windows(ctx: Compilation, scope: Scope, node: exp.Select) -> None:
    from salesperf_cli.core.athena.windows import specification

    for window in node.args.get("windows") or []:
        scope.windows[window.name.lower()] = specification(ctx, scope, window)
