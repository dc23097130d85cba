"""Aggregate functions: what Trino returns, computed from DuckDB's aggregates."""

from __future__ import annotations

import decimal as decimals

from salesperf_cli.core.athena.calls import Call
from salesperf_cli.core.athena.casts import bind, coerce
from salesperf_cli.core.athena.context import Typed, mismatch, refuse, unsupported
from salesperf_cli.core.athena.operators import condition, decimal_quotient, shifted
from salesperf_cli.core.athena.registry import Function
from salesperf_cli.core.athena.trino_types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    REAL,
    VARCHAR,
    array,
    decimal,
    duckdb_type,
    map_of,
)


def _count(call: Call) -> Typed:
    call.count(0, 1)
    if not call.arguments or call.arguments[0].key == "star":
        return Typed(call.aggregate("count", "*"), BIGINT)
    return Typed(call.aggregate("count", call.value(0).sql), BIGINT)


def _count_if(call: Call) -> Typed:
    call.count(1)
    if call.distinct:
        mismatch("count_if takes no DISTINCT", call.node)
    test = condition(call.ctx, call.value(0), "count_if", call.node)
    return Typed(call.aggregate("count", "*", only=test.sql), BIGINT)


def _sum(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    if value.type.is_integer or value.type.name == "interval_day":
        return Typed(
            f"CAST({call.aggregate('sum', value.sql)} AS BIGINT)", BIGINT if value.type.is_integer else value.type
        )
    if value.type.name == "decimal":
        kind = decimal(38, value.type.scale)
        return Typed(f"CAST({call.aggregate('sum', value.sql)} AS {duckdb_type(kind)})", kind)
    if value.type.is_floating:
        return Typed(f"CAST({call.aggregate('sum', value.sql)} AS {duckdb_type(value.type)})", value.type)
    return mismatch(f"sum takes numbers, not {value.type}", call.node)


def _avg(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    if value.type.name == "decimal":
        total, count = call.aggregate("sum", value.sql), call.aggregate("count", value.sql)
        quotient = decimal_quotient(
            call.ctx,
            shifted(total, decimal(38, value.type.scale), value.type.scale),
            f"CAST(nullif({count}, 0) AS HUGEINT)",
            value.type,
        )
        return Typed(quotient, value.type)
    if value.type.is_integer or value.type.is_floating:
        kind = REAL if value.type == REAL else DOUBLE
        return Typed(f"CAST({call.aggregate('avg', f'CAST({value.sql} AS DOUBLE)')} AS {duckdb_type(kind)})", kind)
    if value.type.name == "interval_day":
        return Typed(f"CAST(trunc({call.aggregate('avg', value.sql)}) AS BIGINT)", value.type)
    return mismatch(f"avg takes numbers, not {value.type}", call.node)


def _extreme(call: Call) -> Typed:
    given = call.count(1, 2)
    value = call.value(0)
    if value.type.items or value.type.name in ("json", "parsed_json"):
        unsupported(f"{call.name} of {value.type}", call.node)
    if given == 2:
        if value.type.is_floating:
            unsupported(
                f"{call.name}({value.type}, n)", call.node, "NaN is ordered otherwise by DuckDB.", "Use row_number()."
            )
        return Typed(call.aggregate(call.name, value.sql, str(call.number(1))), array(value.type))
    if value.type.is_floating:  # Trino ranks NaN nowhere, DuckDB above every number
        finite = call.aggregate(call.name, value.sql, only=f"NOT isnan({value.sql})")
        return Typed(f"coalesce({finite}, {call.aggregate(call.name, value.sql)})", value.type)
    return Typed(call.aggregate(call.name, value.sql), value.type)


def _extreme_by(call: Call) -> Typed:
    call.count(2)
    value, key = call.value(0), call.value(1)
    if key.type.items:
        unsupported(f"{call.name} by {key.type}", call.node)
    only = f"NOT isnan({key.sql})" if key.type.is_floating else ""
    return Typed(
        call.aggregate("arg_min_null" if call.name == "min_by" else "arg_max_null", value.sql, key.sql, only=only),
        value.type,
    )


def _any_value(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    return Typed(call.aggregate("any_value", value.sql), value.type)


def _array_agg(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    return Typed(call.aggregate("array_agg", value.sql), array(value.type))


def _map_agg(call: Call) -> Typed:
    call.count(2)
    key, value = call.value(0), call.value(1)
    pairs = call.aggregate("array_agg", f"struct_pack(k := {key.sql}, v := {value.sql})", only=f"{key.sql} IS NOT NULL")
    return Typed(call.ctx.macro("trino_first_entries", pairs), map_of(key.type, value.type))


def _histogram(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    kind = map_of(value.type, BIGINT)
    return Typed(
        f"CAST({call.aggregate('histogram', value.sql, only=f'{value.sql} IS NOT NULL')} AS {duckdb_type(kind)})", kind
    )


def _approx_distinct(call: Call) -> Typed:
    call.count(1, 2)
    call.ctx.notes["approx_distinct is answered exactly; Athena's figure may differ by about 2.3 %"] = None
    return Typed(call.aggregate("count", "DISTINCT " + call.value(0).sql), BIGINT)


def _approx_percentile(call: Call) -> Typed:
    if call.count(2, 4) > 2:
        unsupported("approx_percentile with weights or an accuracy", call.node, remedy="Use approx_percentile(x, p).")
    value = call.value(0)
    if not value.type.is_numeric:
        mismatch(f"approx_percentile takes numbers, not {value.type}", call.node)
    kind = BIGINT if value.type.is_integer else REAL if value.type.name in ("decimal", "real") else DOUBLE
    call.ctx.notes["approx_percentile is answered exactly; Athena's figure may differ slightly"] = None
    node = call.arguments[1]
    shares = node.expressions if node.key == "array" else [node]
    results = [_percentile(call, value, share.name, duckdb_type(kind)) for share in shares]
    return Typed(f"[{', '.join(results)}]", array(kind)) if node.key == "array" else Typed(results[0], kind)


def _percentile(call: Call, value: Typed, written: str, target: str) -> str:
    """The value at index floor(n·p) of the sorted rows, which is what Trino's digest gives while it is exact."""
    try:
        rest = 1 - decimals.Decimal(written)
    except decimals.InvalidOperation:
        rest = decimals.Decimal(-1)
    if not 0 <= rest <= 1:
        refuse(
            "the percentage of approx_percentile must be a literal from 0 to 1",
            "It is compiled.",
            "Write e.g. 0.5.",
            call.node,
        )
    return f"CAST({call.aggregate('quantile_disc', value.sql, str(rest), order=f'{value.sql} DESC')} AS {target})"


def _logical(call: Call) -> Typed:
    call.count(1)
    value = condition(call.ctx, call.value(0), call.name, call.node)
    return Typed(call.aggregate("bool_or" if call.name == "bool_or" else "bool_and", value.sql), BOOLEAN)


def _statistic(name: str, function: str, how: str = "same function") -> Function:
    def make(call: Call) -> Typed:
        call.count(1)
        return Typed(call.aggregate(function, call.value(0, DOUBLE).sql), DOUBLE)

    return Function(name, make, how, "aggregate")


def _pair_statistic(name: str) -> Function:
    def make(call: Call) -> Typed:
        call.count(2)
        kind = DOUBLE if DOUBLE in (call.value(0).type, call.value(1).type) else REAL
        result = call.aggregate(name, *(f"CAST({call.value(i, kind).sql} AS DOUBLE)" for i in (0, 1)))
        return Typed(f"CAST({call.ctx.macro('trino_null_if_nan', result)} AS {duckdb_type(kind)})", kind)

    return Function(
        name, make, "NULL where it is undefined; real unless an argument is double, as in Athena", "aggregate"
    )


def _geometric_mean(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    kind = REAL if value.type.name in ("decimal", "real") else DOUBLE
    logarithm = f"ln(CAST({call.value(0, kind).sql} AS DOUBLE))"
    return Typed(f"CAST(exp({call.aggregate('avg', logarithm)}) AS {duckdb_type(kind)})", kind)


def _moment(call: Call) -> Typed:
    call.count(1)
    value = call.value(0, DOUBLE).sql
    count, mean = call.aggregate("count", value), call.aggregate("avg", value)
    if call.window is not None or call.distinct:
        unsupported(f"{call.name} with OVER or DISTINCT", call.node)
    values = call.aggregate("array_agg", value, only=f"{value} IS NOT NULL")
    return Typed(call.ctx.macro(f"trino_{call.name}", values, count, mean), DOUBLE)


def _listagg(call: Call) -> Typed:
    call.count(1, 2)
    separator = call.value(1, VARCHAR).sql if len(call.arguments) == 2 else "''"
    if call.order is None:
        mismatch("listagg needs WITHIN GROUP (ORDER BY …)", call.node)
    return Typed(call.aggregate("string_agg", call.value(0, VARCHAR).sql, separator), VARCHAR)


def _bitwise(call: Call) -> Typed:
    call.count(1)
    value = coerce(call.ctx, bind(call.ctx, call.value(0), BIGINT), BIGINT, call.name, call.node)
    return Typed(call.aggregate(call.name.replace("bitwise", "bit").replace("_agg", ""), value.sql), BIGINT)


def _entry(name: str, make: object, how: str = "same function") -> Function:
    assert callable(make)
    return Function(name, make, how, "aggregate")


FUNCTIONS = (
    _entry("count", _count),
    _entry("count_if", _count_if, "count(*) with a FILTER"),
    _entry("sum", _sum, "integers give bigint and raise on overflow, decimal(p,s) gives decimal(38,s)"),
    _entry("avg", _avg, "decimal(p,s) stays decimal(p,s), rounded half up; integers give double"),
    _entry("min", _extreme, "NaN is passed over; min(x, n) too"),
    _entry("max", _extreme, "NaN is passed over; max(x, n) too"),
    _entry("min_by", _extreme_by, "the value may be NULL, a NULL key never wins"),
    _entry("max_by", _extreme_by, "the value may be NULL, a NULL key never wins"),
    _entry("arbitrary", _any_value, "the first that is not NULL"),
    _entry("any_value", _any_value, "the first that is not NULL"),
    _entry("array_agg", _array_agg, "keeps NULLs; ORDER BY puts NULLs last"),
    _entry("map_agg", _map_agg, "the first value of a key stays"),
    _entry("histogram", _histogram),
    _entry("approx_distinct", _approx_distinct, "**exact** distinct count"),
    _entry(
        "approx_percentile",
        _approx_percentile,
        "**exact** percentile: the value at floor(n·p); decimals give real, as in Athena",
    ),
    _entry("bool_and", _logical),
    _entry("bool_or", _logical),
    _entry("every", _logical, "bool_and"),
    _statistic("stddev", "stddev_samp"),
    _statistic("stddev_samp", "stddev_samp"),
    _statistic("stddev_pop", "stddev_pop"),
    _statistic("variance", "var_samp"),
    _statistic("var_samp", "var_samp"),
    _statistic("var_pop", "var_pop"),
    _entry("skewness", _moment, "computed from the values, by Trino's formula"),
    _entry("kurtosis", _moment, "computed from the values, by Trino's formula"),
    _pair_statistic("corr"),
    _pair_statistic("covar_pop"),
    _pair_statistic("covar_samp"),
    _pair_statistic("regr_slope"),
    _pair_statistic("regr_intercept"),
    _entry("geometric_mean", _geometric_mean, "exp(avg(ln(x)))"),
    _entry("listagg", _listagg, "WITHIN GROUP is required"),
    _entry("bitwise_and_agg", _bitwise),
    _entry("bitwise_or_agg", _bitwise),
)
