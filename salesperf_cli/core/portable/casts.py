"""Which casts are portable, from what is known of the value's type, and how DuckDB writes them."""

from __future__ import annotations

import re

from sqlglot import exp

from salesperf_cli.core.portable.kinds import (
    ANY,
    EXACT,
    NOT_PRINTABLE,
    NUMBER,
    PRINTABLE,
    TEMPORAL,
    TRUTH,
    Kind,
    Typed,
    guarded,
)

_TYPES: dict[exp.DType, tuple[str, str]] = {
    exp.DType.TEXT: ("string", "VARCHAR"),
    exp.DType.INT: ("int", "INTEGER"),
    exp.DType.BIGINT: ("bigint", "BIGINT"),
    exp.DType.DOUBLE: ("double", "DOUBLE"),
    exp.DType.DECIMAL: ("decimal", "DECIMAL"),
    exp.DType.BOOLEAN: ("boolean", "BOOLEAN"),
    exp.DType.DATE: ("date", "DATE"),
    # Spark's TIMESTAMP: with the session's zone at UTC it holds what DuckDB's TIMESTAMP without a zone holds.
    exp.DType.TIMESTAMPTZ: ("timestamp", "TIMESTAMP"),
}

_CASTABLE: dict[Kind, tuple[frozenset[Kind], str]] = {
    Kind.STRING: (PRINTABLE, NOT_PRINTABLE),
    Kind.INTEGER: (NUMBER | TRUTH, "from text write try_cast(x as int); from a timestamp unix_timestamp(x)"),
    Kind.DOUBLE: (NUMBER, "from text write try_cast(x as double)"),
    Kind.DECIMAL: (
        EXACT,
        "doubles round differently, keep them double; from text write try_cast(x as decimal(p,s))",
    ),
    Kind.BOOLEAN: (TRUTH, "write a comparison, such as x = 'true' or x <> 0"),
    Kind.DATE: (TEMPORAL, "from text write cast(try_to_timestamp(x, 'yyyy-MM-dd') as date)"),
    Kind.TIMESTAMP: (TEMPORAL, "from text write try_to_timestamp(x, 'yyyy-MM-dd HH:mm:ss')"),
}
"""Target to the sources from which the cast gives the same value on both engines."""

_LITERALS = {
    Kind.DATE: re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"),
    Kind.TIMESTAMP: re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"),
}

# What Spark reads as a number, in RE2; DuckDB alone also takes '12.7' (as 13) for an integer, '1_000',
# '0x1F' and '1e3'. NULL here, though not in Spark: digits of other scripts in a decimal, hexadecimal floats.
_SPACE = r"[\x00-\x20]*"
_FRACTION = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_TEXT_NUMBERS = {
    Kind.INTEGER: rf"^{_SPACE}([+-]?[0-9]+){_SPACE}$",
    Kind.DECIMAL: rf"^{_SPACE}({_FRACTION}){_SPACE}$",
    Kind.DOUBLE: rf"^{_SPACE}({_FRACTION}|[+-]?(?i:inf|infinity)|(?i:nan))[dDfF]?{_SPACE}$",
}


def contract_type(to: exp.DataType) -> str | None:
    """The type as contracts write it, None for types that contracts do not have."""
    names = _TYPES.get(to.this) if isinstance(to.this, exp.DType) else None
    if names is None:
        return None
    sizes = [size.name for size in to.expressions]
    if names[0] != "decimal":
        return None if sizes else names[0]
    return f"decimal({','.join(sizes)})" if len(sizes) == 2 else None


def cast_problem(value: Typed, target: Kind, literal: str | None, safe: bool) -> str | None:
    """What keeps a cast of a value (a string literal: its text) from being portable; None when it is."""
    if value.kind in (Kind.NULL, Kind.UNKNOWN):
        return None
    form = _LITERALS.get(target)
    if literal is not None and form is not None and form.fullmatch(literal):
        return None
    if safe and value.kind is Kind.STRING and target in _TEXT_NUMBERS:
        return None
    accepted, advice = _CASTABLE[target]
    return None if value.kind in accepted else advice


def cast_sql(value: Typed, target: Kind, type_name: str, safe: bool) -> str:
    """A portable cast as DuckDB writes it; `type_name` as in contracts. A cast of unknown type is guarded
    when it runs.
    """
    base, _, sizes = type_name.partition("(")
    duckdb_type = next(names[1] for names in _TYPES.values() if names[0] == base) + (f"({sizes}" if sizes else "")
    word = "TRY_CAST" if safe else "CAST"
    if safe and target in _TEXT_NUMBERS and value.kind in (Kind.STRING, Kind.UNKNOWN):
        # regexp_extract gives '' where nothing matches, which casts to NULL.
        return f"TRY_CAST(regexp_extract({value.sql}, '{_TEXT_NUMBERS[target]}', 1) AS {duckdb_type})"
    if target is Kind.INTEGER and value.kind not in (Kind.INTEGER, Kind.BOOLEAN, Kind.NULL):
        return f"{word}(trunc({value.sql}) AS {duckdb_type})"  # Spark cuts the places off, DuckDB rounds
    accepted, advice = _CASTABLE[target]
    refused = ANY - accepted
    return f"{word}({guarded(value, refused, f'cast to {type_name}: {advice}')} AS {duckdb_type})"
