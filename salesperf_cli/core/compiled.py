"""Compiled questions, kept beside the lake: asking the same again neither imports the compiler nor runs it.

A kept one counts only while every answer that the compiler got from the catalog is still the same, as is the compiler.
It is a cache: whatever is wrong with an entry, the question is compiled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from salesperf_cli.core.athena import Catalog, Filter, TableSchema, Translation, translate

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects

PREFIX = "_cache/questions/"
AT_MOST = 1000
"""So many are kept; one more, and all are dropped: a cache needs no better rule."""


@dataclass(slots=True)
class _Asked:
    """A catalog that remembers what it was asked and what it said."""

    catalog: Catalog
    names: tuple[str, ...] | None = None
    schemas: dict[str, TableSchema | None] = field(default_factory=dict)
    views: dict[str, str | None] = field(default_factory=dict)

    def tables(self) -> Sequence[str]:
        self.names = tuple(self.catalog.tables())
        return self.names

    def table(self, name: str) -> TableSchema | None:
        self.schemas[name] = self.catalog.table(name)
        return self.schemas[name]

    def view(self, name: str) -> str | None:
        self.views[name] = self.catalog.view(name)
        return self.views[name]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A translation, and what the catalog said while it was made. Values stand in it as (kind, text)."""

    names: tuple[str, ...] | None
    schemas: dict[str, TableSchema | None]
    views: dict[str, str | None]
    translation: Translation

    def holds(self, catalog: Catalog) -> bool:
        """Whether the catalog would say the same today."""
        return (
            (self.names is None or self.names == tuple(catalog.tables()))
            and all(catalog.table(name) == schema for name, schema in self.schemas.items())
            and all(catalog.view(name) == sql for name, sql in self.views.items())
        )


def compiled(sql: str, catalog: Catalog, parameters: Mapping[str, str], objects: Objects) -> Translation:
    """The translation of an Athena statement, kept or made now; raises InputError as `translate` does."""
    key = PREFIX + _digest(sql, parameters) + ".json"
    stored = None
    with suppress(OSError, msgspec.MsgspecError, ArithmeticError, ValueError, TypeError, KeyError):
        stored = objects.read(key)
        if stored is not None:
            kept = msgspec.json.decode(stored.data, type=_Kept)
            if kept.holds(catalog):
                return _with_values(kept.translation, _value)
    asked = _Asked(catalog)
    translation = translate(sql, asked, parameters)
    made = _Kept(asked.names, asked.schemas, asked.views, _with_values(translation, _written))
    with suppress(OSError, TypeError):  # a lake that cannot be written can be asked, and so can with a value of no kind
        _keep(objects, key, msgspec.json.encode(made), stored.etag if stored else None)
    return translation


def _keep(objects: Objects, key: str, data: bytes, etag: str | None) -> None:
    if etag is not None:
        objects.replace(key, data, etag)
        return
    others = objects.keys(PREFIX)
    if len(others) >= AT_MOST:
        for other in others:
            objects.delete(other)
    objects.create(key, data)


def _digest(sql: str, parameters: Mapping[str, str]) -> str:
    """The question's name: its text, its values, and the compiler's state."""
    said = msgspec.json.encode((sql, sorted(parameters.items()), _compiler()))
    return hashlib.sha256(said).hexdigest()[:32]


def _compiler() -> list[float]:
    """What tells one state of the compiler from another: when its files, and sqlglot, were last written."""
    import os
    from importlib.util import find_spec

    from salesperf_cli.core import athena

    home = os.path.dirname(athena.__file__)  # noqa: PTH120 - a start is counted in milliseconds
    with os.scandir(home) as entries, os.scandir(os.path.join(home, "functions")) as more:  # noqa: PTH118
        times = sorted(entry.stat().st_mtime for entry in (*entries, *more) if entry.name.endswith(".py"))
    found = find_spec("sqlglot")
    return [len(times), times[-1], os.stat(found.origin).st_mtime if found and found.origin else 0.0]  # noqa: PTH116


def _with_values(translation: Translation, change: Any) -> Translation:
    return replace(
        translation,
        parameters=tuple(change(value) for value in translation.parameters),
        filters={
            table: tuple(Filter(each.column, each.op, change(each.value)) for each in filters)
            for table, filters in translation.filters.items()
        },
    )


_KINDS: Mapping[str, Callable[[str], object]] = {
    "bool": lambda text: text == "True",
    "int": int,
    "float": float,
    "str": str,
    "Decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
}


def _written(value: object) -> object:
    """A value as (kind, text); raises TypeError for a kind that is not known here."""
    if value is None:
        return None
    if isinstance(value, tuple):
        return ["tuple", [_written(each) for each in value]]
    kind = type(value).__name__
    if kind not in _KINDS:
        raise TypeError(kind)
    return [kind, value.isoformat() if isinstance(value, date) else str(value)]


def _value(written: Any) -> object:
    if written is None:
        return None
    kind, text = written
    if kind == "tuple":
        return tuple(_value(each) for each in text)
    return _KINDS[kind](text)
