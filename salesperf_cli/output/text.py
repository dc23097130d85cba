"""Cells as text: cleaned of control characters, measured in terminal columns, cut or wrapped to fit.

Knows no table and no colour.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum

ELLIPSIS = "…"
NOTHING = "–"

# Bidirectional overrides and isolates reorder what a reader sees: as dangerous in a terminal as escape codes.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str, *, keep: str = "") -> str:
    """Show control and reordering characters as escapes, so that data cannot steer the terminal.

    `keep` lists control characters that stay as they are (a newline in a message of ours).
    """
    if text.isprintable():
        return text
    return "".join(
        character if character in keep or not _is_dangerous(character) else _escaped(character) for character in text
    )


def _is_dangerous(character: str) -> bool:
    return character in _REORDERING or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _escaped(character: str) -> str:
    if short := _SHORT.get(character):
        return short
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def width_of(text: str) -> int:
    """Terminal columns that a text takes: two for wide East Asian characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def cut(text: str, width: int) -> str:
    """Shorten a text to at most `width` columns, the last of them an ellipsis."""
    if width_of(text) <= width:
        return text
    head, _ = _split_at(text, max(width - 1, 0))
    return (head.rstrip() + ELLIPSIS) if width > 0 else ""


def _split_at(text: str, width: int) -> tuple[str, str]:
    used = 0
    for position, character in enumerate(text):
        used += _columns(character)
        if used > width:
            return text[:position], text[position:]
    return text, ""


def wrap(text: str, width: int) -> list[str]:
    """Break a text at spaces into lines of at most `width` columns; a longer word is broken anywhere."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if width_of(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        line = word
        while width_of(line) > width > 1:
            head, line = _split_at(line, width)
            lines.append(head)
    lines.append(line)
    return lines


def pad(text: str, width: int, *, right: bool) -> str:
    """Fill a text with spaces to `width` columns, on its left when it is aligned to the right."""
    blank = " " * (width - width_of(text))
    return blank + text if right else text + blank


def cell(value: object, *, grouped: bool = True) -> str:
    """A value as a person reads it in a table: thousands grouped, no value as a dash, times to the second."""
    if value is None:
        return NOTHING
    if isinstance(value, Enum):
        return cell(value.value, grouped=grouped)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, Decimal, float)):
        return _number(value, grouped=grouped)
    if isinstance(value, (tuple, list)):
        return ", ".join(cell(item, grouped=grouped) for item in value)
    return _moment(value) or escape(value.hex() if isinstance(value, bytes) else str(value))


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.replace(microsecond=0, tzinfo=None).isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.1f} s"
    return ""


def _number(value: int | Decimal | float, *, grouped: bool) -> str:
    comma = "," if grouped else ""
    if isinstance(value, int):
        return f"{value:{comma}}"
    if isinstance(value, Decimal):
        return f"{value:{comma}f}"
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    text = f"{value:{comma}.4f}"
    if float(text.replace(",", "")) == 0 and value != 0:
        return f"{value:.3g}"
    return text.rstrip("0").rstrip(".")
