"""Walks an expression: refuses what is not on the allow-list, says what kind it is, writes it for DuckDB.

Every piece of SQL given back is self-contained, so operators need no thought about precedence. Queries are
in `queries`, function calls in `calls`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Protocol

from sqlglot import exp

from salesperf_cli.core.portable import patterns, refused
from salesperf_cli.core.portable.casts import cast_problem, cast_sql, contract_type
from salesperf_cli.core.portable.constructs import PARTS, foreign_parts
from salesperf_cli.core.portable.kinds import (
    ANY,
    EXACT,
    NOT_PRINTABLE,
    NUMBER,
    PRINTABLE,
    TEXT,
    TRUTH,
    Kind,
    Typed,
    common,
    guarded,
    kind_of,
)
from salesperf_cli.core.portable.scopes import Columns, Findings, Scope
from salesperf_cli.core.portable.shapes import never_zero, unwrapped

_COMPARISONS = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_ARITHMETIC = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Mod: "%", exp.Div: "/"}
_SAFE_ESCAPES = re.compile(r"(?:[^\\]|\\[\\nrt'])*")
_REFUSED = Typed("NULL", Kind.UNKNOWN)


class QueryWriter(Protocol):
    """What expressions need of queries: a query inside an expression."""

    def query(self, node: exp.Expr, parent: Scope) -> tuple[str, Columns | None]:
        """The query for DuckDB and its columns."""


class CallWriter(Protocol):
    """What expressions need of function calls."""

    def call(self, node: exp.Expr, scope: Scope) -> Typed:
        """A function call, with its FILTER or OVER."""


class Expressions:
    """The walk over expressions of one text."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.queries: QueryWriter
        self.calls: CallWriter
        self._writers: dict[type[exp.Expr], Callable[..., Typed]] = {
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.Boolean: lambda node, _: Typed("TRUE" if node.this else "FALSE", Kind.BOOLEAN),
            exp.Null: lambda *_: Typed("NULL", Kind.NULL),
            exp.Paren: lambda node, scope: self.write(node.this, scope),
            exp.And: self._connector,
            exp.Or: self._connector,
            exp.Not: self._not,
            exp.Neg: self._negative,
            exp.DPipe: self._pipes,
            exp.Is: self._is,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.RegexpLike: self._rlike,
            exp.Case: self._case,
            exp.If: self._if,
            exp.Cast: self._cast,
            exp.TryCast: self._cast,
            exp.Exists: self._exists,
            exp.Subquery: self._scalar_query,
            **dict.fromkeys(_COMPARISONS, self._comparison),
            **dict.fromkeys(_ARITHMETIC, self._arithmetic),
            **dict.fromkeys((exp.Anonymous, exp.Filter, exp.Window), lambda node, scope: self.calls.call(node, scope)),
        }

    def write(self, node: exp.Expr, scope: Scope) -> Typed:
        """One expression for DuckDB and its kind."""
        writer = self._writers.get(type(node))
        if writer is None:
            name = type(node).__name__
            construct = node.sql_name() if isinstance(node, exp.Func) else name.upper()
            self.findings.add(
                node,
                construct,
                refused.NODES.get(name, "not on the list of portable constructs; write it with listed ones"),
            )
            return _REFUSED
        self.check_parts(node)
        return writer(node, scope)

    def write_all(self, nodes: Iterable[exp.Expr], scope: Scope) -> list[Typed]:
        """Several expressions."""
        return [self.write(node, scope) for node in nodes]

    def check_parts(self, node: exp.Expr) -> None:
        """Refuse parts of a node that are not understood, and whole nodes of classes not listed."""
        if type(node) not in PARTS:
            name = type(node).__name__
            self.findings.add(node, name.upper(), refused.NODES.get(name, "not on the list of portable constructs"))
            return
        for part in foreign_parts(node):
            inner = node.args[part]
            where = next(
                (item for item in (inner if isinstance(inner, list) else [inner]) if isinstance(item, exp.Expr)),
                node,
            )
            message = refused.CLAUSES.get(part, f"this part of {type(node).__name__.upper()} is not on the list")
            self.findings.add(where, part.strip("_").upper().replace("_", " "), message)

    def name(self, identifier: exp.Expr, defines: bool = False) -> str:
        """An identifier, quoted for DuckDB; reserved words and upper case are refused where they are not in
        back quotes.
        """
        text = identifier.name
        quoted = bool(identifier.args.get("quoted"))
        if text.lower() in refused.RESERVED and (defines or not quoted):
            self.findings.add(
                identifier,
                text,
                f"reserved in Spark or DuckDB; name it otherwise, such as {text.lower()}_value",
            )
        elif not quoted and text != text.lower():
            self.findings.add(identifier, text, f"write names in lower case: {text.lower()}")
        return '"' + text.replace('"', '""') + '"'

    def want(self, node: exp.Expr, value: Typed, accepted: frozenset[Kind], construct: str, advice: str) -> None:
        """Refuse a value whose known kind is not accepted."""
        if value.kind not in accepted | {Kind.UNKNOWN, Kind.NULL}:
            self.findings.add(node, construct, f"{advice} (this is {value.kind})")

    def together(self, node: exp.Expr, values: Iterable[Typed], construct: str) -> Kind:
        """The common kind of values that must go together."""
        kinds = [value.kind for value in values]
        found = common(kinds)
        if found is None:
            mixed = ", ".join(sorted({kind.value for kind in kinds}))
            self.findings.add(
                node,
                construct,
                f"mixes {mixed}: cast to one type; a date constant is written DATE '2018-01-31'",
            )
        return found or Kind.UNKNOWN

    def _column(self, node: exp.Column, scope: Scope) -> Typed:
        if isinstance(node.this, exp.Star):
            self.findings.add(node, "*", refused.NODES["Star"])
            return _REFUSED
        table = node.args.get("table")
        prefix = self.name(table) + "." if table is not None else ""
        return Typed(prefix + self.name(node.this), scope.kind(node.name, node.table))

    def _literal(self, node: exp.Literal, _: Scope) -> Typed:
        if not node.is_string:
            text = str(node.this)
            if text.isdigit():
                if int(text) >= 2**63:
                    self.findings.add(
                        node,
                        text,
                        "larger than bigint; cast the number from text: cast('…' as decimal(38,0))",
                    )
                return Typed(text, Kind.INTEGER)
            return Typed(text, Kind.DOUBLE if "e" in text.lower() else Kind.DECIMAL)
        source = self.findings.source(node)
        if source.startswith('"'):
            self.findings.add(node, source, "write text in single quotes: double quotes name a column elsewhere")
        elif not _SAFE_ESCAPES.fullmatch(source):
            self.findings.add(node, source, "after a backslash only \\\\, \\', \\n, \\r and \\t are read alike")
        return Typed(patterns.quoted(node.this), Kind.STRING)

    def _connector(self, node: exp.Connector, scope: Scope) -> Typed:
        values = []
        for part in node.flatten():
            value = self.write(part, scope)
            self.want(part, value, TRUTH, "AND" if isinstance(node, exp.And) else "OR", "give a condition")
            values.append(value.sql)
        return Typed("(" + (" AND " if isinstance(node, exp.And) else " OR ").join(values) + ")", Kind.BOOLEAN)

    def _not(self, node: exp.Not, scope: Scope) -> Typed:
        value = self.write(node.this, scope)
        self.want(node, value, TRUTH, "NOT", "give a condition")
        return Typed(f"(NOT {value.sql})", Kind.BOOLEAN)

    def _negative(self, node: exp.Neg, scope: Scope) -> Typed:
        value = self.write(node.this, scope)
        self.want(node, value, NUMBER, "-", "give a number")
        return Typed(f"(-{value.sql})", value.kind)

    def _pipes(self, node: exp.DPipe, scope: Scope) -> Typed:
        parts = []
        for part in node.flatten():
            value = self.write(part, scope)
            self.want(part, value, PRINTABLE, "||", NOT_PRINTABLE)
            if isinstance(part, exp.Binary) and not isinstance(part, exp.DPipe):
                self.findings.add(part, "||", "put parentheses around the parts: || and + bind differently")
            parts.append(f"CAST({guarded(value, ANY - PRINTABLE, NOT_PRINTABLE)} AS VARCHAR)")
        return Typed("(" + " || ".join(parts) + ")", Kind.STRING)

    def _comparison(self, node: exp.Binary, scope: Scope) -> Typed:
        operator = _COMPARISONS[type(node)]
        left, right = self.write(node.this, scope), self.write(node.expression, scope)
        self.together(node, (left, right), operator)
        return Typed(f"({left.sql} {operator} {right.sql})", Kind.BOOLEAN)

    def _arithmetic(self, node: exp.Binary, scope: Scope) -> Typed:
        operator = _ARITHMETIC[type(node)]
        left, right = self.write(node.this, scope), self.write(node.expression, scope)
        for side, value in ((node.this, left), (node.expression, right)):
            advice = (
                "dates: date_add, date_sub, datediff, add_months; text: try_cast first"
                if operator in "+-"
                else "give numbers"
            )
            self.want(side, value, NUMBER, operator, advice)
        kind = common((left.kind, right.kind)) or Kind.UNKNOWN
        if isinstance(node, exp.Div):
            return self._division(node, left, right)
        if isinstance(node, exp.Mod):
            self.want(node, left, EXACT, "%", "give integers or decimals")
            self._never_zero(node.expression, "%")
        return Typed(f"({left.sql} {operator} {right.sql})", kind)

    def _division(self, node: exp.Binary, left: Typed, right: Typed) -> Typed:
        kinds = {left.kind, right.kind}
        if Kind.DOUBLE not in kinds and kinds != {Kind.INTEGER}:
            self.findings.add(
                node,
                "/",
                "decimals divide differently: write cast(a as double) / nullif(cast(b as double), 0)",
            )
        self._never_zero(node.expression, "/")
        return Typed(f"({left.sql} / {right.sql})", Kind.DOUBLE)

    def _never_zero(self, node: exp.Expr, operator: str) -> None:
        if not never_zero(node):
            advice = f"write a {operator} nullif(b, 0), or for doubles try_divide(a, b)"
            self.findings.add(node, operator, f"by zero is NULL, an error or infinity: {advice}")

    def _is(self, node: exp.Is, scope: Scope) -> Typed:
        if not isinstance(node.expression, (exp.Null, exp.Boolean)):
            self.findings.add(node, "IS", "write IS [NOT] NULL, TRUE or FALSE")
        value = self.write(node.this, scope)
        right = "NULL" if isinstance(node.expression, exp.Null) else "TRUE" if node.expression.this else "FALSE"
        return Typed(f"({value.sql} IS {'NOT ' if node.args.get('negate') else ''}{right})", Kind.BOOLEAN)

    def _in(self, node: exp.In, scope: Scope) -> Typed:
        value = self.write(node.this, scope)
        word = "NOT IN" if node.args.get("negate") else "IN"
        query = node.args.get("query")
        if query is None:
            choices = self.write_all(node.expressions, scope)
            self.together(node, (value, *choices), "IN")
            return Typed(f"({value.sql} {word} ({', '.join(choice.sql for choice in choices)}))", Kind.BOOLEAN)
        sql, _ = self.queries.query(query, scope)
        return Typed(f"({value.sql} {word} ({sql}))", Kind.BOOLEAN)

    def _between(self, node: exp.Between, scope: Scope) -> Typed:
        values = self.write_all((node.this, node.args["low"], node.args["high"]), scope)
        self.together(node, values, "BETWEEN")
        word = "NOT BETWEEN" if node.args.get("negate") else "BETWEEN"
        return Typed(f"({values[0].sql} {word} {values[1].sql} AND {values[2].sql})", Kind.BOOLEAN)

    def _pattern(
        self, node: exp.Binary, scope: Scope, construct: str, problem: Callable[[str], str | None]
    ) -> tuple[str, str]:
        value = self.write(node.this, scope)
        self.want(node, value, TEXT, construct, "give a string")
        pattern = unwrapped(node.expression)
        if not (isinstance(pattern, exp.Literal) and pattern.is_string):
            advice = "write the pattern itself; to search for a column's text use contains(x, y)"
            self.findings.add(pattern, construct, refused.NODES.get(type(pattern).__name__, advice))
            return value.sql, "''"
        found = problem(pattern.this)
        if found:
            self.findings.add(pattern, construct, found)
        return value.sql, self.write(pattern, scope).sql

    def _like(self, node: exp.Like, scope: Scope) -> Typed:
        value, pattern = self._pattern(node, scope, "LIKE", patterns.like_problem)
        return Typed(f"({value} {'NOT LIKE' if node.args.get('negate') else 'LIKE'} {pattern})", Kind.BOOLEAN)

    def _rlike(self, node: exp.RegexpLike, scope: Scope) -> Typed:
        value, pattern = self._pattern(node, scope, "RLIKE", patterns.regex_problem)
        return Typed(f"({'NOT ' if node.args.get('negate') else ''}regexp_matches({value}, {pattern}))", Kind.BOOLEAN)

    def _case(self, node: exp.Case, scope: Scope) -> Typed:
        subject = self.write(node.this, scope) if node.args.get("this") is not None else None
        pieces, results = ["CASE"] + ([subject.sql] if subject else []), []
        for branch in node.args["ifs"]:
            test, result = self.write(branch.this, scope), self.write(branch.args["true"], scope)
            if subject:
                self.together(branch, (subject, test), "CASE")
            else:
                self.want(branch, test, TRUTH, "WHEN", "give a condition")
            pieces.append(f"WHEN {test.sql} THEN {result.sql}")
            results.append(result)
        if node.args.get("default") is not None:
            results.append(self.write(node.args["default"], scope))
            pieces.append(f"ELSE {results[-1].sql}")
        return Typed(" ".join([*pieces, "END"]), self.together(node, results, "CASE"))

    def _if(self, node: exp.If, scope: Scope) -> Typed:
        test, result = self.write(node.this, scope), self.write(node.args["true"], scope)
        self.want(node, test, TRUTH, "IF", "give a condition")
        other = (
            self.write(node.args["false"], scope) if node.args.get("false") is not None else Typed("NULL", Kind.NULL)
        )
        return Typed(
            f"CASE WHEN {test.sql} THEN {result.sql} ELSE {other.sql} END",
            self.together(node, (result, other), "IF"),
        )

    def _cast(self, node: exp.Cast, scope: Scope) -> Typed:
        value = self.write(node.this, scope)
        safe = bool(node.args.get("safe"))  # the parser makes every Spark cast a TryCast; only try_cast is marked safe
        construct = "try_cast" if safe else "cast"
        type_name = contract_type(node.to)
        if type_name is None:
            self.findings.add(
                node,
                construct,
                "cast to string, int, bigint, double, decimal(p,s), boolean, date or timestamp",
            )
            return _REFUSED
        target = kind_of(type_name)
        inner = unwrapped(node.this)
        literal = inner.this if isinstance(inner, exp.Literal) and inner.is_string else None
        problem = cast_problem(value, target, literal, safe)
        if problem:
            self.findings.add(node, f"{construct} as {type_name}", f"not from {value.kind}: {problem}")
            return Typed("NULL", target)
        return Typed(cast_sql(value, target, type_name, safe), target)

    def _exists(self, node: exp.Exists, scope: Scope) -> Typed:
        sql, _ = self.queries.query(node.this, scope)
        return Typed(f"({'NOT ' if node.args.get('negate') else ''}EXISTS ({sql}))", Kind.BOOLEAN)

    def _scalar_query(self, node: exp.Subquery, scope: Scope) -> Typed:
        sql, columns = self.queries.query(node.this, scope)
        return Typed(f"({sql})", columns[0][1] if columns else Kind.UNKNOWN)
