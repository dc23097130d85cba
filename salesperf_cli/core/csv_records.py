"""The canonical reading of CSV, which every engine falls back to where a file is not clean.

Records and damage with their physical lines, in bounded memory. No types, no rules and no engine: what a text
means is the contract's business, and clean files are read by the engines themselves, in the same way.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

MAX_RECORD = 16 * 1024 * 1024
"""Bytes of a physical line, and characters of a record, beyond which it is malformed."""

_BLOCK = 1024 * 1024
_SHOWN = 4096
CODECS = {"utf-8": "utf-8", "latin-1": "latin-1", "windows-1252": "cp1252"}
BOM = b"\xef\xbb\xbf"
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_TOO_LONG = "longer than 16 MiB"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written; raises ValueError for what no engine reads alike.

    `delimiter`, `quote` and `escape` are one ASCII character each; `escape` equal to `quote` means that a
    quote inside quotes is doubled. `encoding` is utf-8, latin-1 or windows-1252. `decimal_separator` is for
    whoever casts: texts stay as they are.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    encoding: str = "utf-8"
    decimal_separator: str = "."

    def __post_init__(self) -> None:
        for word in ("delimiter", "quote", "escape"):
            character: str = getattr(self, word)
            if len(character) != 1 or not character.isascii() or character in "\r\n\0":
                raise ValueError(f"dialect: {word} is one ASCII character, not {character!r}")
        if self.delimiter in (self.quote, self.escape):
            raise ValueError("dialect: the delimiter differs from quote and escape")
        if self.encoding not in CODECS:
            raise ValueError(f"dialect: encoding is one of {', '.join(CODECS)}, not {self.encoding!r}")
        if self.decimal_separator not in (".", ","):
            raise ValueError(f"dialect: decimalSeparator is . or , and not {self.decimal_separator!r}")


DEFAULT_DIALECT = Dialect()


class Record(NamedTuple):
    """A well-formed record. (A tuple, not a dataclass: a file has millions, and this is made four times as
    fast.)
    """

    line: int
    """The physical line on which it begins, from 1; the header is line 1."""
    fields: tuple[str | None, ...]


class Malformed(NamedTuple):
    """A record that cannot be read: `text` is what stands in the file, without its last line end."""

    line: int
    reason: str
    text: str


def split_records(stream: BinaryIO, dialect: Dialect, columns: int) -> Iterator[Record | Malformed]:
    """Split `stream` into records of `columns` fields each; its first record, the header, is skipped.

    The rules are RFC 4180's with the dialect's characters, and, where it is silent:

    - LF, CRLF and CR each end a physical line, in quotes too, and outside quotes a record. Line ends in
      quotes are kept.
    - Lines without a character are skipped. Blanks are text: `a, b` has the field ` b`, and ` "b"` is not a
      quoted field; spaces after a closing quote are dropped.
    - A quote opens only at the very beginning of a field; elsewhere in an unquoted field it is text.
    - An empty field is None, quoted or not (as DuckDB and Spark read it by default).
    - Where escape and quote differ, escape inside quotes takes the next character as it is; outside quotes it
      is text.
    - A UTF-8 byte order mark is dropped.

    Malformed are: a wrong number of fields (`expected 7 fields, found 6`), `text after a closing quote`, a
    `quote not closed`, a `NUL byte`, bytes that are `not valid utf-8 at byte N` (from 1, counted from the
    record's first byte; the text shows U+FFFD there), and a record `longer than 16 MiB` (its text is cut).

    One bad quote must not swallow the file: where a quote is not closed, or text follows a closing quote on a
    later line than the record's first, only that first line is malformed, and reading goes on with the
    physical line after it. A record of several lines with a wrong number of fields is malformed whole: its
    second line may look like a record and not be one.
    """
    return _Splitter(stream, dialect, columns).records()


def write_clean(records: Iterable[Record], target: BinaryIO, header: Sequence[str] | None = None) -> int:
    """Write `records` in the default dialect, LF line ends, so that engines can read them; returns how many.

    Texts with blanks at an end or a quote, comma or line end in them are quoted; None is an empty field (`""`
    where it is the only column, since an empty line would be skipped).
    """
    special = re.compile(r'[",\r\n]|^[ \t]|[ \t]$')

    def written(field: str | None) -> str:
        if not field:
            return ""
        return '"' + field.replace('"', '""') + '"' if special.search(field) else field

    def line(fields: Sequence[str | None]) -> bytes:
        return ((",".join(map(written, fields)) or '""') + "\n").encode()

    if header is not None:
        target.write(line(header))
    count = 0
    for record in records:
        target.write(line(record.fields))
        count += 1
    return count


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The stream in blocks that end where a line ends. A line beyond MAX_RECORD comes alone, cut to one byte
    more than that.
    """
    rest = b""
    while chunk := stream.read(_BLOCK):
        rest += chunk
        cut = rest.rfind(b"\n") + 1 or rest.rfind(b"\r", 0, -1) + 1
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
        elif len(rest) > MAX_RECORD:
            yield rest[: MAX_RECORD + 1] + b"\n"
            rest = _after_line_end(stream, rest[-1:])
    if rest:
        yield rest


def _after_line_end(stream: BinaryIO, last: bytes) -> bytes:
    """What follows the end of the line in whose midst `stream` stands; `last` is the byte read last."""
    ended = last == b"\r"
    while chunk := stream.read(_BLOCK):
        if ended:
            return chunk.removeprefix(b"\n")
        found = re.search(rb"\r\n?|\n", chunk)
        if found and not (found[0] == b"\r" and found.end() == len(chunk)):
            return chunk[found.end() :]
        ended = found is not None
    return b""


class _Ending(NamedTuple):
    """How one record ended: its fields, what is wrong with its structure, and the index of the line to read
    next.
    """

    fields: list[str]
    reason: str | None
    after: int


class _Splitter:
    """Holds a window of physical lines and reads records from it.

    `csv.reader` reads most of them: what it accepts it reads exactly by the rules. A record that it refuses,
    that damaged bytes touch or that has a wrong number of fields is read (again) by `_read`, which is the
    rules' one authority.
    """

    def __init__(self, stream: BinaryIO, dialect: Dialect, columns: int) -> None:
        self._blocks = _blocks(stream)
        self._dialect = dialect
        self._columns = columns
        self._doubled = dialect.escape == dialect.quote
        self._stop = re.compile(f"[{re.escape(dialect.quote)}{re.escape(dialect.escape)}]")
        self._lines: list[str] = []
        self._base = 1
        """The physical line number of `_lines[0]`."""
        self._faults: dict[int, str] = {}
        """By physical line: what is wrong with the line whatever its structure."""
        self._bad_bytes: dict[int, int] = {}
        """By physical line: the first byte, from 1, that is not valid in the encoding."""
        self._begun = False

    def records(self) -> Iterator[Record | Malformed]:
        """All records after the header."""
        after = self._header()
        while True:
            self._drop(after)
            if not self._lines and not self._extend():
                return
            after = yield from self._window()

    def _header(self) -> int:
        at = 0
        while at < len(self._lines) or self._extend():
            if at < len(self._lines) and self._lines[at].strip("\r\n"):
                return self._read(at).after
            at = min(at + 1, len(self._lines))
        return at

    def _window(self) -> Generator[Record | Malformed, None, int]:
        """The records of the window; gives back the index of the first line that a new window begins with."""
        lines, base, columns = self._lines, self._base, self._columns
        dialect, trusted = self._dialect, self._doubled and not self._faults and not self._bad_bytes
        reader = csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)
        begin = 0
        while True:
            try:
                for fields in reader:
                    if len(fields) == columns and (trusted or self._is_plain(begin, reader.line_num)):
                        yield Record(base + begin, tuple([field or None for field in fields]))
                    elif fields:
                        ending = self._read(begin)
                        yield self._judged(begin, ending)
                        if ending.after != reader.line_num:
                            return ending.after
                    begin = reader.line_num
                return begin
            except csv.Error:
                ending = self._read(begin)
            yield self._judged(begin, ending)
            begin = ending.after
            if begin != reader.line_num or begin >= len(lines):
                return begin

    def _is_plain(self, begin: int, end: int) -> bool:
        """Whether csv.reader can be trusted with these lines: no damage, no escape that it does not know."""
        numbers = range(self._base + begin, self._base + end)
        if not (self._faults.keys().isdisjoint(numbers) and self._bad_bytes.keys().isdisjoint(numbers)):
            return False
        foreign = self._dialect.escape, self._dialect.quote * 2
        return self._doubled or not any(each in line for line in self._lines[begin:end] for each in foreign)

    def _judged(self, begin: int, ending: _Ending) -> Record | Malformed:
        reason = self._damage(begin, ending.after) or ending.reason
        if reason is None and len(ending.fields) != self._columns:
            reason = f"expected {self._columns} fields, found {len(ending.fields)}"
        line = self._base + begin
        if reason is None:
            return Record(line, tuple(field or None for field in ending.fields))
        text = "".join(self._lines[begin : ending.after])
        if len(text) > MAX_RECORD:
            return Malformed(line, _TOO_LONG, text[:_SHOWN])
        return Malformed(line, reason, text.removesuffix("\n").removesuffix("\r"))

    def _damage(self, begin: int, end: int) -> str | None:
        for at in range(begin, end):
            number = self._base + at
            if number in self._faults:
                return self._faults[number]
            if number in self._bad_bytes:
                encoding = self._dialect.encoding
                before = sum(len(line.encode(CODECS[encoding])) for line in self._lines[begin:at])
                return f"not valid {encoding} at byte {before + self._bad_bytes[number]}"
        return None

    def _read(self, begin: int) -> _Ending:
        """Read the record that begins on the line `begin` by the rules alone."""
        fields: list[str] = []
        at, position = begin, 0
        if len(self._lines[begin]) > MAX_RECORD:
            return _Ending(fields, _TOO_LONG, begin + 1)
        while True:
            if self._lines[at].startswith(self._dialect.quote, position):
                found = self._quoted_field(begin, at, position + 1)
                if isinstance(found, str):
                    return _Ending(fields, found, begin + 1)
                field, at, position = found
            else:
                line = self._lines[at].rstrip("\r\n")
                end = line.find(self._dialect.delimiter, position)
                field, position = line[position : end if end >= 0 else None], end if end >= 0 else len(line)
            fields.append(field)
            rest = self._lines[at][position : position + 1]
            if not rest.strip("\r\n"):
                return _Ending(fields, None, at + 1)
            if rest != self._dialect.delimiter:
                return _Ending(fields, "text after a closing quote", begin + 1)
            position += 1

    def _quoted_field(self, begin: int, at: int, position: int) -> tuple[str, int, int] | str:
        """The text of a quoted field, with the line and position after it; or what is wrong with it."""
        parts: list[str] = []
        size = sum(map(len, self._lines[begin : at + 1]))
        while (after := self._read_quoted(self._lines[at], position, parts)) < 0:
            at, position = at + 1, 0
            if at == len(self._lines) and not self._extend():
                return "quote not closed"
            size += len(self._lines[at])
            if size > MAX_RECORD:
                return _TOO_LONG
        line = self._lines[at]
        return "".join(parts), at, len(line) - len(line[after:].lstrip(" "))

    def _read_quoted(self, line: str, position: int, parts: list[str]) -> int:
        """Gather quoted text from `position` on; gives the position after the closing quote, -1 when the line
        ends first.
        """
        quote, escape = self._dialect.quote, self._dialect.escape
        while found := self._stop.search(line, position):
            parts.append(line[position : found.start()])
            following = line[found.end() : found.end() + 1]
            if found[0] == quote and not (self._doubled and following == quote):
                return found.end()
            if found[0] == escape and not self._doubled and line[found.end() :].startswith("\r\n"):
                following = "\r\n"
            parts.append(following)
            position = found.end() + len(following)
        parts.append(line[position:])
        return -1

    def _drop(self, count: int) -> None:
        del self._lines[:count]
        self._base += count
        if self._faults or self._bad_bytes:
            self._faults = {line: fault for line, fault in self._faults.items() if line >= self._base}
            self._bad_bytes = {line: byte for line, byte in self._bad_bytes.items() if line >= self._base}

    def _extend(self) -> bool:
        """Take the next block into the window; False at the end of the stream."""
        block = next(self._blocks, None)
        if block is None:
            return False
        codec, number = CODECS[self._dialect.encoding], self._base + len(self._lines)
        if not self._begun and codec == "utf-8":
            block = block.removeprefix(BOM)
        self._begun = True
        try:
            lines = list(io.StringIO(block.decode(codec), newline=""))
        except UnicodeDecodeError:
            lines = [self._decoded(line, number + at) for at, line in enumerate(_LINE.findall(block))]
        if b"\0" in block:
            self._faults.update((number + at, "NUL byte") for at, line in enumerate(lines) if "\0" in line)
        if len(block) > MAX_RECORD:
            long = (number + at for at, line in enumerate(lines) if len(line) > MAX_RECORD)
            self._faults.update((at, _TOO_LONG) for at in long)
        self._lines += lines
        return True

    def _decoded(self, line: bytes, number: int) -> str:
        codec = CODECS[self._dialect.encoding]
        try:
            return line.decode(codec)
        except UnicodeDecodeError as fault:
            self._bad_bytes[number] = fault.start + 1
            return line.decode(codec, errors="replace")
