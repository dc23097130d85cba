"""One function call: arguments, DISTINCT, ORDER BY, FILTER and OVER, handed to its entry in the allow-list."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlglot import exp

from salesperf_cli.core.athena import expressions
from salesperf_cli.core.athena.casts import bind, coerce, unify
from salesperf_cli.core.athena.context import (
    Compilation,
    Field,
    Scope,
    Typed,
    mismatch,
    refuse,
    unsupported,
)
from salesperf_cli.core.athena.trino_types import BIGINT, UNKNOWN, VARCHAR, Type, array, common, timestamptz
from salesperf_cli.core.athena.windows import ordering, specification

EXTRACT_UNITS = (
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "day_of_month",
    "day_of_week",
    "dow",
    "day_of_year",
    "doy",
    "year_of_week",
    "yow",
    "hour",
    "minute",
    "second",
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as written, with what compiles its arguments."""

    ctx: Compilation
    scope: Scope
    name: str
    node: exp.Expr
    arguments: tuple[exp.Expr, ...]
    distinct: bool = False
    order: exp.Expr | None = None
    filter: exp.Expr | None = None
    window: exp.Expr | None = None
    nulls: str = ""

    def count(self, low: int, high: int | None = None) -> int:
        """The number of arguments, refused when it is outside the bounds."""
        given, high = len(self.arguments), low if high is None else high
        if not low <= given <= high:
            expected = str(low) if low == high else f"{low} to {high}"
            mismatch(
                f"{self.name} takes {expected} arguments, not {given}", self.node, "See docs/reference/athena-sql.md."
            )
        return given

    def value(self, index: int, wanted: Type | None = None) -> Typed:
        """An argument, widened to the type wanted."""
        value = expressions.expression(self.ctx, self.scope, self.arguments[index])
        if wanted is None:
            return bind(self.ctx, value, None)
        return coerce(self.ctx, value, wanted, f"argument {index + 1} of {self.name}", self.node)

    def values(self) -> list[Typed]:
        """The arguments as they are; untyped parameters stay so."""
        return [expressions.expression(self.ctx, self.scope, argument) for argument in self.arguments]

    def literal(self, index: int) -> str:
        """An argument that must be a string literal, because it is compiled and not computed."""
        value = self.value(index, VARCHAR).value
        if not isinstance(value, str):
            refuse(
                f"argument {index + 1} of {self.name} must be a string literal",
                "It is translated before the query runs.",
                "Write it out, or pass it as :name.",
                self.node,
            )
        return value

    def number(self, index: int) -> int:
        """An argument that must be a whole number literal."""
        value = self.value(index).value
        if not isinstance(value, int) or isinstance(value, bool):
            refuse(
                f"argument {index + 1} of {self.name} must be a whole number literal",
                "The type of the result depends on it.",
                "Write it out.",
                self.node,
            )
        return value

    def function(self, index: int, *kinds: Type) -> tuple[list[str], Typed]:
        """A lambda argument compiled for parameters of these types: its variables and its body."""
        node = self.arguments[index]
        if not isinstance(node, exp.Lambda) or len(node.expressions) != len(kinds):
            mismatch(
                f"argument {index + 1} of {self.name} must be a lambda of {len(kinds)}",
                self.node,
                "Write x -> expression.",
            )
        variables = [self.ctx.alias(variable.name) for variable in node.expressions]
        fields = [
            Field(variable.name, "", alias, kind)
            for variable, alias, kind in zip(node.expressions, variables, kinds, strict=True)
        ]
        inner = Scope(fields=fields, parent=self.scope, transparent=True)
        return variables, bind(self.ctx, expressions.expression(self.ctx, inner, node.this), None)

    def mapped(self, index: int, *kinds: Type) -> tuple[str, Type]:
        """A lambda argument as DuckDB writes it, and the type of its body."""
        variables, body = self.function(index, *kinds)
        return f"lambda {', '.join(variables)}: {body.sql}", body.type

    def aggregate(self, function: str, *arguments: str, only: str = "", order: str = "") -> str:
        """A DuckDB aggregate over the rows that the call's FILTER and `only` keep, in its window."""
        tests = [only] if only else []
        if self.filter is not None:
            tests.append(expressions.expression(self.ctx, self.scope, self.filter).sql)
        written = order or (ordering(self.ctx, self.scope, self.order) if self.order is not None else "")
        inner = (
            ("DISTINCT " if self.distinct else "") + ", ".join(arguments) + (f" ORDER BY {written}" if written else "")
        )
        kept = f" FILTER (WHERE {' AND '.join(tests)})" if tests else ""
        over = f" OVER ({specification(self.ctx, self.scope, self.window)})" if self.window is not None else ""
        return f"{function}({inner}){kept}{over}"


