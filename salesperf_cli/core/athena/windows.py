"""OVER (…): partitions, ordering and frames."""

from __future__ import annotations

from sqlglot import exp

from salesperf_cli.core.athena import clauses, expressions
from salesperf_cli.core.athena.casts import bind
from salesperf_cli.core.athena.context import Compilation, Scope, mismatch, near, refuse, unsupported


def specification(ctx: Compilation, scope: Scope, node: exp.Expr) -> str:
    """The text inside the parentheses of OVER; a named window is written out."""
    expressions.only(node, "this", "partition_by", "order", "spec", "alias", "over")
    parts = []
    base = node.args.get("alias")
    if base is not None:
        name = base.name.lower()
        if name not in scope.owner().windows:
            refuse(
                f"window {base.name!r} is not defined",
                near(name, scope.owner().windows),
                "Add WINDOW name AS (…).",
                node,
            )
        parts.append(scope.owner().windows[name])
    if node.args.get("partition_by"):
        keys = [bind(ctx, expressions.expression(ctx, scope, key), None).sql for key in node.args["partition_by"]]
        parts.append("PARTITION BY " + ", ".join(keys))
    if node.args.get("order"):
        parts.append("ORDER BY " + ordering(ctx, scope, node.args["order"]))
    if node.args.get("spec"):
        parts.append(_frame(ctx, scope, node.args["spec"]))
    return " ".join(part for part in parts if part)


def ordering(ctx: Compilation, scope: Scope, clause: exp.Expr) -> str:
    """The sort keys of a window or an aggregate."""
    keys = []
    for item in clause.expressions:
        value = bind(ctx, expressions.expression(ctx, scope, item.this), None)
        if value.type.items:
            unsupported(f"ordering by {value.type}", item)
        keys.append(value.sql + clauses.direction(item))
    return ", ".join(keys)


def _frame(ctx: Compilation, scope: Scope, spec: exp.Expr) -> str:
    expressions.only(spec, "kind", "start", "start_side", "end", "end_side")
    kind = str(spec.args["kind"]).upper()
    start = _bound(ctx, scope, spec.args.get("start"), spec.args.get("start_side"), kind)
    end = (
        _bound(ctx, scope, spec.args.get("end"), spec.args.get("end_side"), kind)
        if spec.args.get("end")
        else "CURRENT ROW"
    )
    return f"{kind} BETWEEN {start} AND {end}"


def _bound(ctx: Compilation, scope: Scope, edge: object, side: object, kind: str) -> str:
    if not isinstance(edge, exp.Expr):
        return f"{edge} {side or ''}".strip().upper()
    value = bind(ctx, expressions.expression(ctx, scope, edge), None)
    if value.type.name == "interval_day" and kind == "RANGE":
        return f"to_milliseconds({value.sql}) {side}"
    if value.type.name == "interval_month" and kind == "RANGE":
        return f"to_months({value.sql}) {side}"
    if not value.type.is_numeric:
        mismatch(f"a {kind} frame cannot be {value.type} wide", edge)
    return f"{value.sql} {side}"
