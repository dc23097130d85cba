"""Hands out the macros of trino_macros.sql and the settings that queries need, and words the engine's errors.

Only the macros that a translation names are created: each costs start-up time. What uses them lives in core/athena.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET ieee_floating_point_ops = true",  # doubles: 1/0 is Infinity
    "SET error_on_division_by_zero = true",  # integers and decimals: it raises
)
_NAME = re.compile(r"\btrino_\w+")


@cache
def _statements() -> Mapping[str, str]:
    """Every CREATE statement by the macro's name."""
    written = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    statements = re.findall(r"^CREATE TEMP MACRO (\w+)(.*?;)$", written, re.S | re.M)
    return {name: f"CREATE TEMP MACRO {name}{rest}" for name, rest in statements}


def names() -> tuple[str, ...]:
    """The names of all macros."""
    return tuple(_statements())


def definitions(wanted: Iterable[str]) -> list[str]:
    """The CREATE statements of the macros named and of those that they use, in the order to run them."""
    ordered: dict[str, str] = {}
    for name in wanted:
        _add(name, ordered)
    return list(ordered.values())


def _add(name: str, ordered: dict[str, str]) -> None:
    if name in ordered:
        return
    statement = _statements()[name]
    for used in _NAME.findall(statement):
        if used != name:
            _add(used, ordered)
    ordered[name] = statement


def plain_error(message: str) -> str:
    """What Trino would have said, taken out of DuckDB's message; other messages stay as they are."""
    if "Division by zero in expression" in message:
        return "DIVISION_BY_ZERO: Division by zero"
    found = re.search(r"\b([A-Z]+(?:_[A-Z]+)+: .*)['\"](?: to [A-Z0-9(),]+|, expected| according| when)", message, re.S)
    return found[1] if found else message
