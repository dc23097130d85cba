"""Function calls: the right overload of the allow-list, FILTER, OVER, and lists joined into one string."""

from __future__ import annotations

from sqlglot import exp

from salesperf_cli.core.portable import refused
from salesperf_cli.core.portable.allow_list import FUNCTIONS, printed
from salesperf_cli.core.portable.expressions import Expressions
from salesperf_cli.core.portable.functions import Function, Role
from salesperf_cli.core.portable.kinds import PRINTABLE, Kind, Typed
from salesperf_cli.core.portable.scopes import Scope
from salesperf_cli.core.portable.shapes import unwrapped

_REFUSED = Typed("NULL", Kind.UNKNOWN)
_EDGES = {"UNBOUNDED", "CURRENT ROW"}


class Calls:
    """The walk over function calls of one text."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions = expressions
        self.findings = expressions.findings

    def call(self, node: exp.Expr, scope: Scope) -> Typed:
        """A function call with its FILTER or OVER, if any."""
        if isinstance(node, exp.Filter):
            return self._filtered(node, scope)
        if isinstance(node, exp.Window):
            return self._over_window(node, scope)
        assert isinstance(node, exp.Anonymous)
        value, function = self._bare(node, scope)
        if function is not None and function.role is Role.RANKING:
            self.findings.add(node, node.name, "needs OVER (PARTITION BY … ORDER BY …, key)")
        return value

    def _bare(self, node: exp.Anonymous, scope: Scope) -> tuple[Typed, Function | None]:
        name = node.name.lower()
        if name == "array_join":
            return self._joined_list(node, scope), None
        overloads = FUNCTIONS.get(name)
        if overloads is None or isinstance(node.this, exp.Identifier):
            self.findings.add(node, node.name, refused.FUNCTIONS.get(name, refused.NOT_LISTED))
            return _REFUSED, None
        if name == "count" and self._counts_rows(node):
            return Typed("count(*)", Kind.INTEGER), overloads[0]
        nodes, distinct = self._arguments(node, name)
        function = next((overload for overload in overloads if overload.takes(len(nodes))), None)
        if function is None:
            counts = " or ".join(str(len(overload.arguments)) for overload in overloads)
            self.findings.add(node, node.name, f"takes {counts} arguments on both engines, here {len(nodes)} are given")
            return _REFUSED, None
        values = self.expressions.write_all(nodes, scope)
        literals = [self._check(name, function, index, nodes[index], value) for index, value in enumerate(values)]
        kind = function.kind(values)
        if kind is None:
            kind = self.expressions.together(node, values, node.name)
        if name == "nullif":
            self.expressions.together(node, values, node.name)
        sql = function.sql(values, literals)
        return Typed(sql.replace("(", "(DISTINCT ", 1) if distinct else sql, kind), function

    def _counts_rows(self, node: exp.Anonymous) -> bool:
        if len(node.expressions) != 1 or not isinstance(node.expressions[0], exp.Star):
            return False
        self.expressions.check_parts(node.expressions[0])
        return True

    def _arguments(self, node: exp.Anonymous, name: str) -> tuple[list[exp.Expr], bool]:
        first = node.expressions[0] if node.expressions else None
        if not isinstance(first, exp.Distinct):
            return node.expressions, False
        self.expressions.check_parts(first)
        if name != "count" or len(first.expressions) != 1:
            self.findings.add(
                node,
                "DISTINCT",
                "write count(DISTINCT x) of one expression; of several: SELECT DISTINCT in a WITH clause",
            )
        return first.expressions, True

    def _check(self, name: str, function: Function, index: int, node: exp.Expr, value: Typed) -> str:
        argument = function.argument(index)
        self.expressions.want(node, value, argument.accepts, name, argument.advice)
        inner = unwrapped(node)
        literal = str(inner.this) if isinstance(inner, exp.Literal) else ""
        if argument.problem is not None:
            problem = argument.problem(literal) if isinstance(inner, exp.Literal) else argument.advice
            if problem:
                self.findings.add(node, name, problem)
                return "yyyy-MM-dd"  # so that rendering can go on; the finding already refuses the query
        return literal

    def _joined_list(self, node: exp.Anonymous, scope: Scope) -> Typed:
        """array_join(array_sort(collect_set(x)), ', '), the one way to put many values into a string."""
        shape = "write array_join(array_sort(collect_set(x)), ', ')"
        sorted_list = unwrapped(node.expressions[0]) if len(node.expressions) == 2 else None
        separator = unwrapped(node.expressions[1]) if sorted_list is not None else None
        if not (isinstance(sorted_list, exp.Anonymous) and sorted_list.name.lower() in ("array_sort", "sort_array")):
            self.findings.add(node, node.name, shape)
            return _REFUSED
        collected = sorted_list.expressions[0] if len(sorted_list.expressions) == 1 else None
        condition = ""
        if isinstance(collected, exp.Filter):
            self.expressions.check_parts(collected)
            condition = f" AND {self.expressions.write(collected.expression.this, scope).sql}"
            collected = collected.this
        named = (
            isinstance(collected, exp.Anonymous)
            and collected.name.lower() == "collect_set"
            and len(collected.expressions) == 1
        )
        if not named or collected is None or not (isinstance(separator, exp.Literal) and separator.is_string):
            self.findings.add(node, node.name, shape)
            return _REFUSED
        value = self.expressions.write(collected.expressions[0], scope)
        self.expressions.want(node, value, PRINTABLE - {Kind.BOOLEAN}, node.name, printed.advice)
        chosen = f"list(DISTINCT {printed.sql(value)}) FILTER (WHERE {value.sql} IS NOT NULL{condition})"
        mark = self.expressions.write(separator, scope).sql
        return Typed(f"coalesce(array_to_string(list_sort({chosen}), {mark}), '')", Kind.STRING)

    def _filtered(self, node: exp.Filter, scope: Scope) -> Typed:
        self.expressions.check_parts(node)
        condition = self.expressions.write(node.expression.this, scope)
        if not isinstance(node.this, exp.Anonymous):
            return self.expressions.write(node.this, scope)
        value, function = self._bare(node.this, scope)
        if function is not None and function.role is not Role.AGGREGATE:
            self.findings.add(node, node.this.name, "FILTER goes with count, sum, avg, min, max, bool_and and bool_or")
        return Typed(f"{value.sql} FILTER (WHERE {condition.sql})", value.kind)

    def _over_window(self, node: exp.Window, scope: Scope) -> Typed:
        function_node = node.this
        if not isinstance(function_node, exp.Anonymous):
            message = (
                "put the condition in CASE: sum(CASE WHEN … THEN x END) OVER (…)"
                if isinstance(function_node, exp.Filter)
                else ""
            )
            name = type(function_node).__name__
            self.findings.add(
                node, "OVER", message or refused.NODES.get(name, "only listed functions go over a window")
            )
            return _REFUSED
        value, function = self._bare(function_node, scope)
        if function is None:
            return value
        if function.role is Role.SCALAR or "DISTINCT" in value.sql.partition("(")[2][:9]:
            self.findings.add(
                node,
                function_node.name,
                "Spark has no such function over a window; aggregate in a WITH clause and join",
            )
        if function.role is Role.RANKING and not self._ordered(node, scope):
            self.findings.add(
                node,
                function_node.name,
                "give the window an ORDER BY that ends in the key, so that the order is total",
            )
        alias = node.args.get("alias")
        window = self.expressions.name(alias) if alias is not None else f"({self.window(node, scope)})"
        return Typed(f"{value.sql} OVER {window}", value.kind)

    def _ordered(self, node: exp.Window, scope: Scope) -> bool:
        alias = node.args.get("alias")
        return (
            scope.ordered_windows.get(alias.name.lower(), False)
            if alias is not None
            else node.args.get("order") is not None
        )

    def window(self, node: exp.Window, scope: Scope) -> str:
        """The inside of OVER (…) or of a named window."""
        partition = [value.sql for value in self.expressions.write_all(node.args.get("partition_by") or [], scope)]
        pieces = [f"PARTITION BY {', '.join(partition)}"] if partition else []
        order = node.args.get("order")
        if order is not None:
            pieces.append(self.order(order, scope))
        if node.args.get("spec") is not None:
            pieces.append(self._frame(node.args["spec"], order is not None))
        return " ".join(pieces)

    def order(self, node: exp.Order, scope: Scope) -> str:
        """ORDER BY with the place of nulls written out: Spark puts them first ascending, DuckDB last."""
        self.expressions.check_parts(node)
        terms = []
        for term in node.expressions:
            if not isinstance(term, exp.Ordered):
                self.findings.add(term, "ORDER BY", "name the columns")
                continue
            self.expressions.check_parts(term)
            direction = "DESC" if term.args.get("desc") else "ASC"
            nulls = "FIRST" if term.args.get("nulls_first") else "LAST"
            terms.append(f"{self.expressions.write(term.this, scope).sql} {direction} NULLS {nulls}")
        return "ORDER BY " + ", ".join(terms)

    def _frame(self, spec: exp.WindowSpec, ordered: bool) -> str:
        self.expressions.check_parts(spec)
        kind = str(spec.args["kind"]).upper()
        if kind not in ("ROWS", "RANGE") or not ordered:
            self.findings.add(spec.parent or spec, kind, "write ROWS or RANGE, after an ORDER BY")
        edges = [self._edge(spec, kind, side) for side in ("start", "end") if spec.args.get(side) is not None]
        return f"{kind} BETWEEN {edges[0]} AND {edges[1]}" if len(edges) == 2 else f"{kind} {edges[0]}"

    def _edge(self, spec: exp.WindowSpec, kind: str, side: str) -> str:
        value = spec.args[side]
        text = value.upper() if isinstance(value, str) else value.name
        if text not in _EDGES and not (kind == "ROWS" and text.isdigit()):
            self.findings.add(
                spec.parent or spec,
                kind,
                "a frame's edge is UNBOUNDED, CURRENT ROW or, with ROWS, a number of rows",
            )
        return f"{text} {(spec.args.get(f'{side}_side') or '').upper()}".strip()
