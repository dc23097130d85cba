"""Casts and implicit coercions, with Trino's rounding and its refusals. Operators live in operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesperf_cli.core.athena.context import Compilation, Typed, mismatch, quoted, refuse, unsupported
from salesperf_cli.core.athena.parameters import infer, python_value
from salesperf_cli.core.athena.trino_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    JSON,
    MIXED_ZONE,
    REAL,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    common,
    decimal,
    duckdb_type,
    map_of,
    row,
    timestamp,
    timestamptz,
)

if TYPE_CHECKING:
    from sqlglot import exp

_SCALARS = {
    "INT": INTEGER,
    "BIGINT": BIGINT,
    "SMALLINT": Type("smallint"),
    "TINYINT": Type("tinyint"),
    "DOUBLE": DOUBLE,
    "FLOAT": REAL,
    "BOOLEAN": BOOLEAN,
    "DATE": DATE,
    "VARBINARY": VARBINARY,
    "JSON": JSON,
}


def read_type(node: exp.Expr) -> tuple[Type, int]:
    """The Trino type that a CAST names, and the length of a varchar(n) (0 = unbounded)."""
    name = getattr(node.args.get("this"), "name", str(node.args.get("this")))
    items = node.expressions
    if name in _SCALARS:
        return _SCALARS[name], 0
    if name in ("VARCHAR", "TEXT"):
        return VARCHAR, int(items[0].name) if items else 0
    if name == "DECIMAL":
        precision = int(items[0].name) if items else 38
        return decimal(precision, int(items[1].name) if len(items) > 1 else 0), 0
    if name in ("TIMESTAMP", "TIMESTAMPTZ"):
        precision = int(items[0].name) if items else 3
        if precision > 6:
            unsupported(f"timestamp({precision})", node, "Iceberg and DuckDB keep microseconds.", "Use timestamp(6).")
        return (timestamp(precision) if name == "TIMESTAMP" else timestamptz(precision)), 0
    if name in ("ARRAY", "LIST") and len(items) == 1:
        return array(read_type(items[0])[0]), 0
    if name == "MAP" and len(items) == 2:
        return map_of(read_type(items[0])[0], read_type(items[1])[0]), 0
    if name == "STRUCT":
        names = tuple(item.name if item.key == "columndef" else "" for item in items)
        kinds = tuple(read_type(item.args["kind"] if item.key == "columndef" else item)[0] for item in items)
        return row(names, kinds), 0
    return unsupported(
        f"the type {node.sql(dialect='trino')}", node, remedy="Use varchar, a number, date or timestamp."
    )


def bind(ctx: Compilation, value: Typed, wanted: Type | None) -> Typed:
    """Give an untyped parameter the type of its use: text where text is wanted, else what its value looks like."""
    if not value.parameter:
        return value
    name = value.parameter
    kind = VARCHAR if wanted is not None and wanted.name in ("varchar", "json") else infer(ctx.parameters[name].text)
    return bound(ctx, name, kind)


def bound(ctx: Compilation, name: str, kind: Type) -> Typed:
    """The placeholder `$n` for a parameter of a known type."""
    value = python_value(name, ctx.parameters[name].text, kind)
    key = (name, str(kind))
    if key not in ctx.bound_names:
        ctx.bound.append(value)
        ctx.bound_names[key] = f"CAST(${len(ctx.bound)} AS {duckdb_type(kind)})"
    return Typed(ctx.bound_names[key], kind, value=value)


def coerce(ctx: Compilation, value: Typed, wanted: Type, what: str = "", node: exp.Expr | None = None) -> Typed:
    """The value in a wider type, where Trino widens by itself; otherwise a type mismatch."""
    value = bind(ctx, value, wanted)
    if value.type == wanted:
        return value
    alike = value.type.name == wanted.name and wanted.name in ("timestamp", "timestamptz", "row")
    if alike and (common(value.type, wanted) == wanted or wanted.name == "timestamptz"):
        return Typed(_same_shape(value, wanted), wanted, value.value, origins=value.origins)
    if common(value.type, wanted) != wanted:
        mismatch(f"{what or 'the value'} is {value.type}, not {wanted}", node, f"Write CAST(… AS {wanted}).")
    return Typed(_widen(ctx, value, wanted), wanted, value.value, origins=value.origins)


def _same_shape(value: Typed, wanted: Type) -> str:
    return value.sql if wanted.name != "row" else f"CAST({value.sql} AS {duckdb_type(wanted)})"


def _widen(ctx: Compilation, value: Typed, wanted: Type) -> str:
    if wanted.name == "timestamptz":
        local = value.sql if value.type.name == "timestamp" else f"CAST({value.sql} AS TIMESTAMP)"
        return f"timezone('UTC', {local})"
    if wanted.items and value.type.name != "unknown":
        return explicit(ctx, value, wanted).sql
    return f"CAST({value.sql} AS {duckdb_type(wanted)})"


def unify(ctx: Compilation, values: list[Typed], what: str, node: exp.Expr | None = None) -> tuple[list[Typed], Type]:
    """All values in their common type."""
    wanted = next((value.type for value in values if not value.parameter and value.type.name != "unknown"), None)
    values = [bind(ctx, value, wanted) for value in values]
    kind = values[0].type
    for value in values[1:]:
        found = common(kind, value.type)
        if found is None:
            mismatch(f"{what}: the types {kind} and {value.type} do not go together", node)
        kind = found
    return [coerce(ctx, value, kind, what, node) for value in values], kind


def local_time(value: Typed, node: exp.Expr | None = None) -> str:
    """The DATE or TIMESTAMP that a clock in the value's own zone shows."""
    if value.type.name != "timestamptz":
        return value.sql
    if value.type.zone == MIXED_ZONE:
        unsupported(
            "the calendar of a timestamp whose zone differs from row to row", node, remedy="Write x AT TIME ZONE 'UTC'."
        )
    return f"timezone({zone_text(value.type.zone)}, {value.sql})"


