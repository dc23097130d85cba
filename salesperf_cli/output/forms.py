"""The vocabulary of output: formats, columns, and the blocks that a view is made of. Draws nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Protocol


class OutputFormat(StrEnum):
    """What `-o` accepts; parquet and xlsx exist for the rows of a query only, html for the estimate of costs."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"
    HTML = "html"

    @property
    def is_binary(self) -> bool:
        """Whether a terminal would show noise."""
        return self in (OutputFormat.PARQUET, OutputFormat.XLSX)


class Align(StrEnum):
    """Where a cell sits; AUTO puts numbers right and all else left."""

    AUTO = "auto"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    `key` names it in JSON and CSV (default: the name in snake_case). `grouped` writes 1234567 as 1,234,567:
    switch it off for years and codes. `wrap` lets long text run over several lines instead of being cut with
    an ellipsis.
    """

    name: str
    key: str = ""
    align: Align = Align.AUTO
    grouped: bool = True
    wrap: bool = False

    @property
    def field(self) -> str:
        """The name that programs read."""
        return self.key or self.name.lower().replace(" ", "_")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text in a view."""

    text: str


@dataclass(frozen=True, slots=True)
class Fields:
    """Names and values below each other."""

    pairs: Sequence[tuple[str, object]]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns, with an optional title above and footer below."""

    columns: Sequence[Column]
    rows: Iterable[Sequence[object]]
    title: str = ""
    footer: str = ""


Block = Line | Fields | Table


class RowSource(Protocol):
    """The rows of a query, in a form that writes itself fast: the sink never loops over all of them."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns in order."""
        ...

    @property
    def row_count(self) -> int:
        """How many rows there are in all."""
        ...

    def preview(self, limit: int) -> Iterable[Sequence[object]]:
        """The first rows, as Python values, for a table on a terminal."""
        ...

    def write(self, form: OutputFormat, stream: BinaryIO) -> None:
        """Write all rows in a format other than table."""
        ...
