"""Query parameters: the `-- param:` header, and the typing of values that arrive as text."""

from __future__ import annotations

import datetime
import decimal as decimals
import re
from collections.abc import Mapping
from dataclasses import dataclass

from salesperf_cli.core.athena.trino_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    VARCHAR,
    Type,
    contract_type,
    decimal,
    timestamp,
)
from salesperf_cli.errors import InputError

_HEADER = re.compile(r"^\s*--\s*param:\s*(\w+)[ \t]+([a-z]\w*(?:\(\d+,\s*\d+\))?)(?:[ \t]+(\S.*?))?\s*$", re.M | re.I)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value for `:name`; `declared` is None when the SQL does not say its type."""

    text: str
    declared: Type | None


def resolve(sql: str, used: tuple[str, ...], given: Mapping[str, str]) -> dict[str, Parameter]:
    """Match the parameters that the SQL uses with the values given and the defaults declared."""
    declared: dict[str, tuple[Type, str | None]] = {}
    for name, kind, default in _HEADER.findall(sql):
        declared[name] = (_declared_type(name, kind), _unquote(default) if default else None)
    missing = [name for name in used if name not in given and declared.get(name, (VARCHAR, None))[1] is None]
    superfluous = [name for name in given if name not in used]
    if missing or superfluous:
        parts = [f"no value for {_names(missing)}"] if missing else []
        parts += [f"unknown {_names(superfluous)}"] if superfluous else []
        raise InputError(
            "query parameters do not match: " + "; ".join(parts),
            why=f"The query uses {_names(used) if used else 'no parameters'}.",
            remedy="Give each one as --param name=value, and no others.",
        )
    result = {}
    for name in used:
        kind_and_default = declared.get(name)
        value = given[name] if name in given else kind_and_default[1] if kind_and_default else None
        assert value is not None
        result[name] = Parameter(value, kind_and_default[0] if kind_and_default else None)
    return result


def _names(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f":{name}" for name in names)


def _unquote(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "'" else value


def _declared_type(name: str, kind: str) -> Type:
    try:
        return contract_type(kind)
    except KeyError:
        raise InputError(
            f"parameter :{name} is declared with the unknown type {kind!r}",
            why="A parameter has a contract type.",
            remedy="Use string, int, bigint, double, decimal(p,s), boolean, date or timestamp.",
        ) from None


def infer(value: str) -> Type:
    """The type that an undeclared value looks like."""
    if re.fullmatch(r"[+-]?\d{1,19}", value):
        number = int(value)
        if -(2**31) <= number < 2**31:
            return INTEGER
        if -(2**63) <= number < 2**63:
            return BIGINT
    if re.fullmatch(r"[+-]?(\d+\.\d*|\.\d+)", value):
        whole, fraction = value.lstrip("+-").split(".")
        digits = len(whole.lstrip("0")) + len(fraction)
        if 0 < digits <= 38:
            return decimal(digits, len(fraction))
    if value in ("true", "false"):
        return BOOLEAN
    for kind in (DATE, timestamp(6)):
        if re.match(r"\d{4}-\d\d-\d\d", value) and _moment(value, kind) is not None:
            return kind
    return VARCHAR


def _moment(value: str, kind: Type) -> datetime.date | datetime.datetime | None:
    try:
        if kind is DATE:
            return datetime.date.fromisoformat(value)
        return datetime.datetime.fromisoformat(value) if re.fullmatch(r"[-\d]{10}[ T][:.\d]+", value) else None
    except ValueError:
        return None


def python_value(name: str, value: str, kind: Type) -> object:
    """The value to bind for a parameter of this type, or an InputError."""
    result: object = None
    if kind.is_integer and re.fullmatch(r"[+-]?\d+", value):
        low, high = (-(2**31), 2**31) if kind.name == "integer" else (-(2**63), 2**63)
        result = int(value) if low <= int(value) < high else None
    elif kind.name == "decimal" and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value):
        number = decimals.Decimal(value)
        fits = abs(number) < decimals.Decimal(10) ** (kind.precision - kind.scale)
        exact = max(0, -int(number.as_tuple().exponent)) <= kind.scale
        result = number if fits and exact else None
    elif kind == DOUBLE:
        result = _float(value)
    elif kind == BOOLEAN:
        result = {"true": True, "false": False}.get(value.lower())
    elif kind.name == "date":
        result = _moment(value, DATE)
    elif kind.name == "timestamp":
        result = _moment(value, kind)
        if result is None and (day := _moment(value, DATE)):
            result = datetime.datetime.combine(day, datetime.time())
    elif kind == VARCHAR:
        result = value
    if result is None:
        raise InputError(
            f"parameter :{name} is not a {kind}",
            why=f"The value given is {value[:40]!r}.",
            remedy=f"Give a {kind}, e.g. {_EXAMPLES.get(kind.name, '42')}.",
        )
    return result


_EXAMPLES = {
    "date": "2018-01-31",
    "timestamp": "'2018-01-31 10:00:00'",
    "boolean": "true",
    "decimal": "12.50",
    "double": "0.5",
}


def _float(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
