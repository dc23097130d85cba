"""Compiles one expression tree. Every kind of node that is not named here is refused: the world is closed."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from salesperf_cli.core.athena import calls, names, predicates, queries
from salesperf_cli.core.athena.casts import bind, bound, explicit, field_of, read_type, unify
from salesperf_cli.core.athena.context import (
    Compilation,
    Scope,
    Typed,
    mismatch,
    near,
    refuse,
    text,
    unsupported,
)
from salesperf_cli.core.athena.literals import interval_literal, moment_literal, number_literal
from salesperf_cli.core.athena.operators import arithmetic, both, compare, condition, negate
from salesperf_cli.core.athena.trino_types import (
    BIGINT,
    BOOLEAN,
    INTEGER,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    array,
    decimal,
    duckdb_type,
    row,
)

Handler = Callable[[Compilation, Scope, exp.Expr], Typed]


def expression(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    """Compile a node and everything below it."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        unsupported(f"{type(node).__name__.upper()} ({node.sql(dialect='trino')[:50]})", node)
    only(node, *_CLAUSES, *_OWN_CLAUSES.get(type(node), ()))
    owner = scope.owner()
    mark = len(owner.ungrouped)
    result = handler(ctx, scope, node)
    if node.args.get("negate"):
        result = Typed(f"(NOT {result.sql})", BOOLEAN)
    if owner.grouped is not None and result.sql in owner.grouped:
        del owner.ungrouped[mark:]
    return result


_CLAUSE_LABELS = {
    ("Table", "sample"): ("TABLESAMPLE", "Its rows differ from run to run; use LIMIT."),
    ("Select", "sample"): ("TABLESAMPLE", "Its rows differ from run to run; use LIMIT."),
    ("Table", "version"): ("FOR VERSION or TIMESTAMP AS OF", "Use salesperf query --as-of."),
    ("Join", "method"): ("NATURAL JOIN", "Athena has none either; write USING (…)."),
    ("Star", "except_"): ("* EXCEPT", "Name the columns."),
    ("Star", "replace"): ("* REPLACE", "Name the columns."),
    ("Column", "catalog"): ("a name of four parts", "Write table.column."),
}


def only(node: exp.Expr, *known: str) -> None:
    """Refuse a clause of the node that is not handled, rather than drop it."""
    for name, value in node.args.items():
        if value and name not in known:
            label = f"{name.strip('_').replace('_', ' ').upper()} in {type(node).__name__.upper()}"
            what, remedy = _CLAUSE_LABELS.get((type(node).__name__, name), (label, ""))
            unsupported(what, node, remedy=remedy)


def _literal(_ctx: Compilation, _scope: Scope, node: exp.Expr) -> Typed:
    if node.is_string:
        return Typed(text(node.name), VARCHAR, value=node.name)
    return number_literal(node.name, node)


def _boolean(_ctx: Compilation, _scope: Scope, node: exp.Expr) -> Typed:
    return Typed("TRUE" if node.this else "FALSE", BOOLEAN, value=bool(node.this))


def _placeholder(ctx: Compilation, _scope: Scope, node: exp.Expr) -> Typed:
    if node.name not in ctx.parameters:
        refuse("parameters are named here", "A ? has no name to give a value for.", "Write :name.", node)
    declared = ctx.parameters[node.name].declared
    return bound(ctx, node.name, declared) if declared is not None else Typed("", UNKNOWN, parameter=node.name)


