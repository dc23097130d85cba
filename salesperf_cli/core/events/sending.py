"""Sending events: lanes that each keep the order of their keys, send failed entries again, and count what was taken.

A batch holds each key once: of two entries of one key in a call, the first may fail and the second be taken.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from math import ceil, inf
from operator import attrgetter
from typing import TYPE_CHECKING

from salesperf_cli.core.events.event import Event
from salesperf_cli.errors import RetryableError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import EventStream

MOST_RECORDS = 500
MOST_BYTES = 5 << 20
"""What one PutRecords call takes at most (Amazon Kinesis Data Streams, quotas and limits)."""
KEY_BYTES = 4 * 256
"""What a partition key takes at most: 256 characters."""
ROOM = 4 * MOST_RECORDS
"""Events that wait in a lane before its sender has to wait: memory is bounded by this."""
CALLS_TO_LEARN_FROM = 3
"""The first opens the connection, and any may have met something else that was at work."""
WAITING_AT_MOST = 200
"""How many events of keys that are in the batch already are passed over for one that is not."""
_DATA = attrgetter("data")


@dataclass(frozen=True, slots=True)
class Patience:
    """How failures are met: the first pause, the longest, and for how long nothing at all may be taken (seconds).

    `gather` is how long a call waits to be filled. `own_work` is what a call costs here: one that takes so many times
    longer waits for the network, and so many senders find work; 0 makes all of them at once.
    """

    first: float = 0.05
    longest: float = 5.0
    give_up: float = 60.0
    gather: float = 0.01
    own_work: float = 0.003
    sleep: Callable[[float], None] = time.sleep


class Acknowledged:
    """Which positions have been taken: all below `low`, and those in `beyond`."""

    def __init__(self, low: int = 0, beyond: Iterable[int] = ()) -> None:
        self.low = low
        self.beyond = set(beyond)
        self.count = 0
        self._lock = threading.Lock()

    def add(self, events: Sequence[Event]) -> None:
        """These have been taken."""
        positions = [event.position for event in events]
        count = len(positions)
        with self._lock:
            self.count += count
            if count and min(positions) == self.low and max(positions) == self.low + count - 1:
                self.low += count  # each is taken once, so that these are the next ones without a gap
            else:
                self.beyond.update(positions)
            while self.low in self.beyond:
                self.beyond.discard(self.low)
                self.low += 1

    def state(self) -> tuple[int, tuple[int, ...]]:
        """Both, at one moment."""
        with self._lock:
            return self.low, tuple(sorted(self.beyond))


@dataclass(slots=True)
class Tally:
    """What a lane has counted: entries sent, those of them that had to be sent again, calls and the seconds of the
    fastest, and the shards that took entries.
    """

    sent: int = 0
    resent: int = 0
    calls: int = 0
    fastest: float = inf
    shards: Counter[str] = field(default_factory=Counter)


class Lane:
    """One sender in a thread of its own."""

    def __init__(
        self, stream: EventStream, acknowledged: Acknowledged, patience: Patience, seed: int, room: int = ROOM
    ) -> None:
        self.tally = Tally()
        self._room = room
        self.fault: BaseException | None = None
        self._stream = stream
        self._acknowledged = acknowledged
        self._patience = patience
        self._random = random.Random(seed)  # noqa: S311 - it spreads retries
        self._waiting: deque[Event] = deque()
        self._changed = threading.Condition()
        self._closed = self._dropped = False
        self._thread = threading.Thread(target=self._run, name=f"lane-{seed}", daemon=True)
        self._thread.start()

    def push(self, events: Sequence[Event]) -> None:
        """Take events over; waits while the lane is full. Raises what the lane has failed with."""
        with self._changed:
            while len(self._waiting) > self._room and self.fault is None:
                self._changed.wait(0.2)
            if self.fault is not None:
                raise self.fault
            before = len(self._waiting)
            self._waiting.extend(events)
            if not before or before < MOST_RECORDS <= len(self._waiting):  # to wake a thread costs more than an event
                self._changed.notify_all()

    def close(self) -> None:
        """No more will come; what waits is still sent."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def drop(self) -> None:
        """Send nothing more."""
        self._dropped = True
        self.close()

    def join(self) -> None:
        """Wait until the lane has ended."""
        while self._thread.is_alive():
            self._thread.join(0.2)

    def _run(self) -> None:
        try:
            while batch := self._next():
                self._send(batch)
        except BaseException as fault:
            self.fault = fault
        with self._changed:
            self._changed.notify_all()

    def _next(self) -> list[Event]:
        """The next batch; empty when there is nothing left to do. A call that is not full waits a moment for more."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait(0.2)
            if len(self._waiting) < MOST_RECORDS and not self._closed:
                self._changed.wait_for(
                    lambda: len(self._waiting) >= MOST_RECORDS or self._closed, self._patience.gather
                )
            if self._dropped:
                return []
            was_full = len(self._waiting) > self._room
            batch = take_batch(self._waiting)
            if was_full and len(self._waiting) <= self._room:
                self._changed.notify_all()
            return batch

    def _send(self, batch: list[Event]) -> None:
        """Send a batch; what was not taken waits at the front, before later events of the same keys."""
        pause, last_success = self._patience.first, time.monotonic()
        while batch and not self._dropped:
            failed, reason = self._put(batch)
            if len(failed) < len(batch):
                pause, last_success = self._patience.first, time.monotonic()
            if not failed:
                return
            self.tally.resent += len(failed)
            if time.monotonic() - last_success > self._patience.give_up:
                raise RetryableError(
                    "the stream takes no events",
                    why=f"for {self._patience.give_up:g} s every attempt failed; the last time: {reason}",
                    remedy="go on from where it stopped: the same command with --resume",
                )
            self._patience.sleep(pause * (0.5 + self._random.random()))
            pause = min(pause * 2, self._patience.longest)
            with self._changed:
                self._waiting.extendleft(reversed(failed))
                batch = take_batch(self._waiting)

    def _put(self, batch: list[Event]) -> tuple[list[Event], str]:
        """One call; gives the events that were not taken, or of which nothing is known, and why."""
        self.tally.sent += len(batch)
        began = time.perf_counter()
        try:
            results = self._stream.put(batch)
        except RetryableError as fault:
            return batch, f"{fault.what}: {fault.why}"
        finally:
            self.tally.calls += 1
            self.tally.fastest = min(self.tally.fastest, time.perf_counter() - began)
        shards = [result.shard or "" for result in results if not result.error]
        self.tally.shards.update(shards)
        failed: list[Event] = []
        if len(shards) < len(batch):
            failed = [event for event, result in zip(batch, results, strict=True) if result.error]
            reason = next(f"{result.error}: {result.message}" for result in results if result.error)
            taken = [event for event, result in zip(batch, results, strict=True) if not result.error]
        else:
            reason, taken = "", batch
        self._acknowledged.add(taken)
        return failed, reason


def take_batch(waiting: deque[Event]) -> list[Event]:
    """Take the next batch off the front: each key once, within the limits of a call. Order per key is kept."""
    if usual := _next_as_they_are(waiting):
        return usual
    batch: list[Event] = []
    passed: list[Event] = []
    keys: set[str] = set()
    size = 0
    while waiting and len(batch) < MOST_RECORDS and len(passed) < WAITING_AT_MOST:
        event = waiting[0]
        if event.key in keys:
            passed.append(waiting.popleft())
            continue
        size += len(event.data) + len(event.key.encode())
        if batch and size > MOST_BYTES:
            break
        batch.append(waiting.popleft())
        keys.add(event.key)
    waiting.extendleft(reversed(passed))
    return batch


def _next_as_they_are(waiting: deque[Event]) -> list[Event]:
    """The next events where they are a batch just so: no key twice, and small; else none."""
    batch = list(islice(waiting, MOST_RECORDS))
    if len({event.key for event in batch}) < len(batch):
        return []
    if sum(map(len, map(_DATA, batch))) > MOST_BYTES - MOST_RECORDS * KEY_BYTES:
        return []
    for _ in batch:
        waiting.popleft()
    return batch


class Lanes:
    """All senders of a replay; a key always goes through the same one.

    There is one at first. How long its calls take says how many are worth their trouble: none waits for a stream that
    answers at once, and threads that do not wait only hold each other up.
    """

    def __init__(self, stream: EventStream, acknowledged: Acknowledged, patience: Patience) -> None:
        self._new = partial(Lane, stream, acknowledged, patience)
        self._most, self._own_work = stream.lanes, patience.own_work
        self._is_decided = self._most == 1
        self._ended: list[Lane] = []
        self._lanes = [self._new(0, ROOM if self._is_decided else 0)]

    def push(self, events: Sequence[Event]) -> None:
        """Take events over; waits while lanes are full."""
        while not self._is_decided and events:
            self._lanes[0].push(events[:MOST_RECORDS])
            events = events[MOST_RECORDS:]
            self._decide()
        if len(self._lanes) == 1:
            self._lanes[0].push(events)
            return
        shares: list[list[Event]] = [[] for _ in self._lanes]
        count = len(shares)
        for event in events:
            shares[hash(event.key) % count].append(event)
        for lane, share in zip(self._lanes, shares, strict=True):
            if share:
                lane.push(share)

    def _decide(self) -> None:
        """Open as many lanes as are worth it, once that is known. What was pushed before is sent before."""
        first = self._lanes[0]
        if self._own_work and first.tally.calls < CALLS_TO_LEARN_FROM:
            return
        self._is_decided = True
        wanted = self._most
        if self._own_work:
            wanted = min(self._most, ceil(first.tally.fastest / self._own_work))
        if wanted > 1:
            self.finish()
            self._ended = [first]
            self._lanes = [self._new(seed) for seed in range(1, wanted + 1)]

    def finish(self) -> None:
        """Send what waits and wait for it; raises what a lane has failed with."""
        for lane in self._lanes:
            lane.close()
        for lane in self._lanes:
            lane.join()
        for lane in self._lanes:
            if lane.fault is not None:
                raise lane.fault

    def drop(self) -> None:
        """Send nothing more and wait for what is under way."""
        for lane in self._lanes:
            lane.drop()
        for lane in self._lanes:
            lane.join()

    def tally(self) -> Tally:
        """All lanes' figures together."""
        total = Tally()
        for lane in (*self._ended, *self._lanes):
            total.sent += lane.tally.sent
            total.resent += lane.tally.resent
            total.shards.update(dict(lane.tally.shards))
        return total
