"""A table's contract as the engine uses it: columns, key, reading rules, quality rules. Frozen, already validated.

The YAML form and its validation live in `odcs`; running the rules lives in `quality`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from salesperf_cli.core.csv_records import Dialect
from salesperf_cli.core.tables import Column, Partition, TableName

if TYPE_CHECKING:
    from salesperf_cli.core.api.description import Api

Severity = Literal["error", "warning"]
Incremental = Literal["full", "merge", "touched"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The interval that a measured number must lie in; both ends may be open (None) and inclusive or not."""

    least: float | None = None
    most: float | None = None
    least_inclusive: bool = True
    most_inclusive: bool = True

    def admit(self, value: float) -> bool:
        """Whether `value` lies inside."""
        if self.least is not None and not (value >= self.least if self.least_inclusive else value > self.least):
            return False
        return self.most is None or (value <= self.most if self.most_inclusive else value < self.most)

    def __str__(self) -> str:
        if self.least is not None and self.least == self.most:
            return f"= {self.least:g}"
        low = None if self.least is None else f"{'≥' if self.least_inclusive else '>'} {self.least:g}"
        high = None if self.most is None else f"{'≤' if self.most_inclusive else '<'} {self.most:g}"
        return " and ".join(part for part in (low, high) if part)


@dataclass(frozen=True, slots=True)
class Rule:
    """What all quality rules share. `column` is the column that the rule stands on, where it stands on one."""

    name: str
    severity: Severity
    description: str = ""
    column: str | None = None


@dataclass(frozen=True, slots=True)
class RowRule(Rule):
    """Holds for each row when `expression` (portable SQL over the table's columns) is true or null."""

    expression: str = ""


@dataclass(frozen=True, slots=True)
class UniqueRule(Rule):
    """No two rows share the same values in `columns`."""

    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignKeyRule(Rule):
    """Every non-null value of `column` stands in `to_column` of `to_table`."""

    to_table: TableName = field(default_factory=lambda: TableName("", ""))
    to_column: str = ""


@dataclass(frozen=True, slots=True)
class RowCountRule(Rule):
    """The number of rows lies within `bounds`."""

    bounds: Bounds = Bounds()


@dataclass(frozen=True, slots=True)
class SqlRule(Rule):
    """The one number that `query` (portable SQL) gives lies within `bounds`."""

    query: str = ""
    bounds: Bounds = Bounds()


@dataclass(frozen=True, slots=True)
class FreshnessRule(Rule):
    """The newest value of `column` is at most `max_age_days` old, and (`never_backwards`) not older than the last
    release's.
    """

    max_age_days: float | None = None
    never_backwards: bool = False


@dataclass(frozen=True, slots=True)
class RowCountChangeRule(Rule):
    """Against the last release, the number of rows changed by a percentage within `bounds`."""

    bounds: Bounds = Bounds()


TableRule = UniqueRule | ForeignKeyRule | RowCountRule | SqlRule | FreshnessRule | RowCountChangeRule


@dataclass(frozen=True, slots=True)
class Source:
    """How a bronze table's files are recognised and read."""

    file_patterns: tuple[str, ...]
    dialect: Dialect
    ignore_extra_columns: bool
    api: Api | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """The one definition of a table, on every engine."""

    name: TableName
    version: str
    owner: str
    description: str
    description_pt: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition: Partition | None
    incremental: Incremental
    row_rules: tuple[RowRule, ...]
    table_rules: tuple[TableRule, ...]
    source: Source | None
    origin: str
    """The file that this contract was read from, for messages."""
    fingerprint: str
    """SHA-256 of the file's bytes: a changed contract rebuilds its table."""
    may_be_empty: bool = False
    """A source from which nothing has come yet holds no model up: the stream's, before its first event."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def names_in_files(self) -> tuple[str, ...]:
        """What files call the columns, in order."""
        return tuple(column.name_in_files for column in self.columns)

    def named(self, header: Iterable[str]) -> tuple[str, ...]:
        """A file's columns by the names that they have here; what the contract does not know keeps its own."""
        names = dict(zip(self.names_in_files, self.column_names, strict=True))
        return tuple(names.get(each, each) for each in header)

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def matching_sources(contracts: Mapping[TableName, Contract], file_name: str) -> tuple[Contract, ...]:
    """The bronze contracts one of whose file patterns fits `file_name` (compared in lower case)."""
    lowered = file_name.lower()
    return tuple(
        contract
        for contract in contracts.values()
        if contract.source and any(fnmatchcase(lowered, pattern) for pattern in contract.source.file_patterns)
    )
