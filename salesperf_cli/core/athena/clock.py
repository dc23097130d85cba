"""Date formats: MySQL's letters (date_format) and Joda's (format_datetime), as strftime and strptime write them."""

from __future__ import annotations

import re

from sqlglot import exp

from salesperf_cli.core.athena.context import unsupported

_MYSQL = {
    "Y": "%Y",
    "m": "%m",
    "d": "%d",
    "H": "%H",
    "i": "%M",
    "s": "%S",
    "S": "%S",
    "b": "%b",
    "M": "%B",
    "a": "%a",
    "W": "%A",
    "j": "%j",
    "y": "%y",
    "f": "%f",
    "p": "%p",
    "e": "%-d",
    "c": "%-m",
    "h": "%I",
    "I": "%I",
    "l": "%-I",
    "k": "%-H",
    "T": "%H:%M:%S",
    "r": "%I:%M:%S %p",
    "v": "%V",
    "x": "%G",
    "%": "%%",
}
_JODA = {
    "yyyy": "%Y",
    "YYYY": "%Y",
    "yy": "%y",
    "MM": "%m",
    "M": "%-m",
    "MMM": "%b",
    "MMMM": "%B",
    "dd": "%d",
    "d": "%-d",
    "HH": "%H",
    "H": "%-H",
    "hh": "%I",
    "h": "%-I",
    "mm": "%M",
    "m": "%-M",
    "ss": "%S",
    "s": "%-S",
    "SSS": "%g",
    "EEE": "%a",
    "EE": "%a",
    "E": "%a",
    "EEEE": "%A",
    "a": "%p",
    "DDD": "%j",
    "xxxx": "%G",
    "ww": "%V",
}
_READ = {
    "%Y": r"\d{1,4}",
    "%m": r"\d{1,2}",
    "%-m": r"\d{1,2}",
    "%d": r"\d{1,2}",
    "%-d": r"\d{1,2}",
    "%H": r"\d{1,2}",
    "%-H": r"\d{1,2}",
    "%I": r"\d{1,2}",
    "%-I": r"\d{1,2}",
    "%M": r"\d{1,2}",
    "%-M": r"\d{1,2}",
    "%S": r"\d{1,2}",
    "%-S": r"\d{1,2}",
    "%b": r"[A-Za-z]{3}",
    "%B": r"[A-Za-z]+",
    "%p": r"[AaPp][Mm]",
    "%f": r"\d{1,6}",
    "%g": r"\d{3}",
    "%%": "%",
}

Pieces = list[tuple[str, str]]  # (strftime specifier or "", literal text or "")


def mysql(written: str, node: exp.Expr) -> Pieces:
    """date_format and date_parse patterns in pieces."""
    pieces: Pieces = []
    for found in re.finditer(r"%(.?)|([^%]+)", written, re.S):
        if found[2] is not None:
            pieces.append(("", found[2]))
        elif found[1] in _MYSQL:
            pieces.extend(_split(_MYSQL[found[1]]))
        else:
            unsupported(
                f"%{found[1]} in the date format {written!r}",
                node,
                "Athena refuses it or prints the letter.",
                "Leave it out.",
            )
    return pieces


def _split(expanded: str) -> Pieces:
    return [
        (found[0], "") if found[0].startswith("%") else ("", found[0]) for found in re.finditer(r"%-?.|[^%]+", expanded)
    ]


def joda(written: str, node: exp.Expr) -> Pieces:
    """format_datetime and parse_datetime patterns in pieces."""
    pieces: Pieces = []
    for found in re.finditer(r"''|'([^']*)'|([A-Za-z])\2*|([^A-Za-z']+)", written):
        if found[0] == "''":
            pieces.append(("", "'"))
        elif found[1] is not None or found[3] is not None:
            pieces.append(("", found[1] if found[1] is not None else found[3]))
        elif found[0] in _JODA:
            pieces.append((_JODA[found[0]], ""))
        else:
            unsupported(
                f"{found[0]} in the date format {written!r}", node, remedy="Use letters of yyyy-MM-dd HH:mm:ss.SSS."
            )
    return pieces


def shown(pieces: Pieces) -> str:
    """The strftime format."""
    return "".join(specifier or literal.replace("%", "%%") for specifier, literal in pieces)


def read(pieces: Pieces, node: exp.Expr) -> tuple[str, str, bool]:
    """The strptime format, the pattern that a text must match first, and whether the year is absent."""
    guard = []
    for i, (specifier, literal) in enumerate(pieces):
        if not specifier:
            guard.append(re.sub(r"([^\w\s])", r"\\\1", literal))
            continue
        if specifier not in _READ:
            unsupported(
                f"{specifier} when reading a date",
                node,
                "Its meaning depends on other parts.",
                "Use year, month, day and time.",
            )
        glued = i + 1 < len(pieces) and pieces[i + 1][0]
        guard.append(re.sub(r"\{1,(\d)\}", r"{\1}", _READ[specifier]) if glued else _READ[specifier])
    written = shown(pieces).replace("%-", "%").replace("%g", "%f")
    return written, "".join(guard), not any(specifier == "%Y" for specifier, _ in pieces)
