"""JSON files as rows of text: one object a line, or one array of objects; each field as the text that a CSV would
hold.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple


class JsonRecord(NamedTuple):
    """A record of a JSON file. `fields` is None where its text is not JSON."""

    line: int
    """The line on which it stands, from 1; in an array its number."""
    fields: tuple[str | None, ...] | None
    source: Any

    @property
    def text(self) -> str:
        """The record as it was received; out of an array without blanks."""
        return self.source if isinstance(self.source, str) else _compact(self.source)


def json_records(stream: BinaryIO, names: Sequence[str], *, lines: bool) -> Iterator[JsonRecord]:
    """The records with their fields `names`. `lines`: one object a line, else one array."""
    if lines:
        for number, line in enumerate(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=None), start=1):
            if text := line.rstrip("\n"):
                yield JsonRecord(number, _line(text, names), text)
    else:
        for number, record in enumerate(_read(stream.read().decode("utf-8-sig")), start=1):
            yield JsonRecord(number, _fields(record, names), record)


def _line(text: str, names: Sequence[str]) -> tuple[str | None, ...] | None:
    try:
        return _fields(_read(text), names)
    except ValueError:
        return None


def _read(text: str) -> Any:
    return json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=_refuse)


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _fields(record: Any, names: Sequence[str]) -> tuple[str | None, ...]:
    held = record if isinstance(record, dict) else {}
    return tuple(_text(held.get(name)) or None for name in names)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return _compact(value)


def _compact(value: Any) -> str:
    """A nested value as JSON without blanks, numbers as they were written."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(name)}:{_compact(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
