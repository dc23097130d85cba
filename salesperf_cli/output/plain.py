"""Data as programs read them: dataclasses to plain values, those to JSON, NDJSON and CSV.

Knows no terminal.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath

from salesperf_cli.output.forms import Column


def plain(value: object) -> object:
    """A value in JSON's own types, dataclass fields in order.

    Decimals become text (money never becomes a float), times ISO 8601, durations seconds; NaN and infinity,
    which JSON lacks, become null.
    """
    if value is None or (isinstance(value, (str, bool, int)) and not isinstance(value, Enum)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    return _plain_container(value)


def _plain_container(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return [plain(item) for item in sorted(value, key=str)]
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def to_json(value: object) -> str:
    """One indented JSON document, ending in a newline."""
    import json

    return json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n"


def to_json_line(value: object) -> str:
    """One compact JSON document on a line of its own."""
    import json

    return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False) + "\n"


def records(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> list[dict[str, object]]:
    """Rows as objects keyed by the columns' fields."""
    names = [column.field for column in columns]
    return [{name: plain(value) for name, value in zip(names, row, strict=True)} for row in rows]


def to_csv(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV with a header: comma, quotes where needed, newline ends, an empty field for no value."""
    lines = [",".join(_csv_field(column.field) for column in columns)]
    # By hand: before Python 3.13 the csv module leaves a carriage return unquoted; readers end the row there.
    lines.extend(",".join(_csv_field(_csv_text(value)) for value in row) or '""' for row in rows)
    return "\n".join(lines) + "\n"


def _csv_field(text: str) -> str:
    needs_quotes = any(character in text for character in ',"\r\n')
    return '"' + text.replace('"', '""') + '"' if needs_quotes else text


def _csv_text(value: object) -> str:
    simple = plain(value)
    if simple is None:
        return ""
    if isinstance(simple, bool):
        return "true" if simple else "false"
    if isinstance(simple, (dict, list)):
        return to_json_line(simple).rstrip("\n")
    return str(simple)