def zone_text(zone: str) -> str:
    """A zone's name as a literal."""
    return "'" + zone.replace("'", "''") + "'"


def to_text(ctx: Compilation, value: Typed, node: exp.Expr | None = None) -> str:
    """The text that Trino's CAST(… AS varchar) gives."""
    kind = value.type
    if kind.is_floating:
        return ctx.macro("trino_double_to_text", f"CAST({value.sql} AS VARCHAR)")
    if kind.name == "timestamp":
        return timestamp_text(value.sql, kind.precision)
    if kind.name == "timestamptz":
        shown = timestamp_text(local_time(value, node), kind.precision)
        return f"({shown} || {zone_text(' ' + kind.zone)})"
    if kind.name == "interval_day":
        return ctx.macro("trino_interval_day_text", value.sql)
    if kind.name == "interval_month":
        return ctx.macro("trino_interval_month_text", value.sql)
    if kind.name == "decimal" and kind.precision == kind.scale:  # DuckDB leaves out the 0 before the point
        return f"regexp_replace(CAST({value.sql} AS VARCHAR), '^(-?)\\.', '\\10.')"
    if kind.name in ("varchar", "boolean", "decimal", "date", "unknown") or kind.is_integer:
        return f"CAST({value.sql} AS VARCHAR)"
    if kind.name in ("json", "parsed_json"):
        return ctx.macro("trino_json_scalar", value.sql, "'$'")
    return mismatch(f"cannot cast {kind} to varchar", node, "Use array_join or json_format.")


def timestamp_text(sql: str, precision: int, separator: str = " ") -> str:
    """A timestamp written with its own number of fraction digits."""
    base = f"strftime({sql}, '%Y-%m-%d{separator}%H:%M:%S')"
    if precision == 0:
        return base
    fraction = {3: f"strftime({sql}, '%g')", 6: f"strftime({sql}, '%f')"}.get(precision)
    return f"({base} || '.' || {fraction or f'''left(strftime({sql}, '%f'), {precision})'''})"


