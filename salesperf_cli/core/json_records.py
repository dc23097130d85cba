"""JSON files as rows of text: one object a line, or one array of objects; each field as the text that a CSV would
hold.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO


def json_records(stream: BinaryIO, names: Sequence[str], *, lines: bool) -> Iterator[tuple[str | None, ...] | None]:
    """The fields `names` of every object; None for a text that is not JSON. `lines`: one object a line, else one
    array.
    """
    if lines:
        for line in io.TextIOWrapper(stream, encoding="utf-8-sig", newline=None):
            if text := line.rstrip("\n"):
                yield _line(text, names)
    else:
        for record in _read(stream.read().decode("utf-8-sig")):
            yield _fields(record, names)


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
