"""Money and quantities as Decimal: how they are made and how they are written. Never a float in between."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

ZERO = Decimal(0)
CENT = Decimal("0.01")
_FINE = Decimal("0.000001")
_CLEAN = Context(prec=12)


def exact(value: Decimal | float | str) -> Decimal:
    """A figure as Decimal; a float's binary dust (0.018000000000000002) is rounded off at 12 digits."""
    if isinstance(value, Decimal):
        return value
    number = Decimal(str(value))
    return _CLEAN.create_decimal(number) if isinstance(value, float) else number


def cents(amount: Decimal) -> Decimal:
    """An amount rounded to whole cents, halves up, as a bill's total is."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def dollars(amount: Decimal) -> str:
    """An amount as people read it: `$1,234.50`; what is above 0 and rounds to nothing is `<$0.01`."""
    sign = "-" if amount < 0 else ""
    size = abs(amount)
    return f"{sign}<$0.01" if 0 < size < CENT / 2 else f"{sign}${cents(size):,}"


def fine(amount: Decimal) -> str:
    """An amount of which a hundredth of a cent may matter: `$0.000086`, `$1.25`, `$1,204.00`."""
    if amount == cents(amount) or abs(amount) >= 1:
        return dollars(amount)
    text = plain_number(abs(amount.quantize(_FINE)))
    sign = "-" if amount < 0 else ""
    return f"{sign}${text}" if text != "0" else f"{sign}<$0.000001"


def change(amount: Decimal) -> str:
    """A difference with its sign: `+$1.20`, `-$0.45`, `$0.00`."""
    return f"+{dollars(amount)}" if amount > 0 else dollars(amount)


def plain_number(value: Decimal) -> str:
    """A figure without exponent, without trailing zeros, with separators: `1,234.5`, `0.0000004`."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def short_number(value: Decimal) -> str:
    """A quantity in at most about five digits: `1,234`, `12.35`, `0.00042`, `53.6 million`."""
    size = abs(value)
    for least, word in ((Decimal(10**12), "trillion"), (Decimal(10**9), "billion"), (Decimal(10**6), "million")):
        if size >= least:
            return f"{_digits(value / least)} {word}"
    return _digits(value)


def counted(quantity: Decimal, unit: str) -> str:
    """A quantity with its unit: `1 key-month`, `9,125 requests`, `0.028 GB`."""
    plural = "" if quantity == 1 or unit[-1:].isupper() else "s"
    return f"{short_number(quantity)} {unit}{plural}"


def _digits(value: Decimal) -> str:
    size = abs(value)
    if size >= 1000 or value == value.to_integral_value():
        return f"{value.quantize(Decimal(1), ROUND_HALF_UP):,f}"
    if size >= 1:
        return plain_number(value.quantize(CENT, ROUND_HALF_UP))
    return plain_number(Context(prec=2).create_decimal(value))