def explicit(
    ctx: Compilation,
    value: Typed,
    wanted: Type,
    *,
    length: int = 0,
    attempt: bool = False,
    node: exp.Expr | None = None,
) -> Typed:
    """CAST, or with `attempt` TRY_CAST, of a value to a type."""
    value = bind(ctx, value, wanted)
    kind, name = value.type, wanted.name
    verb = "TRY_CAST" if attempt else "CAST"
    if kind == wanted and not length:
        return value
    if kind.name == "unknown":
        return Typed(f"CAST({value.sql} AS {duckdb_type(wanted)})", wanted)
    if name == "varchar":
        return Typed(_to_varchar(ctx, value, length, attempt, node), wanted)
    if kind.name in ("json", "parsed_json"):
        return _from_json(ctx, value, wanted, attempt, node)
    if name == "json":
        return Typed(_to_json(value, node), JSON)
    if kind.name == "varchar":
        return Typed(_from_text(ctx, value.sql, wanted, verb, node), wanted)
    if wanted.items:
        return Typed(_nested(ctx, value, wanted, attempt, node), wanted)
    return Typed(_between_scalars(ctx, value, wanted, verb, node), wanted)


def _between_scalars(ctx: Compilation, value: Typed, wanted: Type, verb: str, node: exp.Expr | None) -> str:
    kind = value.type
    if wanted.is_time and kind.is_time:
        return _to_time(ctx, value, wanted, node)
    if wanted.is_numeric and kind.is_numeric:
        return _to_number(ctx, value.sql, kind, wanted, verb)
    if wanted.is_numeric and kind.name == "boolean":
        return f"CAST(CAST({value.sql} AS INTEGER) AS {duckdb_type(wanted)})"
    if wanted == BOOLEAN and kind.is_numeric:
        return f"({value.sql} <> 0)"
    return mismatch(
        f"cannot cast {kind} to {wanted}", node, "Athena has no such cast; use a function such as to_unixtime."
    )


def _to_number(ctx: Compilation, sql: str, kind: Type, wanted: Type, verb: str) -> str:
    target = duckdb_type(wanted)
    if kind.is_floating and wanted.is_integer:
        return f"{verb}(round({sql}) AS {target})"  # DuckDB's own cast rounds half to even
    if kind.is_floating and wanted.name == "decimal":
        # The shortest decimal text, then half up; DuckDB does not see that 1e21 is too large for decimal(20,4).
        shortest = ctx.macro("trino_decimal_of_double", sql, _limit(wanted))
        return f"{verb}({shortest} AS {target})"
    return f"{verb}({sql} AS {target})"


def _limit(wanted: Type) -> str:
    return f"1e{wanted.precision - wanted.scale}::DOUBLE"


def _to_time(ctx: Compilation, value: Typed, wanted: Type, node: exp.Expr | None) -> str:
    sql = local_time(value, node) if wanted.name != "timestamptz" or value.type.name != "timestamptz" else value.sql
    if wanted.name == "date":
        return f"CAST({sql} AS DATE)"
    if value.type.name == "date":
        sql = f"CAST({sql} AS TIMESTAMP)"
    elif wanted.precision < value.type.precision:
        plain = f"timezone('UTC', {sql})" if wanted.name == value.type.name == "timestamptz" else sql
        sql = ctx.macro("trino_round_timestamp", plain, str(10 ** (6 - wanted.precision)))
        if plain is not sql and wanted.name == value.type.name == "timestamptz":
            return f"timezone('UTC', {sql})"
    if wanted.name == "timestamptz" and value.type.name != "timestamptz":
        return f"timezone('UTC', {sql})"
    return sql


_GUARDS = {
    "decimal": "trino_decimal_text",
    "double": "trino_double_text",
    "real": "trino_double_text",
    "boolean": "trino_boolean_text",
    "date": "trino_date_text",
    "timestamp": "trino_timestamp_text",
}


def _from_text(ctx: Compilation, sql: str, wanted: Type, verb: str, node: exp.Expr | None) -> str:
    guard = "trino_integer_text" if wanted.is_integer else _GUARDS.get(wanted.name)
    if guard is None:
        return mismatch(f"cannot cast varchar to {wanted}", node)
    guarded = ctx.macro(guard, sql, _limit(wanted)) if wanted.name == "decimal" else ctx.macro(guard, sql)
    result = f"{verb}({guarded} AS {duckdb_type(wanted)})"
    if wanted.name == "timestamp" and wanted.precision < 6:
        return ctx.macro("trino_round_timestamp", result, str(10 ** (6 - wanted.precision)))
    return result


