"""Replay: events go from a source into the stream, paced, in order per key, each until it was taken.

What was taken is kept by position, so that an interrupted replay goes on exactly there. Where events come from is
`events.event`, how they are sent `events.sending`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import msgspec

from salesperf_cli.core.events.event import Event, EventSource, Window
from salesperf_cli.core.events.pacing import Pacer
from salesperf_cli.core.events.sending import Acknowledged, Lanes, Patience
from salesperf_cli.errors import ConflictError, InputError

if TYPE_CHECKING:
    from pathlib import Path

    from salesperf_cli.backends.ports import EventStream

LOOK_EVERY = 0.25
KEEP_EVERY = 1.0
"""Seconds between two looks at the figures, and between two checkpoints."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a replay has come: every position below `low` was taken, and those in `beyond`."""

    fingerprint: str
    low: int
    beyond: tuple[int, ...] = ()


def fingerprint_of(source: EventSource, window: Window, *, loop: bool) -> str:
    """Tells a replay of these events from every other: only the same one is resumed."""
    return f"{source.fingerprint}|{window.since}|{window.until}|{window.limit}|{loop}"


class Checkpoints:
    """A replay's checkpoint in a file, while it has not ended. It is replaced whole, so that a kill leaves a whole one.

    Whatever else ends in .json in the file's folder is the checkpoint of another replay to the same target.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @classmethod
    def of(cls, folder: Path, target: str, source: EventSource, window: Window, *, loop: bool) -> Checkpoints:
        """The checkpoint of one replay to a target below `folder`: one that ends leaves another's where it is."""
        name = hashlib.sha256(fingerprint_of(source, window, loop=loop).encode()).hexdigest()[:32]
        return cls(folder / target / f"{name}.json")

    def read(self, fingerprint: str) -> Checkpoint:
        """The checkpoint to resume from; raises InputError when there is none, ConflictError when only others' are."""
        try:
            found = msgspec.json.decode(self._file.read_bytes(), type=Checkpoint)
        except (FileNotFoundError, msgspec.MsgspecError) as fault:
            if self._others():
                raise _not_this_one() from fault
            raise InputError(
                "there is nothing to resume",
                why="the last replay to this target has ended, or there was none",
                remedy="leave --resume out",
            ) from fault
        if found.fingerprint != fingerprint:
            raise _not_this_one()
        return found

    def _others(self) -> bool:
        return any(file != self._file for file in self._file.parent.glob("*.json"))

    def write(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._file.with_suffix(".new")
        scratch.write_bytes(msgspec.json.encode(checkpoint))
        scratch.replace(self._file)

    def clear(self) -> None:
        """The replay has ended."""
        self._file.unlink(missing_ok=True)


def _not_this_one() -> ConflictError:
    return ConflictError(
        "this is not the replay that was interrupted",
        why="the source, its window or the pipeline's event query differs from then",
        remedy="name the same source and options as then, or leave --resume out",
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """A replay at a moment: events read, taken, entries sent again, events a second, and seconds behind the clock."""

    read: int
    acknowledged: int
    resent: int
    rate: float
    lag: float
    shards: int


class ReplayReporter(Protocol):
    """Hears how a replay goes on."""

    def look(self, figures: Figures) -> None:
        """Some time has passed."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """A replay's reconciliation: read = acknowledged + spooled. `sent` counts entries, so with those sent again."""

    read: int
    sent: int
    resent: int
    acknowledged: int
    spooled: int
    refused: int
    seconds: float
    events_per_second: float
    shards: dict[str, int]
    landed: int | None = None
    rejected: int | None = None
    missing: int | None = None


@dataclass(slots=True)
class Replay:
    """One replay; `run` carries it out. `ids` collects the ids of what was read, where they will be asked for."""

    source: EventSource
    stream: EventStream
    checkpoints: Checkpoints
    window: Window = field(default_factory=Window)
    pacer: Pacer = field(default_factory=Pacer)
    patience: Patience = field(default_factory=Patience)
    loop: bool = False
    resume: bool = False
    ids: set[str] | None = None
    clock: Callable[[], float] = time.monotonic
    _read: int = field(default=0, init=False)
    _started: float = field(default=0.0, init=False)
    _looked: float = field(default=0.0, init=False)
    _kept: float = field(default=0.0, init=False)

    def run(self, reporter: ReplayReporter) -> ReplayResult:
        """Send everything. An interrupt sends what was read, keeps a checkpoint, and is raised again.

        Raises RetryableError (with a checkpoint) when the stream takes nothing any more.
        """
        fingerprint = fingerprint_of(self.source, self.window, loop=self.loop)
        begin = self.checkpoints.read(fingerprint) if self.resume else Checkpoint(fingerprint, 0)
        acknowledged = Acknowledged(begin.low, begin.beyond)
        lanes = Lanes(self.stream, acknowledged, self.patience)
        self._started = self._looked = self._kept = self.clock()
        # An empty one at once: whenever the process is killed, there is something to resume from.
        self.checkpoints.write(begin)
        try:
            for events in self._events(begin):
                self._push(events, lanes, acknowledged, reporter, fingerprint)
            lanes.finish()
        except KeyboardInterrupt:
            with suppress(KeyboardInterrupt):  # a second one does not wait any longer
                lanes.finish()
            self._stop(lanes, acknowledged, fingerprint, reporter)
            raise
        except BaseException:
            self._stop(lanes, acknowledged, fingerprint, reporter)
            raise
        self.checkpoints.clear()
        reporter.look(self._figures(lanes, acknowledged))
        return self._result(lanes, acknowledged)

    def taken(self) -> int:
        """How many events an interrupted replay has brought into the stream, where this one is to go on with it."""
        begin = self.checkpoints.read(fingerprint_of(self.source, self.window, loop=self.loop))
        return begin.low + len(begin.beyond)

    def _stop(self, lanes: Lanes, acknowledged: Acknowledged, fingerprint: str, reporter: ReplayReporter) -> None:
        lanes.drop()
        self._keep(acknowledged, fingerprint)
        reporter.look(self._figures(lanes, acknowledged))

    def _events(self, begin: Checkpoint) -> Iterator[Sequence[Event]]:
        """The chunks still to be sent; over and over again with `loop`."""
        taken = set(begin.beyond)
        start, offset = begin.low, 0
        while True:
            count = 0
            with self.source.open(self.window, start - offset) as chunks:
                for chunk in chunks:
                    count += len(chunk)
                    if offset:
                        chunk = [event._replace(position=event.position + offset) for event in chunk]
                    yield [event for event in chunk if event.position not in taken] if taken else chunk
            if not self.loop or not start - offset + count:
                return
            start = offset = start + count

    def _push(
        self,
        events: Sequence[Event],
        lanes: Lanes,
        acknowledged: Acknowledged,
        reporter: ReplayReporter,
        fingerprint: str,
    ) -> None:
        """Hand a chunk to the lanes, each event when it is due."""
        if not self._read:  # what it took to make the events is no part of the pace
            self._started = self.clock()
        if self.ids is not None:
            self.ids.update(event.event_id for event in events)
        for part in self._paced(events) if self.pacer.is_paced else (events,):
            lanes.push(part)
            self._read += len(part)
            now = self.clock()
            if now - self._looked >= LOOK_EVERY:
                self._looked = now
                reporter.look(self._figures(lanes, acknowledged))
            if now - self._kept >= KEEP_EVERY:
                self._kept = now
                self._keep(acknowledged, fingerprint)

    def _paced(self, events: Sequence[Event]) -> Iterator[Sequence[Event]]:
        """The events that are due together, as soon as they are."""
        due: list[Event] = []
        for event in events:
            if due and self.pacer.ahead(event.occurred):
                yield due
                due = []
            self.pacer.wait(event.occurred)
            due.append(event)
        if due:
            yield due

    def _keep(self, acknowledged: Acknowledged, fingerprint: str) -> None:
        self.checkpoints.write(Checkpoint(fingerprint, *acknowledged.state()))

    def _figures(self, lanes: Lanes, acknowledged: Acknowledged) -> Figures:
        tally, seconds = lanes.tally(), self.clock() - self._started
        rate = acknowledged.count / seconds if seconds > 0 else 0.0
        return Figures(self._read, acknowledged.count, tally.resent, rate, self.pacer.lag, len(tally.shards))

    def _result(self, lanes: Lanes, acknowledged: Acknowledged) -> ReplayResult:
        tally, seconds = lanes.tally(), max(self.clock() - self._started, 1e-9)
        return ReplayResult(
            read=self._read,
            sent=tally.sent,
            resent=tally.resent,
            acknowledged=acknowledged.count,
            spooled=self._read - acknowledged.count,
            refused=self.source.refused,
            seconds=round(seconds, 3),
            events_per_second=round(acknowledged.count / seconds, 1),
            shards=dict(sorted(tally.shards.items())),
        )
