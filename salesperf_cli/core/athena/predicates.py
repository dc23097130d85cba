"""Predicates: comparisons, IN, BETWEEN, LIKE, EXISTS, with Trino's rules for NULL, NaN and rows."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from salesperf_cli.core.athena import expressions, queries
from salesperf_cli.core.athena.casts import bind, unify
from salesperf_cli.core.athena.context import Compilation, Predicate, Scope, Typed, mismatch, refuse, text, unsupported
from salesperf_cli.core.athena.operators import both, comparable, compare
from salesperf_cli.core.athena.trino_types import BOOLEAN, VARCHAR, common

Handler = Callable[[Compilation, Scope, exp.Expr], Typed]


def comparison(op: str) -> Handler:
    """`= <> < <= > >=`, also of rows and of ANY or ALL (subquery)."""

    def handler(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
        if isinstance(node.this, exp.Tuple) or isinstance(node.expression, exp.Tuple):
            return _compare_tuples(ctx, scope, op, node)
        quantifier = _quantifier(node.expression)
        left = expressions.expression(ctx, scope, node.this)
        if quantifier is not None:
            return _quantified(ctx, scope, op, left, *quantifier, node)
        return compare(ctx, op, left, expressions.expression(ctx, scope, node.expression), node)

    return handler


def _compare_tuples(ctx: Compilation, scope: Scope, op: str, node: exp.Expr) -> Typed:
    one, other = node.this.unnest(), node.expression.unnest()
    if op not in ("=", "<>") or not isinstance(one, exp.Tuple) or not isinstance(other, exp.Tuple):
        unsupported("this comparison of rows", node, remedy="Compare the values one by one.")
    return _tuple_equality(ctx, scope, op, one, other, node)


def _tuple_equality(ctx: Compilation, scope: Scope, op: str, one: exp.Expr, other: exp.Expr, node: exp.Expr) -> Typed:
    if len(one.expressions) != len(other.expressions):
        mismatch("the rows compared have different lengths", node)
    parts = [
        compare(ctx, "=", expressions.expression(ctx, scope, a), expressions.expression(ctx, scope, b), node)
        for a, b in zip(one.expressions, other.expressions, strict=True)
    ]
    joined = "(" + " AND ".join(part.sql for part in parts) + ")"
    return Typed(joined if op == "=" else f"(NOT {joined})", BOOLEAN)


def _quantifier(node: exp.Expr) -> tuple[str, exp.Expr] | None:
    if isinstance(node, (exp.Any, exp.All)):
        return ("ANY" if isinstance(node, exp.Any) else "ALL"), node.this
    if isinstance(node, exp.Anonymous) and node.name.lower() in ("all", "some", "any") and len(node.expressions) == 1:
        return ("ALL" if node.name.lower() == "all" else "ANY"), node.expressions[0]
    return None


def _quantified(
    ctx: Compilation, scope: Scope, op: str, left: Typed, word: str, query: exp.Expr, node: exp.Expr
) -> Typed:
    relation = queries.query(ctx, scope, query.unnest())
    left = bind(ctx, left, relation.fields[0].type)
    kind = common(left.type, relation.fields[0].type)
    if len(relation.fields) != 1 or kind is None or kind.is_floating or kind.items:
        unsupported("this quantified comparison", node, remedy="Use IN, EXISTS or min and max.")
    inner = queries.conform(ctx, relation, (kind,))
    value = unify(ctx, [left, Typed("NULL", kind)], op)[0][0]
    return Typed(f"({value.sql} {op} {word} ({inner.sql}))", BOOLEAN)


def is_null(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    """IS NULL."""
    if not isinstance(node.expression, exp.Null):
        unsupported(f"IS {node.expression.sql(dialect='trino')}", node, remedy="Compare with = TRUE or = FALSE.")
    value = expressions.expression(ctx, scope, node.this)
    return Typed(f"({bind(ctx, value, None).sql} IS NULL)", BOOLEAN)


def distinct_from(negated: bool) -> Handler:
    """IS [NOT] DISTINCT FROM."""
    word = "IS DISTINCT FROM" if negated else "IS NOT DISTINCT FROM"

    def handler(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
        pair = [expressions.expression(ctx, scope, node.this), expressions.expression(ctx, scope, node.expression)]
        (one, other), _ = unify(ctx, pair, word, node)
        return Typed(f"({one.sql} {word} {other.sql})", BOOLEAN)

    return handler


def between(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    """BETWEEN, as two comparisons."""
    value = expressions.expression(ctx, scope, node.this)
    low, high = (
        expressions.expression(ctx, scope, node.args["low"]),
        expressions.expression(ctx, scope, node.args["high"]),
    )
    return both(compare(ctx, ">=", value, low, node), compare(ctx, "<=", value, high, node))


def contained(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    """IN, over a list or a subquery."""
    if node.args.get("query") or isinstance(node.expressions[0], exp.Values):
        return _in_query(ctx, scope, node)
    if isinstance(node.this.unnest(), exp.Tuple):
        tuples = [
            _tuple_equality(ctx, scope, "=", node.this.unnest(), item.unnest(), node).sql for item in node.expressions
        ]
        return Typed("(" + " OR ".join(tuples) + ")", BOOLEAN)
    value = expressions.expression(ctx, scope, node.this)
    items = [expressions.expression(ctx, scope, item) for item in node.expressions]
    typed, kind = unify(ctx, [value, *items], "IN", node)
    if kind.is_floating or kind.items:
        return Typed(
            "(" + " OR ".join(compare(ctx, "=", typed[0], item, node).sql for item in typed[1:]) + ")", BOOLEAN
        )
    values = tuple(comparable(item.value, kind) for item in typed[1:])
    known = value.origins and all(item is not None for item in values)
    predicates = (Predicate(value.origins, "in", values),) if known else ()
    return Typed(f"({typed[0].sql} IN ({', '.join(item.sql for item in typed[1:])}))", BOOLEAN, predicates=predicates)


def _in_query(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    if isinstance(node.this.unnest(), exp.Tuple):
        unsupported("a row IN (subquery)", node, "NULLs in rows count otherwise in DuckDB.", "Use EXISTS or a join.")
    relation = queries.query(ctx, scope, (node.args.get("query") or node.expressions[0]).unnest())
    if len(relation.fields) != 1:
        mismatch("IN (subquery) needs a subquery with one column", node)
    value = bind(ctx, expressions.expression(ctx, scope, node.this), relation.fields[0].type)
    kind = common(value.type, relation.fields[0].type)
    if kind is None or kind.items:
        mismatch(f"cannot compare {value.type} with {relation.fields[0].type} in IN", node)
    inner = queries.conform(ctx, relation, (kind,))
    value = unify(ctx, [value, Typed("NULL", kind)], "IN")[0][0]
    return Typed(f"({value.sql} IN ({inner.sql}))", BOOLEAN)


def exists(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    """EXISTS (subquery)."""
    return Typed(f"EXISTS ({queries.query(ctx, scope, node.this.unnest()).sql})", BOOLEAN)


def like(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    """LIKE, with or without ESCAPE."""
    inner, escape = (node.this, node.expression) if isinstance(node, exp.Escape) else (node, None)
    if not isinstance(inner, exp.Like):
        unsupported(f"{type(inner).__name__.upper()}", node, remedy="Use lower(x) LIKE lower(pattern).")
    value, pattern = (
        bind(ctx, expressions.expression(ctx, scope, part), VARCHAR) for part in (inner.this, inner.expression)
    )
    for part in (value, pattern):
        if part.type.name not in ("varchar", "unknown"):
            mismatch(f"LIKE needs varchar, not {part.type}", node)
    if escape is None:
        return Typed(f"({value.sql} LIKE {pattern.sql})", BOOLEAN)
    if not escape.is_string or len(escape.name) != 1 or not isinstance(pattern.value, str):
        unsupported("LIKE … ESCAPE with a computed pattern or escape", node, remedy="Write both as literals.")
    sign = re.escape(escape.name)
    if not re.fullmatch(rf"(?s)(?:[^{sign}]|{sign}[%_{sign}])*", pattern.value):
        refuse(
            "the escape character must be followed by %, _ or itself",
            "Athena refuses this pattern.",
            "Correct it.",
            node,
        )
    return Typed(f"({value.sql} LIKE {pattern.sql} ESCAPE {text(escape.name)})", BOOLEAN)