def _to_varchar(ctx: Compilation, value: Typed, length: int, attempt: bool, node: exp.Expr | None) -> str:
    sql = to_text(ctx, value, node)
    if not length:
        return sql
    if value.type.name in ("varchar", "unknown"):
        return f"left({sql}, {length})"
    if attempt:
        unsupported(f"TRY_CAST of {value.type} to varchar({length})", node, remedy="Use varchar without a length.")
    return ctx.macro("trino_fit_text", sql, str(length))


def _nested(ctx: Compilation, value: Typed, wanted: Type, attempt: bool, node: exp.Expr | None) -> str:
    kind = value.type
    if kind.name != wanted.name or len(kind.items) != len(wanted.items):
        mismatch(f"cannot cast {kind} to {wanted}", node)
    variable = ctx.alias("item")
    if kind.name == "array":
        inner = explicit(ctx, Typed(variable, kind.items[0]), wanted.items[0], attempt=attempt, node=node)
        return value.sql if inner.sql == variable else f"list_transform({value.sql}, lambda {variable}: {inner.sql})"
    if kind.name == "row":
        parts = [
            explicit(ctx, Typed(f"{value.sql}.f{i}", one), other, attempt=attempt, node=node).sql
            for i, (one, other) in enumerate(zip(kind.items, wanted.items, strict=True))
        ]
        packed = ", ".join(f"f{i} := {part}" for i, part in enumerate(parts))
        return f"CASE WHEN {value.sql} IS NOT NULL THEN struct_pack({packed}) END"
    if attempt or "varchar" in {item.name for item in wanted.items} - {item.name for item in kind.items}:
        return unsupported(f"a cast of {kind} to {wanted}", node, remedy="Use transform_values.")
    return f"CAST({value.sql} AS {duckdb_type(wanted)})"


def _to_json(value: Typed, node: exp.Expr | None) -> str:
    kind = value.type
    simple = ("varchar", "boolean", "unknown")
    if (
        kind.name in simple
        or kind.is_integer
        or (kind.name == "array" and (kind.items[0].name in simple or kind.items[0].is_integer))
    ):
        return f"CAST(to_json({value.sql}) AS VARCHAR)"
    return unsupported(
        f"a cast of {kind} to json", node, "Numbers and maps are written otherwise by DuckDB.", "Cast to varchar."
    )


def _from_json(ctx: Compilation, value: Typed, wanted: Type, attempt: bool, node: exp.Expr | None) -> Typed:
    if attempt:
        unsupported("TRY_CAST of json", node, remedy="Use TRY_CAST(json_extract_scalar(…) AS …).")
    if wanted.name == "array" and wanted.items[0].name in ("varchar", "bigint", "integer", "boolean"):
        allowed = (
            "['BIGINT', 'UBIGINT', 'NULL']"
            if wanted.items[0].is_integer
            else (
                "['BOOLEAN', 'NULL']"
                if wanted.items[0] == BOOLEAN
                else "['VARCHAR', 'BIGINT', 'UBIGINT', 'BOOLEAN', 'NULL']"
            )
        )
        checked = ctx.macro("trino_json_array", value.sql, allowed)
        return Typed(f"CAST(CAST({checked} AS JSON) AS {duckdb_type(wanted)})", wanted)
    if wanted.name in ("bigint", "integer", "double", "boolean"):
        scalar = Typed(ctx.macro("trino_json_scalar", value.sql, "'$'"), VARCHAR)
        return explicit(ctx, scalar, wanted, node=node)
    return unsupported(f"a cast of json to {wanted}", node, remedy="Use json_extract_scalar and cast its text.")


def field_of(value: Typed, name: str, node: exp.Expr | None) -> Typed:
    """`row.field`."""
    if value.type.name == "row":
        for i, known in enumerate(value.type.fields):
            if known.lower() == name.lower():
                return Typed(f"struct_extract({value.sql}, 'f{i}')", value.type.items[i])
    return refuse(
        f"{value.type} has no field {quoted(name)}", "Only named fields of a row can be read.", "Check the name.", node
    )
