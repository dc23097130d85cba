"""Date and time functions; weeks begin on Monday, differences count complete units."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from salesperf_cli.core.athena import clock
from salesperf_cli.core.athena.calls import Call, at_zone
from salesperf_cli.core.athena.casts import explicit, local_time, timestamp_text, unify, zone_text
from salesperf_cli.core.athena.context import Typed, mismatch, near, refuse, text, unsupported
from salesperf_cli.core.athena.operators import shift_local
from salesperf_cli.core.athena.registry import Function
from salesperf_cli.core.athena.trino_types import (
    BIGINT,
    DATE,
    DOUBLE,
    INTERVAL_DAY,
    INTERVAL_MONTH,
    MIXED_ZONE,
    VARCHAR,
    timestamp,
    timestamptz,
)

DAYS = {
    "day": "to_days(CAST({} AS INTEGER))",
    "week": "to_days(CAST({} * 7 AS INTEGER))",
    "month": "to_months(CAST({} AS INTEGER))",
    "quarter": "to_months(CAST({} * 3 AS INTEGER))",
    "year": "to_months(CAST({} * 12 AS INTEGER))",
}
CLOCK = {
    "millisecond": "to_milliseconds({})",
    "second": "to_seconds({})",
    "minute": "to_minutes({})",
    "hour": "to_hours({})",
}


def _moment(call: Call, index: int) -> Typed:
    value = call.value(index)
    if not value.type.is_time:
        mismatch(
            f"{call.name} takes a date or timestamp, not {value.type}",
            call.node,
            "Text becomes a date by DATE '…', CAST or date_parse.",
        )
    return value


def _unit(call: Call, value: Typed) -> str:
    unit = call.literal(0).lower()
    known = list(DAYS) if value.type == DATE else [*DAYS, *CLOCK]
    if unit not in known:
        refuse(
            f"{unit!r} is no unit of {value.type}",
            near(unit, known) or f"Known: {', '.join(known)}.",
            "Correct the unit.",
            call.node,
        )
    return unit


def _date_trunc(call: Call) -> Typed:
    call.count(2)
    value = _moment(call, 1)
    unit = _unit(call, value)
    if value.type == DATE:
        return Typed(f"CAST(date_trunc('{unit}', {value.sql}) AS DATE)", DATE)
    if value.type.name == "timestamp":
        return Typed(f"date_trunc('{unit}', {value.sql})", value.type)
    if unit == "hour" and value.type.zone != "UTC":
        unsupported(
            "date_trunc('hour', …) in a zone other than UTC",
            call.node,
            "The hour at the end of summer time is twofold.",
        )
    zone = zone_text(value.type.zone if unit in DAYS else "UTC")
    return Typed(f"timezone({zone}, date_trunc('{unit}', timezone({zone}, {value.sql})))", value.type)


def _date_add(call: Call) -> Typed:
    call.count(3)
    amount, value = call.value(1, BIGINT), _moment(call, 2)
    unit = _unit(call, value)
    if unit in DAYS:
        return shift_local(value, "+ " + DAYS[unit].format(amount.sql), call.node)
    if unit == "millisecond" and value.type.name == "timestamp" and value.type.precision < 3:
        value = Typed(value.sql, timestamp(3))
    return Typed(f"({value.sql} + {CLOCK[unit].format(amount.sql)})", value.type)


def _date_diff(call: Call) -> Typed:
    call.count(3)
    (one, other), kind = unify(call.ctx, [_moment(call, 1), _moment(call, 2)], "date_diff", call.node)
    unit = _unit(call, one)
    sides = []
    # Trino counts days in the zone of a timestamp(3), but in UTC for a finer one.
    local = kind.name != "timestamptz" or (unit in DAYS and kind.precision <= 3)
    for value in (one, other):
        sql = local_time(value, call.node) if local else f"timezone('UTC', {value.sql})"
        sides.append(f"date_trunc('millisecond', {sql})" if kind.name != "date" and kind.precision > 3 else sql)
    return Typed(f"date_sub('{unit}', {sides[0]}, {sides[1]})", BIGINT)


def _date_format(call: Call) -> Typed:
    call.count(2)
    value, pieces = _moment(call, 0), clock.mysql(call.literal(1), call.node)
    return Typed(f"strftime({_shown_time(call, value)}, {text(clock.shown(pieces))})", VARCHAR)


def _format_datetime(call: Call) -> Typed:
    call.count(2)
    value, pieces = _moment(call, 0), clock.joda(call.literal(1), call.node)
    return Typed(f"strftime({_shown_time(call, value)}, {text(clock.shown(pieces))})", VARCHAR)


def _shown_time(call: Call, value: Typed) -> str:
    # Trino rounds to milliseconds before it formats.
    sql = local_time(value, call.node)
    return call.ctx.macro("trino_round_timestamp", sql, "1000") if value.type.precision > 3 else sql


def _parse(read: Callable[[str, exp.Expr], clock.Pieces], zoned: bool) -> Callable[[Call], Typed]:
    def make(call: Call) -> Typed:
        call.count(2)
        written, guard, no_year = clock.read(read(call.literal(1), call.node), call.node)
        value = call.value(0, VARCHAR).sql
        if no_year:
            written, value, guard = "%Y " + written, f"('1970 ' || {value})", r"\d{4} " + guard
        parsed = call.ctx.macro("trino_parse", value, text(written), text(guard))
        moment = f"date_trunc('millisecond', {parsed})"
        return Typed(f"timezone('UTC', {moment})", timestamptz(3)) if zoned else Typed(moment, timestamp(3))

    return make


_PARTS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "weekofyear",
    "week_of_year": "weekofyear",
    "day": "day",
    "day_of_month": "day",
    "day_of_week": "isodow",
    "dow": "isodow",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "year_of_week": "isoyear",
    "yow": "isoyear",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
}
_DAY_PARTS = {
    "day": "({} // 86400000)",
    "hour": "(({} // 3600000) % 24)",
    "minute": "(({} // 60000) % 60)",
    "second": "(({} // 1000) % 60)",
    "millisecond": "({} % 1000)",
}
_MONTH_PARTS = {"year": "CAST({} // 12 AS BIGINT)", "month": "CAST({} % 12 AS BIGINT)"}


def _part(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    for kind, parts in ((INTERVAL_DAY, _DAY_PARTS), (INTERVAL_MONTH, _MONTH_PARTS)):
        if value.type == kind and call.name in parts:
            return Typed(parts[call.name].format(value.sql), BIGINT)
    value = _moment(call, 0)
    if value.type == DATE and call.name in ("hour", "minute", "second", "millisecond"):
        mismatch(f"{call.name} takes a timestamp, not a date", call.node)
    local = local_time(value, call.node)
    if call.name == "millisecond":
        return Typed(f"CAST(millisecond({local}) % 1000 AS BIGINT)", BIGINT)
    return Typed(f"CAST({_PARTS[call.name]}({local}) AS BIGINT)", BIGINT)


def _last_day(call: Call) -> Typed:
    call.count(1)
    return Typed(f"last_day({local_time(_moment(call, 0), call.node)})", DATE)


def _date(call: Call) -> Typed:
    call.count(1)
    return explicit(call.ctx, call.value(0), DATE, node=call.node)


def _now(call: Call) -> Typed:
    precision = call.number(0) if call.count(0, 1) else 3
    if not 0 <= precision <= 6:
        unsupported(f"{call.name}({precision})", call.node, "DuckDB keeps microseconds.", "Use at most 6.")
    return Typed(f"timezone('UTC', {_current(call, precision)})", timestamptz(precision))


def _current(call: Call, precision: int = 3) -> str:
    return call.ctx.macro("trino_round_timestamp", "timezone('UTC', now())", str(10 ** (6 - precision)))


def _localtimestamp(call: Call) -> Typed:
    call.count(0)
    return Typed(_current(call), timestamp(3))


def _current_date(call: Call) -> Typed:
    call.count(0)
    return Typed("CAST(timezone('UTC', now()) AS DATE)", DATE)


def _from_unixtime(call: Call) -> Typed:
    given = call.count(1, 2)
    instant = f"timezone('UTC', make_timestamp(CAST(round({call.value(0, DOUBLE).sql} * 1000) AS BIGINT) * 1000))"
    result = Typed(instant, timestamptz(3))
    return at_zone(result, call.value(1, VARCHAR), call.node) if given == 2 else result


def _to_unixtime(call: Call) -> Typed:
    call.count(1)
    value = _moment(call, 0)
    sql = f"timezone('UTC', {value.sql})" if value.type.name == "timestamptz" else f"CAST({value.sql} AS TIMESTAMP)"
    return Typed(f"(CAST(epoch_us({sql}) AS DOUBLE) / 1000000)", DOUBLE)


def _at_timezone(call: Call) -> Typed:
    call.count(2)
    value = call.value(0)
    if value.type.name != "timestamptz":
        mismatch(
            f"at_timezone takes a timestamp with time zone, not {value.type}",
            call.node,
            "Use with_timezone, or AT TIME ZONE.",
        )
    return at_zone(value, call.value(1, VARCHAR), call.node)


def _with_timezone(call: Call) -> Typed:
    call.count(2)
    value = call.value(0)
    if value.type.name != "timestamp":
        mismatch(f"with_timezone takes a timestamp, not {value.type}", call.node)
    zoned = at_zone(value, call.value(1, VARCHAR), call.node).type
    return Typed(f"timezone({zone_text(zoned.zone)}, {value.sql})", zoned)


def _to_iso8601(call: Call) -> Typed:
    call.count(1)
    value = _moment(call, 0)
    if value.type == DATE:
        return Typed(f"CAST({value.sql} AS VARCHAR)", VARCHAR)
    if value.type.name == "timestamptz":
        unsupported("to_iso8601 of a timestamp with time zone", call.node, remedy="CAST it to timestamp first.")
    return Typed(timestamp_text(value.sql, value.type.precision, "T"), VARCHAR)


def _from_iso8601_date(call: Call) -> Typed:
    call.count(1)
    guarded = call.ctx.macro("trino_iso_date", call.value(0, VARCHAR).sql)
    return Typed(f"CAST({guarded} AS DATE)", DATE)


def _from_iso8601_timestamp(call: Call) -> Typed:
    call.count(1)
    guarded = call.ctx.macro("trino_iso_timestamp", call.value(0, VARCHAR).sql)
    return Typed(f"CAST({guarded} AS TIMESTAMPTZ)", timestamptz(3, MIXED_ZONE))


def _to_milliseconds(call: Call) -> Typed:
    call.count(1)
    return Typed(call.value(0, INTERVAL_DAY).sql, BIGINT)


FUNCTIONS = (
    Function("date_trunc", _date_trunc, "keeps the type; weeks begin on Monday"),
    Function("date_add", _date_add, "months stay within the month (31 January + 1 = 28 or 29 February)"),
    Function("date_diff", _date_diff, "**complete** units elapsed, not boundaries crossed"),
    Function("date_format", _date_format, "MySQL letters, literal format; %D %U %u %V %w %X refused, as in Athena"),
    Function("date_parse", _parse(clock.mysql, False), "MySQL letters, literal format; %y and week letters refused"),
    Function("format_datetime", _format_datetime, "Joda letters yyyy MM dd HH hh mm ss SSS EEE MMM a, literal format"),
    Function("parse_datetime", _parse(clock.joda, True), "Joda letters of numbers, literal format; result in UTC"),
    *(
        Function(name, _part, "ISO: Monday is 1" if "dow" in name or "of_week" in name else "same function")
        for name in _PARTS
    ),
    Function("millisecond", _part, "of the second"),
    Function("last_day_of_month", _last_day),
    Function("date", _date, "CAST AS date"),
    Function("now", _now, "start of the query, UTC"),
    Function("current_timestamp", _now, "start of the query, UTC"),
    Function("localtimestamp", _localtimestamp, "UTC"),
    Function("current_date", _current_date, "UTC"),
    Function("from_unixtime", _from_unixtime, "zone by name"),
    Function("to_unixtime", _to_unixtime),
    Function("at_timezone", _at_timezone, "zone by name, literal"),
    Function("with_timezone", _with_timezone, "zone by name, literal"),
    Function("to_iso8601", _to_iso8601, "dates and timestamps without zone"),
    Function("from_iso8601_date", _from_iso8601_date, "YYYY-MM-DD"),
    Function(
        "from_iso8601_timestamp",
        _from_iso8601_timestamp,
        "compared and subtracted as is; for its calendar write AT TIME ZONE 'UTC'",
    ),
    Function("to_milliseconds", _to_milliseconds),
)
