"""The ledger: what was received, run and released, as small JSON objects that are created once.

Ingests and releases are numbered logs: an entry is written with a conditional create under the next number, so that of
two operators one wins and the other looks again. The highest release is the truth of what is published. How an entry is
written is `ledger_entries`' business.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeVar, cast

from salesperf_cli.core.ledger_entries import decode, encode
from salesperf_cli.errors import ConflictError, InputError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects

RunStatus = Literal["running", "audited", "blocked", "failed", "promoting", "promoted"]

Entry = TypeVar("Entry")

_FEW = 8
_VIEWS = "_ledger/views/serving.json"


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far an API was read: what `source` (its address, without secrets) was asked for since, and the largest value
    that came.
    """

    source: str
    since: str | None
    value: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """One file taken in: the table it belongs to, its bronze key, where it came from, and what its bytes told."""

    table: str
    key: str
    name: str
    sha256: str
    bytes: int
    format: str
    header: tuple[str, ...]
    damaged: bool = False
    """The bytes hold what engines read in ways of their own (NUL, invalid text): it is read record by record."""
    watermark: Watermark | None = None
    """Where it came from an API that can be asked for what is new."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """One ingest: all its files become visible together. `version` numbers the bronze layer's states from 1.

    `withdrawn` names the keys of files of earlier ingests that no longer count.
    """

    version: int
    run_id: str
    at: datetime
    receipts: tuple[Receipt, ...]
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableState:
    """A table at one snapshot, and which versions of its inputs it was made from.

    `inputs` maps bronze tables to the ingest version up to which files were taken, and other tables to a snapshot id.
    `fingerprint` covers the model, its contract and the contracts of its sources: another fingerprint means rebuild.
    """

    snapshot_id: int
    metadata: str
    rows: int
    bytes: int
    files: int
    fingerprint: str
    inputs: dict[str, int]
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FileCount:
    """The accounting of one file: read = loaded + quarantined + duplicates."""

    table: str
    key: str
    name: str
    read: int
    loaded: int
    quarantined: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """A rule's verdict on a table: how many rows or which figure failed it, and sample keys."""

    table: str
    rule: str
    severity: str
    passed: bool
    count: int
    message: str
    samples: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """The verdict in words, with the number of rows where rows were counted."""
        return f"{self.count:,} {'row' if self.count == 1 else 'rows'}: {self.message}" if self.count else self.message


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run: what it was based on, what it made, what it counted and found.

    `base` gives the released snapshot of each table that the run replaces; `tables` the states that it made. While
    layers are being published, `promoting` names them and `release` the number they will have, so that a killed
    promotion can be ended.
    """

    run_id: str
    kind: Literal["batch", "rollback"]
    status: RunStatus
    started: datetime
    layers: tuple[str, ...]
    engine: str
    finished: datetime | None = None
    base: dict[str, int] = field(default_factory=dict)
    tables: dict[str, TableState] = field(default_factory=dict)
    files: tuple[FileCount, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    promoting: tuple[str, ...] = ()
    promoted: tuple[str, ...] = ()
    release: int | None = None
    message: str = ""

    @property
    def failures(self) -> tuple[CheckRecord, ...]:
        """The checks of severity error that failed."""
        return tuple(check for check in self.checks if not check.passed and check.severity == "error")

    @property
    def warnings(self) -> tuple[CheckRecord, ...]:
        """The checks of severity warning that failed."""
        return tuple(check for check in self.checks if not check.passed and check.severity == "warning")


@dataclass(frozen=True, slots=True)
class Release:
    """A published state of the lake: every table's snapshot. `changed` names the layers that this release moved."""

    number: int
    at: datetime
    run_id: str
    kind: Literal["promote", "rollback"]
    changed: tuple[str, ...]
    tables: dict[str, TableState]
    note: str = ""

    @property
    def name(self) -> str:
        """The release's name, as commands take it."""
        return f"r{self.number}"


@dataclass(frozen=True, slots=True)
class Vacuum:
    """What was given up to free space: releases (their numbers) and runs whose data may be gone from then on."""

    number: int
    at: datetime
    run_id: str
    releases: tuple[int, ...]
    runs: tuple[str, ...]


