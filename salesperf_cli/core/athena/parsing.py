"""Reading Athena SQL into sqlglot's tree, with every function left as written, and showing where a syntax error is."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, ClassVar, cast

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ErrorLevel, ParseError, TokenError

from salesperf_cli.errors import InputError

_SYNTAX_FUNCTIONS = ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "NORMALIZE", "SUBSTRING")
_BASE: Any = Trino.Parser


class _Parser(_BASE):  # type: ignore[misc]
    # sqlglot's own reading of functions forgets how they were called; ours keeps name and arguments.
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: parser for name, parser in _BASE.FUNCTION_PARSERS.items() if name in _SYNTAX_FUNCTIONS
    }


class _Athena(Trino):
    INDEX_OFFSET = 0


_DIALECT = _Athena()
WIDTH = 80


def tokens_of(sql: str) -> list[Token]:
    """The tokens, or an InputError when the text cannot even be cut into them."""
    try:
        return _DIALECT.tokenize(sql)
    except TokenError:
        raise InputError(
            "the SQL cannot be read", why="A quote or a comment is not closed.", remedy="Close it."
        ) from None


def parse(sql: str, tokens: list[Token]) -> exp.Expr:
    """The tree of one query; a syntax error shows its line with a caret."""
    _check_numbers(sql, tokens)
    for token in tokens:
        if token.token_type in (TokenType.DCOLON, TokenType.COLON_EQ):
            raise syntax_error(
                sql, token.line, token.col, f"unexpected {token.text!r}", "Athena writes CAST(x AS type)."
            )
    tokens = _with_named_parameters(tokens)
    parser = _Parser(dialect=_DIALECT, error_level=ErrorLevel.IMMEDIATE)
    try:
        trees = [tree for tree in parser.parse(tokens, sql) if tree is not None]
    except ParseError as error:
        details = error.errors[0] if error.errors else {}
        line, column = details.get("line") or 1, details.get("col") or 1
        if "Required keyword" in str(details.get("description")):
            details = {**details, "description": "the text ends, or goes on, where an expression is missing"}
        description = re.sub(r"<Token .*?text: (.*?), line.*?>", r"\1", details.get("description") or "syntax error")
        raise syntax_error(sql, line, column, description) from None
    except (RecursionError, sqlglot.errors.SqlglotError, AttributeError, TypeError, ValueError):
        raise InputError(
            "the SQL cannot be read", why="It is not a form of query that the parser knows.", remedy="Simplify it."
        ) from None
    return cast(exp.Expr, trees[0])


def parse_leniently(sql: str, tokens: list[Token]) -> exp.Expr | None:
    """The tree of a query that need not be compiled: sqlglot's own reading where ours refuses, None where both do."""
    try:
        return parse(sql, tokens)
    except InputError:
        pass
    try:
        parser = Trino.Parser(dialect=_DIALECT, error_level=ErrorLevel.IMMEDIATE)
        return parser.parse(_with_named_parameters(tokens), sql)[0]
    except (RecursionError, sqlglot.errors.SqlglotError, AttributeError, TypeError, ValueError):
        return None


def _with_named_parameters(tokens: list[Token]) -> list[Token]:
    """Let a parameter bear a name that is a word of SQL, such as :limit or :from."""
    result = list(tokens)
    for i, (colon, name) in enumerate(pairwise(tokens)):
        if colon.token_type == TokenType.COLON and name.start == colon.end + 1 and name.text.isidentifier():
            result[i + 1] = Token(TokenType.VAR, name.text, name.line, name.col, name.start, name.end)
    return result


def _check_numbers(sql: str, tokens: list[Token]) -> None:
    """Refuse numbers that the tokenizer would cut in two or take for binary: 1_000, 0x1F."""
    for token, after in pairwise(tokens):
        glued = after.start == token.end + 1 and after.token_type == TokenType.VAR
        if token.token_type == TokenType.NUMBER and glued:
            raise syntax_error(
                sql, after.line, after.col, f"a number cannot go on with {after.text}", "Write digits only."
            )
    for token in tokens:
        if token.token_type == TokenType.HEX_STRING and sql[token.start] == "0":
            raise syntax_error(
                sql, token.line, token.col, "a number cannot be hexadecimal here", "Write it in decimal."
            )


def syntax_error(sql: str, line: int, column: int, description: str, remedy: str = "") -> InputError:
    """An InputError with line and column, and the line with a caret under the place, within 80 columns."""
    lines = sql.splitlines() or [""]
    source = lines[min(line, len(lines)) - 1].replace("\t", " ")
    end = min(column, len(source))
    start = max(0, end - 50)
    prefix = "…" if start else ""
    excerpt = prefix + source[start : start + WIDTH - 4]
    caret = " " * max(0, len(prefix) + end - start - 1) + "^"
    return InputError(
        f"syntax error at line {line}, column {column}",
        why=" ".join(description.split())[: WIDTH - 2],
        remedy=remedy or "Correct the SQL; it is read as Athena (Trino) SQL.",
        detail=(excerpt, caret),
    )
