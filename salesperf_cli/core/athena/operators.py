"""Arithmetic, comparison, LIKE and intervals with Trino's result types, rounding and errors. No tree walking here."""

from __future__ import annotations

import datetime
import decimal as decimals
from typing import TYPE_CHECKING

from salesperf_cli.core.athena.casts import bind, coerce, local_time, unify
from salesperf_cli.core.athena.context import Compilation, Predicate, Typed, mismatch, refuse, unsupported
from salesperf_cli.core.athena.trino_types import (
    BOOLEAN,
    DATE,
    DOUBLE,
    INTERVAL_DAY,
    INTERVAL_MONTH,
    Type,
    as_decimal,
    common,
    decimal,
    duckdb_type,
    timestamp,
)

if TYPE_CHECKING:
    from sqlglot import exp

DAY = 86_400_000


def arithmetic(ctx: Compilation, op: str, left: Typed, right: Typed, node: exp.Expr | None = None) -> Typed:
    """`left op right` for + - * / %."""
    left, right = bind(ctx, left, right.type), bind(ctx, right, left.type)
    kinds = {left.type.name, right.type.name}
    if kinds & {"interval_day", "interval_month"} or (left.type.is_time and op in "+-"):
        return _with_time(ctx, op, left, right, node)
    kind = common(left.type, right.type)
    if kind is not None and kind.name == "unknown":
        kind = Type("integer")
    if kind is None or not kind.is_numeric:
        mismatch(f"cannot apply {op} to {left.type} and {right.type}", node)
    if kind.name == "decimal":
        return _with_decimals(ctx, op, left, right, node)
    one, other = coerce(ctx, left, kind), coerce(ctx, right, kind)
    if op in "/%" and kind.is_integer:
        return Typed(f"({one.sql} {'//' if op == '/' else '%'} {other.sql})", kind)
    if kind.name == "real":
        return Typed(f"CAST({one.sql} {op} {other.sql} AS FLOAT)", kind)
    return Typed(f"({one.sql} {op} {other.sql})", kind)


def _decimal_operand(ctx: Compilation, value: Typed) -> tuple[Typed, Type]:
    kind = decimal(1, 0) if value.type.name == "unknown" else as_decimal(value.type)
    return coerce(ctx, value, kind), kind


def _with_decimals(ctx: Compilation, op: str, left: Typed, right: Typed, node: exp.Expr | None) -> Typed:
    (one, a), (other, b) = _decimal_operand(ctx, left), _decimal_operand(ctx, right)
    scale = max(a.scale, b.scale)
    if op in "+-":
        kind = decimal(max(a.precision - a.scale, b.precision - b.scale) + scale + 1, scale)
    elif op == "*":
        scale = a.scale + b.scale
        kind = decimal(a.precision + b.precision, scale)
        if scale > 38:
            refuse(
                f"{a} * {b} has {scale} fraction digits", "Athena allows 38.", "Cast one side to fewer digits.", node
            )
    elif op == "/":
        kind = decimal(a.precision + b.scale + max(b.scale - a.scale, 0), scale)
        numerator, denominator = shifted(one.sql, a, scale + b.scale), shifted(other.sql, b, b.scale)
        return Typed(decimal_quotient(ctx, numerator, denominator, kind), kind)
    else:
        kind = decimal(min(a.precision - a.scale, b.precision - b.scale) + scale, scale)
        return Typed(f"CAST({one.sql} % {other.sql} AS {duckdb_type(kind)})", kind)
    first = wide(one.sql, a) if kind.precision > 18 else one.sql
    return Typed(f"CAST({first} {op} {other.sql} AS {duckdb_type(kind)})", kind)


def wide(sql: str, kind: Type) -> str:
    """The decimal in 128 bits: of two up to 18 digits DuckDB keeps the result in 64, which may overflow."""
    return f"CAST({sql} AS DECIMAL(38,{kind.scale}))"


