"""Checkpoints of several replays to one target, and a stream that begins anew where another has been."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.backends.embedded.function import handler
from salesperf_cli.backends.embedded.stream import EmbeddedStream, write_object
from salesperf_cli.backends.ports import Sent, StreamRecord
from salesperf_cli.core.events.event import Event, Window
from salesperf_cli.core.replay import Checkpoints, Replay
from salesperf_cli.errors import ConflictError, InputError
from tests.faults.chaos import AT_ONCE, CONTRACT, Events, Quiet

ALL = Window()
DAY = Window(since=datetime(2018, 8, 1), until=datetime(2018, 8, 2))  # noqa: DTZ001 - events carry no zone


def events(count: int) -> list[Event]:
    return [Event(at, f"k{at % 7}", f"id{at}", float(at), f"{at}".encode()) for at in range(count)]


class Ending:
    """A stream that keeps what it took, and takes nothing more after so many records."""

    lanes = 1

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken: list[int] = []

    def put(self, records: Sequence[StreamRecord]) -> Sequence[Sent]:
        if len(self.taken) + len(records) > self.room:
            raise BrokenPipeError("gone")
        self.taken += [int(record.data) for record in records]
        return [Sent("shard", str(at)) for at, _ in enumerate(records)]


def replay(folder: Path, source: Events, stream: Any, window: Window = ALL, *, resume: bool = False) -> Replay:
    kept = Checkpoints.of(folder, "dev", source, window, loop=False)
    return Replay(source, stream, kept, window, patience=AT_ONCE, resume=resume)


def interrupted(folder: Path, source: Events, window: Window = ALL) -> list[int]:
    """What a replay sent that broke off half-way."""
    stream = Ending(50)
    with pytest.raises(BrokenPipeError):
        replay(folder, source, stream, window).run(Quiet())
    return stream.taken


def test_a_replay_that_ends_leaves_the_checkpoint_of_another_to_the_same_target(tmp_path: Path) -> None:
    first, second = Events(events(100), fingerprint="first"), Events(events(100), fingerprint="second")
    sent = interrupted(tmp_path, first)
    replay(tmp_path, second, Ending(1000)).run(Quiet())
    rest = Ending(1000)
    replay(tmp_path, first, rest, resume=True).run(Quiet())
    assert sorted(sent + rest.taken) == list(range(100))


def test_the_same_source_in_another_window_has_a_checkpoint_of_its_own(tmp_path: Path) -> None:
    source = Events(events(100))
    whole, day = interrupted(tmp_path, source), interrupted(tmp_path, source, DAY)
    for window, sent in ((ALL, whole), (DAY, day)):
        rest = Ending(1000)
        replay(tmp_path, source, rest, window, resume=True).run(Quiet())
        assert sorted(sent + rest.taken) == list(range(100))
    assert list(tmp_path.rglob("*.json")) == [], "what has ended leaves nothing"


def test_resuming_what_was_not_interrupted_says_whether_something_else_was(tmp_path: Path) -> None:
    source = Events(events(100))
    with pytest.raises(InputError, match="nothing to resume"):
        replay(tmp_path, source, Ending(1000), resume=True).run(Quiet())
    interrupted(tmp_path, Events(events(100), fingerprint="other"))
    with pytest.raises(ConflictError, match="not the replay"):
        replay(tmp_path, source, Ending(1000), resume=True).run(Quiet())


def test_another_targets_checkpoint_is_not_seen(tmp_path: Path) -> None:
    source = Events(events(100))
    interrupted(tmp_path, source)
    elsewhere = Checkpoints.of(tmp_path, "dev-2", source, ALL, loop=False)
    with pytest.raises(InputError, match="nothing to resume"):
        Replay(source, Ending(1000), elsewhere, patience=AT_ONCE, resume=True).run(Quiet())  # type: ignore[arg-type]


# the stream below it


def sale(at: int) -> bytes:
    event = {
        "event_id": f"{at:064x}", "event_type": "item_sold", "occurred_at": "2018-02-28 23:59:59", "order_id": f"o{at}",
        "line_number": 1, "order_item_id": 1, "product_id": "p", "seller_id": "s", "price": 1, "freight": 0,
    }  # fmt: skip
    return json.dumps(event).encode()


def landed(root: Path) -> Iterator[bytes]:
    for file in (root / "speed").rglob("*.gz"):
        yield from gzip.decompress(file.read_bytes()).splitlines()


def test_a_stream_begun_anew_never_overwrites_what_an_earlier_one_has_landed(tmp_path: Path) -> None:
    for at in range(3):
        stream = EmbeddedStream(tmp_path / "_stream", handler(CONTRACT, write_object(tmp_path), None))
        stream.put([StreamRecord("k", sale(at))])
        stream.deliver()
        shutil.rmtree(tmp_path / "_stream")
    assert sorted(landed(tmp_path)) == [sale(at) for at in range(3)]


def test_a_shard_whose_log_alone_was_deleted_still_hands_over_what_comes(tmp_path: Path) -> None:
    seen: list[Mapping[str, Any]] = []

    def land(event: Mapping[str, Any]) -> Mapping[str, Any]:
        seen.extend(event["Records"])
        return {"batchItemFailures": []}

    stream = EmbeddedStream(tmp_path, land)
    stream.put([StreamRecord("k", b"x" * 1000)])
    stream.deliver()
    for log in tmp_path.rglob("*.log"):
        log.unlink()
    stream.put([StreamRecord("k", b"y")])
    assert stream.deliver() == 1, "the checkpoint lies before the new beginning"
    first, second = (each["kinesis"]["sequenceNumber"] for each in seen)
    assert first < second


def test_a_stream_from_before_goes_on_where_it_was(tmp_path: Path) -> None:
    shard = tmp_path / "shardId-000000000000"
    shard.mkdir()
    (tmp_path / "shards").write_text("1")
    line = b"1.0\taw==\teA==\n"
    (shard / f"{0:020d}.log").write_bytes(line)
    stream = EmbeddedStream(tmp_path, lambda event: {"batchItemFailures": []})
    (sent,) = stream.put([StreamRecord("k", b"y")])
    assert sent.sequence == f"{len(line):020d}"
    assert stream.deliver() == 2


def test_an_empty_shard_is_followed_from_its_first_record_on(tmp_path: Path) -> None:
    stream = EmbeddedStream(tmp_path, lambda event: {"batchItemFailures": []}, shards=1)
    (shard,) = stream.shards()
    place = stream.position(shard, oldest=False)
    assert stream.read(shard, place, 10) == ([], place)
    stream.put([StreamRecord("k", b"1")])
    records, _ = stream.read(shard, place, 10)
    assert [record.data for record in records] == [b"1"]