EMPTY_RELEASE = Release(0, datetime(1970, 1, 1, tzinfo=UTC), "", "promote", (), {})
"""What is published before the first release: nothing."""


def new_run_id(now: datetime) -> str:
    """A run id that sorts by time, to the microsecond, and never repeats: `20261123T061701482913Z-1f9c2a`."""
    return f"{now:%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"


class Ledger:
    """Reads and writes the ledger's entries through `Objects`. An entry of a log, which never changes, is read once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._read_once: dict[str, object] = {}

    # ingests

    def ingests(self, after: int = 0) -> tuple[Ingest, ...]:
        """The ingests with a version above `after`, in order."""
        return self._log("_ledger/ingests/", Ingest, after)

    def add_ingest(self, build: Callable[[Sequence[Ingest], int], Ingest | None]) -> Ingest | None:
        """Append the ingest that `build` makes of the ingests so far and the next version; None when it makes none.

        When another operator takes the version first, `build` is asked again.
        """
        for _ in range(100):
            known = self.ingests()
            entry = build(known, len(known) + 1)
            if entry is None or self._create(f"_ledger/ingests/{entry.version:08d}.json", entry):
                return entry
        raise ConflictError(
            "the ingest could not be entered in the ledger",
            why="other operators took the next entry a hundred times in a row",
            remedy="run the same command again: what was copied is kept",
        )

    # runs

    def run(self, run_id: str) -> RunRecord:
        """The record of a run; raises InputError when there is none."""
        found = self.find_run(run_id)
        if found is None:
            raise InputError(f"no run {run_id}", why="the ledger has no such run", remedy="list runs: salesperf status")
        return found

    def find_run(self, run_id: str) -> RunRecord | None:
        """The record of a run, or None."""
        found = self._objects.read(f"_ledger/runs/{run_id}.json")
        return decode(found.data, RunRecord) if found else None

    def run_ids(self) -> Sequence[str]:
        """The ids of all batch runs, oldest first."""
        return [key.rsplit("/", 1)[1].removesuffix(".json") for key in self._objects.keys("_ledger/runs/")]

    def last_run(self) -> RunRecord | None:
        """The newest batch run, if any."""
        ids = self.run_ids()
        return self.run(ids[-1]) if ids else None

    def write_run(self, record: RunRecord) -> None:
        """Create or replace the record of a run; only the run's owner (who holds the lease) writes it."""
        key = f"_ledger/runs/{record.run_id}.json"
        data = encode(record)
        if not self._objects.create(key, data):
            stored = self._objects.read(key)
            if stored is None or not self._objects.replace(key, data, stored.etag):
                raise ConflictError(
                    f"the record of run {record.run_id} changed while it was written",
                    why="another process works on the same run",
                    remedy="wait for it, then run the command again",
                )

    # releases

    def releases(self) -> tuple[Release, ...]:
        """All releases, oldest first."""
        return self._log("_ledger/releases/", Release, 0)

    def current_release(self) -> Release:
        """The newest release, or the empty one."""
        keys = self._objects.keys("_ledger/releases/")
        return self._read(keys[-1], Release) if keys else EMPTY_RELEASE

    def add_release(self, release: Release) -> None:
        """Enter a release under its number; raises ConflictError when the number is taken."""
        if not self._create(f"_ledger/releases/{release.number:08d}.json", release):
            raise ConflictError(
                f"release {release.name} exists already",
                why="another operator published in the meantime",
                remedy="look at it (salesperf releases), then run the command again",
            )

    # vacuums

    def vacuums(self) -> tuple[Vacuum, ...]:
        """What was given up, oldest first."""
        return self._log("_ledger/vacuums/", Vacuum, 0)

    def add_vacuum(self, vacuum: Vacuum) -> None:
        """Enter what is given up, before it goes; raises ConflictError when the number is taken."""
        if not self._create(f"_ledger/vacuums/{vacuum.number:08d}.json", vacuum):
            raise ConflictError(
                f"vacuum {vacuum.number} was made by another operator",
                why="it was entered in the ledger in the meantime",
                remedy="run the same command again",
            )

    # views

    def views(self) -> Mapping[str, str]:
        """The bounded views that were made where engines read them, and the day from which each reads landed events.

        A view may read more than this says, never less: a later day is entered before it is put into the view, an
        earlier one after.
        """
        stored = self._objects.read(_VIEWS)
        return decode(stored.data, dict[str, str]) if stored else {}

    def write_views(self, views: Mapping[str, str]) -> None:
        """Replace what is known of the views; only who holds the lease does."""
        data, stored = encode(dict(views)), self._objects.read(_VIEWS)
        done = self._objects.replace(_VIEWS, data, stored.etag) if stored else self._objects.create(_VIEWS, data)
        if not done:
            raise ConflictError(
                "what is known of the views changed while it was written",
                why="another process makes them, too",
                remedy="wait for it, then run the command again",
            )

    # mechanics

    def _log(self, prefix: str, kind: type[Entry], after: int) -> tuple[Entry, ...]:
        keys = [key for key in self._objects.keys(prefix) if int(key.rsplit("/", 1)[1].removesuffix(".json")) > after]
        new = [key for key in keys if key not in self._read_once]
        for key, entry in zip(new, self._read_all(new, kind), strict=True):
            self._read_once[key] = entry
        return tuple(cast(Entry, self._read_once[key]) for key in keys)

    def _read_all(self, keys: Sequence[str], kind: type[Entry]) -> Sequence[Entry]:
        if len(keys) < _FEW:
            return [self._read(key, kind) for key in keys]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self._objects.parallel) as pool:
            return list(pool.map(lambda key: self._read(key, kind), keys))

    def _read(self, key: str, kind: type[Entry]) -> Entry:
        stored = self._objects.read(key)
        if stored is None:
            raise ConflictError(
                f"the ledger entry {key} vanished", why="entries are never deleted", remedy="run salesperf doctor"
            )
        return decode(stored.data, kind)

    def _create(self, key: str, entry: object) -> bool:
        return self._objects.create(key, encode(entry))


