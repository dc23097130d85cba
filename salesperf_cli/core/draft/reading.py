"""Looks at files of which nothing is known: how they are written, which table they are of, what its columns may be."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, combinations, islice
from typing import BinaryIO, cast

from salesperf_cli.core.csv_records import Dialect, Record, split_records
from salesperf_cli.core.draft.guess import ColumnGuess, Guess
from salesperf_cli.core.draft.names import pattern_of, table_of
from salesperf_cli.core.headers import declared_columns, head, with_actual_form
from salesperf_cli.core.json_records import json_records
from salesperf_cli.core.sources import SourceFile
from salesperf_cli.errors import InputError

LOOKED_AT = 200_000
"""Rows of a table that are looked at: enough to tell types, and a few seconds."""
_DELIMITERS = (",", ";", "\t", "|")
_JUDGED = 1_000
"""Rows by which a delimiter is judged."""
_KEY_COLUMNS = 6
"""Keys of two or three columns are looked for among so many at the beginning."""

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class DraftColumn:
    """A column as its texts look; `note` says what a person has to decide."""

    name: str
    type: str
    format: str | None
    required: bool
    note: str


@dataclass(frozen=True, slots=True)
class DraftTable:
    """A table as its files look. `rows` were looked at (all of them: `is_all`), `unreadable` of them are damaged."""

    name: str
    files: tuple[str, ...]
    patterns: tuple[str, ...]
    dialect: Dialect
    columns: tuple[DraftColumn, ...]
    key: tuple[str, ...]
    rows: int
    unreadable: int
    is_all: bool


def draft_tables(sources: Iterable[SourceFile]) -> tuple[DraftTable, ...]:
    """The tables that files are of, by their names; several deliveries of one table have the same header.

    Raises InputError for a file that cannot be drafted from, or whose header differs from the others of its table.
    """
    tables: dict[str, list[SourceFile]] = {}
    for source in map(with_actual_form, sources):
        if source.format == "parquet":
            raise InputError(
                f"{source.shown} holds types already",
                why="a draft is made from texts: CSV or JSON",
                remedy="write its contract by hand: docs/reference/contract-format.md",
            )
        tables.setdefault(table_of(source.name), []).append(source)
    return tuple(_draft(name, files) for name, files in tables.items())


def _draft(name: str, files: Sequence[SourceFile]) -> DraftTable:
    dialect = _dialect(files[0])
    columns = _columns(files, dialect)
    rows = partial(_rows, files, dialect, columns)
    if dialect.delimiter != "," and files[0].format == "csv":
        dialect = replace(dialect, decimal_separator=_separator(rows(), len(columns)))
    looked, seen, unreadable = [ColumnGuess(dialect.decimal_separator) for _ in columns], 0, 0
    for row in islice(rows(), LOOKED_AT):
        seen += 1
        if row is None:
            unreadable += 1
            continue
        for column, text in zip(looked, row, strict=True):
            column.see(text)
    guesses = {column: guess.guess() for column, guess in zip(columns, looked, strict=True)}
    required = [column for column, guess in zip(columns, looked, strict=True) if guess.filled and not guess.empty]
    keys = [column for column, guess in zip(columns, looked, strict=True) if guess.is_key]
    key = _single_key(keys, guesses) or _joint_key(rows(), columns, required, guesses)
    return DraftTable(
        name,
        tuple(file.shown for file in files),
        tuple(dict.fromkeys(pattern_of(file.name) for file in files)),
        dialect,
        tuple(_column(column, guesses[column], is_required=column in required) for column in columns),
        key,
        seen,
        unreadable,
        seen < LOOKED_AT,
    )


def _column(name: str, guess: Guess, *, is_required: bool) -> DraftColumn:
    return DraftColumn(name, str(guess.type), guess.format, is_required, guess.note)


# --- how a file is written ---


def _dialect(source: SourceFile) -> Dialect:
    """The encoding by the file's first megabytes, the delimiter by what splits its lines alike."""
    if source.format != "csv":
        return Dialect()
    data = head(source)
    encoding = _encoding(data)
    judged = [(_fields(data, Dialect(delimiter=each, encoding=encoding)), each) for each in _DELIMITERS]
    best = max(judged, key=lambda each: each[0])  # the first of equals
    return Dialect(delimiter=best[1], encoding=encoding)


