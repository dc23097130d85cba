"""What engines silently read in ways of their own, seen in a CSV file's bytes while they pass by.

A file with such a trap is read record by record (`csv_records`), so that it means the same on every engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from salesperf_cli.core.csv_records import BOM, CODECS, MAX_RECORD, Dialect


class EngineTraps:
    """Watches a file block by block, to its end.

    `seen` becomes True at a NUL byte, mixed or CR line ends, an empty first line, a quote after blanks at the
    beginning of a field, and bytes not valid in the encoding. False promises nothing about the number of fields
    or about quotes that are not closed: engines report those themselves. May become True for a harmless file
    (such blanks inside a quoted text): that costs time only.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._separator = dialect.delimiter.encode()
        self._quote = dialect.quote.encode()
        separator, quote = re.escape(self._separator), re.escape(self._quote)
        end = rb"(?:%b|[\r\n]|\Z)" % separator
        # What follows a quote that closes a text, or that is doubled inside of one.
        self._inner = re.compile(rb"%b|%b(?!%b)" % (end, quote, end))
        self._codec = CODECS[dialect.encoding]
        self._lf = self._crlf = self._begun = False
        self._rest = b""
        self.seen = False

    def watch(self, block: bytes) -> None:
        """See the next block."""
        if self.seen:
            return
        data = self._rest + block
        cut = data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, -1) + 1
        self._rest = data[cut:]
        self.seen = len(self._rest) > MAX_RECORD or bool(cut and self._holds_trap(data[:cut]))

    def finish(self) -> None:
        """See what stands after the last line end."""
        self.seen = self.seen or bool(self._rest and self._holds_trap(self._rest))

    def _holds_trap(self, lines: bytes) -> bool:
        begun, self._begun = self._begun, True
        return (
            b"\0" in lines
            or (not begun and lines.removeprefix(BOM).startswith((b"\r", b"\n")))
            or self._mixes_line_ends(lines)
            or any(self._is_opening(lines, at) for at in self._quotes_after_blanks(lines))
            or not self._is_valid(lines)
        )

    def _mixes_line_ends(self, lines: bytes) -> bool:
        if b"\r" in lines:
            self._crlf = True
            if not lines.count(b"\r\n") == lines.count(b"\r") == lines.count(b"\n"):
                return True
        else:
            self._lf = self._lf or b"\n" in lines
        return self._lf and self._crlf

    def _quotes_after_blanks(self, lines: bytes) -> Iterator[int]:
        """Where a quote stands after a blank, from the end: this search takes half as long as that from the beginning,
        and a pattern some times as long.
        """
        for blank in (b" ", b"\t"):
            if blank in lines:
                at = lines.rfind(blank + self._quote)
                while at >= 0:
                    yield at + 1
                    at = lines.rfind(blank + self._quote, 0, at)

    def _is_opening(self, lines: bytes, at: int) -> bool:
        """Whether the quote at `at` would open a field, were it not for the blanks before it."""
        begin = at
        while begin and lines[begin - 1] in b" \t":
            begin -= 1
        begins = begin == 0 or lines[begin - 1 : begin] in (self._separator, b"\r", b"\n")
        return begins and not self._inner.match(lines, at + 1)

    def _is_valid(self, lines: bytes) -> bool:
        if lines.isascii():  # which every encoding of the contracts holds, and takes no time to see
            return True
        try:
            lines.decode(self._codec)
        except UnicodeDecodeError:
            return False
        return True
