"""Compiles one expression tree. Every kind of node that is not named here is refused: the world is closed."""

from __future__ import annotations

import datetime
import decimal as decimals
import re
from collections.abc import Callable

from sqlglot import exp

from salesperf_cli.core.athena import calls, queries
from salesperf_cli.core.athena.casts import bind, explicit, field_of, read_type, unify
from salesperf_cli.core.athena.context import (
    Compilation, Field, Predicate, Scope, Typed, mismatch, near, quoted, refuse, text, unsupported,
)  # fmt: skip
from salesperf_cli.core.athena.literals import interval_literal, moment_literal, number_literal
from salesperf_cli.core.athena.operators import arithmetic, both, comparable, compare, condition, negate
from salesperf_cli.core.athena.types import BOOLEAN, INTEGER, UNKNOWN, VARCHAR, Type, array, common, decimal, row

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


def only(node: exp.Expr, *known: str) -> None:
    """Refuse a clause of the node that is not handled, rather than drop it."""
    for name, value in node.args.items():
        if value and name not in known:
            unsupported(f"{name.strip('_').replace('_', ' ').upper()} in {type(node).__name__.upper()}", node)


def _column(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    if isinstance(node, exp.Identifier):
        return lookup(ctx, scope, node.name, "", "", node)
    if isinstance(node.this, exp.Star):
        unsupported("* inside an expression", node)
    table, db = node.text("table"), node.text("db")
    found = _find(scope, node.name, table, db)
    if found is None and table:
        owner = _find(scope, table, db, "")
        if owner is not None:
            return field_of(_read(ctx, scope, owner[0], owner[1]), node.name, node)
    return lookup(ctx, scope, node.name, table, db, node)


def _find(scope: Scope | None, name: str, table: str, schema: str) -> tuple[Field, Scope] | None:
    while scope is not None:
        found = [field for field in scope.fields if field.name.lower() == name.lower() and _qualifies(field, table, schema)]
        if len(found) > 1:
            label = f"{table}.{name}" if table else name
            refuse(f"column {label!r} is ambiguous", "More than one relation has it.", f"Qualify it, e.g. {found[0].relation}.{name}.")
        if found:
            return found[0], scope
        scope = scope.parent
    return None


def _qualifies(field: Field, table: str, schema: str) -> bool:
    if not table:
        return not field.qualified_only
    return field.relation.lower() == table.lower() and (not schema or field.schema.lower() == schema.lower())


def lookup(ctx: Compilation, scope: Scope, name: str, table: str, schema: str, node: exp.Expr) -> Typed:
    """Resolve a column, innermost scope first."""
    found = _find(scope, name, table, schema)
    if found is not None:
        return _read(ctx, scope, *found)
    label = ".".join(part for part in (schema, table, name) if part)
    owner = scope.owner()
    if not table and name.lower() in owner.aliases:
        refuse(f"column {label!r} cannot be resolved", f"{name} is an alias of the SELECT list; Athena sees those only in ORDER BY.",
               f"Repeat the expression, or use its position in GROUP BY: {owner.aliases[name.lower()]}.", node)  # fmt: skip
    known = [field.name for field in owner.fields if not table or field.relation.lower() == table.lower()]
    relations = list(dict.fromkeys(field.relation for field in owner.fields))
    why = near(name, known) or near(table, relations) or f"known columns: {', '.join(known[:8]) or 'none'}"
    return refuse(f"column {label!r} cannot be resolved", why, "Use a column of the tables in FROM; see DESCRIBE table.", node)


def read_field(ctx: Compilation, scope: Scope, field: Field) -> Typed:
    """Read a column of the scope itself, as a star or USING does."""
    mark = len(scope.ungrouped)
    result = _read(ctx, scope, field, scope)
    if scope.grouped is not None and result.sql in scope.grouped:
        del scope.ungrouped[mark:]
    return result


def _read(ctx: Compilation, scope: Scope, field: Field, holder: Scope) -> Typed:
    for scan, column in field.origins:
        ctx.columns[ctx.scans[scan].table][column] = None
    owner = scope.owner()
    if holder is owner and not owner.inside_aggregate:
        owner.ungrouped.append(field.name)
    return Typed(field.sql, field.type, origins=field.origins if holder is scope else ())


def _literal(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    if node.is_string:
        return Typed(text(node.name), VARCHAR, value=node.name)
    return number_literal(node.name, node)


def _boolean(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    return Typed("TRUE" if node.this else "FALSE", BOOLEAN, value=bool(node.this))


def _placeholder(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    from salesperf_cli.core.athena.casts import bound

    declared = ctx.parameters[node.name].declared
    return bound(ctx, node.name, declared) if declared is not None else Typed("", UNKNOWN, parameter=node.name)


def _paren(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    return expression(ctx, scope, node.this)


def _binary(op: str) -> Handler:
    def handler(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
        return arithmetic(ctx, op, expression(ctx, scope, node.this), expression(ctx, scope, node.expression), node)

    return handler


def _comparison(op: str) -> Handler:
    def handler(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
        if isinstance(node.this, exp.Tuple) or isinstance(node.expression, exp.Tuple):
            return _compare_tuples(ctx, scope, op, node)
        quantifier = _quantifier(node.expression)
        left = expression(ctx, scope, node.this)
        if quantifier is not None:
            return _quantified(ctx, scope, op, left, *quantifier, node)
        return compare(ctx, op, left, expression(ctx, scope, node.expression), node)

    return handler


def _compare_tuples(ctx: Compilation, scope: Scope, op: str, node: exp.Expr) -> Typed:
    one, other = node.this.unnest(), node.expression.unnest()
    if op not in ("=", "<>") or not isinstance(one, exp.Tuple) or not isinstance(other, exp.Tuple):
        unsupported("this comparison of rows", node, remedy="Compare the values one by one.")
    return _tuple_equality(ctx, scope, op, one, other, node)


def _tuple_equality(ctx: Compilation, scope: Scope, op: str, one: exp.Expr, other: exp.Expr, node: exp.Expr) -> Typed:
    if len(one.expressions) != len(other.expressions):
        mismatch("the rows compared have different lengths", node)
    parts = [compare(ctx, "=", expression(ctx, scope, a), expression(ctx, scope, b), node)
             for a, b in zip(one.expressions, other.expressions, strict=True)]  # fmt: skip
    joined = "(" + " AND ".join(part.sql for part in parts) + ")"
    return Typed(joined if op == "=" else f"(NOT {joined})", BOOLEAN)


def _quantifier(node: exp.Expr) -> tuple[str, exp.Expr] | None:
    if isinstance(node, (exp.Any, exp.All)):
        return ("ANY" if isinstance(node, exp.Any) else "ALL"), node.this
    if isinstance(node, exp.Anonymous) and node.name.lower() in ("all", "some", "any") and len(node.expressions) == 1:
        return ("ALL" if node.name.lower() == "all" else "ANY"), node.expressions[0]
    return None


def _quantified(ctx: Compilation, scope: Scope, op: str, left: Typed, word: str, query: exp.Expr, node: exp.Expr) -> Typed:
    relation = queries.query(ctx, scope, query.unnest())
    left = bind(ctx, left, relation.fields[0].type)
    kind = common(left.type, relation.fields[0].type)
    if len(relation.fields) != 1 or kind is None or kind.is_floating or kind.items:
        unsupported("this quantified comparison", node, remedy="Use IN, EXISTS or min and max.")
    inner = queries.conform(ctx, relation, (kind,))
    value = unify(ctx, [left, Typed("NULL", kind)], op)[0][0]
    return Typed(f"({value.sql} {op} {word} ({inner.sql}))", BOOLEAN)


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


def _is(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    if not isinstance(node.expression, exp.Null):
        unsupported(f"IS {node.expression.sql(dialect='trino')}", node, remedy="Compare with = TRUE or = FALSE.")
    value = expression(ctx, scope, node.this)
    return Typed(f"({bind(ctx, value, None).sql} IS NULL)", BOOLEAN)


def _distinct_from(negated: bool) -> Handler:
    word = "IS DISTINCT FROM" if negated else "IS NOT DISTINCT FROM"

    def handler(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
        pair = [expression(ctx, scope, node.this), expression(ctx, scope, node.expression)]
        (one, other), _ = unify(ctx, pair, word, node)
        return Typed(f"({one.sql} {word} {other.sql})", BOOLEAN)

    return handler


def _between(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    value = expression(ctx, scope, node.this)
    low, high = expression(ctx, scope, node.args["low"]), expression(ctx, scope, node.args["high"])
    return both(compare(ctx, ">=", value, low, node), compare(ctx, "<=", value, high, node))


def _in(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    if node.args.get("query"):
        return _in_query(ctx, scope, node)
    if isinstance(node.this.unnest(), exp.Tuple):
        tuples = [_tuple_equality(ctx, scope, "=", node.this.unnest(), item.unnest(), node).sql for item in node.expressions]
        return Typed("(" + " OR ".join(tuples) + ")", BOOLEAN)
    value = expression(ctx, scope, node.this)
    items = [expression(ctx, scope, item) for item in node.expressions]
    typed, kind = unify(ctx, [value, *items], "IN", node)
    if kind.is_floating or kind.items:
        return Typed("(" + " OR ".join(compare(ctx, "=", typed[0], item, node).sql for item in typed[1:]) + ")", BOOLEAN)
    values = tuple(comparable(item.value, kind) for item in typed[1:])
    known = value.origins and all(item is not None for item in values)
    predicates = (Predicate(value.origins, "in", values),) if known else ()
    return Typed(f"({typed[0].sql} IN ({', '.join(item.sql for item in typed[1:])}))", BOOLEAN, predicates=predicates)


def _in_query(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    if isinstance(node.this.unnest(), exp.Tuple):
        unsupported("a row IN (subquery)", node, "NULLs in rows count otherwise in DuckDB.", "Use EXISTS or a join.")
    relation = queries.query(ctx, scope, node.args["query"].unnest())
    if len(relation.fields) != 1:
        mismatch("IN (subquery) needs a subquery with one column", node)
    value = bind(ctx, expression(ctx, scope, node.this), relation.fields[0].type)
    kind = common(value.type, relation.fields[0].type)
    if kind is None or kind.items:
        mismatch(f"cannot compare {value.type} with {relation.fields[0].type} in IN", node)
    inner = queries.conform(ctx, relation, (kind,))
    value = unify(ctx, [value, Typed("NULL", kind)], "IN")[0][0]
    return Typed(f"({value.sql} IN ({inner.sql}))", BOOLEAN)


def _exists(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    return Typed(f"EXISTS ({queries.query(ctx, scope, node.this.unnest()).sql})", BOOLEAN)


def _subquery(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    relation = queries.query(ctx, scope, node.unnest() if isinstance(node, exp.Subquery) else node)
    if len(relation.fields) != 1:
        mismatch(f"a subquery used as a value has {len(relation.fields)} columns", node, "Select one column.")
    return Typed(f"({relation.sql})", relation.fields[0].type)


def _like(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    inner, escape = (node.this, node.expression) if isinstance(node, exp.Escape) else (node, None)
    if not isinstance(inner, exp.Like):
        unsupported(f"{type(inner).__name__.upper()}", node, remedy="Use lower(x) LIKE lower(pattern).")
    value, pattern = (bind(ctx, expression(ctx, scope, part), VARCHAR) for part in (inner.this, inner.expression))
    for part in (value, pattern):
        if part.type.name not in ("varchar", "unknown"):
            mismatch(f"LIKE needs varchar, not {part.type}", node)
    if escape is None:
        return Typed(f"({value.sql} LIKE {pattern.sql})", BOOLEAN)
    if not escape.is_string or len(escape.name) != 1 or not isinstance(pattern.value, str):
        unsupported("LIKE … ESCAPE with a computed pattern or escape", node, remedy="Write both as literals.")
    sign = re.escape(escape.name)
    if not re.fullmatch(rf"(?s)(?:[^{sign}]|{sign}[%_{sign}])*", pattern.value):
        refuse("the escape character must be followed by %, _ or itself", "Athena refuses this pattern.", "Correct it.", node)
    return Typed(f"({value.sql} LIKE {pattern.sql} ESCAPE {text(escape.name)})", BOOLEAN)


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
    if literal and not isinstance(node, exp.TryCast) and (wanted.name in ("date", "timestamp", "timestamptz") or wanted == decimal(38, 0)):
        found = moment_literal(node, inner.name, wanted)
        if found is not None:
            return found
    value = expression(ctx, scope, inner)
    return explicit(ctx, value, wanted, length=length, attempt=isinstance(node, exp.TryCast), node=node)


def _interval(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    return interval_literal(node)


def _neg(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    return negate(ctx, expression(ctx, scope, node.this), node)


def _null(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
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
        refuse(f"EXTRACT({unit.upper()} …) is unknown", near(unit, calls.EXTRACT_UNITS), "Use YEAR, MONTH, DAY, …", node)
    return calls.call(ctx, scope, exp.Anonymous(this=unit, expressions=[node.expression]))


def _current(name: str) -> Handler:
    def handler(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
        return calls.call(ctx, scope, exp.Anonymous(this=name, expressions=[node.this] if node.this else []))

    return handler


def _hex(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    from salesperf_cli.core.athena.types import VARBINARY

    return Typed(f"unhex({text(str(node.this))})", VARBINARY)


_CLAUSES = ("this", "expression", "expressions", "negate")
_OWN_CLAUSES: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Column: ("table", "db"), exp.Identifier: ("quoted",), exp.Literal: ("is_string",), exp.Div: ("typed", "safe"),
    exp.Between: ("low", "high"), exp.In: ("query",), exp.Case: ("ifs", "default"), exp.If: ("true", "false"),
    exp.Cast: ("to",), exp.TryCast: ("to", "safe"), exp.Interval: ("unit",), exp.Trim: ("position",),
    exp.StrPosition: ("substr",), exp.Substring: ("start", "length"), exp.AtTimeZone: ("zone",), exp.Bracket: ("offset", "safe"),
    exp.Window: ("partition_by", "order", "spec", "alias", "over"), exp.Select: tuple(exp.Select.arg_types),
    exp.Subquery: tuple(exp.Subquery.arg_types), exp.Array: (),
}  # fmt: skip
_HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Column: _column, exp.Identifier: _column, exp.Literal: _literal, exp.Boolean: _boolean, exp.Null: _null,
    exp.Placeholder: _placeholder, exp.Paren: _paren, exp.Neg: _neg, exp.Not: _not, exp.And: _and, exp.Or: _or,
    exp.Add: _binary("+"), exp.Sub: _binary("-"), exp.Mul: _binary("*"), exp.Div: _binary("/"), exp.Mod: _binary("%"),
    exp.EQ: _comparison("="), exp.NEQ: _comparison("<>"), exp.LT: _comparison("<"), exp.LTE: _comparison("<="),
    exp.GT: _comparison(">"), exp.GTE: _comparison(">="), exp.Is: _is, exp.NullSafeEQ: _distinct_from(False),
    exp.NullSafeNEQ: _distinct_from(True), exp.Between: _between, exp.In: _in, exp.Exists: _exists,
    exp.Subquery: _subquery, exp.Select: _subquery, exp.Like: _like, exp.Escape: _like, exp.Case: _case, exp.If: _if,
    exp.Cast: _cast, exp.TryCast: _cast, exp.Interval: _interval, exp.DPipe: _concat, exp.Array: _array, exp.Tuple: _row,
    exp.Bracket: _bracket, exp.Dot: _dot, exp.AtTimeZone: _at_time_zone, exp.Anonymous: _call, exp.Filter: _call,
    exp.Window: _call, exp.WithinGroup: _call, exp.IgnoreNulls: _call, exp.RespectNulls: _call, exp.Trim: _trim,
    exp.StrPosition: _renamed("strpos", "this", "substr"), exp.Substring: _renamed("substr", "this", "start", "length"),
    exp.Extract: _extract, exp.CurrentDate: _current("current_date"), exp.CurrentTimestamp: _current("current_timestamp"),
    exp.Localtimestamp: _current("localtimestamp"), exp.Normalize: _renamed("normalize", "this"), exp.HexString: _hex,
}  # fmt: skip

__all__ = ["BOOLEAN", "INTEGER", "Type", "datetime", "decimals", "expression", "lookup", "only", "quoted"]
