"""What can be learned from a file's bytes while they are copied: lines, damage, whether it ends where it should.

These decide whether an engine may read the file with its fast reader, which treats such bytes in its own way.
"""

from __future__ import annotations

import codecs
import zlib

import msgspec

from salesperf_cli.core.csv_records import Dialect
from salesperf_cli.core.engine_traps import EngineTraps
from salesperf_cli.errors import InputError

MOST_AT_ONCE = 1 << 20
"""Bytes that are inflated at once: a megabyte of gzip can hold a gigabyte of nothing."""
BOMB_RATIO = 200
"""Text of this kind compresses 3 to 20 times; what grows more than this is refused (above `BOMB_BYTES`)."""
BOMB_BYTES = 1 << 28


class FileFacts:
    """Collects the facts of one file, block by block. For formats that are not text it only counts nothing."""

    lines: int | None = None
    damaged = False

    def watch(self, block: bytes) -> None:
        """See the next block."""

    def finish(self, shown: str) -> None:
        """The file has ended; raises InputError when it cannot have ended there."""


class TextFacts(FileFacts):
    """The facts of a text file in UTF-8."""

    def __init__(self) -> None:
        self.lines: int = 0
        self.damaged = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")

    def watch(self, block: bytes) -> None:
        """See the next block of text."""
        self.lines += block.count(b"\n")
        if not self.damaged:
            try:
                self._decoder.decode(block)
                self.damaged = b"\0" in block
            except UnicodeDecodeError:
                self.damaged = True

    def finish(self, shown: str) -> None:
        """A text that ends inside a character is damaged."""
        try:
            self._decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            self.damaged = True


class CsvFacts(FileFacts):
    """The facts of a CSV file: damaged is also what engines would silently read in ways of their own."""

    def __init__(self, dialect: Dialect) -> None:
        self.lines: int = 0
        self._traps = EngineTraps(dialect)

    def watch(self, block: bytes) -> None:
        """See the next block of text."""
        self.lines += block.count(b"\n")
        self._traps.watch(block)

    def finish(self, shown: str) -> None:
        """The file has ended."""
        self._traps.finish()
        self.damaged = self._traps.seen


class JsonArrayFacts(TextFacts):
    """The facts of a JSON array. Engines take it whole or not at all, so what is wrong with it is found here."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[bytes] = []

    def watch(self, block: bytes) -> None:
        """See the next block of text."""
        super().watch(block)
        self._blocks.append(block)

    def finish(self, shown: str) -> None:
        """Raises InputError when the text is not an array of objects to its end."""
        super().finish(shown)
        text = b"".join(self._blocks).removeprefix(codecs.BOM_UTF8)
        self._blocks.clear()
        try:
            msgspec.json.decode(text, type=list[dict[str, msgspec.Raw]])
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            raise InputError(
                f"{shown} is not an array of JSON objects to its end",
                why=f"{fault}; it may be cut off. Nothing was loaded",
                remedy="get the file again, then run the same command",
            ) from fault


class GzipFacts(FileFacts):
    """The facts of a gzip file's content; several members in a row are one content."""

    def __init__(self, content: FileFacts) -> None:
        self._content = content
        self._inflater = zlib.decompressobj(31)
        self._taken = self._grown = 0

    def watch(self, block: bytes) -> None:
        """See the next compressed block; raises ValueError when the content grows beyond reason."""
        self._taken += len(block)
        while block:
            content = self._inflater.decompress(block, MOST_AT_ONCE)
            self._grown += len(content)
            if self._grown > BOMB_BYTES and self._grown > BOMB_RATIO * self._taken:
                raise ValueError(f"it grows more than {BOMB_RATIO} times (a zip bomb?)")
            self._content.watch(content)
            block = self._inflater.unconsumed_tail or self._inflater.unused_data
            if self._inflater.eof and block:
                self._inflater = zlib.decompressobj(31)

    def finish(self, shown: str) -> None:
        """Raises InputError when the stream was cut off."""
        if not self._inflater.eof:
            raise InputError(
                f"{shown} is cut off",
                why="the gzip stream does not end. Nothing was loaded",
                remedy="get the file again, then run the same command",
            )
        self._content.finish(shown)
        self.lines, self.damaged = self._content.lines, self._content.damaged


def facts_of(format_: str, dialect: Dialect, *, gzip: bool) -> FileFacts:
    """The collector that fits a format (`csv`, `ndjson`, `json`, `parquet`)."""
    content = _content_facts(format_, dialect)
    return GzipFacts(content) if gzip else content


def _content_facts(format_: str, dialect: Dialect) -> FileFacts:
    if format_ == "parquet":
        return FileFacts()
    if format_ == "json":
        return JsonArrayFacts()
    return CsvFacts(dialect) if format_ == "csv" else TextFacts()
