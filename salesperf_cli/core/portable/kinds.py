"""What is known about the type of an expression, and DuckDB text together with it. No rules of SQL
constructs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The types of contracts, integers of every width taken together; UNKNOWN is a column of a table that
    was not described.
    """

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    NULL = "null"
    UNKNOWN = "unknown"


ANY = frozenset(Kind)
TEXT = frozenset({Kind.STRING})
WHOLE = frozenset({Kind.INTEGER})
EXACT = frozenset({Kind.INTEGER, Kind.DECIMAL})
NUMBER = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.DOUBLE})
TEMPORAL = frozenset({Kind.DATE, Kind.TIMESTAMP})
TRUTH = frozenset({Kind.BOOLEAN})
PRINTABLE = ANY - {Kind.DOUBLE, Kind.DECIMAL}
"""What the engines print alike: not 1.0E10 and 10000000000.0, not 0E-10 and 0.0000000000."""
NOT_PRINTABLE = "doubles and decimals are printed differently; keep the number, or print an integer (cents)"

_DUCKDB_TYPES = {
    Kind.STRING: ("VARCHAR",),
    Kind.INTEGER: ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    Kind.DOUBLE: ("DOUBLE", "FLOAT"),
    Kind.BOOLEAN: ("BOOLEAN",),
    Kind.DATE: ("DATE",),
    Kind.TIMESTAMP: ("TIMESTAMP",),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """DuckDB SQL of an expression, self-contained (safe inside any operator), and its kind."""

    sql: str
    kind: Kind


def kind_of(type_name: str) -> Kind:
    """The kind of a contract's physicalType; UNKNOWN for what contracts do not have."""
    base = type_name.partition("(")[0].strip().lower()
    if base in ("int", "bigint", "integer", "long", "smallint", "tinyint"):
        return Kind.INTEGER
    return Kind(base) if base in set(Kind) else Kind.UNKNOWN


def common(kinds: Iterable[Kind]) -> Kind | None:
    """The kind that values of these kinds take together, None where Spark and DuckDB would not agree on one."""
    known = {kind for kind in kinds if kind is not Kind.NULL}
    if not known:
        return Kind.NULL
    if Kind.UNKNOWN in known:
        return Kind.UNKNOWN
    if len(known) == 1:
        return known.pop()
    if known <= NUMBER:
        return Kind.DOUBLE if Kind.DOUBLE in known else Kind.DECIMAL
    return Kind.TIMESTAMP if known <= TEMPORAL else None


def guarded(value: Typed, refused: frozenset[Kind], message: str) -> str:
    """The SQL of a value, raising `message` when its type, unknown before the query is bound, turns out to
    be a refused one.
    """
    if value.kind is not Kind.UNKNOWN:
        return value.sql
    text = message.replace("'", "''")
    tests = []
    names = [f"'{name}'" for kind in sorted(refused) for name in _DUCKDB_TYPES.get(kind, ())]
    if names:
        tests.append(f"typeof({value.sql}) IN ({', '.join(names)})")
    if Kind.DECIMAL in refused:
        tests.append(f"typeof({value.sql}) LIKE 'DECIMAL%'")
    return f"CASE WHEN {' OR '.join(tests)} THEN error('{text}') ELSE {value.sql} END" if tests else value.sql