def _encoding(data: bytes) -> str:
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(data)
    except UnicodeDecodeError:
        # Letters and signs that only Windows has there; elsewhere they are control characters, which no text holds.
        return "windows-1252" if re.search(rb"[\x80-\x9f]", data) else "latin-1"
    return "utf-8"


def _fields(data: bytes, dialect: Dialect) -> float:
    """Into how many columns a delimiter splits the header, less where it does not split rows alike."""
    first = re.split(rb"[\r\n]", data.removeprefix(codecs.BOM_UTF8), maxsplit=1)[0]
    columns = len(_split(first, dialect))
    if columns < 2:
        return columns
    judged = [isinstance(each, Record) for each in islice(split_records(io.BytesIO(data), dialect, columns), _JUDGED)]
    return columns * sum(judged) / max(len(judged), 1)


def _split(line: bytes, dialect: Dialect) -> Sequence[str]:
    text = line.decode(dialect.encoding, errors="replace")
    return next(csv.reader([text], delimiter=dialect.delimiter, quotechar=dialect.quote), [])


def _separator(rows: Iterable[Row | None], columns: int) -> str:
    """`,` where more columns hold numbers with it than with `.`."""
    by = {separator: [ColumnGuess(separator) for _ in range(columns)] for separator in (".", ",")}
    for row in islice(rows, _JUDGED):
        for guesses in by.values():
            for column, text in zip(guesses, row or (), strict=False):
                column.see(text)
    numbers = {
        separator: sum(each.guess().type.kind in ("decimal", "double") for each in guesses)
        for separator, guesses in by.items()
    }
    return "," if numbers[","] > numbers["."] else "."


# --- what stands in it ---


def _columns(files: Sequence[SourceFile], dialect: Dialect) -> tuple[str, ...]:
    first, *others = [declared_columns(file, dialect) for file in files]
    for file, found in zip(files[1:], others, strict=True):
        if found != first:
            raise InputError(
                f"{file.shown} and {files[0].shown} look like one table, and have other columns",
                why=f"{', '.join(found[:5])} … instead of {', '.join(first[:5])} …",
                remedy="draft them one by one, or rename one of the files",
            )
    if doubled := sorted({name for name in first if first.count(name) > 1}):
        raise InputError(
            f"{files[0].shown} has columns of the same name",
            why=", ".join(repr(name) for name in doubled),
            remedy="name them apart in the file; a contract finds columns by their names",
        )
    return first


def _rows(files: Iterable[SourceFile], dialect: Dialect, columns: tuple[str, ...]) -> Iterator[Row | None]:
    """The rows of all files as texts; None for one that cannot be read."""
    return chain.from_iterable(_rows_of(file, dialect, columns) for file in files)


def _rows_of(file: SourceFile, dialect: Dialect, columns: tuple[str, ...]) -> Iterator[Row | None]:
    with file.open() as stored:
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=stored)) if file.gzip else stored
        if file.format == "csv":
            for record in split_records(stream, dialect, len(columns)):
                yield record.fields if isinstance(record, Record) else None
        else:
            for each in json_records(stream, columns, lines=file.format == "ndjson"):
                yield each.fields


# --- what tells rows apart ---


def _single_key(candidates: Sequence[str], guesses: Mapping[str, Guess]) -> tuple[str, ...]:
    return next(((name,) for name in candidates if _may_tell_apart(guesses[name])), ())


def _joint_key(
    rows: Iterable[Row | None], columns: Sequence[str], required: Sequence[str], guesses: Mapping[str, Guess]
) -> tuple[str, ...]:
    """The first two or three columns that tell all rows apart together; none where no few do."""
    names = [name for name in required if _may_tell_apart(guesses[name])][:_KEY_COLUMNS]
    places = [columns.index(name) for name in names]
    open_: dict[tuple[int, ...], set[Row]] = {
        each: set() for size in (2, 3) for each in combinations(range(len(places)), size)
    }
    for row in islice(rows, LOOKED_AT):
        if row is None:
            continue
        for each, seen in list(open_.items()):
            found = tuple(row[places[at]] for at in each)
            if found in seen:
                del open_[each]
            else:
                seen.add(found)
        if not open_:
            return ()
    return tuple(names[at] for at in next(iter(open_), ()))


def _may_tell_apart(guess: Guess) -> bool:
    """Amounts and measures may happen to differ; they name nothing."""
    return guess.type.kind in ("string", "int", "bigint", "date", "timestamp")
