"""Trino's types: names, common super-types and how DuckDB stores each. Casting lives in casts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
NUMERIC_RANK = {"tinyint": 0, "smallint": 1, "integer": 2, "bigint": 3, "decimal": 4, "real": 5, "double": 6}
MIXED_ZONE = "*"


@dataclass(frozen=True, slots=True)
class Type:
    """A Trino type; `precision` is also the fraction digits of a timestamp, `zone` the zone that it is shown in."""

    name: str
    precision: int = 0
    scale: int = 0
    items: tuple[Type, ...] = ()
    fields: tuple[str, ...] = ()
    zone: str = ""

    def __str__(self) -> str:
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.name == "timestamp":
            return f"timestamp({self.precision})"
        if self.name == "timestamptz":
            return f"timestamp({self.precision}) with time zone"
        if self.name == "row":
            labels = [
                f"{name} {item}" if name else str(item) for name, item in zip(self.fields, self.items, strict=True)
            ]
            return f"row({', '.join(labels)})"
        if self.items:
            return f"{self.name}({', '.join(map(str, self.items))})"
        return {"interval_day": "interval day to second", "interval_month": "interval year to month"}.get(
            self.name, self.name
        )

    @property
    def is_integer(self) -> bool:
        """Whether it is one of the four integer types."""
        return self.name in DIGITS

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic applies."""
        return self.name in NUMERIC_RANK

    @property
    def is_floating(self) -> bool:
        """Whether NaN and Infinity exist in it."""
        return self.name in ("real", "double")

    @property
    def is_time(self) -> bool:
        """Whether it is a date or a timestamp."""
        return self.name in ("date", "timestamp", "timestamptz")


UNKNOWN = Type("unknown")
BOOLEAN = Type("boolean")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
JSON = Type("json")
INTERVAL_DAY = Type("interval_day")
INTERVAL_MONTH = Type("interval_month")


def decimal(precision: int, scale: int) -> Type:
    """decimal(p,s), at most 38 digits."""
    return Type("decimal", min(38, precision), scale)


def timestamp(precision: int) -> Type:
    """timestamp(p) without zone."""
    return Type("timestamp", precision)


def timestamptz(precision: int, zone: str = "UTC") -> Type:
    """timestamp(p) with time zone, shown in a zone known now."""
    return Type("timestamptz", precision, zone=zone)


def array(item: Type) -> Type:
    """array(item)."""
    return Type("array", items=(item,))


def map_of(key: Type, value: Type) -> Type:
    """map(key, value)."""
    return Type("map", items=(key, value))


def row(fields: tuple[str, ...], items: tuple[Type, ...]) -> Type:
    """row(…); an unnamed field has the name ''."""
    return Type("row", fields=fields, items=items)


def as_decimal(kind: Type) -> Type:
    """The decimal that holds every value of an integer type."""
    return kind if kind.name == "decimal" else decimal(DIGITS[kind.name], 0)


def common(left: Type, right: Type) -> Type | None:
    """The type that Trino brings both sides to, or None when it refuses."""
    if left == right:
        return left
    if left.name == "unknown":
        return right
    if right.name == "unknown":
        return left
    if left.is_numeric and right.is_numeric:
        return _common_number(left, right)
    if left.is_time and right.is_time:
        return _common_time(left, right)
    if left.name == right.name and left.items and len(left.items) == len(right.items):
        items = [common(one, other) for one, other in zip(left.items, right.items, strict=True)]
        known = tuple(item for item in items if item is not None)
        if len(known) == len(items):
            return replace(
                left, items=known, fields=left.fields if left.fields == right.fields else ("",) * len(left.fields)
            )
    return None


def _common_number(left: Type, right: Type) -> Type:
    first, second = sorted((left, right), key=lambda kind: NUMERIC_RANK[kind.name])
    if second.name != "decimal":
        return second
    one, other = as_decimal(first), as_decimal(second)
    scale = max(one.scale, other.scale)
    return decimal(max(one.precision - one.scale, other.precision - other.scale) + scale, scale)


def _common_time(left: Type, right: Type) -> Type:
    precision = max(left.precision, right.precision)
    if "timestamptz" not in (left.name, right.name):
        return timestamp(precision)
    zones = {kind.zone if kind.name == "timestamptz" else "UTC" for kind in (left, right)}
    return timestamptz(precision, zones.pop() if len(zones) == 1 else MIXED_ZONE)


DUCKDB_NAMES = {
    "unknown": "INTEGER",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "varbinary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
    "json": "VARCHAR",
    "parsed_json": "VARCHAR",
    "interval_day": "BIGINT",
    "interval_month": "INTEGER",
}


def duckdb_type(kind: Type) -> str:
    """How DuckDB stores the type; intervals are counted in milliseconds and months, as Trino does."""
    if kind.name == "decimal":
        return f"DECIMAL({kind.precision},{kind.scale})"
    if kind.name == "array":
        return f"{duckdb_type(kind.items[0])}[]"
    if kind.name == "map":
        return f"MAP({duckdb_type(kind.items[0])}, {duckdb_type(kind.items[1])})"
    if kind.name == "row":
        return "STRUCT(" + ", ".join(f"f{i} {duckdb_type(item)}" for i, item in enumerate(kind.items)) + ")"
    return DUCKDB_NAMES[kind.name]


_CONTRACT_TYPES = {
    "string": VARCHAR,
    "int": INTEGER,
    "bigint": BIGINT,
    "double": DOUBLE,
    "boolean": BOOLEAN,
    "date": DATE,
    "timestamp": timestamp(6),
    "integer": INTEGER,
    "varchar": VARCHAR,
    "long": BIGINT,
}


def contract_type(text: str) -> Type:
    """The Trino type of a contract's physicalType; a stored timestamp is Iceberg's, with microseconds."""
    parts = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", text.strip().lower())
    if parts:
        return decimal(int(parts[1]), int(parts[2]))
    return _CONTRACT_TYPES[text.strip().lower()]