def pending(ingests: Iterable[Ingest], table: str, after: int) -> tuple[tuple[int, Receipt], ...]:
    """The receipts of a bronze table that count, with an ingest version above `after`, each with its version."""
    return tuple((version, receipt) for version, receipt in live(ingests) if version > after and receipt.table == table)


def live(ingests: Iterable[Ingest]) -> Iterator[tuple[int, Receipt]]:
    """Every receipt that was not withdrawn later, with its ingest's version."""
    entries = tuple(ingests)
    gone = {key: ingest.version for ingest in entries for key in ingest.withdrawn}
    for ingest in entries:
        for receipt in ingest.receipts:
            if ingest.version > gone.get(receipt.key, 0):
                yield ingest.version, receipt


def withdrawn_since(ingests: Iterable[Ingest], table: str, seen: int) -> bool:
    """Whether a file of the table with a version up to `seen` was withdrawn after it."""
    entries = tuple(ingests)
    taken = {
        receipt.key
        for entry in entries
        if entry.version <= seen
        for receipt in entry.receipts
        if receipt.table == table
    }
    return any(key in taken for entry in entries if entry.version > seen for key in entry.withdrawn)


def known_content(ingests: Iterable[Ingest]) -> Mapping[tuple[str, str], Receipt]:
    """Every receipt that counts by (table, SHA-256): the same content in the same table is loaded once."""
    return {(receipt.table, receipt.sha256): receipt for _, receipt in live(ingests)}


def read_up_to(ingests: Iterable[Ingest], table: str, source: str) -> str | None:
    """How far a table's API was read without a gap; None when it was never read, or its beginning was withdrawn."""
    entries = tuple(ingests)
    counted = {(version, receipt.key) for version, receipt in live(entries)}
    mark: str | None = None
    begun = False
    for entry in entries:
        for receipt in entry.receipts:
            step = receipt.watermark
            if step is None or (receipt.table, step.source) != (table, source):
                continue
            if (entry.version, receipt.key) not in counted:
                mark = mark if begun else step.since
            elif not begun or step.since in (None, mark):
                mark = step.value
            begun = True
    return mark
