"""Spark SQL text to a tree in which every function keeps the name it was written with; where a node stands
in the text.

sqlglot's own translation of functions is switched off on purpose: it changes meanings silently. No rules
here.
"""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.spark import SparkParser

from salesperf_cli.core.portable.finding import Finding

_DIALECT = Spark()


class _PlainParser(SparkParser):
    FUNCTIONS = {}  # noqa: RUF012 - sqlglot's way to configure a parser
    FUNCTION_PARSERS = {  # noqa: RUF012
        name: parse for name, parse in SparkParser.FUNCTION_PARSERS.items() if name in ("CAST", "TRY_CAST")
    }


class SyntaxProblemError(Exception):
    """The text is not one Spark SQL statement or expression."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


@lru_cache(maxsize=256)  # a model is linted, translated and asked for its tables; nobody changes the tree
def parse(sql: str) -> exp.Expr:
    """The tree of one SELECT or expression; raises SyntaxProblemError."""
    try:
        trees = _PlainParser(dialect=_DIALECT).parse(_DIALECT.tokenize(sql), sql)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        near = first.get("highlight") or ""
        message = f"{first.get('description') or error}; write functions as name(a, b), as the allow-list has them"
        raise SyntaxProblemError(
            Finding(first.get("line") or 1, first.get("col") or 1, near or "syntax", message)
        ) from error
    except TokenError as error:
        raise SyntaxProblemError(Finding(1, 1, "syntax", f"{error}; close every quote and comment")) from error
    statements = [tree for tree in trees if tree is not None]
    if len(statements) != 1:
        raise SyntaxProblemError(Finding(1, 1, "syntax", "write exactly one SELECT or one expression"))
    return statements[0]


def offset(node: exp.Expr) -> int:
    """Where a node, or the first of its parts that says so, or else the nearest node around it, begins in
    the text.
    """
    starts: list[int] = [inner.meta["start"] for inner in node.walk() if "start" in inner.meta]
    if starts:
        return min(starts)
    return offset(node.parent) if node.parent is not None else 0


def line_and_column(sql: str, position: int) -> tuple[int, int]:
    """Line and column, from 1, of a character offset."""
    return sql.count("\n", 0, position) + 1, position - sql.rfind("\n", 0, position)
