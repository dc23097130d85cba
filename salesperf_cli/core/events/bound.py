"""From which day a serving view must read landed events: the value of `:landed_from` in its SQL.

What a run has taken in stands in the tables that the view reads beside the events. The days before `landed_from` hold
nothing else, now or later: every object of them is in those tables, and none can land there any more. This is a fact
about tables as they stand, worked out from the ledger, from what lies in the lake and from what the stream still holds;
it stays true for ever, and an earlier day is always right, too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from salesperf_cli.core.events.landed import landed_keys

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects
    from salesperf_cli.core.ledger import Ingest, Ledger, TableState
    from salesperf_cli.core.pipeline import Pipeline

FIRST_DAY = "1970-01-01"
"""The bound of a view that is to read all that has landed."""
PARAMETER = "landed_from"
_WRITTEN = re.compile(rf":{PARAMETER}\b")
_DAY = re.compile(r"/landed_date=(\d{4}-\d{2}-\d{2})/")
_KEPT = "_cache/landed_from/"


def is_bounded(sql: str) -> bool:
    """Whether a view's SQL says `:landed_from`."""
    return _WRITTEN.search(sql) is not None


def times_written(sql: str) -> int:
    """How often it says so, be it in a comment."""
    return len(_WRITTEN.findall(sql))


def with_bound(sql: str, day: str = FIRST_DAY) -> str:
    """The SQL with a day in place of `:landed_from`; lint has seen that it stands nowhere but in its predicate."""
    return _WRITTEN.sub(f"'{day}'", sql)


def taken_up_to(events: str, reads: Collection[str], tables: Mapping[str, TableState]) -> int | None:
    """The ingest up to which tables hold the events of `speed.<events>`; None where that cannot be said.

    Of the built tables that a view `reads`, one must be built on the events and on all others, just as they stand in
    `tables`: then an event that was taken in is in one of them, or was found in another when they were built.
    """
    for name in sorted(reads):
        below = _below(name, tables)
        if below is not None and set(reads) - {name} <= below.keys() and f"bronze.{events}" in below:
            return below[f"bronze.{events}"]
    return None


def _below(name: str, tables: Mapping[str, TableState]) -> dict[str, int] | None:
    """What a table was built on, directly or not, by snapshot or ingest; None where something has moved since."""
    state, found = tables.get(name), dict[str, int]()
    if state is None:
        return None
    for source, version in state.inputs.items():
        if source.startswith("bronze."):
            found[source] = min(version, found.get(source, version))
            continue
        further = _below(source, tables)
        if further is None or tables[source].snapshot_id != version:
            return None
        found |= {each: min(at, found.get(each, at)) for each, at in further.items()} | {source: version}
    return found


def first_day(keys: Iterable[str], ingests: Iterable[Ingest], version: int, since: datetime) -> str:
    """The first day of which something is not in the ingests up to `version`, or can still land.

    `keys` are the objects that had landed some time after `since`, before which nothing arrived that lands later.
    """
    taken = {each.key for ingest in ingests if ingest.version <= version for each in ingest.receipts}
    waiting = (found[1] for key in keys if key not in taken and (found := _DAY.search(key)))
    return min([f"{since:%Y-%m-%d}", *waiting])


@dataclass(frozen=True, slots=True)
class Bounds:
    """Works out from which day the views of a pipeline read landed events.

    `landing_since` says of a table before which moment nothing arrived that can still land (None: nobody knows).
    """

    pipeline: Pipeline
    objects: Objects
    ledger: Ledger
    landing_since: Callable[[str], datetime | None]

    def day(self, view: str, tables: Mapping[str, TableState]) -> str:
        """The first day for a view over these tables: of several tables of events, the earliest."""
        reads = set(tables_below(view, self.pipeline.serving_views()))
        built = {name for name in reads if not name.startswith("speed.")}
        events = [name.removeprefix("speed.") for name in reads - built]
        return min((self._day(each, built, tables) for each in events), default=FIRST_DAY)

    def kept_day(self, view: str, tables: Mapping[str, TableState]) -> str:
        """The same, worked out once for tables as they stand: readers ask for it with each question."""
        snapshots = sorted((name, state.snapshot_id) for name, state in tables.items())
        said = msgspec.json.encode((view, self.pipeline.serving_views(), snapshots))
        key = f"{_KEPT}{hashlib.sha256(said).hexdigest()[:32]}.json"
        if stored := self.objects.read(key):
            return msgspec.json.decode(stored.data, type=str)
        day = self.day(view, tables)
        self.objects.create(key, msgspec.json.encode(day))
        return day

    def _day(self, events: str, built: Collection[str], tables: Mapping[str, TableState]) -> str:
        version, since = taken_up_to(events, built, tables), self.landing_since(events)
        if version is None or since is None:
            return FIRST_DAY
        keys = landed_keys(self.objects, events)  # after `since` was asked: what is missing here lands later
        return first_day(keys, self.ledger.ingests(), version, since)


def tables_below(view: str, views: Mapping[str, str]) -> Iterator[str]:
    """The tables that a view reads, directly or through other views."""
    from salesperf_cli.core.serving_views import read_by

    todo, seen = [view], set[str]()
    while todo:
        for name in read_by(todo.pop(), views):
            if name in views and name not in seen:
                seen.add(name)
                todo.append(name)
            elif name not in views:
                yield name
