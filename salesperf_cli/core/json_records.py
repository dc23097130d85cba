"""JSON files as records of text, on every engine alike: one object a line, or one array of objects.

A number is the text that the file holds: engines' own readers make a double of it first, and 1.10 is 1.1 then, and 1E2
is 100.0.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import msgspec

from salesperf_cli.core.csv_records import BOM

_NOTHING = msgspec.Raw(b"null")
_QUOTE = ord('"')


class JsonRecord(NamedTuple):
    """A record of a JSON file: its fields, or the reason why it cannot be read."""

    line: int
    """The line on which it stands, from 1; in an array its number."""
    fields: tuple[str | None, ...] | None
    reason: str
    data: bytes

    @property
    def text(self) -> str:
        """The record as it was received."""
        return self.data.decode("utf-8", "replace")


def json_records(
    stream: BinaryIO, names: Sequence[str], *, lines: bool, decimal_separator: str = "."
) -> Iterator[JsonRecord]:
    """The records with their fields `names`, each as the text that a CSV would hold; empty texts are None.

    `lines`: one object a line, empty ones aside, else one array. Numbers get the decimal separator.
    """
    fields_of = _fields_of(names, decimal_separator)
    for number, data in _lines(stream) if lines else _elements(stream):
        try:
            yield JsonRecord(number, fields_of(data), "", data)
        except UnicodeDecodeError:
            yield JsonRecord(number, None, "not valid utf-8", data)
        except msgspec.ValidationError:
            yield JsonRecord(number, None, "not an object", data)
        except (msgspec.DecodeError, ValueError) as fault:
            yield JsonRecord(number, None, str(fault), data)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(stream, start=1):
        if data := (line.removeprefix(BOM) if number == 1 else line).strip():
            yield number, data


def _elements(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    elements = msgspec.json.decode(stream.read().removeprefix(BOM), type=list[msgspec.Raw])
    return enumerate(map(bytes, elements), start=1)


def _fields_of(names: Sequence[str], separator: str) -> Callable[[bytes], tuple[str | None, ...]]:
    """A function from a record's text to its fields; raises msgspec.DecodeError or ValueError."""
    # By place, since a name need be none that Python knows; what is not asked for is only looked at for its form.
    places = [(f"f{at}", msgspec.Raw, msgspec.field(default=_NOTHING, name=name)) for at, name in enumerate(names)]
    decode = msgspec.json.Decoder(msgspec.defstruct("Fields", places)).decode
    text_of = msgspec.json.Decoder(str).decode

    def text(raw: msgspec.Raw) -> str | None:
        data = bytes(raw)
        if data[0] == _QUOTE:
            found = text_of(data)
            if "\0" in found:
                raise ValueError("NUL byte")
            return found or None
        if data == b"null":
            return None
        if data[0] in b"{[":
            return _compact(json.loads(data, parse_float=_Number, parse_int=_Number))
        return data.decode().replace(".", separator)

    def fields(data: bytes) -> tuple[str | None, ...]:
        return tuple(map(text, msgspec.structs.astuple(decode(data))))

    return fields


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


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
