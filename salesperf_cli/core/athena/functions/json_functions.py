"""JSON functions over text or json, with literal paths."""

from __future__ import annotations

import re

from salesperf_cli.core.athena.calls import Call
from salesperf_cli.core.athena.context import Typed, mismatch, text, unsupported
from salesperf_cli.core.athena.registry import Function
from salesperf_cli.core.athena.trino_types import BIGINT, JSON, VARCHAR, Type

PATH = r"\$(?:\.[A-Za-z_]\w*|\[\d+\]|\[\"[^\"\\\[\]]+\"\])*"


def _document(call: Call) -> str:
    value = call.value(0)
    if value.type.name not in ("varchar", "json", "parsed_json", "unknown"):
        mismatch(f"{call.name} takes json or varchar, not {value.type}", call.node)
    return value.sql


def _path(call: Call) -> str:
    written = call.literal(1)
    if not re.fullmatch(PATH, written):
        unsupported(
            f"the JSON path {written!r}", call.node, 'Only $.name, $["name"] and $[0] are translated.', "Use those."
        )
    return text(re.sub(r'\["([^"]+)"\]', r'."\1"', written))


def _extract_scalar(call: Call) -> Typed:
    call.count(2)
    return Typed(call.ctx.macro("trino_json_scalar", _document(call), _path(call)), VARCHAR)


def _extract(call: Call) -> Typed:
    call.count(2)
    return Typed(call.ctx.macro("trino_json_extract", _document(call), _path(call)), JSON)


def _parse(call: Call) -> Typed:
    call.count(1)
    return Typed(call.ctx.macro("trino_json_parse", call.value(0, VARCHAR).sql), Type("parsed_json"))


def _format(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    if value.type == Type("parsed_json"):
        unsupported("json_format(json_parse(x))", call.node, "Trino sorts the keys, DuckDB does not.", "Use x itself.")
    if value.type != JSON:
        mismatch(f"json_format takes json, not {value.type}", call.node)
    return Typed(value.sql, VARCHAR)


def _array_length(call: Call) -> Typed:
    call.count(1)
    return Typed(call.ctx.macro("trino_json_array_length", _document(call)), BIGINT)


def _size(call: Call) -> Typed:
    call.count(2)
    return Typed(call.ctx.macro("trino_json_size", _document(call), _path(call)), BIGINT)


FUNCTIONS = (
    Function(
        "json_extract_scalar",
        _extract_scalar,
        "literal path; NULL for objects, arrays and bad JSON; a fraction not in its shortest form raises",
    ),
    Function(
        "json_extract", _extract, "literal path; NULL for bad JSON; objects with fractions not in shortest form raise"
    ),
    Function("json_parse", _parse, "as input of the other JSON functions; bad JSON raises"),
    Function("json_format", _format, "of json_extract and CAST(… AS json)"),
    Function("json_array_length", _array_length, "NULL when it is no array"),
    Function("json_size", _size, "literal path"),
)
