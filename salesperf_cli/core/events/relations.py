"""Landed events as tables that can be asked: `speed.<table>`, its columns and the objects that hold its rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from salesperf_cli.core.athena import Filter, TableSchema
from salesperf_cli.core.events.landed import landed_keys
from salesperf_cli.core.listing import DataFile, Listing

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects
    from salesperf_cli.core.pipeline import Pipeline

PLACE = (("landed_date", "string"), ("landed_hour", "int"))
"""Columns that the key of an object says; Athena projects them as partitions (infra/stream.yaml)."""
_KEY = re.compile(r"/landed_date=(\d{4}-\d{2}-\d{2})/landed_hour=(\d{2})/")
_KEPT = "_cache/contracts/"


class LandedTables:
    """The event tables of a pipeline over a lake's objects. A contract is read once, and its columns are kept."""

    def __init__(self, pipeline: Pipeline, objects: Objects) -> None:
        self._pipeline = pipeline
        self._objects = objects

    @cached_property
    def names(self) -> frozenset[str]:
        """Every event table."""
        return frozenset(f"speed.{name}" for name in self._files)

    @cached_property
    def _files(self) -> Mapping[str, Path]:
        folder = self._pipeline.folder / "contracts" / "speed"
        return {file.stem: file for file in sorted(folder.glob("*.yaml"))}

    def schema(self, name: str) -> TableSchema | None:
        """An event table's columns, or None."""
        file = self._files.get(name.removeprefix("speed.")) if name.startswith("speed.") else None
        return TableSchema(name, (*self._columns(file), *PLACE)) if file else None

    def _columns(self, file: Path) -> tuple[tuple[str, str], ...]:
        """Reading a contract takes longer than a query, so that what it says is kept under its content's hash."""
        key = f"{_KEPT}{hashlib.sha256(file.read_bytes()).hexdigest()[:32]}.json"
        if stored := self._objects.read(key):
            return msgspec.json.decode(stored.data, type=tuple[tuple[str, str], ...])
        from salesperf_cli.core.contract_files import read_contract

        columns = tuple((column.name, str(column.type)) for column in read_contract(file).columns)
        self._objects.create(key, msgspec.json.encode(columns))
        return columns

    def listing(self, name: str, filters: Sequence[Filter]) -> tuple[Listing, int]:
        """The objects that the filters on date and hour do not rule out, and how many there are in all."""
        schema = self.schema(name)
        assert schema is not None
        keys = landed_keys(self._objects, name.removeprefix("speed."))
        kept = [key for key in keys if _may_match(key, filters)]
        columns = [column for column, _ in schema.columns]
        files = tuple(_file(self._objects.location(key), columns) for key in kept)
        return Listing(0, schema.columns, files, "ndjson"), len(keys)


def _file(location: str, columns: Sequence[str]) -> DataFile:
    """Text is read whole, whichever columns are asked for: its bytes are counted with each query once.

    Of objects elsewhere the size is not known here, and they count nothing: Athena says what it has read.
    """
    path = Path(location)
    size = path.stat().st_size if path.is_file() else 0
    return DataFile(location, 0, size, dict.fromkeys(columns, 0) | {columns[0]: size}, {}, {})


def _may_match(key: str, filters: Sequence[Filter]) -> bool:
    found = _KEY.search(key)
    if found is None:
        return True
    place: Mapping[str, object] = {"landed_date": found[1], "landed_hour": int(found[2])}
    return all(_admits(place[each.column], each) for each in filters if each.column in place)


def _admits(value: object, predicate: Filter) -> bool:
    wanted = predicate.value if isinstance(predicate.value, tuple) else (predicate.value,)
    if any(type(each) is not type(value) for each in wanted):
        return True
    match predicate.op:
        case "<":
            return value < wanted[0]  # type: ignore[no-any-return]
        case "<=":
            return value <= wanted[0]  # type: ignore[no-any-return]
        case ">":
            return value > wanted[0]  # type: ignore[no-any-return]
        case ">=":
            return value >= wanted[0]  # type: ignore[no-any-return]
        case "=" | "in" | "IN":
            return value in wanted
        case _:
            return True
