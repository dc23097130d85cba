"""Refused rows on their way to quarantine: rule, reason, file, line and the record's text, on every engine alike.

Writing the quarantine table is an engine's business; its columns are in `build`.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, NamedTuple, Protocol

from salesperf_cli.core.csv_records import Dialect, Malformed, Record, split_records
from salesperf_cli.core.json_records import json_records
from salesperf_cli.core.staging import Judgement, Raw, ReadFile

Refused = tuple[int, Judgement, Raw]
"""A refused row: the number of its file, what it broke, its fields."""

FilledRow = tuple[str, str, str, int | None, str, str]
"""A row of the quarantine table up to `object_key`; what follows is the same for a whole run."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row on its way to quarantine: the file's number, the line where known, what it broke, and the record's text."""

    file: int
    line: int | None
    judgement: Judgement
    record: str


class Reading(Protocol):
    """What an engine has read: its files, what could not be read, and the way back to a file's bytes."""

    @property
    def files(self) -> Sequence[ReadFile]:
        """The files of the staging."""

    @property
    def malformed(self) -> Sequence[tuple[int, Malformed]]:
        """What could not be read, each with its file's number."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """The contract's columns."""

    @property
    def dialect(self) -> Dialect:
        """The dialect of the files as they were received."""

    def open(self, file: ReadFile) -> BinaryIO:
        """The content of a file as it was received, inflated."""


def collect(reading: Reading, refused: Iterable[Refused]) -> Iterator[RefusedRow]:
    """All refused rows of a staging: what could not be read, and what broke a rule, each with its line."""
    for number, damage in reading.malformed:
        yield RefusedRow(number, damage.line, Judgement("malformed", damage.reason), damage.text)
    by_file: dict[int, dict[Raw, list[Judgement]]] = defaultdict(lambda: defaultdict(list))
    for number, judgement, raw in refused:
        by_file[number][raw].append(judgement)
    files = {file.number: file for file in reading.files}
    for number, rows in by_file.items():
        yield from _with_lines(files[number], rows, reading)


def filled(rows: Iterable[RefusedRow], files: Sequence[ReadFile]) -> Iterator[FilledRow]:
    """The rows in the quarantine table's columns: rule, reason, file, line, record, object_key."""
    receipts = {file.number: file.staged.receipt for file in files}
    for row in rows:
        receipt = receipts[row.file]
        yield row.judgement.rule, row.judgement.reason, receipt.name, row.line, row.record, receipt.key


def _with_lines(file: ReadFile, rows: dict[Raw, list[Judgement]], reading: Reading) -> Iterator[RefusedRow]:
    """Find the lines of rows by reading their file once more: clean files, which are nearly all, never pay for it."""
    records = _RECORDS.get(file.form)
    if records is not None:
        with reading.open(file) as content:
            yield from _found(file, records(file, content, reading), rows, len(reading.column_names))
    for raw, judgements in rows.items():
        for judgement in judgements:
            yield RefusedRow(file.number, None, judgement, _csv_text(raw, ","))


def _found(
    file: ReadFile, records: Iterable[_Received], rows: dict[Raw, list[Judgement]], width: int
) -> Iterator[RefusedRow]:
    """Take the rows that a file holds out of `rows`."""
    missing, nothing = sum(map(len, rows.values())), (None,) * width
    for record in records:
        if not missing:
            return
        # To an engine a record that cannot be read is one without fields, as an empty object is.
        waiting = rows.get(nothing if record.raw is None else record.raw, [])
        judgement = next((each for each in waiting if (each.rule == "malformed") == (record.raw is None)), None)
        if judgement is not None:
            waiting.remove(judgement)
            missing -= 1
            yield RefusedRow(file.number, record.line, judgement, record.text())


class _Received(NamedTuple):
    """A record as its file holds it: the contract's columns of it (None where it cannot be read), and its text."""

    line: int
    raw: Raw | None
    text: Callable[[], str]


def _of_csv(file: ReadFile, content: BinaryIO, reading: Reading) -> Iterator[_Received]:
    """Malformed records are left out: the reading has them. Columns that the contract ignores tell no rows apart."""
    places = [file.header.index(name) for name in reading.column_names]
    delimiter = reading.dialect.delimiter
    for record in split_records(content, reading.dialect, len(file.header)):
        if isinstance(record, Record):
            raw = tuple(record.fields[place] for place in places)
            yield _Received(record.line, raw, partial(_csv_text, record.fields, delimiter))


def _of_json(file: ReadFile, content: BinaryIO, reading: Reading) -> Iterator[_Received]:
    for record in json_records(content, reading.column_names, lines=file.form == "ndjson"):
        yield _Received(record.line, record.fields, partial(getattr, record, "text"))


_RECORDS: Mapping[str, Callable[[ReadFile, BinaryIO, Reading], Iterator[_Received]]] = {
    "csv": _of_csv,
    "ndjson": _of_json,
    "json": _of_json,
}
"""Who finds a record again, by the form of the file. Parquet has no lines."""


def _csv_text(fields: Raw, delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(["" if each is None else each for each in fields])
    return out.getvalue()
