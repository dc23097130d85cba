"""What can be learned from a file's bytes while they are copied: lines, NUL bytes, text that is not valid.

These decide whether an engine may read the file with its fast reader, which treats such bytes in its own way.
"""

from __future__ import annotations

import codecs
import zlib

from salesperf_cli.errors import InputError


class FileFacts:
    """Collects the facts of one file, block by block. For formats that are not text it only counts nothing."""

    lines: int | None = None
    damaged = False

    def watch(self, block: bytes) -> None:
        """See the next block."""

    def finish(self, shown: str) -> None:
        """The file has ended; raises InputError when it cannot have ended there."""


class TextFacts(FileFacts):
    """The facts of a text file in `encoding`."""

    def __init__(self, encoding: str) -> None:
        self.lines: int = 0
        self.damaged = False
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")

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


class GzipFacts(FileFacts):
    """The facts of a gzip file's content; several members in a row are one content."""

    def __init__(self, content: FileFacts) -> None:
        self._content = content
        self._inflater = zlib.decompressobj(31)

    def watch(self, block: bytes) -> None:
        """See the next compressed block."""
        while block:
            self._content.watch(self._inflater.decompress(block))
            block = self._inflater.unused_data
            if block:
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


def facts_of(format_: str, encoding: str, *, gzip: bool) -> FileFacts:
    """The collector that fits a format (`csv`, `ndjson`, `json`, `parquet`)."""
    content = FileFacts() if format_ == "parquet" else TextFacts(encoding if format_ == "csv" else "utf-8")
    return GzipFacts(content) if gzip else content