def shifted(sql: str, kind: Type, digits: int) -> str:
    """A decimal of this type times 10^digits, as a whole number."""
    if digits == 0:
        return f"CAST({sql} AS HUGEINT)"
    value = sql if kind.precision + digits + 1 <= 18 else wide(sql, kind)
    return f"CAST({value} * CAST({10**digits} AS DECIMAL({digits + 1},0)) AS HUGEINT)"


def decimal_quotient(ctx: Compilation, numerator: str, denominator: str, kind: Type) -> str:
    """Two whole numbers divided and rounded half up, read as a decimal with the scale of `kind`."""
    quotient = ctx.macro("trino_rounded_quotient", numerator, denominator)
    if kind.scale == 0:
        return f"CAST({quotient} AS {duckdb_type(kind)})"
    unit = f"CAST(1e-{kind.scale} AS DECIMAL({kind.scale},{kind.scale}))"
    return f"CAST(CAST({quotient} AS DECIMAL(38,0)) * {unit} AS {duckdb_type(kind)})"


def negate(ctx: Compilation, value: Typed, node: exp.Expr | None = None) -> Typed:
    """Unary minus."""
    value = bind(ctx, value, None)
    if not (value.type.is_numeric or value.type.name.startswith("interval")):
        mismatch(f"cannot negate {value.type}", node)
    if isinstance(value.value, float | decimals.Decimal) or (isinstance(value.value, int) and value.value > 0):
        return Typed(f"(-{value.sql})", value.type, -value.value)
    if value.type.is_integer:  # DuckDB's unary minus does not see the overflow of the least number
        return Typed(f"(CAST(0 AS {duckdb_type(value.type)}) - {value.sql})", value.type)
    return Typed(f"(-{value.sql})", value.type)


def _with_time(ctx: Compilation, op: str, left: Typed, right: Typed, node: exp.Expr | None) -> Typed:
    a, b = left.type, right.type
    if a.name.startswith("interval") and a == b and op in "+-":
        return Typed(f"({left.sql} {op} {right.sql})", a)
    if a.is_time and b.name.startswith("interval") and op in "+-":
        return add_interval(ctx, op, left, right, node)
    if b.is_time and a.name.startswith("interval") and op == "+":
        return add_interval(ctx, op, right, left, node)
    if a.is_time and b.is_time and op == "-":
        (one, other), kind = unify(ctx, [left, right], "-", node)
        if kind == DATE:
            return Typed(f"(CAST({one.sql} - {other.sql} AS BIGINT) * {DAY})", INTERVAL_DAY)
        return Typed(f"(epoch_ms({one.sql}) - epoch_ms({other.sql}))", INTERVAL_DAY)
    interval, number = (left, right) if a.name.startswith("interval") else (right, left)
    if number.type.is_integer and op == "*":
        return Typed(f"({interval.sql} * {number.sql})", interval.type)
    if number.type.is_integer and op == "/" and interval is left and interval.type == INTERVAL_DAY:
        return Typed(f"CAST(trunc({interval.sql} / {number.sql}) AS BIGINT)", INTERVAL_DAY)
    return mismatch(f"cannot apply {op} to {a} and {b}", node, "Use date_add('day', n, x).")


