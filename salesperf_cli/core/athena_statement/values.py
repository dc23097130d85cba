"""`:name` parameters: where they stand, and their values as the literals that Athena's ExecutionParameters take."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Iterator, Mapping
from itertools import pairwise

from sqlglot import Token, TokenType

from salesperf_cli.core.athena import Translation, parameters
from salesperf_cli.errors import InputError

LONGEST = 1024
"""Characters of one execution parameter (Athena API reference, StartQueryExecution)."""

_ENDS_A_VALUE = (TokenType.STRING, TokenType.NUMBER, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET)


def parameter_places(tokens: list[Token]) -> Iterator[tuple[str, int, int]]:
    """Name, start and end (exclusive) of each `:name`. The colon of `json_object('a' : x)` is none."""
    before: Token | None = None
    for colon, name in pairwise(tokens):
        glued = name.start == colon.end + 1 and name.text.isidentifier() and name.token_type != TokenType.STRING
        if colon.token_type == TokenType.COLON and glued and not _ends_a_value(before, colon):
            yield name.text, colon.start, name.end + 1
        before = colon


def _ends_a_value(before: Token | None, colon: Token) -> bool:
    if before is None:
        return False
    return before.token_type in _ENDS_A_VALUE or (before.token_type == TokenType.VAR and before.end + 1 == colon.start)


def literals(
    sql: str, used: tuple[str, ...], given: Mapping[str, str], translation: Translation | None
) -> Mapping[str, str]:
    """Each parameter as a literal, in the type that it is declared with, was compiled to, or looks like.

    Raises InputError for one that is missing, unknown, or not of its type.
    """
    bound = _bound(translation)
    found = {}
    for name, parameter in parameters.resolve(sql, used, given).items():
        if parameter.declared is None and name in bound:
            value = bound[name]
        else:
            kind = parameter.declared or parameters.infer(parameter.text)
            value = parameters.python_value(name, parameter.text, kind)
        found[name] = _checked(name, literal(value))
    return found


def _bound(translation: Translation | None) -> Mapping[str, object]:
    """The values that the compiler bound, of the parameters that it read in one type only."""
    if translation is None:
        return {}
    names = translation.parameter_names
    pairs = zip(names, translation.parameters, strict=True)
    return {name: value for name, value in pairs if names.count(name) == 1}


def literal(value: object) -> str:
    """A value as Trino writes it. Raises TypeError for a kind that no parameter has."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _double(value)
        case decimal.Decimal():
            written = f"{value:f}"
            return written if "." in written else f"DECIMAL '{written}'"
        case datetime.datetime():
            return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        case datetime.date():
            return f"DATE '{value.isoformat()}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
    raise TypeError(type(value).__name__)


def _double(value: float) -> str:
    if math.isfinite(value):
        written = repr(value)
        return written.upper() if "e" in written else f"{written}E0"
    return "nan()" if math.isnan(value) else "infinity()" if value > 0 else "-infinity()"


def _checked(name: str, written: str) -> str:
    if len(written) > LONGEST:
        raise InputError(
            f"the value of :{name} is too long",
            why=f"Athena takes {LONGEST:,} characters a parameter, this one has {len(written):,}",
            remedy="give a shorter value",
        )
    return written
