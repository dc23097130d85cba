"""Results as Athena gives them: column types by Athena's names, values as its text, the CSV file that it writes."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PRECISION = {
    "tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "real": 17, "double": 17, "timestamp": 3,
    "timestamp with time zone": 3, "time": 3,
}  # fmt: skip
_RENAMED = {"real": "float"}
_UNBOUNDED = 2147483647

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """What a query gave: Trino's columns, and the rows as text."""

    columns: tuple[Mapping[str, Any], ...]
    rows: tuple[Row, ...]

    @property
    def names(self) -> Row:
        """The header."""
        return tuple(str(column["name"]) for column in self.columns)

    def metadata(self) -> dict[str, Any]:
        """ResultSetMetadata."""
        return {"ColumnInfo": [_column_info(column) for column in self.columns]}

    def csv(self) -> bytes:
        """The result file of a SELECT: every value in quotes, NULL as nothing."""
        return "".join(",".join(map(_quoted, row)) + "\n" for row in (self.names, *self.rows)).encode()

    def text(self) -> bytes:
        """The result file of everything else: values between tabs, no header."""
        return "".join("\t".join(value or "" for value in row) + "\n" for row in self.rows).encode()


def as_rows(columns: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]]) -> tuple[Row, ...]:
    """Trino's rows as Athena's text."""
    signatures = [column["typeSignature"] for column in columns]
    return tuple(
        tuple(
            None if value is None else _text(value, signature) for value, signature in zip(row, signatures, strict=True)
        )
        for row in rows
    )


def as_data(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as GetQueryResults gives them."""
    return [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows]


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def _column_info(column: Mapping[str, Any]) -> dict[str, Any]:
    raw = column["typeSignature"]["rawType"]
    numbers = [int(each["value"]) for each in column["typeSignature"]["arguments"] if each["kind"] == "LONG"]
    precision, scale = _PRECISION.get(raw, 0), 0
    if raw == "decimal":
        precision, scale = numbers
    elif raw in ("varchar", "char"):
        precision = numbers[0] if numbers else _UNBOUNDED
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column["name"],
        "Label": column["name"],
        "Type": _RENAMED.get(raw, raw),
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": raw in ("varchar", "char"),
    }


def _text(value: Any, signature: Mapping[str, Any]) -> str:
    if value is None:
        return "null"
    raw = signature["rawType"]
    inside = [each["value"] for each in signature["arguments"]]
    if raw == "boolean":
        return "true" if value else "false"
    if raw == "varbinary":
        return base64.b64decode(value).hex(" ")
    if raw == "array":
        return "[" + ", ".join(_text(each, inside[0]) for each in value) + "]"
    if raw == "map":
        return "{" + ", ".join(f"{key}={_text(each, inside[1])}" for key, each in value.items()) + "}"
    if raw == "row":
        pairs = zip(inside, value, strict=True)
        return "{" + ", ".join(f"{_field(field)}={_text(each, field['typeSignature'])}" for field, each in pairs) + "}"
    return str(value)


def _field(field: Mapping[str, Any]) -> str:
    return str((field.get("fieldName") or {}).get("name", ""))
