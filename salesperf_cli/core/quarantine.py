"""Refused rows on their way to quarantine: rule, reason, file, line and the record's text, on every engine alike.

Writing the quarantine table is an engine's business; its columns are in `build`.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, NamedTuple, Protocol

from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.csv_records import Dialect, Malformed, Record, split_records
from salesperf_cli.core.staging import Judgement, Raw, ReadFile, json_records_of

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
    def contract(self) -> Contract:
        """What the files hold."""

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
    missing = sum(map(len, rows.values()))
    with reading.open(file) as content:
        for record in _received(file, content, reading):
            if not missing:
                return
            if judgements := rows.get(record.raw):
                missing -= 1
                yield RefusedRow(file.number, record.line, judgements.pop(0), record.text())
    for raw, judgements in rows.items():
        for judgement in judgements:
            yield RefusedRow(file.number, None, judgement, _csv_text(raw, ","))


class _Received(NamedTuple):
    """A record as its file holds it: the contract's columns of it, and its text."""

    line: int
    raw: Raw
    text: Callable[[], str]


def _received(file: ReadFile, content: BinaryIO, reading: Reading) -> Iterator[_Received]:
    """The records that can be read; none of Parquet, which has no lines."""
    match file.staged.receipt.format.removesuffix(".gz"):
        case "csv":
            return _of_csv(content, file.staged.receipt.header, reading)
        case "ndjson" | "json" as form:
            records = json_records_of(content, form, reading.contract)
            return (
                _Received(each.line, each.fields, partial(getattr, each, "text")) for each in records if each.fields
            )
        case _:
            return iter(())


def _of_csv(content: BinaryIO, header: Sequence[str], reading: Reading) -> Iterator[_Received]:
    """Columns that the contract ignores tell no rows apart."""
    names = reading.contract.named(header)
    places = [names.index(name) for name in reading.contract.column_names]
    delimiter = reading.dialect.delimiter
    for record in split_records(content, reading.dialect, len(header)):
        if isinstance(record, Record):
            raw = tuple(record.fields[place] for place in places)
            yield _Received(record.line, raw, partial(_csv_text, record.fields, delimiter))


def _csv_text(fields: Raw, delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(["" if each is None else each for each in fields])
    return out.getvalue()
