"""Numbers, dates, timestamps and intervals as written in the SQL, with the types that Trino gives them."""

from __future__ import annotations

import datetime
import decimal as decimals
import re

from sqlglot import exp

from salesperf_cli.core.athena.context import Typed, refuse, text, unsupported
from salesperf_cli.core.athena.trino_types import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL_DAY,
    INTERVAL_MONTH,
    Type,
    decimal,
    timestamp,
    timestamptz,
)

_UNITS = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def number_literal(written: str, node: exp.Expr) -> Typed:
    """integer or bigint by size; decimal(p,s) by its digits; double when it has an exponent."""
    if re.fullmatch(r"\d+", written):
        number = int(written)
        if number >= 2**63:
            refuse(f"{written} is out of the range of bigint", "Athena refuses it.", "Write DECIMAL '…'.", node)
        kind = INTEGER if number < 2**31 else BIGINT
        return Typed(f"{number}::{'INTEGER' if kind == INTEGER else 'BIGINT'}", kind, value=number)
    if re.fullmatch(r"\d*\.?\d*[eE][+-]?\d+", written):
        return Typed(f"{float(written)!r}::DOUBLE", DOUBLE, value=float(written))
    if re.fullmatch(r"\d+\.\d*|\.\d+", written):
        return decimal_literal(written, node)
    return unsupported(f"the number {written}", node)


def decimal_literal(written: str, node: exp.Expr) -> Typed:
    """A decimal with the precision and scale that its digits show."""
    whole, _, fraction = written.lstrip("+-").partition(".")
    digits = len(whole.lstrip("0")) + len(fraction)
    if digits > 38:
        refuse(f"{written} has more than 38 digits", "Athena refuses it.", "Use a double: add e0.", node)
    kind = decimal(max(digits, 1), len(fraction))
    return Typed(f"'{written}'::DECIMAL({kind.precision},{kind.scale})", kind, value=decimals.Decimal(written))


def moment_literal(node: exp.Expr, written: str, wanted: Type) -> Typed | None:
    """`DATE '…'`, `TIMESTAMP '…'` and constant casts of the same; None leaves it to the cast at run time."""
    if wanted == decimal(38, 0):
        bare = not node.args["to"].expressions
        return decimal_literal(written, node) if bare and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", written) else None
    parts = re.fullmatch(
        r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?)?\s*( \S+)?", written
    )
    if parts is None:
        return None
    try:
        day = datetime.date(*(int(part) for part in parts.groups()[:3]))
        moment = datetime.datetime.combine(
            day, datetime.time(int(parts[4] or 0), int(parts[5] or 0), int(parts[6] or 0))
        )
    except ValueError:
        return None
    if wanted == DATE:
        return Typed(f"DATE '{day}'", DATE, value=day) if parts[4] is None and parts[8] is None else None
    fraction, zone = parts[7] or "", (parts[8] or "").strip()
    if len(fraction) > wanted.precision or (zone and wanted.name != "timestamptz"):
        return None
    precision = wanted.precision
    value = moment.replace(microsecond=int(fraction.ljust(6, "0") or 0))
    sql = f"TIMESTAMP '{value}'"
    if zone:
        return _zoned(sql, zone, precision, node)
    if wanted.name == "timestamptz":
        return Typed(f"timezone('UTC', {sql})", timestamptz(precision))
    return Typed(sql, timestamp(precision), value=value)


def _zoned(sql: str, zone: str, precision: int, node: exp.Expr) -> Typed:
    if not re.fullmatch(r"[A-Za-z]+(?:/[A-Za-z_]+)*", zone):
        unsupported(
            f"the zone {zone}", node, "DuckDB knows zones by name.", "Use a name such as America/Sao_Paulo or UTC."
        )
    return Typed(f"timezone({text(zone)}, {sql})", timestamptz(precision, zone))


def interval_literal(node: exp.Expr) -> Typed:
    """Milliseconds for day to second, months for year to month."""
    inner = node.this
    written = inner.name if isinstance(inner, exp.Literal) else ""
    if isinstance(inner, exp.Neg) and isinstance(inner.this, exp.Literal):
        written = inner.this.name[1:] if inner.this.name.startswith("-") else "-" + inner.this.name
    unit = node.args.get("unit")
    if isinstance(unit, exp.IntervalSpan):
        return _span(written, unit.this.name.lower(), unit.expression.name.lower(), node)
    name = unit.name.lower() if unit is not None else ""
    if re.fullmatch(r"[+-]?\d+", written) and name in _MONTHS:
        return _months(int(written) * _MONTHS[name])
    if re.fullmatch(r"[+-]?\d+(\.\d{1,3})?", written) and name in _UNITS and ("." not in written or name == "second"):
        return _milliseconds(int(decimals.Decimal(written) * _UNITS[name]))
    return unsupported(f"the interval {node.sql(dialect='trino')}", node, remedy="Write INTERVAL '3' DAY.")


def _span(written: str, first: str, last: str, node: exp.Expr) -> Typed:
    sign, body = (-1, written[1:]) if written.startswith("-") else (1, written)
    if (first, last) == ("year", "month") and (parts := re.fullmatch(r"(\d+)-(\d+)", body)):
        return _months(sign * (int(parts[1]) * 12 + int(parts[2])))
    units = ("day", "hour", "minute", "second")
    if first in units and last in units:
        wanted = units[units.index(first) : units.index(last) + 1]
        numbers = re.split(r"[ :]", body)
        if len(numbers) == len(wanted) and all(re.fullmatch(r"\d+(\.\d{1,3})?", number) for number in numbers):
            total = sum(
                int(decimals.Decimal(number) * _UNITS[unit]) for number, unit in zip(numbers, wanted, strict=True)
            )
            return _milliseconds(sign * total)
    return unsupported(f"the interval {node.sql(dialect='trino')}", node, remedy="Write INTERVAL '3' DAY.")


def _milliseconds(count: int) -> Typed:
    return Typed(f"({count})::BIGINT", INTERVAL_DAY, value=count)


def _months(count: int) -> Typed:
    return Typed(f"({count})::INTEGER", INTERVAL_MONTH, value=count)
