"""Events from files: DuckDB stages the deliveries as a run would, and the pipeline's event query makes events of them.

Whatever the target is, this happens here: it sorts what does not fit into memory on disk, and nothing is kept of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded import duck
from salesperf_cli.core.build import StagedFile, StageRequest
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.events.event import Event, Window
from salesperf_cli.core.tables import Column, TableName

if TYPE_CHECKING:
    from salesperf_cli.backends.embedded.engine import DuckEngine

CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What events are made from: the query over staged tables, the key column, the tables' contracts and files, and
    the event contract.
    """

    query: str
    key: str
    sources: Mapping[TableName, Contract]
    files: Mapping[TableName, tuple[StagedFile, ...]]
    events: Contract
    fingerprint: str


class DuckEvents:
    """Implements `EventSource` in a scratch folder. `close` removes it."""

    def __init__(self, deliveries: Deliveries, scratch: Path, *, memory_limit: str | None, threads: int | None) -> None:
        self._deliveries = deliveries
        self._scratch = scratch
        self._limits = memory_limit, threads
        self._exit = ExitStack()
        self._engine: DuckEngine | None = None
        self.refused = 0

    @property
    def fingerprint(self) -> str:
        """Tells this source from every other."""
        return self._deliveries.fingerprint

    def count(self, window: Window) -> int:
        """How many events a window holds; what was staged for it is kept for sending them."""
        found = _counted(self._deliveries, window)
        with self._staged().selecting(self._deliveries.query, found) as fetch:
            return int(fetch(1)[0][0])

    @contextmanager
    def open(self, window: Window, start: int) -> Iterator[Iterator[Sequence[Event]]]:
        """The events of a window from a position on, in chunks."""
        with self._staged().selecting(self._deliveries.query, _sorted(self._deliveries, window, start)) as fetch:
            yield _chunks(fetch, start)

    def close(self) -> None:
        """Drop everything."""
        self._exit.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _staged(self) -> DuckEngine:
        if self._engine is None:
            from salesperf_cli.backends.embedded.engine import duck_engine
            from salesperf_cli.backends.embedded.tables import LocalTables

            memory_limit, threads = self._limits
            tables = LocalTables(self._scratch)
            self._engine = self._exit.enter_context(
                duck_engine(tables, self._scratch, "replay", memory_limit=memory_limit, threads=threads)
            )
            for name, contract in self._deliveries.sources.items():
                request = StageRequest(
                    contract, self._deliveries.files[name], True, None, "replay", "replay", datetime.now(UTC)
                )
                self.refused += sum(count.quarantined for count in self._engine.stage(request).files)
        return self._engine


def _sorted(deliveries: Deliveries, window: Window, start: int) -> Callable[[str], str]:
    """A SELECT, around the query's, of place in time, key, id and JSON, in a total order."""
    contract = deliveries.events
    moment, identity = duck.name(_moment(contract)), duck.name(contract.key[0])
    fields = ", ".join(f"{duck.text(column.name)}, {_json_value(column)}" for column in contract.columns)
    where = _where(moment, window)
    most = "" if window.limit is None else f" LIMIT {max(window.limit - start, 0)}"
    return lambda rows: (
        f"SELECT CAST({duck.name(deliveries.key)} AS VARCHAR), CAST({identity} AS VARCHAR), epoch({moment}), "
        f"CAST(json_object({fields}) AS VARCHAR) FROM ({rows}){where} "
        f"ORDER BY {moment}, {identity}{most} OFFSET {start}"
    )


def _counted(deliveries: Deliveries, window: Window) -> Callable[[str], str]:
    """A SELECT, around the query's, of how many of its rows the window holds."""
    most = "" if window.limit is None else f" LIMIT {window.limit}"
    where = _where(duck.name(_moment(deliveries.events)), window)
    return lambda rows: f"SELECT count(*) FROM (SELECT 1 FROM ({rows}){where}{most})"


def _where(moment: str, window: Window) -> str:
    limits = [
        f"{moment} {sign} TIMESTAMP {duck.text(f'{bound:%Y-%m-%d %H:%M:%S}')}"
        for sign, bound in ((">=", window.since), ("<", window.until))
        if bound is not None
    ]
    return f" WHERE {' AND '.join(limits)}" if limits else ""


def _moment(contract: Contract) -> str:
    """The column that says when an event happened: the first timestamp."""
    return next(column.name for column in contract.columns if column.type.kind == "timestamp")


def _json_value(column: Column) -> str:
    """A column as the JSON of an event holds it: moments as the contract's format says, the rest as it is."""
    from salesperf_cli.core.text_shapes import ISO_FORMATS, strptime_format

    if column.type.kind in ISO_FORMATS:
        format_ = strptime_format(column.format or ISO_FORMATS[column.type.kind])
        return f"strftime({duck.name(column.name)}, {duck.text(format_)})"
    return duck.name(column.name)


def _chunks(fetch: Callable[[int], list[tuple[str, str, float, str]]], start: int) -> Iterator[Sequence[Event]]:
    while rows := fetch(CHUNK):
        yield [
            Event(at, key, identity, moment, data.encode())
            for at, (key, identity, moment, data) in enumerate(rows, start=start)
        ]
        start += len(rows)
