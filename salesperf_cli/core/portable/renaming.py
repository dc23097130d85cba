"""Gives the tables of a query other names, leaving every other character of its text as it was."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from salesperf_cli.core.portable.parsing import parse


def with_names(sql: str, names: Mapping[str, str]) -> str:
    """`sql` with each table `layer.table` that `names` knows under its other name."""
    text = sql
    for start, end, name in sorted(_places(sql, names), reverse=True):
        text = f"{text[:start]}{name}{text[end:]}"
    return text


def _places(sql: str, names: Mapping[str, str]) -> set[tuple[int, int, str]]:
    places = set()
    for table in parse(sql).find_all(exp.Table):
        other = names.get(f"{table.db}.{table.name}".lower()) if table.db else None
        if other is not None:
            layer, name = table.args["db"], table.this
            # Without an alias the table goes by its own name, as it does where nothing is renamed.
            alias = "" if table.alias else f" AS {name.name}"
            places.add((layer.meta["start"], name.meta["end"] + 1, f"`{other}`{alias}"))
    return places
