"""Conditional functions and those about types."""

from __future__ import annotations

from salesperf_cli.core.athena.calls import Call
from salesperf_cli.core.athena.casts import bind, unify
from salesperf_cli.core.athena.context import Typed, mismatch, text, unsupported
from salesperf_cli.core.athena.operators import compare
from salesperf_cli.core.athena.registry import Function
from salesperf_cli.core.athena.trino_types import VARCHAR, row


def _coalesce(call: Call) -> Typed:
    call.count(2, 127)
    typed, kind = unify(call.ctx, call.values(), "coalesce", call.node)
    return Typed(f"coalesce({', '.join(value.sql for value in typed)})", kind)


def _nullif(call: Call) -> Typed:
    call.count(2)
    one, other = call.values()
    one = bind(call.ctx, one, other.type)
    return Typed(
        f"CASE WHEN {compare(call.ctx, '=', one, other, call.node).sql} THEN NULL ELSE {one.sql} END", one.type
    )


def _extreme(call: Call) -> Typed:
    """greatest and least: NULL as soon as one value is NULL, where DuckDB skips it."""
    call.count(1, 127)
    typed, kind = unify(call.ctx, call.values(), call.name, call.node)
    if kind.items:
        unsupported(f"{call.name} of {kind}", call.node)
    chosen = f"{call.name}({', '.join(value.sql for value in typed)})"
    if kind.is_floating:
        finite = ", ".join(f"CASE WHEN NOT isnan({value.sql}) THEN {value.sql} END" for value in typed)
        chosen = f"coalesce({call.name}({finite}), {typed[0].sql})"
    nulls = " OR ".join(f"{value.sql} IS NULL" for value in typed if value.value is None)
    return Typed(f"CASE WHEN {nulls} THEN NULL ELSE {chosen} END" if nulls else chosen, kind)


def _try(call: Call) -> Typed:
    call.count(1)
    if any(node.key in ("select", "subquery") for node in call.arguments[0].walk()):
        unsupported(
            "try around a subquery", call.node, "DuckDB cannot catch its errors.", "Put try inside the subquery."
        )
    value = call.value(0)
    return Typed(f"TRY({value.sql})", value.type)


def _typeof(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    kind = value.type
    if "varchar" in str(kind):
        unsupported(f"typeof({kind})", call.node, "Athena shows the length of the text type.", "See DESCRIBE table.")
    name = text(str(kind))  # the value stays in the text, so that typeof(sum(x)) groups
    return Typed(f"CASE WHEN {value.sql} IS NULL THEN {name} ELSE {name} END", VARCHAR)


def _row(call: Call) -> Typed:
    call.count(1, 127)
    items = [call.value(i) for i in range(len(call.arguments))]
    packed = ", ".join(f"f{i} := {item.sql}" for i, item in enumerate(items))
    return Typed(f"struct_pack({packed})", row(("",) * len(items), tuple(item.type for item in items)))


def _grouping(call: Call) -> Typed:
    call.count(1, 31)
    if call.scope.owner().grouped is None:
        mismatch("grouping needs GROUP BY", call.node)
    columns = [call.value(i) for i in range(len(call.arguments))]
    from salesperf_cli.core.athena.trino_types import INTEGER

    return Typed(f"CAST(grouping({', '.join(column.sql for column in columns)}) AS INTEGER)", INTEGER)


FUNCTIONS = (
    Function("coalesce", _coalesce, "in the common type"),
    Function("nullif", _nullif, "compared in the common type"),
    Function("greatest", _extreme, "NULL when any value is NULL; NaN is passed over"),
    Function("least", _extreme, "NULL when any value is NULL; NaN is passed over"),
    Function("try", _try, "NULL on a division by zero, a bad cast, an overflow or a bad argument"),
    Function("typeof", _typeof, "known before the query runs; text types are refused"),
    Function("row", _row, "fields are named by CAST(… AS row(x integer, …))"),
    Function("grouping", _grouping, "same bits"),
)
