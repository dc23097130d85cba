"""Mathematical functions."""

from __future__ import annotations

from collections.abc import Callable

from salesperf_cli.core.athena.calls import Call
from salesperf_cli.core.athena.context import Typed, mismatch
from salesperf_cli.core.athena.operators import arithmetic, as_double
from salesperf_cli.core.athena.registry import Function, simple
from salesperf_cli.core.athena.trino_types import BIGINT, BOOLEAN, DOUBLE, Type, decimal, duckdb_type


def _number(call: Call, index: int = 0) -> Typed:
    value = call.value(index)
    if not value.type.is_numeric:
        mismatch(f"{call.name} takes numbers, not {value.type}", call.node)
    return value


def _cast(sql: str, kind: Type) -> Typed:
    return Typed(f"CAST({sql} AS {duckdb_type(kind)})", kind)


def _abs(call: Call) -> Typed:
    call.count(1)
    value = _number(call)
    return _cast(f"abs({value.sql})", value.type)


def _sign(call: Call) -> Typed:
    call.count(1)
    value = _number(call)
    if value.type.is_floating:
        return Typed(f"CASE WHEN isnan({value.sql}) THEN {value.sql} ELSE sign({value.sql}) END", value.type)
    return _cast(f"sign({value.sql})", decimal(1, 0) if value.type.name == "decimal" else value.type)


def _whole(call: Call) -> Typed:
    call.count(1)
    value = _number(call)
    if value.type.is_integer:
        return value
    function = "floor" if call.name == "floor" else "ceil"
    if value.type.name == "decimal":
        kind = decimal(value.type.precision - value.type.scale + min(value.type.scale, 1), 0)
        return _cast(f"{function}({value.sql})", kind)
    return _cast(f"{function}({value.sql})", value.type)


def _round(call: Call) -> Typed:
    given = call.count(1, 2)
    value = _number(call)
    if value.type.name == "decimal":
        return _round_decimal(value, call.number(1) if given == 2 else None)
    if given == 1:
        return value if value.type.is_integer else _cast(f"round({value.sql})", value.type)
    if value.type.is_integer:
        digits = call.number(1)
        return value if digits >= 0 else _cast(f"round({value.sql}, {digits})", value.type)
    return _cast(call.ctx.macro("trino_round", f"CAST({value.sql} AS DOUBLE)", call.value(1, BIGINT).sql), value.type)


def _round_decimal(value: Typed, digits: int | None) -> Typed:
    precision, scale = value.type.precision, value.type.scale
    if digits is None:
        return _cast(f"round({value.sql})", decimal(precision - scale + min(scale, 1), 0))
    kind = decimal(precision + 1, scale)
    return _cast(value.sql if digits >= scale else f"round({value.sql}, {digits})", kind)


def _truncate(call: Call) -> Typed:
    given = call.count(1, 2)
    value = _number(call)
    if value.type.is_integer:
        value = Typed(f"CAST({value.sql} AS DOUBLE)", DOUBLE)
    if value.type.is_floating:
        call.count(1)
        return _cast(f"trunc({value.sql})", value.type)
    precision, scale = value.type.precision, value.type.scale
    if given == 1:
        return _cast(f"trunc({value.sql})", decimal(max(1, precision - scale), 0))
    digits = call.number(1)
    if digits >= scale:
        return value
    if digits < 0:
        mismatch("truncate of a decimal takes 0 or more digits here", call.node, "Use a CAST.")
    unit = "1" if digits == 0 else f"CAST(1e-{digits} AS DECIMAL({digits},{digits}))"
    return _cast(f"{value.sql} - ({value.sql} % {unit})", value.type)


def _mod(call: Call) -> Typed:
    call.count(2)
    one, other = call.values()
    return arithmetic(call.ctx, "%", one, other, call.node)


def _bitwise(sign: str) -> Callable[[Call], Typed]:
    def make(call: Call) -> Typed:
        call.count(2)
        return Typed(sign.format(call.value(0, BIGINT).sql, call.value(1, BIGINT).sql), BIGINT)

    return make


def _doubles(name: str, template: str, how: str = "same function") -> Function:
    count = template.count("{")

    def make(call: Call) -> Typed:
        call.count(count)
        values = [as_double(call.ctx, call.value(i), f"argument {i + 1} of {name}") for i in range(count)]
        return Typed(template.format(*values), DOUBLE)

    return Function(name, make, how)


_SAME = ("cbrt", "exp", "degrees", "radians", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")
EDGE = "0 gives -Infinity, a negative NaN"

FUNCTIONS = (
    Function("abs", _abs, "overflow raises"),
    Function("sign", _sign),
    Function("floor", _whole, "decimals stay decimals"),
    Function("ceil", _whole, "decimals stay decimals"),
    Function("ceiling", _whole, "decimals stay decimals"),
    Function("round", _round, "half away from zero; decimals stay decimals"),
    Function("truncate", _truncate),
    Function("mod", _mod, "as %: the sign of the dividend; by zero raises for integers and decimals"),
    *(_doubles(name, f"{name}({{}})") for name in _SAME),
    _doubles("ln", "ln({})", EDGE),
    _doubles("log2", "log2({})", EDGE),
    _doubles("log10", "log10({})", EDGE),
    _doubles("log", "(ln({1}) / ln({0}))", "log(base, x)"),
    _doubles("sqrt", "sqrt({})", "a negative gives NaN"),
    _doubles("power", "pow({}, {})"),
    _doubles("pow", "pow({}, {})"),
    _doubles("atan2", "atan2({}, {})"),
    _doubles("pi", "pi()"),
    _doubles("e", "exp(1.0::DOUBLE)"),
    _doubles("nan", "'nan'::DOUBLE"),
    _doubles("infinity", "'inf'::DOUBLE"),
    simple("is_nan", BOOLEAN, ("double", "isnan({0})")),
    simple("is_finite", BOOLEAN, ("double", "isfinite({0})")),
    simple("is_infinite", BOOLEAN, ("double", "isinf({0})")),
    simple("width_bucket", BIGINT, ("double double double bigint", "trino_width_bucket({0}, {1}, {2}, {3})")),
    Function("bitwise_and", _bitwise("({} & {})"), "64 bits"),
    Function("bitwise_or", _bitwise("({} | {})"), "64 bits"),
    Function("bitwise_xor", _bitwise("xor({}, {})"), "64 bits"),
    simple("bitwise_not", BIGINT, ("bigint", "(~{0})"), how="64 bits"),
)