def call(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    """Compile a call through the allow-list."""
    from salesperf_cli.core.athena.registry import REFUSED, find

    made = _read(ctx, scope, node)
    function = find(made.name)
    if function is None:
        why = REFUSED.get(made.name, "It is not among the functions shown to answer as Athena does.")
        refuse(f"the function {made.name} is not supported here", why, _nearest(made.name), made.node)
    if function.kind == "scalar" and (made.distinct or made.order or made.filter or made.window or made.nulls):
        mismatch(f"{made.name} is no aggregate: DISTINCT, ORDER BY, FILTER and OVER do not apply", made.node)
    if function.kind == "window" and (made.window is None or made.distinct or made.order or made.filter):
        mismatch(f"{made.name} is a window function: it needs OVER (…) and nothing else", made.node)
    if made.nulls and function.kind != "window":
        mismatch(f"{made.name} takes no IGNORE NULLS", made.node)
    if function.kind == "scalar":
        return function.make(made)
    return replace(_over_rows(made, function.make), origins=(), predicates=(), value=None)


def _over_rows(made: Call, make: Callable[[Call], Typed]) -> Typed:
    owner = made.scope.owner()
    if made.window is not None:
        if made.distinct or made.order is not None:
            unsupported(
                "DISTINCT or ORDER BY inside a window aggregate", made.node, "Athena refuses it too.", "Use a subquery."
            )
        owner.windowed = True
        return make(made)
    if owner.inside_aggregate:
        refuse("aggregates cannot be nested", f"{made.name} stands inside an aggregate.", "Use a subquery.", made.node)
    owner.aggregated = True
    owner.inside_aggregate += 1
    try:
        return make(made)
    finally:
        owner.inside_aggregate -= 1


def _nearest(name: str) -> str:
    from salesperf_cli.core.athena.registry import names

    found = difflib.get_close_matches(name, names(), n=3, cutoff=0.5)
    listed = f"Nearest: {', '.join(found)}. " if found else ""
    return listed + "All are listed in docs/reference/athena-sql.md."


def _read(ctx: Compilation, scope: Scope, node: exp.Expr) -> Call:
    window = kept = order = None
    nulls = ""
    inner = node
    while not isinstance(inner, exp.Anonymous):
        if isinstance(inner, exp.Window):
            window = inner
        elif isinstance(inner, exp.Filter):
            expressions.only(inner, "this", "expression")
            kept = inner.expression.this
        elif isinstance(inner, exp.WithinGroup):
            order = inner.expression
        elif isinstance(inner, exp.IgnoreNulls):
            nulls = " IGNORE NULLS"
        elif not isinstance(inner, exp.RespectNulls):
            unsupported(f"{node.sql(dialect='trino')[:50]}", node)
        inner = inner.this
    expressions.only(inner, "this", "expressions")
    arguments = list(inner.expressions)
    if len(arguments) and isinstance(arguments[-1], exp.Order):
        order, arguments[-1] = arguments[-1], arguments[-1].this
    distinct = False
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        distinct, arguments = True, list(arguments[0].expressions)
    return Call(ctx, scope, inner.name.lower(), inner, tuple(arguments), distinct, order, kept, window, nulls)


def concatenate(ctx: Compilation, parts: list[Typed], node: exp.Expr) -> Typed:
    """`||` and concat: text, binary, or arrays with elements."""
    shape = next((part.type for part in parts if not part.parameter and part.type.name not in ("unknown",)), VARCHAR)
    parts = [bind(ctx, part, shape) for part in parts]
    if any(part.type.name == "array" for part in parts):
        item = UNKNOWN
        for part in parts:
            found = common(item, part.type.items[0] if part.type.name == "array" else part.type)
            if found is None:
                mismatch(f"cannot concatenate {item} and {part.type}", node)
            item = found
        lists = [
            coerce(ctx, part, array(item)).sql if part.type.name == "array" else f"[{coerce(ctx, part, item).sql}]"
            for part in parts
        ]
        return Typed("(" + " || ".join(lists) + ")", array(item))
    typed, kind = unify(ctx, parts, "||", node)
    if kind.name not in ("varchar", "varbinary", "unknown"):
        mismatch(f"cannot concatenate {kind}", node, "CAST the values to varchar.")
    return Typed("(" + " || ".join(part.sql for part in typed) + ")", VARCHAR if kind == UNKNOWN else kind)


def subscript(ctx: Compilation, value: Typed, key: Typed, node: exp.Expr) -> Typed:
    """`array[i]` and `map[k]`, which raise when there is no such element."""
    if value.type.name == "array":
        index = coerce(ctx, key, BIGINT, "an array subscript", node)
        return Typed(ctx.macro("trino_subscript", value.sql, index.sql), value.type.items[0])
    if value.type.name == "map":
        wanted = coerce(ctx, key, value.type.items[0], "a map key", node)
        return Typed(ctx.macro("trino_map_subscript", value.sql, wanted.sql), value.type.items[1])
    if value.type.name == "row" and isinstance(key.value, int) and 0 < key.value <= len(value.type.items):
        return Typed(f"struct_extract({value.sql}, 'f{key.value - 1}')", value.type.items[key.value - 1])
    return mismatch(f"{value.type} has no elements", node)


def at_zone(moment: Typed, zone: Typed, node: exp.Expr) -> Typed:
    """`AT TIME ZONE`: the same instant, shown in another zone."""
    if not isinstance(zone.value, str) or not zone.value.replace("/", "").replace("_", "").isalpha():
        unsupported(
            "a computed or numeric time zone",
            node,
            "The zone is part of the type here.",
            "Name it: 'America/Sao_Paulo'.",
        )
    if moment.type.name == "timestamp":
        return Typed(f"timezone('UTC', {moment.sql})", timestamptz(moment.type.precision, zone.value))
    if moment.type.name != "timestamptz":
        mismatch(f"AT TIME ZONE needs a timestamp, not {moment.type}", node)
    return Typed(moment.sql, timestamptz(moment.type.precision, zone.value))
