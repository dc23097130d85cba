"""Refused rows on their way to quarantine: rule, reason, file, line and the record's text, on every engine alike.

Writing the quarantine table is an engine's business; its columns are in `build`.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from salesperf_cli.core.csv_records import Dialect, Malformed, Record, split_records
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
    if file.form == "csv":
        with reading.open(file) as content:
            yield from _found(file, content, rows, reading)
    for raw, judgements in rows.items():
        for judgement in judgements:
            yield RefusedRow(file.number, None, judgement, _csv_text(raw, ","))


def _found(
    file: ReadFile, content: BinaryIO, rows: dict[Raw, list[Judgement]], reading: Reading
) -> Iterator[RefusedRow]:
    """Take the rows that a CSV holds out of `rows`; columns that the contract ignores do not tell rows apart."""
    places = [file.header.index(name) for name in reading.column_names]
    missing = sum(map(len, rows.values()))
    for record in split_records(content, reading.dialect, len(file.header)):
        if not missing:
            return
        if isinstance(record, Record) and (judgements := rows.get(tuple(record.fields[place] for place in places))):
            yield RefusedRow(
                file.number, record.line, judgements.pop(0), _csv_text(record.fields, reading.dialect.delimiter)
            )
            missing -= 1


def _csv_text(fields: Raw, delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(["" if each is None else each for each in fields])
    return out.getvalue()
