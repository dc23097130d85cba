"""Which texts are a value of a type: one pattern a type, in the subset that RE2 and Java read alike.

Engines' own casts are too lenient, each in its own way (`12.7` is an int for one, `1d` a double for another,
`2017-1-1` a date for a third), so a text must first have the shape; then the engine's cast gives the same value
everywhere.
"""

from __future__ import annotations

import re

from salesperf_cli.core.tables import ColumnType

ISO_FORMATS = {"date": "yyyy-MM-dd", "timestamp": "yyyy-MM-dd HH:mm:ss"}
_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"  # no year 0: Python has none
_DIGITS = {"yyyy": _YEAR, "MM": "[0-9]{2}", "dd": "[0-9]{2}", "HH": "[0-9]{2}", "mm": "[0-9]{2}", "ss": "[0-9]{2}"}
_STRPTIME = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_TOKEN = re.compile(r"(?P<field>yyyy|MM|dd|HH|mm|ss)|'(?P<quoted>[^']*)'|(?P<sign>[^A-Za-z'])|(?P<wrong>[A-Za-z]+|')")


def shape(type_: ColumnType, format_: str | None = None) -> str | None:
    """The pattern that a whole text of this type matches; None where every text does."""
    if type_.kind in ("int", "bigint"):
        return "[+-]?[0-9]+"
    if type_.kind == "decimal":
        # More decimals than the type holds would be rounded silently, unless they are zeros.
        return f"[+-]?[0-9]+(?:[.][0-9]{{0,{type_.scale}}}0*)?"
    if type_.kind == "double":
        return "[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?[0-9]+)?"
    if type_.kind == "boolean":
        return "(?i:true|false|1|0)"
    if type_.kind in ISO_FORMATS:
        tokens = _tokens(format_ or ISO_FORMATS[type_.kind])
        return "".join(_DIGITS[text] if is_field else re.escape(text) for text, is_field in tokens)
    return None


def strptime_format(format_: str) -> str:
    """A Java date pattern of the contracts as a strptime format; raises ValueError for letters other than those
    allowed.
    """
    return "".join(_STRPTIME[text] if is_field else text.replace("%", "%%") for text, is_field in _tokens(format_))


def java_format(format_: str) -> str:
    """A date pattern of the contracts as Java's DateTimeFormatter takes it: what is no field stands for itself."""
    quoted = {"'": "''"}
    return "".join(text if is_field else quoted.get(text, f"'{text}'") for text, is_field in _tokens(format_))


def _tokens(format_: str) -> list[tuple[str, bool]]:
    """The parts of a pattern: fields (True), and what stands for itself, letters in quotes (`'T'`)."""
    tokens = []
    for found in _TOKEN.finditer(format_):
        if wrong := found["wrong"]:
            told = f"{wrong!r} is not one of yyyy MM dd HH mm ss, nor letters in quotes such as 'T'"
            raise ValueError(f"format {format_!r}: {told}")
        itself = found["sign"] or found["quoted"] or "'"  # two quotes are one
        tokens.append((found["field"], True) if found["field"] else (itself, False))
    return tokens
