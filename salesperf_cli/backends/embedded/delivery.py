"""Hands the records of the embedded stream to the function, as Lambda's event source mapping does.

Batches of one shard in order, gathered for a while; what fails is tried again in halves, then one by one, and set aside
with the whole record at the end. The checkpoint moves when a batch has been dealt with: records come at least once.
"""

from __future__ import annotations

import fcntl
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salesperf_cli.backends.embedded.stream import Handler, Line, Shard


@dataclass(frozen=True, slots=True)
class Batching:
    """How records are gathered and tried again: the parameters of infra/stream.yaml, with a shorter window."""

    records: int = 500
    window_seconds: float = 1.0
    attempts: int = 5
    pause_seconds: float = 0.05


class Delivery:
    """Reads shards and calls the function; one process at a time."""

    def __init__(
        self,
        folder: Path,
        shards: Sequence[Shard],
        handler: Handler,
        batching: Batching,
        arrived: threading.Event,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder = folder
        self._shards = shards
        self._handler = handler
        self._batching = batching
        self._arrived = arrived
        self._sleep = sleep

    @contextmanager
    def running(self) -> Iterator[None]:
        """Deliver in a thread while the block runs, and what is left at its end."""
        ending = threading.Event()
        faults: list[BaseException] = []
        thread = threading.Thread(target=self._loop, args=(ending, faults), name="delivery", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ending.set()
            self._arrived.set()
            thread.join()
        if faults:
            raise faults[0]

    def drain(self) -> int:
        """Deliver all that waits; gives the number of records."""
        with self._alone():
            return self._all_shards(force=True)

    def _loop(self, ending: threading.Event, faults: list[BaseException]) -> None:
        try:
            with self._turn(ending) as is_ours:
                if not is_ours:
                    return
                while not ending.is_set():
                    self._arrived.clear()
                    if not self._all_shards(force=False):
                        self._arrived.wait(self._batching.window_seconds / 4)
                self._all_shards(force=True)
                for shard in self._shards:
                    shard.trim(reached(self._folder, shard))
        except BaseException as fault:
            faults.append(fault)

    def _all_shards(self, *, force: bool) -> int:
        """Deliver batches until there is none to be had; gives the number of records."""
        total = 0
        while True:
            taken = sum(self._one_batch(shard, force=force) for shard in self._shards)
            if not taken:
                return total
            total += taken

    def _one_batch(self, shard: Shard, *, force: bool) -> int:
        batching = self._batching
        lines = shard.lines(reached(self._folder, shard), batching.records)
        if not lines:
            return 0
        young = lines[0].arrived > time.time() - batching.window_seconds
        if len(lines) < batching.records and young and not force:
            return 0
        self._deal_with(shard, lines, 0)
        return len(lines)

    def _deal_with(self, shard: Shard, lines: Sequence[Line], attempts: int) -> None:
        """Have the lines landed or set aside, and the checkpoint behind them."""
        failed = self._call(shard, lines)
        if failed:
            self._checkpoint(shard, lines[failed - 1].end)
        if failed == len(lines):
            return
        rest = lines[failed:]
        if len(rest) > 1:  # splitting is not counted as an attempt, on AWS neither
            middle = len(rest) // 2
            self._deal_with(shard, rest[:middle], attempts)
            self._deal_with(shard, rest[middle:], attempts)
        elif attempts < self._batching.attempts:
            self._sleep(self._batching.pause_seconds * 2**attempts)
            self._deal_with(shard, rest, attempts + 1)
        else:
            self._set_aside(shard, rest)
            self._checkpoint(shard, rest[-1].end)

    def _call(self, shard: Shard, lines: Sequence[Line]) -> int:
        """How many of the lines, from the first on, the function has dealt with."""
        event = {"Records": [_record(shard, line) for line in lines]}
        try:
            answer = self._handler(event)
            failures = {each["itemIdentifier"] for each in answer.get("batchItemFailures", ())}
        except Exception:
            return 0
        if not failures:
            return len(lines)
        known = [at for at, line in enumerate(lines) if _sequence(line) in failures]
        return min(known, default=0)

    def _set_aside(self, shard: Shard, lines: Sequence[Line]) -> None:
        """Keep records that the function gave up on, whole, as Lambda does in the failures bucket."""
        folder = self._folder / "failures" / shard.name
        folder.mkdir(parents=True, exist_ok=True)
        records = [_record(shard, line) for line in lines]
        (folder / f"{_sequence(lines[0])}.json").write_text(json.dumps({"Records": records}, indent=1), "utf-8")

    def _checkpoint(self, shard: Shard, place: int) -> None:
        scratch = self._folder / f"{shard.name}.checkpoint.new"
        scratch.write_text(str(place))
        scratch.replace(self._folder / f"{shard.name}.checkpoint")

    @contextmanager
    def _turn(self, ending: threading.Event) -> Iterator[bool]:
        """Whether it is this process that delivers. While another does, wait for its end, or, once our block is ending,
        until it has dealt with all that lay in the stream then.
        """
        with (self._folder / ".delivery").open("a") as lock:
            ends: Sequence[int] = ()
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass
                else:
                    yield True
                    return
                if ending.is_set():
                    ends = ends or [shard.end() for shard in self._shards]
                    if all(reached(self._folder, shard) >= end for shard, end in zip(self._shards, ends, strict=True)):
                        yield False
                        return
                    self._sleep(self._batching.window_seconds / 4)
                else:
                    ending.wait(self._batching.window_seconds / 4)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time delivers; another waits until that one has ended."""
        with (self._folder / ".delivery").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def reached(folder: Path, shard: Shard) -> int:
    """Up to which place the records of a shard have been dealt with."""
    try:
        return int((folder / f"{shard.name}.checkpoint").read_text())
    except FileNotFoundError:
        return 0


def _sequence(line: Line) -> str:
    return f"{line.at:020d}"


def _record(shard: Shard, line: Line) -> Mapping[str, Any]:
    """A record as Lambda hands it to a function (AWS Lambda, Kinesis event)."""
    number = _sequence(line)
    return {
        "eventID": f"{shard.name}:{number}",
        "eventSource": "aws:kinesis",
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": line.key,
            "sequenceNumber": number,
            "data": line.data,
            "approximateArrivalTimestamp": line.arrived,
        },
    }
