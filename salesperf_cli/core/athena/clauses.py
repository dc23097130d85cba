"""GROUP BY, ORDER BY and LIMIT of a query."""

from __future__ import annotations

from sqlglot import exp

from salesperf_cli.core.athena import expressions
from salesperf_cli.core.athena.casts import bind, bound
from salesperf_cli.core.athena.context import Compilation, Field, Scope, Typed, refuse, unsupported
from salesperf_cli.core.athena.names import read_field
from salesperf_cli.core.athena.trino_types import BIGINT, Type

Item = tuple[str, "exp.Expr | Field"]


def output(ctx: Compilation, scope: Scope, item: exp.Expr | Field) -> Typed:
    """One item of the SELECT list, compiled."""
    if isinstance(item, Field):
        # Through lookup's own door, so that the columns read and the grouping rule are kept.
        return read_field(ctx, scope, item)
    inner = item.this if isinstance(item, exp.Alias) else item
    return bind(ctx, expressions.expression(ctx, scope, inner), None)


def group_by(ctx: Compilation, scope: Scope, node: exp.Select, items: list[Item]) -> str:
    """` GROUP BY …`; the texts grouped by are kept in the scope."""
    clause = node.args.get("group")
    if clause is None:
        return ""
    expressions.only(clause, "expressions")
    if clause.args.get("all") is not None:
        unsupported("GROUP BY ALL or DISTINCT", clause, remedy="Name the columns or their positions.")
    grouped: set[str] = set()
    parts = [_group_item(ctx, scope, item, items, grouped) for item in clause.expressions]
    reject_aggregates(scope, "GROUP BY", clause)
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
        value = output(ctx, scope, items[position - 1][1])
    else:
        value = expressions.expression(ctx, scope, item)
    grouped.add(value.sql)
    return value.sql


def _position(item: exp.Literal, count: int, clause: str) -> int:
    position = int(item.name) if item.name.isdigit() else 0
    if not 1 <= position <= count:
        refuse(
            f"{clause} position {item.name} is not in the SELECT list",
            f"It has {count} columns.",
            "Use 1 to that.",
            item,
        )
    return position


def order_by(
    ctx: Compilation,
    scope: Scope,
    clause: exp.Expr | None,
    names: list[str],
    outputs: list[Typed],
    named: list[bool] | None = None,
) -> str:
    """` ORDER BY …` over positions, aliases and expressions, NULLs last."""
    if clause is None:
        return ""
    aliases = [
        Field(name, "", output.sql, output.type)
        for i, (name, output) in enumerate(zip(names, outputs, strict=True))
        if named is None or named[i]
    ]
    inner = Scope(
        fields=list({(field.name.lower(), field.sql): field for field in aliases}.values()),
        parent=scope,
        transparent=True,
    )
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


def limits(ctx: Compilation, node: exp.Expr) -> str:
    """` LIMIT … OFFSET …`."""
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
        refuse(
            "LIMIT and OFFSET take a whole number",
            "Athena allows no expression there.",
            "Write the number, or :name.",
            node,
        )
    return node.name


def reject_aggregates(scope: Scope, clause: str, node: exp.Expr) -> None:
    """Refuse aggregates and window functions in a clause that comes before them."""
    if scope.aggregated or scope.windowed:
        refuse(
            f"{clause} cannot hold aggregates or window functions",
            "Rows are filtered before they are grouped.",
            "Use HAVING, or a subquery.",
            node,
        )
