"""The rows of an answer as the sink writes them: streamed as CSV and JSON, whole as Parquet and Excel."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from salesperf_cli.errors import InputError
from salesperf_cli.output.forms import Column, OutputFormat
from salesperf_cli.output.plain import to_json, to_json_line

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Answer

CHUNK = 5_000
XLSX_ROWS = 1_048_575
"""What a sheet holds below its header (Excel specifications and limits)."""


class AnswerRows:
    """Implements `RowSource`. At most `limit` rows (None: all) are taken; `row_count` is known once they were
    written.
    """

    def __init__(self, answer: Answer, limit: int | None) -> None:
        self._answer = answer
        self._limit = limit
        self._names = [name for name, _ in answer.columns]
        self._kept: list[tuple[Any, ...]] | None = None
        self.row_count = 0

    @property
    def columns(self) -> Sequence[Column]:
        """The columns in order."""
        return [Column(name, key=name) for name in self._names]

    def read_ahead(self, count: int) -> None:
        """Fetch the first rows now and count the others, which a table on a terminal leaves out."""
        kept: list[tuple[Any, ...]] = []
        for rows in self._chunks():
            kept += rows[: max(count - len(kept), 0)]
        self._kept = kept

    def preview(self, limit: int) -> Iterable[Sequence[object]]:
        """The first rows."""
        if self._kept is None:
            self.read_ahead(limit)
        return (self._kept or [])[:limit]

    def write(self, form: OutputFormat, stream: BinaryIO) -> None:
        """Write all rows."""
        match form:
            case OutputFormat.CSV:
                self._write_csv(stream)
            case OutputFormat.JSON:
                self._write_json(stream)
            case OutputFormat.NDJSON:
                for rows in self._chunks():
                    stream.write("".join(map(to_json_line, self._records(rows))).encode())
            case OutputFormat.PARQUET:
                self._write_parquet(stream)
            case OutputFormat.XLSX:
                self._write_xlsx(stream)
            case OutputFormat.TABLE | OutputFormat.HTML:
                raise AssertionError("tables are drawn by the sink, and there is no page of rows")

    def _chunks(self) -> Iterator[list[tuple[Any, ...]]]:
        while rows := self._answer.fetch(CHUNK if self._limit is None else min(CHUNK, self._limit - self.row_count)):
            self.row_count += len(rows)
            yield rows
            if self._limit is not None and self.row_count >= self._limit:
                return

    def _records(self, rows: list[tuple[Any, ...]]) -> Iterator[dict[str, object]]:
        return (dict(zip(self._names, row, strict=True)) for row in rows)

    def _write_csv(self, stream: BinaryIO) -> None:
        text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=False)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self._names)
        for rows in self._chunks():
            writer.writerows(rows)
        text.flush()
        text.detach()

    def _write_json(self, stream: BinaryIO) -> None:
        records = [record for rows in self._chunks() for record in self._records(rows)]
        stream.write((to_json(records) + "\n").encode())

    def _write_parquet(self, stream: BinaryIO) -> None:
        import pyarrow.parquet as parquet

        table = self._answer.arrow()
        if self._limit is not None:
            table = table.slice(0, self._limit)
        self.row_count = table.num_rows
        parquet.write_table(table, stream, compression="zstd")

    def _write_xlsx(self, stream: BinaryIO) -> None:
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        sheet = book.create_sheet("query")
        sheet.append(self._names)
        for rows in self._chunks():
            if self.row_count > XLSX_ROWS:
                raise InputError(
                    f"the answer has more than {XLSX_ROWS:,} rows, an Excel sheet holds no more",
                    why="Excel's own limit",
                    remedy="add --limit, or write csv or parquet",
                )
            for row in rows:
                sheet.append([_excel(value) for value in row])
        book.save(stream)


def _excel(value: object) -> object:
    """A value as a cell; a text that Excel would take for a formula stays text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    from datetime import date, datetime
    from decimal import Decimal

    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, Decimal | date):
        return value
    text = value if isinstance(value, str) else to_json(value)
    if text[:1] not in "=+-@":
        return text
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(value=text)
    cell.data_type = "s"
    return cell
