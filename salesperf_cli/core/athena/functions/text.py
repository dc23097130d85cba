"""Text and binary functions; positions count characters (code points) from 1."""

from __future__ import annotations

import re

from salesperf_cli.core.athena.calls import Call, concatenate
from salesperf_cli.core.athena.casts import to_text
from salesperf_cli.core.athena.context import Typed, mismatch, refuse, unsupported
from salesperf_cli.core.athena.registry import Function, simple
from salesperf_cli.core.athena.trino_types import BIGINT, BOOLEAN, INTEGER, VARBINARY, VARCHAR, array

RAISES_EMPTY = "an empty search text is refused"


def _length(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    if value.type == VARBINARY:
        return Typed(f"octet_length({value.sql})", BIGINT)
    return Typed(f"length({call.value(0, VARCHAR).sql})", BIGINT)


def _substr(call: Call) -> Typed:
    given = call.count(2, 3)
    value, start = call.value(0, VARCHAR), call.value(1, BIGINT)
    if given == 2:
        return Typed(call.ctx.macro("trino_substr", value.sql, start.sql), VARCHAR)
    return Typed(call.ctx.macro("trino_substr_length", value.sql, start.sql, call.value(2, BIGINT).sql), VARCHAR)


def _concat(call: Call) -> Typed:
    call.count(2, 127)
    return concatenate(call.ctx, call.values(), call.node)


def _concat_ws(call: Call) -> Typed:
    call.count(2, 127)
    separator, first = call.value(0, VARCHAR), call.value(1)
    if first.type.name == "array":
        call.count(2)
        return Typed(f"array_to_string({call.value(1, array(VARCHAR)).sql}, {separator.sql})", VARCHAR)
    parts = [call.value(i, VARCHAR).sql for i in range(1, len(call.arguments))]
    return Typed(f"concat_ws({separator.sql}, {', '.join(parts)})", VARCHAR)


def _replace(call: Call) -> Typed:
    given = call.count(2, 3)
    value, search = call.value(0, VARCHAR), call.value(1, VARCHAR)
    replacement = call.value(2, VARCHAR).sql if given == 3 else "''"
    if search.value == "":
        refuse(
            "replace of an empty text",
            "Athena puts the replacement between all characters.",
            "Name what to replace.",
            call.node,
        )
    wanted = search.sql if search.value else call.ctx.macro("trino_not_empty", search.sql)
    return Typed(f"replace({value.sql}, {wanted}, {replacement})", VARCHAR)


def _split(call: Call) -> Typed:
    given = call.count(2, 3)
    value, delimiter = call.value(0, VARCHAR), call.value(1, VARCHAR)
    if not delimiter.value:
        delimiter = Typed(call.ctx.macro("trino_not_empty", delimiter.sql), VARCHAR)
    if given == 3:
        limit = call.value(2, BIGINT)
        return Typed(call.ctx.macro("trino_split_limit", value.sql, delimiter.sql, limit.sql), array(VARCHAR))
    return Typed(f"string_split({value.sql}, {delimiter.sql})", array(VARCHAR))


def _reverse(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    if value.type.name == "array":
        return Typed(f"list_reverse({value.sql})", value.type)
    return Typed(call.ctx.macro("trino_reverse", call.value(0, VARCHAR).sql), VARCHAR)


def _trim(call: Call) -> Typed:
    given = call.count(1, 2)
    value = call.value(0, VARCHAR)
    characters = call.value(1, VARCHAR).sql if given == 2 else call.ctx.macro("trino_blanks")
    return Typed(f"{call.name}({value.sql}, {characters})", VARCHAR)


_SPECIFIER = re.compile(r"%(?P<flags>[-,0]*)(?P<width>\d+)?(?:\.(?P<digits>\d+))?(?P<letter>[a-zA-Z%])")


def _format(call: Call) -> Typed:
    call.count(2, 127)
    template = call.literal(0)
    parts, position, index = [], 0, 1
    for found in _SPECIFIER.finditer(template):
        parts.append(_quote(template[position : found.start()]))
        position = found.end()
        if found["letter"] == "%":
            parts.append("'%'")
            continue
        if index >= len(call.arguments):
            mismatch("format has fewer values than %-signs", call.node)
        parts.append(_formatted(call, call.value(index), found))
        index += 1
    rest = template[position:]
    if "%" in rest or any("%" in part and part != "'%'" for part in parts if part.startswith("'")):
        unsupported(f"format({template!r})", call.node, "Only %s, %d and %.nf are translated.", "Use those, or lpad.")
    parts.append(_quote(rest))
    return Typed("(" + " || ".join(part for part in parts if part != "''") + ")", VARCHAR)


def _quote(part: str) -> str:
    return "'" + part.replace("'", "''") + "'"


def _formatted(call: Call, value: Typed, found: re.Match[str]) -> str:
    flags, letter, kind = found["flags"], found["letter"], value.type
    grouped = "," in flags
    plain_text = kind.name == "date" or not (kind.is_floating or kind.is_time)
    if letter == "s" and not found["digits"] and flags in ("", "-") and plain_text:
        sql = f"coalesce({to_text(call.ctx, value, call.node)}, 'null')"
    elif letter == "d" and kind.is_integer and flags in ("", ",", "0", "-"):
        plain = f"CAST({value.sql} AS VARCHAR)"
        sql = f"coalesce({call.ctx.macro('trino_grouped', plain) if grouped else plain}, 'null')"
    elif letter == "f" and (kind.name == "decimal" or kind.is_floating) and flags in ("", ","):
        digits = int(found["digits"] or 6)
        plain = call.ctx.macro(
            "trino_fixed", f"CAST(CAST({value.sql} AS VARCHAR) AS DECIMAL(38,{min(digits, 18)}))", f"({value.sql} < 0)"
        )
        absent = "null" if found["digits"] is None else "null"[:digits]  # Java cuts the word to the precision
        sql = f"coalesce({call.ctx.macro('trino_grouped', plain) if grouped else plain}, '{absent}')"
    else:
        return unsupported(
            f"format %{flags}{letter} of {kind}",
            call.node,
            "Java's and DuckDB's formats differ there.",
            "CAST the value to varchar or a decimal first.",
        )
    if not found["width"]:
        return sql
    if "0" in flags:
        return call.ctx.macro("trino_zero_padded", sql, found["width"])
    return call.ctx.macro("trino_padded_right" if "-" in flags else "trino_padded_left", sql, found["width"])


FUNCTIONS = (
    Function("length", _length, "code points; bytes of varbinary"),
    Function("substr", _substr, "1-based; negative counts from the end; 0 and beyond the end give ''"),
    Function("substring", _substr, "as substr, and SUBSTRING(x FROM n FOR m)"),
    Function("concat", _concat, "NULL when any part is NULL; arrays too"),
    Function("concat_ws", _concat_ws, "NULLs are skipped"),
    Function("replace", _replace, RAISES_EMPTY),
    Function("split", _split, "with limit; an empty delimiter raises"),
    Function("reverse", _reverse, "text by code points, and arrays"),
    Function("trim", _trim, "Java's blanks; BOTH, LEADING, TRAILING"),
    Function("ltrim", _trim, "Java's blanks"),
    Function("rtrim", _trim, "Java's blanks"),
    Function("format", _format, "literal template of %s, %d, %.nf with width, 0, - and thousands (,); half up"),
    simple("upper", VARCHAR, ("varchar", "trino_upper({0})"), how="character by character (ß stays)"),
    simple("lower", VARCHAR, ("varchar", "trino_lower({0})"), how="character by character (İ becomes i)"),
    simple(
        "split_part",
        VARCHAR,
        ("varchar varchar bigint", "trino_split_part({0}, {1}, {2})"),
        how="NULL beyond the last part",
    ),
    simple("strpos", BIGINT, ("varchar varchar", "CAST(strpos({0}, {1}) AS BIGINT)"), how="also POSITION(x IN y)"),
    simple("starts_with", BOOLEAN, ("varchar varchar", "starts_with({0}, {1})")),
    simple(
        "lpad",
        VARCHAR,
        ("varchar bigint varchar", "lpad({0}, trino_pad_length({1}), trino_not_empty({2}))"),
        how="cuts what is longer",
    ),
    simple(
        "rpad",
        VARCHAR,
        ("varchar bigint varchar", "rpad({0}, trino_pad_length({1}), trino_not_empty({2}))"),
        how="cuts what is longer",
    ),
    simple("chr", VARCHAR, ("bigint", "chr(CAST({0} AS INTEGER))")),
    simple("codepoint", INTEGER, ("varchar", "trino_codepoint({0})"), how="of one character"),
    simple("translate", VARCHAR, ("varchar varchar varchar", "translate({0}, {1}, {2})")),
    simple(
        "levenshtein_distance",
        BIGINT,
        ("varchar varchar", "trino_ascii_distance({0}, {1})"),
        how="of ASCII text; other text raises",
    ),
    simple("normalize", VARCHAR, ("varchar", "nfc_normalize({0})"), how="form NFC"),
    simple("to_utf8", VARBINARY, ("varchar", "encode({0})")),
    simple("from_utf8", VARCHAR, ("varbinary", "decode({0})"), how="bad bytes raise"),
    simple("to_hex", VARCHAR, ("varbinary", "hex({0})")),
    simple("from_hex", VARBINARY, ("varchar", "unhex({0})")),
    simple("to_base64", VARCHAR, ("varbinary", "to_base64({0})")),
    simple("from_base64", VARBINARY, ("varchar", "from_base64({0})")),
    simple("md5", VARBINARY, ("varbinary", "unhex(md5({0}))"), how="takes varbinary: md5(to_utf8(x))"),
    simple("sha1", VARBINARY, ("varbinary", "unhex(sha1({0}))"), how="takes varbinary"),
    simple("sha256", VARBINARY, ("varbinary", "unhex(sha256({0}))"), how="takes varbinary"),
)
