"""Looks at files of which nothing is known: how they are written, which table they are of, what its columns may be."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
_BLOCK = 1 << 20
_WINDOWS_ONLY = re.compile(rb"[\x80-\x9f]")
"""Bytes that are letters and signs on Windows, and in Latin-1 control characters, which no text holds."""
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
    dialect = _dialect(files)
    columns = _columns(files, dialect)
    rows = partial(_rows, files, dialect, columns)
    if dialect.delimiter != ",":
        dialect = replace(dialect, decimal_separator=_separator(rows, columns))
    looked = _look(rows(), columns, dialect.decimal_separator)
    guesses = {column: guess.guess() for column, guess in looked.columns.items()}
    required = [column for column, guess in looked.columns.items() if guess.filled and not guess.empty]
    single = (column for column, guess in looked.columns.items() if guess.is_key and _may_tell_apart(guesses[column]))
    return DraftTable(
        name,
        tuple(file.name for file in files),
        tuple(dict.fromkeys(pattern_of(file.name) for file in files)),
        dialect,
        tuple(
            DraftColumn(column, str(guess.type), guess.format, column in required, guess.note)
            for column, guess in guesses.items()
        ),
        tuple(islice(single, 1)) or _joint_key(rows(), columns, required, guesses),
        looked.rows,
        looked.unreadable,
        looked.rows < LOOKED_AT,
    )


@dataclass(slots=True)
class _Looked:
    """What was seen: each column by its name, how many rows, and how many of them could not be read."""

    columns: dict[str, ColumnGuess]
    rows: int = 0
    unreadable: int = 0


def _look(rows: Iterator[Row | None], columns: Sequence[str], separator: str, most: int = LOOKED_AT) -> _Looked:
    looked = _Looked({name: ColumnGuess(separator) for name in columns})
    guesses = tuple(looked.columns.values())
    for row in islice(rows, most):
        looked.rows += 1
        if row is None:
            looked.unreadable += 1
            continue
        for guess, text in zip(guesses, row, strict=True):
            guess.see(text)
    return looked


# --- how a file is written ---


def _dialect(files: Sequence[SourceFile]) -> Dialect:
    """The encoding that all files are written in, the delimiter that splits the lines of the first alike."""
    if files[0].format != "csv":
        return Dialect()
    encoding, data = _encoding(files), head(files[0])
    judged = [(_fields(data, Dialect(delimiter=each, encoding=encoding)), each) for each in _DELIMITERS]
    best = max(judged, key=lambda each: each[0])  # the first of equals
    return Dialect(delimiter=best[1], encoding=encoding)


def _encoding(files: Iterable[SourceFile]) -> str:
    """UTF-8, unless most of what is not ASCII is no UTF-8: then that of Windows or Latin-1."""
    letters = broken = 0
    is_windows = False
    for file in files:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with file.open() as stored, _inflated(file, stored) as stream:
            while block := stream.read(_BLOCK):
                if block.isascii():
                    continue
                text = decoder.decode(block)
                letters += len(text) - len(text.encode("ascii", "ignore"))
                broken += text.count("\ufffd")
                is_windows |= _WINDOWS_ONLY.search(block) is not None
    if broken * 2 <= letters:
        return "utf-8"
    return "windows-1252" if is_windows else "latin-1"


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


def _separator(rows: Callable[[], Iterator[Row | None]], columns: Sequence[str]) -> str:
    """`,` where more columns hold numbers with it than with `.`."""
    looked = {separator: _look(rows(), columns, separator, _JUDGED).columns.values() for separator in (".", ",")}
    numbers = {
        separator: sum(each.guess().type.kind in ("decimal", "double") for each in guesses)
        for separator, guesses in looked.items()
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
    with file.open() as stored, _inflated(file, stored) as stream:
        if file.format == "csv":
            for record in split_records(stream, dialect, len(columns)):
                yield record.fields if isinstance(record, Record) else None
        else:
            for each in json_records(stream, columns, lines=file.format == "ndjson"):
                yield each.fields


def _inflated(file: SourceFile, stored: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=stored)) if file.gzip else stored


# --- what tells rows apart ---


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
