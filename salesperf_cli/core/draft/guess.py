"""What a column's texts may be: the narrowest of the contracts' types that all of them are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from salesperf_cli.core.tables import ColumnType
from salesperf_cli.core.text_shapes import shape, strptime_format

MOST_DECIMALS = 6
"""Prices and rates have fewer; what has more is measured, and a double."""
MOST_DIGITS = 18
"""Before the point: what has more is a code."""
HEADROOM = 2
"""Digits before the point that a decimal may grow by."""
DAYS = ("yyyy-MM-dd", "dd/MM/yyyy", "MM/dd/yyyy", "dd-MM-yyyy", "dd.MM.yyyy", "yyyy/MM/dd")
"""In order of preference: a day that may be read in two ways is taken as in most of the world."""
TIMES = (" HH:mm:ss", " HH:mm", "'T'HH:mm:ss", "'T'HH:mm:ss'Z'")
"""Behind a day. Moments are in UTC, so a Z changes nothing."""

_STRING = ColumnType("string")
_INT, _BIGINT = (1 << 31) - 1, (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Guess:
    """A type, for dates with the format in which they are written, and what else the texts might be."""

    type: ColumnType
    format: str | None = None
    note: str = ""


class _Reading(Protocol):
    """One way to read texts."""

    def takes(self, text: str) -> bool:
        """Whether this text, too, can be read so."""

    def guess(self) -> Guess:
        """The type, once all texts could be read so."""


class _Flags:
    def takes(self, text: str) -> bool:
        return text.lower() in ("true", "false")

    def guess(self) -> Guess:
        return Guess(ColumnType("boolean"))


class _Whole:
    """Whole numbers. One that begins with a zero is a code, such as that of a post office."""

    _pattern = re.compile(r"[+-]?(?:0|[1-9][0-9]*)")

    def __init__(self) -> None:
        self._most = 0

    def takes(self, text: str) -> bool:
        if not self._pattern.fullmatch(text) or len(text) > 20:
            return False
        self._most = max(self._most, abs(int(text)))
        return self._most <= _BIGINT

    def guess(self) -> Guess:
        return Guess(ColumnType("int" if self._most <= _INT else "bigint"))


class _Decimals:
    def __init__(self, separator: str) -> None:
        self._pattern = re.compile(rf"[+-]?(0|[1-9][0-9]*)(?:{re.escape(separator)}([0-9]*))?")
        self._digits = self._decimals = 0

    def takes(self, text: str) -> bool:
        found = self._pattern.fullmatch(text)
        if found is None:
            return False
        self._digits = max(self._digits, len(found[1]))
        self._decimals = max(self._decimals, len(found[2] or ""))
        return self._decimals <= MOST_DECIMALS and self._digits <= MOST_DIGITS

    def guess(self) -> Guess:
        precision = max(self._digits + self._decimals + HEADROOM, 10)
        return Guess(ColumnType("decimal", precision, self._decimals))


class _Doubles:
    """Measures. Whole numbers with a zero before them, or longer than any other, are codes here, too."""

    _code = re.compile(r"[+-]?(?:0[0-9].*|[0-9]{19,})")

    def __init__(self, separator: str) -> None:
        pattern = shape(ColumnType("double")) or ""
        self._pattern = re.compile(pattern.replace("[.]", f"[{separator}]"))

    def takes(self, text: str) -> bool:
        return self._pattern.fullmatch(text) is not None and not self._code.fullmatch(text)

    def guess(self) -> Guess:
        return Guess(ColumnType("double"))


class _Moments:
    """Dates, or dates with a time, in one format."""

    def __init__(self, type_: ColumnType, format_: str) -> None:
        self._type, self._format = type_, format_
        self._pattern = re.compile(shape(type_, format_) or "")
        self._strptime = strptime_format(format_)
        self._last = ""

    def takes(self, text: str) -> bool:
        if text == self._last:
            return True
        if not self._pattern.fullmatch(text):
            return False
        try:
            datetime.strptime(text, self._strptime)  # noqa: DTZ007 - only its form is of interest
        except ValueError:
            return False
        self._last = text
        return True

    def guess(self) -> Guess:
        return Guess(self._type, self._format)


def _readings(separator: str) -> Iterator[_Reading]:
    """All ways to read texts, the narrowest first."""
    yield _Flags()
    yield _Whole()
    yield _Decimals(separator)
    yield _Doubles(separator)
    for day in DAYS:
        yield _Moments(ColumnType("date"), day)
    for day in DAYS:
        for time in TIMES:
            yield _Moments(ColumnType("timestamp"), day + time)


@dataclass
class ColumnGuess:
    """A column while its texts pass by; `separator` is what stands before decimals."""

    separator: str
    filled: int = 0
    empty: int = 0
    distinct: set[str] | None = field(default_factory=set)
    """Its texts while no two are the same; None from the first that repeats another."""
    _left: list[_Reading] = field(init=False)

    def __post_init__(self) -> None:
        self._left = list(_readings(self.separator))

    def see(self, text: str | None) -> None:
        """The next text; None where there is none."""
        if text is None:
            self.empty += 1
            return
        self.filled += 1
        if self._left:
            self._left = [each for each in self._left if each.takes(text)]
        if self.distinct is not None:
            if text in self.distinct:
                self.distinct = None
            else:
                self.distinct.add(text)

    @property
    def is_key(self) -> bool:
        """Whether each row has a text of its own here."""
        return self.filled > 0 and not self.empty and self.distinct is not None

    def guess(self) -> Guess:
        """The narrowest type; a string where nothing was seen, or nothing else fits."""
        found = [each.guess() for each in self._left] if self.filled else []
        if not found:
            return Guess(_STRING, note="" if self.filled else "always empty")
        best, *others = found
        also = [each.format for each in others if each.format and best.format]
        return Guess(best.type, best.format, f"could be {also[0]}, too" if also else "")
