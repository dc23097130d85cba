"""SELECT, VALUES, set operations and WITH: scopes, grouping, ordering and limits. FROM lives in relations."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from salesperf_cli.core.athena import expressions, relations
from salesperf_cli.core.athena.casts import bind, bound, coerce
from salesperf_cli.core.athena.context import (
    Compilation, Field, Relation, Scope, Typed, mismatch, quoted, refuse, unsupported,
)  # fmt: skip
from salesperf_cli.core.athena.model import Filter
from salesperf_cli.core.athena.operators import condition
from salesperf_cli.core.athena.types import BIGINT, Type, common

_SELECT_CLAUSES = ("expressions", "distinct", "from_", "joins", "where", "group", "having", "order", "limit", "offset",
                   "with_", "windows")  # fmt: skip
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
        result = unsupported(f"{node.key.upper()}", node, remedy="Only queries can be run: SELECT, WITH, VALUES, UNION.")
    ctx.queries.pop()
    return replace(result, sql=prefix + result.sql)


def _with(ctx: Compilation, parent: Scope | None, node: exp.Expr) -> str:
    if node.args.get("recursive"):
        unsupported("WITH RECURSIVE", node, "Athena limits its depth and DuckDB does not.", "Use sequence() and UNNEST.")
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
        mismatch(f"the sides of {word} have {len(left.fields)} and {len(right.fields)} columns", node, "Select as many on both.")
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
    fields = tuple(replace(one, origins=one.origins + other.origins if merged else ())
                   for one, other in zip(left.fields, right.fields, strict=True))  # fmt: skip
    return _ordered(ctx, Relation(sql, fields), node)


def _ordered(ctx: Compilation, relation: Relation, node: exp.Expr) -> Relation:
    """ORDER BY, OFFSET and LIMIT over a finished query, whose output columns are all that is in sight."""
    if not any(node.args.get(clause) for clause in ("order", "limit", "offset")):
        return relation
    alias = ctx.alias("ordered")
    fields = [replace(field, sql=f"{alias}.{field.sql}", relation="") for field in relation.fields]
    scope = Scope(fields=fields)
    outputs = [Typed(field.sql, field.type) for field in fields]
    order = _order(ctx, scope, node.args.get("order"), [field.name for field in fields], outputs)
    columns = ", ".join(f"{field.sql} AS {inner.sql}" for field, inner in zip(fields, relation.fields, strict=True))
    sql = f"SELECT {columns} FROM ({relation.sql}) AS {alias}{order}{_limits(ctx, node)}"
    return Relation(sql, _without_origins(relation.fields) if _is_limited(node) else relation.fields)


def _is_limited(node: exp.Expr) -> bool:
    return bool(node.args.get("limit") or node.args.get("offset"))


def _without_origins(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(replace(field, origins=()) for field in fields)


def _select(ctx: Compilation, parent: Scope | None, node: exp.Select) -> Relation:
    expressions.only(node, *_SELECT_CLAUSES)
    scope = Scope(parent=parent)
    source = relations.from_clause(ctx, scope, node)
    where = ""
    if node.args.get("where"):
        test = condition(ctx, expressions.expression(ctx, scope, node.args["where"].this), "WHERE", node.args["where"])
        _reject_aggregates(scope, "WHERE", node.args["where"])
        where = f" WHERE {test.sql}"
        for predicate in test.predicates:
            for scan, column in predicate.origins:
                ctx.scans[scan].filters.append(Filter(column, predicate.op, predicate.value))
    scope.ungrouped.clear()
    items = _items(ctx, scope, node)
    scope.aliases = {item.alias.lower(): str(i + 1) for i, (_, item) in enumerate(items) if isinstance(item, exp.Alias)}
    _named_windows(ctx, scope, node)
    group = _group(ctx, scope, node, items)
    outputs = [_output(ctx, scope, item) for _, item in items]
    having = ""
    if node.args.get("having"):
        test = condition(ctx, expressions.expression(ctx, scope, node.args["having"].this), "HAVING", node.args["having"])
        having = f" HAVING {test.sql}"
    names = [name or f"_col{i}" for i, (name, _) in enumerate(items)]
    order = _order(ctx, scope, node.args.get("order"), names, outputs, [bool(item[0]) for item in items])
    if (group or scope.aggregated or having) and scope.ungrouped:
        refuse(f"{scope.ungrouped[0]!r} must be an aggregate or appear in GROUP BY", "The query groups its rows.",
               f"Add {scope.ungrouped[0]} to GROUP BY, or wrap it: max({scope.ungrouped[0]}).")  # fmt: skip
    distinct = node.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        unsupported("DISTINCT ON", node, remedy="Use row_number() OVER (PARTITION BY … ORDER BY …) = 1.")
    fields = _output_fields(names, outputs)
    columns = ", ".join(f"{output.sql} AS {field.sql}" for output, field in zip(outputs, fields, strict=True))
    sql = (f"SELECT {'DISTINCT ' if distinct else ''}{columns}{source}{where}{group}{having}{order}{_limits(ctx, node)}")  # fmt: skip
    opaque = scope.windowed or _is_limited(node)
    return Relation(sql, _without_origins(fields) if opaque else fields)


def _reject_aggregates(scope: Scope, clause: str, node: exp.Expr) -> None:
    if scope.aggregated or scope.windowed:
        refuse(f"{clause} cannot hold aggregates or window functions", "Rows are filtered before they are grouped.",
               "Use HAVING, or a subquery.", node)  # fmt: skip


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


Item = tuple[str, "exp.Expr | Field"]


def _items(ctx: Compilation, scope: Scope, node: exp.Select) -> list[Item]:
    """The SELECT list with every star spelt out."""
    items: list[Item] = []
    for item in node.expressions:
        star = item if isinstance(item, exp.Star) else item.this if isinstance(item, exp.Column) else None
        if isinstance(star, exp.Star):
            expressions.only(star)
            table = item.text("table") if isinstance(item, exp.Column) else ""
            chosen = [field for field in scope.fields if field.relation.lower() == table.lower()] if table else [
                field for field in scope.fields if not field.qualified_only]  # fmt: skip
            if not chosen:
                refuse(f"no columns for {table or ''}{'.' if table else ''}*", "FROM has no such relation.", "Check the alias.", item)
            items.extend((field.name, field) for field in chosen)
        elif isinstance(item, exp.Alias):
            items.append((item.alias, item))
        else:
            plain = item.unnest() if isinstance(item, exp.Paren) else item
            named = isinstance(plain, (exp.Column, exp.Dot))
            items.append((plain.name if isinstance(plain, exp.Column) else plain.expression.name if named else "", item))
    if not items:
        refuse("the SELECT list is empty", "A query needs columns.", "Write SELECT * or name columns.", node)
    return items


def _output(ctx: Compilation, scope: Scope, item: exp.Expr | Field) -> Typed:
    if isinstance(item, Field):
        # Through lookup's own door, so that the columns read and the grouping rule are kept.
        return expressions.read_field(ctx, scope, item)
    inner = item.this if isinstance(item, exp.Alias) else item
    return bind(ctx, expressions.expression(ctx, scope, inner), None)


def _group(ctx: Compilation, scope: Scope, node: exp.Select, items: list[Item]) -> str:
    clause = node.args.get("group")
    if clause is None:
        return ""
    expressions.only(clause, "expressions")
    if clause.args.get("all") is not None:
        unsupported("GROUP BY ALL or DISTINCT", clause, remedy="Name the columns or their positions.")
    grouped: set[str] = set()
    parts = [_group_item(ctx, scope, item, items, grouped) for item in clause.expressions]
    _reject_aggregates(scope, "GROUP BY", clause)
    scope.ungrouped.clear()
    scope.grouped = grouped
    return f" GROUP BY {', '.join(parts)}"


def _group_item(ctx: Compilation, scope: Scope, item: exp.Expr, items: list[Item], grouped: set[str]) -> str:
    if isinstance(item, (exp.Rollup, exp.Cube, exp.GroupingSets)):
        word = {"rollup": "ROLLUP", "cube": "CUBE"}.get(item.key, "GROUPING SETS")
        return f"{word} ({', '.join(_group_item(ctx, scope, part, items, grouped) for part in item.expressions)})"
    if isinstance(item, exp.Tuple):
        return f"({', '.join(_group_item(ctx, scope, part, items, grouped) for part in item.expressions)})"
    if isinstance(item, exp.Literal) and not item.is_string:
        position = _position(item, len(items), "GROUP BY")
        value = _output(ctx, scope, items[position - 1][1])
    else:
        value = expressions.expression(ctx, scope, item)
    grouped.add(value.sql)
    return value.sql


def _position(item: exp.Literal, count: int, clause: str) -> int:
    position = int(item.name) if item.name.isdigit() else 0
    if not 1 <= position <= count:
        refuse(f"{clause} position {item.name} is not in the SELECT list", f"It has {count} columns.", "Use 1 to that.", item)
    return position


def _order(ctx: Compilation, scope: Scope, clause: exp.Expr | None, names: list[str], outputs: list[Typed],
           named: list[bool] | None = None) -> str:  # fmt: skip
    if clause is None:
        return ""
    aliases = [Field(name, "", output.sql, output.type) for i, (name, output) in enumerate(zip(names, outputs, strict=True))
               if named is None or named[i]]  # fmt: skip
    inner = Scope(fields=list({(field.name.lower(), field.sql): field for field in aliases}.values()), parent=scope, transparent=True)
    texts = [output.sql for output in outputs]
    parts = []
    for item in clause.expressions:
        key = item.this
        if isinstance(key, exp.Literal) and not key.is_string:
            value = str(_position(key, len(outputs), "ORDER BY"))
        else:
            found = bind(ctx, expressions.expression(ctx, inner, key), None)
            _orderable(found.type, item)
            value = str(texts.index(found.sql) + 1) if found.sql in texts else found.sql
        parts.append(value + direction(item))
    return f" ORDER BY {', '.join(parts)}"


def _orderable(kind: Type, node: exp.Expr) -> None:
    if kind.items or kind.name in ("json", "parsed_json"):
        unsupported(f"ordering by {kind}", node, remedy="Order by one of its elements.")


def direction(item: exp.Expr) -> str:
    """ASC or DESC, with Trino's NULLS LAST unless the query says otherwise."""
    expressions.only(item, "this", "desc", "nulls_first")
    return f" {'DESC' if item.args.get('desc') else 'ASC'} NULLS {'FIRST' if item.args.get('nulls_first') else 'LAST'}"


def _limits(ctx: Compilation, node: exp.Expr) -> str:
    result = ""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
            unsupported("FETCH … WITH TIES", limit, remedy="Use rank() in a subquery.")
        result = f" LIMIT {_count(ctx, limit.args['count']) if limit.args.get('count') else '1'}"
    elif limit is not None:
        expressions.only(limit, "expression")
        if limit.expression.name.upper() != "ALL":
            result = f" LIMIT {_count(ctx, limit.expression)}"
    if offset is not None:
        result += f" OFFSET {_count(ctx, offset.expression)}"
    return result


def _count(ctx: Compilation, node: exp.Expr) -> str:
    if isinstance(node, exp.Placeholder):
        return bound(ctx, node.name, BIGINT).sql
    if not (isinstance(node, exp.Literal) and node.name.isdigit()):
        refuse("LIMIT and OFFSET take a whole number", "Athena allows no expression there.", "Write the number, or :name.", node)
    return node.name


def _named_windows(ctx: Compilation, scope: Scope, node: exp.Select) -> None:
    from salesperf_cli.core.athena.windows import specification

    for window in node.args.get("windows") or []:
        scope.windows[window.name.lower()] = specification(ctx, scope, window)