def add_interval(ctx: Compilation, op: str, moment: Typed, interval: Typed, node: exp.Expr | None) -> Typed:
    """A date or timestamp plus or minus an interval; adding months keeps within the month, as Trino does."""
    kind = moment.type
    if interval.type == INTERVAL_MONTH:
        return shift_local(moment, f"{op} to_months({interval.sql})", node)
    if kind == DATE:
        whole = interval.value if isinstance(interval.value, int) else None
        if whole is not None and whole % DAY:
            refuse(
                "hours, minutes or seconds cannot be added to a date", "A date has none.", "Cast it to timestamp.", node
            )
        days = str(whole // DAY) if whole is not None else ctx.macro("trino_whole_days", interval.sql)
        return Typed(f"CAST({moment.sql} {op} to_days(CAST({days} AS INTEGER)) AS DATE)", DATE)
    wider = timestamp(max(3, kind.precision)) if kind.name == "timestamp" else kind
    return Typed(f"({moment.sql} {op} to_milliseconds({interval.sql}))", wider)


def shift_local(moment: Typed, change: str, node: exp.Expr | None = None) -> Typed:
    """Calendar arithmetic on what the clock of the value's zone shows."""
    local = f"({local_time(moment, node)} {change})"
    if moment.type == DATE:
        return Typed(f"CAST({local} AS DATE)", DATE)
    if moment.type.name == "timestamptz":
        zone = moment.type.zone.replace("'", "''")
        return Typed(f"timezone('{zone}', {local})", moment.type)
    return Typed(local, moment.type)


_MIRROR = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compare(ctx: Compilation, op: str, left: Typed, right: Typed, node: exp.Expr | None = None) -> Typed:
    """`left op right`; a bare column against a literal is remembered for pruning."""
    try_left, try_right = bind(ctx, left, right.type), bind(ctx, right, left.type)
    if common(try_left.type, try_right.type) is None:
        hint = (
            "Write a date as DATE '2018-01-31' and a timestamp as TIMESTAMP '…', or add a CAST."
            if (try_left.type.is_time or try_right.type.is_time)
            else "Add a CAST to one side."
        )
        mismatch(f"cannot compare {try_left.type} {op} {try_right.type}", node, hint)
    (one, other), kind = unify(ctx, [try_left, try_right], op, node)
    if kind.items or kind.name in ("json", "parsed_json"):
        unsupported(f"comparing {kind}", node, "NULLs inside it count otherwise in DuckDB.", "Compare its elements.")
    predicates = _predicates(op, try_left, try_right, kind)
    return Typed(_compared(ctx, op, one, other, kind), BOOLEAN, predicates=predicates)


def _compared(ctx: Compilation, op: str, one: Typed, other: Typed, kind: Type) -> str:
    plain = f"({one.sql} {op} {other.sql})"
    if not kind.is_floating or (op in ("=", "<>") and (one.value is not None or other.value is not None)):
        return plain
    # DuckDB ranks NaN above every number and equal to itself; in Trino every comparison with it is false.
    if other.value is not None:
        return f"({plain} AND NOT isnan({one.sql}))" if op in (">", ">=") else plain
    if one.value is not None:
        return f"({plain} AND NOT isnan({other.sql}))" if op in ("<", "<=") else plain
    verdict = "TRUE" if op == "<>" else "FALSE"
    return ctx.macro("trino_unless_nan", one.sql, other.sql, plain, verdict)


def _predicates(op: str, left: Typed, right: Typed, kind: Type) -> tuple[Predicate, ...]:
    if op == "<>" or (kind.is_time and left.type.name == "timestamptz"):
        return ()
    if left.origins and right.value is not None:
        return (Predicate(left.origins, op, comparable(right.value, kind)),)
    if right.origins and left.value is not None:
        return (Predicate(right.origins, _MIRROR[op], comparable(left.value, kind)),)
    return ()


def comparable(value: object, kind: Type) -> object:
    """A literal's value as the statistics of a column hold it: a day compared with timestamps is its midnight."""
    if kind.name == "timestamp" and isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return datetime.datetime.combine(value, datetime.time())
    return value


def both(left: Typed, right: Typed) -> Typed:
    """AND, which keeps the predicates of both sides."""
    return Typed(f"({left.sql} AND {right.sql})", BOOLEAN, predicates=left.predicates + right.predicates)


def condition(ctx: Compilation, value: Typed, where: str, node: exp.Expr | None = None) -> Typed:
    """A boolean, or a type mismatch that names the clause."""
    value = bind(ctx, value, BOOLEAN)
    if value.type.name == "unknown":
        return Typed(f"CAST({value.sql} AS BOOLEAN)", BOOLEAN)
    if value.type != BOOLEAN:
        mismatch(f"{where} must be boolean, not {value.type}", node, "Write a comparison.")
    return value


def as_double(ctx: Compilation, value: Typed, what: str = "the argument") -> str:
    """An argument widened to double."""
    return coerce(ctx, value, DOUBLE, what).sql
