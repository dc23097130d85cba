"""Walks a query: WITH, FROM, joins, set operations, grouping, order. Refuses what is not on the list, writes
it for DuckDB.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from salesperf_cli.core.portable import refused
from salesperf_cli.core.portable.calls import Calls
from salesperf_cli.core.portable.expressions import Expressions
from salesperf_cli.core.portable.kinds import TRUTH, Kind, Typed, kind_of
from salesperf_cli.core.portable.scopes import Columns, Findings, Scope
from salesperf_cli.core.portable.shapes import unwrapped

_SET_OPERATIONS: dict[type[exp.Expr], str] = {
    exp.Union: "UNION",
    exp.Intersect: "INTERSECT",
    exp.Except: "EXCEPT",
}
_JOINS = {
    ("", ""): "JOIN",
    ("", "INNER"): "JOIN",
    ("", "CROSS"): "CROSS JOIN",
    ("LEFT", ""): "LEFT JOIN",
    ("LEFT", "OUTER"): "LEFT JOIN",
    ("RIGHT", ""): "RIGHT JOIN",
    ("RIGHT", "OUTER"): "RIGHT JOIN",
    ("FULL", ""): "FULL JOIN",
    ("FULL", "OUTER"): "FULL JOIN",
    ("", "SEMI"): "SEMI JOIN",
    ("LEFT", "SEMI"): "SEMI JOIN",
    ("", "ANTI"): "ANTI JOIN",
    ("LEFT", "ANTI"): "ANTI JOIN",
}


class Queries:
    """The walk over the queries of one text; collects the tables that they read."""

    def __init__(self, findings: Findings, schema: Mapping[str, Mapping[str, str]]) -> None:
        self.findings = findings
        self.expressions = Expressions(findings)
        self.calls = Calls(self.expressions)
        self.expressions.queries = self
        self.expressions.calls = self.calls
        self.tables: set[str] = set()
        self._schema = schema

    def query(self, node: exp.Expr, parent: Scope) -> tuple[str, Columns | None]:
        """A query for DuckDB and its columns, None where a star hides them."""
        self.expressions.check_parts(node)
        scope = Scope(parent)
        prefix = self._with(node, scope)
        if isinstance(node, exp.Select):
            sql, columns = self._select(node, scope)
        elif type(node) in _SET_OPERATIONS:
            sql, columns = self._set_operation(node, scope)
        elif isinstance(node, exp.Subquery):
            inner, columns = self.query(node.this, scope)
            sql = f"({inner})"
        else:
            self.findings.add(node, type(node).__name__.upper(), "write a SELECT")
            return "SELECT NULL", None
        return prefix + sql, columns

    def _with(self, node: exp.Expr, scope: Scope) -> str:
        clause = node.args.get("with_")
        if clause is None:
            return ""
        self.expressions.check_parts(clause)
        parts = []
        for cte in clause.expressions:
            self.expressions.check_parts(cte)
            alias, names = self._alias(cte, must_name_columns=False)
            sql, columns = self.query(cte.this, scope)
            self._all_named(cte.this)
            scope.ctes[cte.alias.lower()] = self._renamed(columns, names)
            parts.append(f"{alias} AS ({sql})")
        return f"WITH {', '.join(parts)} "

    def _alias(self, node: exp.Expr, must_name_columns: bool) -> tuple[str, list[str]]:
        alias = node.args.get("alias")
        if alias is None:
            self.findings.add(node, type(node).__name__.upper(), "give it a name: (…) AS name")
            return '"unnamed"', []
        self.expressions.check_parts(alias)
        sql = self.expressions.name(alias.this, defines=True)
        columns = alias.args.get("columns") or []
        if must_name_columns and not columns:
            self.findings.add(node, "VALUES", "name the columns: VALUES (…) AS name(a, b)")
        names = [self.expressions.name(column, defines=True) for column in columns]
        return sql + (f"({', '.join(names)})" if names else ""), [column.name.lower() for column in columns]

    def _renamed(self, columns: Columns | None, names: list[str]) -> Columns | None:
        if not names or columns is None:
            return columns
        return tuple((name, kind) for name, (_, kind) in zip(names, columns, strict=False))

    def _all_named(self, query: exp.Expr) -> None:
        while isinstance(query, (exp.SetOperation, exp.Subquery)):
            query = query.this
        for item in query.expressions if isinstance(query, exp.Select) else []:
            if not isinstance(item, (exp.Alias, exp.Column, exp.Star)):
                self.findings.add(item, "SELECT", "name the column: … AS name; the engines name it differently")

    def _select(self, node: exp.Select, scope: Scope) -> tuple[str, Columns | None]:
        source = node.args.get("from_")
        tail = f" FROM {self._source(source.this, scope)}" if source is not None else ""
        for join in node.args.get("joins") or []:
            tail += " " + self._join(join, scope)
        for window in node.args.get("windows") or []:
            self.expressions.check_parts(window)
            scope.ordered_windows[window.name.lower()] = window.args.get("order") is not None
        items, columns = self._projections(node, scope)
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            self.findings.add(distinct.args["on"], "DISTINCT ON", refused.CLAUSES["on"])
        tail += self._condition(node, "where", "WHERE", scope)
        tail += self._group(node, scope)
        tail += self._condition(node, "having", "HAVING", scope)
        tail += self._named_windows(node, scope)
        tail += self._order_and_limit(node, scope)
        return f"SELECT {'DISTINCT ' if distinct is not None else ''}{', '.join(items)}{tail}", columns

    def _source(self, node: exp.Expr, scope: Scope) -> str:
        self.expressions.check_parts(node)
        if isinstance(node, exp.Table):
            return self._table(node, scope)
        if isinstance(node, exp.Values):
            return self._values(node, scope)
        if isinstance(node, exp.Subquery):
            sql, columns = self.query(node.this, scope)
            self._all_named(node.this)
            alias, names = self._alias(node, must_name_columns=False)
            self._add_source(scope, node.alias, self._renamed(columns, names))
            return f"({sql}) AS {alias}"
        self.findings.add(node, type(node).__name__.upper(), "read tables, WITH names, subqueries or VALUES")
        return '"nothing"'

    def _table(self, node: exp.Table, scope: Scope) -> str:
        if not isinstance(node.this, exp.Identifier):
            self.findings.add(node, node.sql("spark"), refused.FUNCTIONS.get("explode", ""))
            return '"nothing"'
        layer = node.args.get("db")
        name = self.expressions.name(node.this)
        if layer is None:
            found, columns = scope.cte(node.name.lower())
            if not found:
                self.findings.add(node, node.name, f"name a table as layer.table: silver.{node.name}")
        else:
            self.tables.add(f"{layer.name}.{node.name}")
            name = f"{self.expressions.name(layer)}.{name}"
            described = self._schema.get(f"{layer.name}.{node.name}")
            columns = (
                None if described is None else tuple((key.lower(), kind_of(text)) for key, text in described.items())
            )
        if node.args.get("alias") is None:
            self._add_source(scope, node.name, columns)
            return name
        alias, names = self._alias(node, must_name_columns=False)
        self._add_source(scope, node.alias, self._renamed(columns, names))
        return f"{name} AS {alias}"

    def _values(self, node: exp.Values, scope: Scope) -> str:
        alias, names = self._alias(node, must_name_columns=True)
        rows, kinds = [], []
        for row in node.expressions:
            cells = self.expressions.write_all(row.expressions if isinstance(row, exp.Tuple) else [row], scope)
            rows.append("(" + ", ".join(cell.sql for cell in cells) + ")")
            kinds.append(cells)
        together = [self.expressions.together(node, column, "VALUES") for column in zip(*kinds, strict=False)]
        self._add_source(scope, node.alias, tuple(zip(names, together, strict=False)))
        return f"(VALUES {', '.join(rows)}) AS {alias}"

    def _add_source(self, scope: Scope, alias: str, columns: Columns | None) -> None:
        scope.sources[alias.lower()] = None if columns is None else dict(columns)

    def _join(self, node: exp.Join, scope: Scope) -> str:
        self.expressions.check_parts(node)
        word = _JOINS.get((node.side.upper(), node.kind.upper()))
        if word is None:
            self.findings.add(
                node,
                f"{node.side} {node.kind} JOIN".strip(),
                "write JOIN, LEFT, RIGHT, FULL, CROSS, LEFT SEMI or LEFT ANTI JOIN",
            )
            word = "JOIN"
        target = f"{word} {self._source(node.this, scope)}"
        condition, using = node.args.get("on"), node.args.get("using")
        if using:
            return f"{target} USING ({', '.join(self.expressions.name(column) for column in using)})"
        if condition is not None:
            if isinstance(condition, exp.Boolean):  # the parser's own, where nothing was written
                self.findings.add(node, word, "write ON or USING, or CROSS JOIN where every pair is meant")
            value = self.expressions.write(condition, scope)
            self.expressions.want(condition, value, TRUTH, "ON", "give a condition")
            return f"{target} ON {value.sql}"
        if word != "CROSS JOIN":
            self.findings.add(node, word, "write ON or USING, or CROSS JOIN where every pair is meant")
        return target

    def _projections(self, node: exp.Select, scope: Scope) -> tuple[list[str], Columns | None]:
        items: list[str] = []
        columns: list[tuple[str, Kind]] | None = []
        for item in node.expressions:
            if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
                sql, found = self._star(item, node, scope)
                columns = None if columns is None or found is None else [*columns, *found]
                items.append(sql)
                continue
            inner = item.this if isinstance(item, exp.Alias) else item
            value = self.expressions.write(inner, scope)
            name = item.alias_or_name.lower()
            if isinstance(item, exp.Alias):
                items.append(f"{value.sql} AS {self.expressions.name(item.args['alias'], defines=True)}")
                scope.aliases.setdefault(name, value.kind)
            else:
                items.append(value.sql)
            if columns is not None:
                columns.append((name, value.kind))
        return items, None if columns is None else tuple(columns)

    def _star(self, item: exp.Expr, node: exp.Select, scope: Scope) -> tuple[str, Columns | None]:
        star = item.this if isinstance(item, exp.Column) else item
        self.expressions.check_parts(star)
        if isinstance(item, exp.Column):
            columns = scope.sources.get(item.table.lower())
            return f"{self.expressions.name(item.args['table'])}.*", None if columns is None else tuple(columns.items())
        if any(join.args.get("using") for join in node.args.get("joins") or []):
            self.findings.add(item, "*", "list the columns: after USING the engines order them differently")
        known = [columns for columns in scope.sources.values() if columns is not None]
        whole = len(known) == len(scope.sources) and not any(
            join.kind in ("SEMI", "ANTI") for join in node.args.get("joins") or []
        )
        return "*", tuple(pair for columns in known for pair in columns.items()) if whole else None

    def _condition(self, node: exp.Select, part: str, word: str, scope: Scope) -> str:
        clause = node.args.get(part)
        if clause is None:
            return ""
        self.expressions.check_parts(clause)
        value = self.expressions.write(clause.this, scope)
        self.expressions.want(clause, value, TRUTH, word, "give a condition")
        return f" {word} {value.sql}"

    def _group(self, node: exp.Select, scope: Scope) -> str:
        group = node.args.get("group")
        if group is None:
            return ""
        self.expressions.check_parts(group)
        aliased = {item.alias.lower(): item.this for item in node.expressions if isinstance(item, exp.Alias)}
        for term in group.expressions:
            inner = aliased.get(term.name.lower()) if isinstance(term, exp.Column) and not term.table else None
            if (
                inner is not None
                and inner.find(exp.Column, bfs=False)
                and inner != term
                and self._names(inner, term.name)
            ):
                self.findings.add(
                    term, term.name, "both a column and an alias of this SELECT; name the alias otherwise"
                )
        return " GROUP BY " + ", ".join(value.sql for value in self.expressions.write_all(group.expressions, scope))

    def _names(self, node: exp.Expr, name: str) -> bool:
        return any(column.name.lower() == name.lower() for column in node.find_all(exp.Column))

    def _named_windows(self, node: exp.Select, scope: Scope) -> str:
        windows = node.args.get("windows") or []
        parts = [
            f"{self.expressions.name(window.this, defines=True)} AS ({self.calls.window(window, scope)})"
            for window in windows
        ]
        return f" WINDOW {', '.join(parts)}" if parts else ""

    def _order_and_limit(self, node: exp.Expr, scope: Scope) -> str:
        order, limit = node.args.get("order"), node.args.get("limit")
        tail = f" {self.calls.order(order, scope)}" if order is not None else ""
        if limit is None:
            return tail
        self.expressions.check_parts(limit)
        count = unwrapped(limit.expression)
        if order is None:
            self.findings.add(
                limit,
                "LIMIT",
                "give an ORDER BY that ends in the key: which rows stay is otherwise left to chance",
            )
        if not (isinstance(count, exp.Literal) and count.this.isdigit()):
            self.findings.add(limit, "LIMIT", "write the number itself")
        return f"{tail} LIMIT {count.name}"

    def _set_operation(self, node: exp.Expr, scope: Scope) -> tuple[str, Columns | None]:
        word = _SET_OPERATIONS[type(node)]
        keeps_all = node.args.get("distinct") is False
        if keeps_all and word != "UNION":
            self.findings.add(node, f"{word} ALL", f"write {word}")
        sides = [self._side(node.this, scope), self._side(node.expression, scope)]
        first, second = sides[0][1], sides[1][1]
        columns = first
        if first is not None and second is not None:
            if len(first) != len(second):
                self.findings.add(node, word, f"{len(first)} columns beside {len(second)}")
            pairs = zip(first, second, strict=False)
            columns = tuple((name, self._widest(node, (kind, other), word)) for (name, kind), (_, other) in pairs)
        sql = f"{sides[0][0]} {word}{' ALL' if keeps_all else ''} {sides[1][0]}"
        scope.sources[""] = dict(columns) if columns is not None else None
        return sql + self._order_and_limit(node, scope), columns

    def _side(self, node: exp.Expr, scope: Scope) -> tuple[str, Columns | None]:
        sql, columns = self.query(node, scope)
        return (f"({sql})" if type(node) in _SET_OPERATIONS or node.args.get("with_") else sql), columns

    def _widest(self, node: exp.Expr, kinds: tuple[Kind, Kind], word: str) -> Kind:
        return self.expressions.together(node, [Typed("", kind) for kind in kinds], word)