def _paren(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    return expression(ctx, scope, node.this)


def _binary(op: str) -> Handler:
    def handler(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
        return arithmetic(ctx, op, expression(ctx, scope, node.this), expression(ctx, scope, node.expression), node)

    return handler


def _and(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    # A chain of ANDs is a left-deep tree: flatten it, long filters must not recurse.
    parts = [condition(ctx, expression(ctx, scope, part), "AND", node) for part in node.flatten()]
    result = parts[0]
    for part in parts[1:]:
        result = both(result, part)
    return result


def _or(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    parts = [condition(ctx, expression(ctx, scope, part), "OR", node).sql for part in node.flatten()]
    return Typed("(" + " OR ".join(parts) + ")", BOOLEAN)


def _not(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    return Typed(f"(NOT {condition(ctx, expression(ctx, scope, node.this), 'NOT', node).sql})", BOOLEAN)


def _subquery(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    relation = queries.query(ctx, scope, node.unnest() if isinstance(node, exp.Subquery) else node)
    if len(relation.fields) != 1:
        mismatch(f"a subquery used as a value has {len(relation.fields)} columns", node, "Select one column.")
    return Typed(f"({relation.sql})", relation.fields[0].type)


def _case(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    subject = expression(ctx, scope, node.this) if node.this else None
    tests, values = [], []
    for branch in node.args["ifs"]:
        test = expression(ctx, scope, branch.this)
        tests.append(compare(ctx, "=", subject, test, node) if subject else condition(ctx, test, "WHEN", node))
        values.append(expression(ctx, scope, branch.args["true"]))
    if node.args.get("default"):
        values.append(expression(ctx, scope, node.args["default"]))
    return _choose(ctx, tests, values, "CASE", node)


def _choose(ctx: Compilation, tests: list[Typed], values: list[Typed], what: str, node: exp.Expr) -> Typed:
    typed, kind = unify(ctx, values, what, node)
    parts = [f"WHEN {test.sql} THEN {value.sql}" for test, value in zip(tests, typed, strict=False)]
    if len(typed) > len(tests):
        parts.append(f"ELSE {typed[-1].sql}")
    return Typed(f"CASE {' '.join(parts)} END", kind)


def _if(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    if not node.args.get("true"):
        mismatch("if needs a condition and a value", node)
    test = condition(ctx, expression(ctx, scope, node.this), "if", node)
    branches = [node.args["true"]] + ([node.args["false"]] if node.args.get("false") else [])
    return _choose(ctx, [test], [expression(ctx, scope, branch) for branch in branches], "if", node)


def _cast(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    wanted, length = read_type(node.args["to"])
    inner = node.this
    literal = isinstance(inner, exp.Literal) and inner.is_string
    if (
        literal
        and not isinstance(node, exp.TryCast)
        and (wanted.name in ("date", "timestamp", "timestamptz") or wanted == decimal(38, 0))
    ):
        found = moment_literal(node, inner.name, wanted)
        if found is not None:
            return found
    value = expression(ctx, scope, inner)
    return explicit(ctx, value, wanted, length=length, attempt=isinstance(node, exp.TryCast), node=node)


def _interval(_ctx: Compilation, _scope: Scope, node: exp.Expr) -> Typed:
    return interval_literal(node)


def _neg(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    least = (
        {"2147483648": INTEGER, "9223372036854775808": BIGINT}.get(node.this.name)
        if isinstance(node.this, exp.Literal)
        else None
    )
    if least is not None and not node.this.is_string:
        return Typed(f"CAST(-{node.this.name} AS {duckdb_type(least)})", least, value=-int(node.this.name))
    return negate(ctx, expression(ctx, scope, node.this), node)


def _null(_ctx: Compilation, _scope: Scope, _node: exp.Expr) -> Typed:
    return Typed("NULL", UNKNOWN)


def _concat(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    parts = [expression(ctx, scope, part) for part in node.flatten()]
    return calls.concatenate(ctx, parts, node)


def _array(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    items = [expression(ctx, scope, item) for item in node.expressions]
    if not items:
        return Typed("CAST([] AS INTEGER[])", array(UNKNOWN))
    typed, kind = unify(ctx, items, "ARRAY", node)
    return Typed("[" + ", ".join(item.sql for item in typed) + "]", array(kind))


def _row(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    items = [bind(ctx, expression(ctx, scope, item), None) for item in node.expressions]
    packed = ", ".join(f"f{i} := {item.sql}" for i, item in enumerate(items))
    return Typed(f"struct_pack({packed})", row(("",) * len(items), tuple(item.type for item in items)))


def _bracket(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    if len(node.expressions) != 1:
        unsupported("a subscript with several parts", node)
    value, key = expression(ctx, scope, node.this), expression(ctx, scope, node.expressions[0])
    return calls.subscript(ctx, value, key, node)


def _dot(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    if not isinstance(node.expression, exp.Identifier):
        unsupported(f"{node.sql(dialect='trino')[:50]}", node)
    return field_of(expression(ctx, scope, node.this), node.expression.name, node)


def _at_time_zone(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    return calls.at_zone(expression(ctx, scope, node.this), expression(ctx, scope, node.args["zone"]), node)


def _call(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    return calls.call(ctx, scope, node)


def _renamed(name: str, *parts: str) -> Handler:
    """A function with a syntax of its own, compiled as the plain function of that name."""

    def handler(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
        arguments = [node.args[part] for part in parts if node.args.get(part)]
        return calls.call(ctx, scope, exp.Anonymous(this=name, expressions=arguments))

    return handler


def _trim(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    arguments = [node.this] + ([node.expression] if node.expression else [])
    return calls.call(ctx, scope, exp.Anonymous(this=name, expressions=arguments))


def _extract(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    unit = node.this.name.lower()
    if unit not in calls.EXTRACT_UNITS:
        refuse(
            f"EXTRACT({unit.upper()} …) is unknown", near(unit, calls.EXTRACT_UNITS), "Use YEAR, MONTH, DAY, …", node
        )
    return calls.call(ctx, scope, exp.Anonymous(this=unit, expressions=[node.expression]))


def _current(name: str) -> Handler:
    def handler(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
        return calls.call(ctx, scope, exp.Anonymous(this=name, expressions=[node.this] if node.this else []))

    return handler


def _hex(_ctx: Compilation, _scope: Scope, node: exp.Expr) -> Typed:
    return Typed(f"unhex({text(str(node.this))})", VARBINARY)


_CLAUSES = ("this", "expression", "expressions", "negate")
_OWN_CLAUSES: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Column: ("table", "db"),
    exp.Identifier: ("quoted",),
    exp.Literal: ("is_string",),
    exp.Div: ("typed", "safe"),
    exp.Between: ("low", "high"),
    exp.In: ("query",),
    exp.Case: ("ifs", "default"),
    exp.If: ("true", "false"),
    exp.Cast: ("to",),
    exp.TryCast: ("to", "safe"),
    exp.Interval: ("unit",),
    exp.Trim: ("position",),
    exp.StrPosition: ("substr",),
    exp.Substring: ("start", "length"),
    exp.AtTimeZone: ("zone",),
    exp.Bracket: ("offset", "safe"),
    exp.Window: ("partition_by", "order", "spec", "alias", "over"),
    exp.Select: tuple(exp.Select.arg_types),
    exp.Subquery: tuple(exp.Subquery.arg_types),
    exp.Array: (),
}
_HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Column: names.column,
    exp.Identifier: names.column,
    exp.Literal: _literal,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Placeholder: _placeholder,
    exp.Paren: _paren,
    exp.Neg: _neg,
    exp.Not: _not,
    exp.And: _and,
    exp.Or: _or,
    exp.Add: _binary("+"),
    exp.Sub: _binary("-"),
    exp.Mul: _binary("*"),
    exp.Div: _binary("/"),
    exp.Mod: _binary("%"),
    exp.EQ: predicates.comparison("="),
    exp.NEQ: predicates.comparison("<>"),
    exp.LT: predicates.comparison("<"),
    exp.LTE: predicates.comparison("<="),
    exp.GT: predicates.comparison(">"),
    exp.GTE: predicates.comparison(">="),
    exp.Is: predicates.is_null,
    exp.NullSafeEQ: predicates.distinct_from(False),
    exp.NullSafeNEQ: predicates.distinct_from(True),
    exp.Between: predicates.between,
    exp.In: predicates.contained,
    exp.Exists: predicates.exists,
    exp.Subquery: _subquery,
    exp.Select: _subquery,
    exp.Like: predicates.like,
    exp.Escape: predicates.like,
    exp.Case: _case,
    exp.If: _if,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Interval: _interval,
    exp.DPipe: _concat,
    exp.Array: _array,
    exp.Tuple: _row,
    exp.Bracket: _bracket,
    exp.Dot: _dot,
    exp.AtTimeZone: _at_time_zone,
    exp.Anonymous: _call,
    exp.Filter: _call,
    exp.Window: _call,
    exp.WithinGroup: _call,
    exp.IgnoreNulls: _call,
    exp.RespectNulls: _call,
    exp.Trim: _trim,
    exp.StrPosition: _renamed("strpos", "this", "substr"),
    exp.Substring: _renamed("substr", "this", "start", "length"),
    exp.Extract: _extract,
    exp.CurrentDate: _current("current_date"),
    exp.CurrentTimestamp: _current("current_timestamp"),
    exp.Localtimestamp: _current("localtimestamp"),
    exp.Normalize: _renamed("normalize", "this"),
    exp.HexString: _hex,
}
