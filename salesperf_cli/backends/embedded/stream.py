"""The embedded stream: Kinesis' contract in a folder. Shards are files that only grow; what reads them is `delivery`.

A record goes to the shard that the MD5 of its key falls to, and keeps its order there. A put that was acknowledged
survives `kill -9` (the system has it), not a power cut: nothing is forced to the disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesperf_cli.backends.embedded.delivery import Batching, Delivery, reached
from salesperf_cli.backends.ports import IN_HAND, Keyed, Sent, StreamedRecord
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from io import FileIO

Handler = Callable[[Mapping[str, Any]], Mapping[str, Any]]

MOST_RECORDS = 500
MOST_BYTES = 5 << 20
"""What one PutRecords call takes at most (Amazon Kinesis Data Streams, quotas and limits)."""
MOST_RECORD_BYTES = 1 << 20
SHARDS = 4
TRIM_BYTES = 64 << 20
"""A shard's file that has been read to its end is begun anew beyond this size."""


class EmbeddedStream:
    """Implements `EventStream` in `folder`. `handler` lands batches."""

    lanes = 1

    def __init__(
        self, folder: Path, handler: Handler, batching: Batching | None = None, *, shards: int = SHARDS
    ) -> None:
        self._folder = folder
        self._shards = [Shard(folder, number) for number in range(self._count(shards))]
        self._arrived = threading.Event()
        self._delivery = Delivery(folder, self._shards, handler, batching or Batching(), self._arrived)

    def put(self, records: Sequence[Keyed]) -> Sequence[Sent]:
        """Send at most 500 records of 5 MiB together."""
        _refuse_too_much(records)
        lines: dict[int, list[bytes]] = {}
        places: list[tuple[int, int]] = []
        now = f"{time.time():.3f}".encode()
        count = len(self._shards)
        for record in records:
            key = record.key.encode()
            at = int.from_bytes(hashlib.md5(key, usedforsecurity=False).digest()[:8]) * count >> 64
            mine = lines.setdefault(at, [])
            places.append((at, len(mine)))
            mine.append(b"\t".join((now, b64encode(key), b64encode(record.data))) + b"\n")
        begins = {at: self._shards[at].append(mine) for at, mine in lines.items()}
        self._arrived.set()
        return [Sent(self._shards[at].name, begins[at][number]) for at, number in places]

    def consuming(self) -> AbstractContextManager[None]:
        """While the block runs, a thread hands records to the function; at its end all have been handed over."""
        return self._delivery.running()

    def deliver(self) -> int:
        """Hand over, in this thread, all that waits; gives how many records that were."""
        return self._delivery.drain()

    def shards(self) -> Sequence[str]:
        """The shards."""
        return [shard.name for shard in self._shards]

    def position(self, shard: str, *, oldest: bool) -> str:
        """Where to read from: the oldest record that is still kept, or what comes from now on."""
        return sequence(0 if oldest else self._shard(shard).end())

    def read(self, shard: str, position: str, limit: int) -> tuple[Sequence[StreamedRecord], str]:
        """The next records of a shard from a position on, at most so many, and the position behind them."""
        lines = self._shard(shard).lines(int(position), limit)
        found = [
            StreamedRecord(shard, sequence(line.at), line.key, b64decode(line.data), line.arrived) for line in lines
        ]
        return found, sequence(lines[-1].end) if lines else position

    def _shard(self, name: str) -> Shard:
        return next(each for each in self._shards if each.name == name)

    def _count(self, wanted: int) -> int:
        """How many shards there are; the first stream in a folder says it for good."""
        file = self._folder / "shards"
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            with file.open("x") as new:
                new.write(str(wanted))
        except FileExistsError:
            return int(file.read_text() or wanted)
        return wanted


class Line:
    """A stored record: where it begins and ends, when it arrived, and key and data, the latter in base64."""

    __slots__ = ("arrived", "at", "data", "end", "key64")

    def __init__(self, at: int, end: int, text: bytes) -> None:
        arrived, self.key64, data = text.split(b"\t")
        self.at, self.end, self.arrived, self.data = at, end, float(arrived), data.decode()

    @property
    def key(self) -> str:
        """The partition key."""
        return b64decode(self.key64).decode()


