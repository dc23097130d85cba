"""Names, types, columns and partitions: the vocabulary in which contracts, models and backends speak of tables.

No contract syntax here (see `odcs`) and no engine's type names (each backend maps `ColumnType` itself).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from salesperf_cli.errors import InputError

LAYERS = ("bronze", "silver", "gold")
BUILT_LAYERS = ("silver", "gold")
"""Layers that models build; bronze holds files as received."""
RECEIVED_LAYERS = ("bronze", "speed")
"""Layers whose rows come from outside, in files or as events, and are judged one by one."""

TypeKind = Literal["string", "int", "bigint", "double", "decimal", "boolean", "date", "timestamp"]
PartitionTransform = Literal["identity", "day", "month", "year"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,126}")
_TYPE = re.compile(r"(string|int|bigint|double|boolean|date|timestamp)|decimal\((\d{1,2}),\s*(\d{1,2})\)")


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """A table's full name, `layer.table`."""

    layer: str
    table: str

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Read `layer.table`; raises InputError for anything else."""
        layer, dot, table = text.partition(".")
        if not dot or not _NAME.fullmatch(layer) or not _NAME.fullmatch(table):
            raise InputError(
                f"{text!r} is not a table name",
                why="a table is written layer.table in lower-case letters, digits and _",
                remedy="write for example silver.orders",
            )
        return cls(layer, table)

    def __str__(self) -> str:
        return f"{self.layer}.{self.table}"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column's type in the contracts' own words; `precision` and `scale` are set for decimals only."""

    kind: TypeKind
    precision: int = 0
    scale: int = 0

    @classmethod
    def parse(cls, text: str) -> ColumnType:
        """Read `string`, `int`, `decimal(12,2)`, …; raises ValueError for anything else."""
        found = _TYPE.fullmatch(text.strip().lower())
        if not found:
            raise ValueError(
                f"{text!r} is not a type; known are string, int, bigint, double, decimal(p,s), boolean, date, timestamp"
            )
        if found[1]:
            return cls(found[1])  # type: ignore[arg-type]  # the pattern admits TypeKind's words alone
        precision, scale = int(found[2]), int(found[3])
        if not 1 <= precision <= 38 or scale > precision:
            raise ValueError(f"{text!r}: a decimal has 1 to 38 digits and no more decimals than digits")
        return cls("decimal", precision, scale)

    def __str__(self) -> str:
        return f"decimal({self.precision},{self.scale})" if self.kind == "decimal" else self.kind


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a contract.

    `format` is the Java date pattern by which a bronze text becomes a date or timestamp. `classification` is one of
    public, internal, restricted (personal data under LGPD). `physical_name` is what files call it, None: by its name.
    """

    name: str
    type: ColumnType
    required: bool
    description: str
    description_pt: str
    classification: str
    format: str | None = None
    physical_name: str | None = None

    @property
    def name_in_files(self) -> str:
        """What files call it."""
        return self.physical_name or self.name


@dataclass(frozen=True, slots=True)
class Partition:
    """By which column, and how, a table's files are laid apart."""

    column: str
    transform: PartitionTransform
