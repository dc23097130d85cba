"""Quarantine: refused rows with rule, reason, file and line, kept in a table a source.

A staging replaces what its files had in quarantine before, so that running it again changes nothing.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded import duck
from salesperf_cli.backends.embedded.staging import Judgement, Reader, ReadFile, open_content
from salesperf_cli.core.csv_records import locate

if TYPE_CHECKING:
    import duckdb

Raw = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row on its way to quarantine: the file's number, the line where known, what it broke, and the record's text."""

    file: int
    line: int | None
    judgement: Judgement
    record: str


def collect(reader: Reader, refused: Iterable[tuple[int, Judgement, Raw]]) -> Iterator[RefusedRow]:
    """All refused rows of a staging: what could not be read, and what broke a rule, each with its line."""
    for number, damage in reader.malformed:
        yield RefusedRow(number, damage.line, Judgement("malformed", damage.reason), damage.text)
    by_file: dict[int, dict[Raw, list[Judgement]]] = defaultdict(lambda: defaultdict(list))
    for number, judgement, raw in refused:
        by_file[number][raw].append(judgement)
    files = {file.number: file for file in reader.files}
    for number, rows in by_file.items():
        yield from _with_lines(files[number], rows, reader)


def _with_lines(file: ReadFile, rows: dict[Raw, list[Judgement]], reader: Reader) -> Iterator[RefusedRow]:
    """Find the lines of rows by reading their file once more: clean files, which are nearly all, never pay for it."""
    if file.form == "csv":
        names, dialect = reader.column_names, reader.dialect
        places = [names.index(name) if name in names else None for name in file.header]
        wanted = {_as_in_file(raw, places): raw for raw in rows}
        if None in places:  # a file with columns that the contract ignores: rows cannot be told by their text
            wanted = {}
        with open_content(file.staged.location, file.staged.receipt) as content:
            times = [fields for fields, raw in wanted.items() for _ in rows[raw]]
            for line, fields in locate(content, dialect, len(file.header), times):
                raw = wanted[fields]
                yield RefusedRow(file.number, line, rows[raw].pop(0), _csv_text(fields, dialect.delimiter))
    for raw, judgements in rows.items():
        for judgement in judgements:
            yield RefusedRow(file.number, None, judgement, _csv_text(raw, ","))


def _as_in_file(raw: Raw, places: list[int | None]) -> Raw:
    return tuple(None if place is None else raw[place] for place in places)


def _csv_text(fields: Raw, delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(["" if each is None else each for each in fields])
    return out.getvalue()


def fill(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[RefusedRow], reader: Reader, *, run_id: str, now: str
) -> int:
    """Create `table` in the session with the rows in the quarantine's columns; gives how many there are."""
    import pyarrow

    columns: dict[str, list[object]] = {name: [] for name in ("rule", "reason", "file", "line", "record", "object_key")}
    files = {file.number: file.staged.receipt for file in reader.files}
    for row in rows:
        receipt = files[row.file]
        values = (row.judgement.rule, row.judgement.reason, receipt.name, row.line, row.record, receipt.key)
        for column, value in zip(columns.values(), values, strict=True):
            column.append(value)
    types = {name: pyarrow.int64() if name == "line" else pyarrow.string() for name in columns}
    refused = pyarrow.table({name: pyarrow.array(values, types[name]) for name, values in columns.items()})
    connection.register("refused_rows", refused)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT *, {duck.text(run_id)} AS run_id, "
        f"CAST({duck.text(now)} AS TIMESTAMP) AS quarantined_at FROM refused_rows"
    )
    connection.unregister("refused_rows")
    return int(refused.num_rows)