class Shard:
    """One shard: files named by the place at which they begin, of which the last is written to.

    The first begins at the present time in nanoseconds, not at 0: landed objects are named by places, and a shard
    whose folder was deleted would come by the same ones again. No shard takes a byte each nanosecond.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.name = f"shardId-{number:012d}"
        self._folder = folder / self.name
        self._folder.mkdir(parents=True, exist_ok=True)

    def append(self, lines: Sequence[bytes]) -> Sequence[str]:
        """Add records; gives the sequence number of each."""
        with self._locked():
            file = self._last() or self._folder / f"{sequence(time.time_ns())}.log"
            with file.open("ab", buffering=0) as out:
                size = self._whole(file, out.tell())
                out.truncate(size)  # a killed writer's half record was never acknowledged
                _write_whole(out, b"".join(lines), size)
            at = int(file.stem) + size
            found = []
            for line in lines:
                found.append(sequence(at))
                at += len(line)
        return found

    def end(self) -> int:
        """Where the next record will begin; 0, which is before it, while there was none."""
        file = self._last()
        try:
            return int(file.stem) + self._whole(file, file.stat().st_size) if file else 0
        except FileNotFoundError:  # another process has just trimmed it
            return self.end()

    def lines(self, begin: int, limit: int) -> list[Line]:
        """At most so many whole records from a place on."""
        file = self._last()
        if file is None:
            return []
        start = int(file.stem)
        begin = max(begin, start)
        found: list[Line] = []
        with suppress(FileNotFoundError), file.open("rb") as content:  # trimmed just now: nothing was left in it
            content.seek(begin - start)
            for text in content:
                if not text.endswith(b"\n") or len(found) >= limit:
                    break
                found.append(Line(begin, begin + len(text), text[:-1]))
                begin += len(text)
        return found

    def trim(self, read_to: int) -> None:
        """Begin a new file where all has been read and the present one is large."""
        with self._locked():
            file = self._last()
            if file and file.stat().st_size > TRIM_BYTES and read_to >= self.end():
                (self._folder / f"{sequence(self.end())}.log").touch()
                file.unlink()

    def _last(self) -> Path | None:
        return max(self._folder.glob("*.log"), default=None)

    @staticmethod
    def _whole(file: Path, size: int) -> int:
        """The bytes up to the end of the last whole record."""
        if not size:
            return 0
        with file.open("rb") as content:
            content.seek(size - 1)
            if content.read(1) == b"\n":
                return size
            content.seek(0)
            return content.read(size).rfind(b"\n") + 1

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # dies with its process
            yield


def landing_since(folder: Path) -> datetime:
    """From now on nothing lands that arrived before this moment: what waits in the stream, or is just being sent."""
    arrived = [time.time()]
    for place in folder.glob("shardId-*/"):
        if place.is_dir():
            shard = Shard(folder, int(place.name.rpartition("-")[2]))
            arrived += [line.arrived for line in shard.lines(reached(folder, shard), 1)]
    return datetime.fromtimestamp(min(arrived), UTC) - IN_HAND


def _write_whole(out: FileIO, data: bytes, begin: int) -> None:
    """Write all of it at the end, or nothing: on a disk that is nearly full the system writes a part and says so."""
    left = memoryview(data)
    try:
        while left:
            left = left[out.write(left) :]
    except OSError:
        out.truncate(begin)
        raise


def sequence(at: int) -> str:
    """A place in a shard as a sequence number: texts that sort as the numbers do."""
    return f"{at:020d}"


def _refuse_too_much(records: Sequence[Keyed]) -> None:
    size = sum(len(record.data) + len(record.key) for record in records)
    largest = max((len(record.data) for record in records), default=0)
    if not records or len(records) > MOST_RECORDS or size > MOST_BYTES or largest > MOST_RECORD_BYTES:
        raise InputError(
            "the stream does not take so much at once",
            why=f"{len(records)} records of {size:,} bytes; it takes 1 to 500 of 5 MiB together and 1 MiB each",
            remedy="send fewer at once",
        )


def write_object(root: Path) -> Callable[[str, bytes], None]:
    """What writes a landed object below `root`, whole, over what lies there."""

    def put(key: str, data: bytes) -> None:
        target = root / key
        scratch = root / "_tmp" / "landing" / f"{os.getpid()}-{threading.get_ident()}"
        scratch.parent.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(data)
        scratch.replace(target)

    return put
