"""Replay: order per key, only failed entries again, pacing, checkpoints, and the embedded stream below it."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesperf_cli.backends.embedded.delivery import Batching
from salesperf_cli.backends.embedded.stream import EmbeddedStream
from salesperf_cli.backends.ports import Sent, StreamRecord
from salesperf_cli.core.events.event import Event
from salesperf_cli.core.events.pacing import Pacer
from salesperf_cli.core.events.sending import MOST_RECORDS, Acknowledged, Patience, take_batch
from salesperf_cli.core.replay import Checkpoint, Checkpoints, Replay
from salesperf_cli.errors import ConflictError, InputError, RetryableError
from tests.faults.chaos import AT_ONCE, Events, Quiet


def events(count: int, keys: int = 7) -> list[Event]:
    return [Event(at, f"k{at * 31 % keys}", f"id{at}", float(at), f"{at}".encode()) for at in range(count)]


class Shaky:
    """A stream that throttles, and loses replies, by a seed; it keeps what it took, in order."""

    lanes = 3

    def __init__(self, seed: int, failing: float = 0.3, lost: float = 0.1) -> None:
        self.dice, self.failing, self.lost = random.Random(seed), failing, lost
        self.taken: list[StreamRecord] = []
        self.calls: list[int] = []

    def put(self, records: Sequence[StreamRecord]) -> Sequence[Sent]:
        self.calls.append(len(records))
        results = []
        for record in records:
            if self.dice.random() < self.failing:
                results.append(Sent(error="ProvisionedThroughputExceededException"))
            else:
                self.taken.append(record)
                results.append(Sent("shard", str(len(self.taken))))
        if self.dice.random() < self.lost:
            raise RetryableError("no reply")
        return results


def replay(stream: Any, source: Events, folder: Path, **options: Any) -> Replay:
    return Replay(source, stream, Checkpoints(folder / "checkpoint.json"), patience=AT_ONCE, **options)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 300), st.integers(1, 20))
def test_every_event_is_taken_and_first_copies_keep_the_order_of_their_key(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, keys: int
) -> None:
    stream, source = Shaky(seed), Events(events(count, keys))
    result = replay(stream, source, tmp_path_factory.mktemp("replay")).run(Quiet())
    assert (result.read, result.acknowledged, result.spooled) == (count, count, 0)
    assert result.sent == result.read + result.resent
    seen: dict[str, list[int]] = defaultdict(list)
    for record in stream.taken:
        place = int(record.data)
        if place not in seen[record.key]:
            seen[record.key].append(place)
    assert sum(map(len, seen.values())) == count
    assert all(places == sorted(places) for places in seen.values())


def test_only_failed_entries_are_sent_again() -> None:
    stream = Shaky(1, failing=0.2, lost=0)
    acknowledged = Acknowledged()
    from salesperf_cli.core.events.sending import Lanes

    lanes = Lanes(stream, acknowledged, AT_ONCE)
    lanes.push(events(500, keys=500))
    lanes.finish()
    assert len(stream.taken) == 500
    assert lanes.tally().sent == 500 + lanes.tally().resent


def test_a_batch_holds_each_key_once_and_never_more_than_a_call_may() -> None:
    waiting = deque(events(1200, keys=1000))
    batch = take_batch(waiting)
    assert len(batch) == MOST_RECORDS
    assert len({event.key for event in batch}) == len(batch)
    big = deque(Event(at, f"k{at}", "", 0.0, b"x" * 1_000_000) for at in range(8))
    assert len(take_batch(big)) == 5


def test_a_stream_that_takes_nothing_is_given_up_and_the_replay_can_be_resumed(tmp_path: Path) -> None:
    class Dead(Shaky):
        def put(self, records: Sequence[StreamRecord]) -> Sequence[Sent]:
            if len(self.taken) >= 60:
                raise RetryableError("no answer")
            return super().put(records)

    source, dead = Events(events(200), chunk=20), Dead(3, 0, 0)
    work = replay(dead, source, tmp_path)
    work.patience = Patience(first=0.001, longest=0.002, give_up=0.05, gather=0)
    with pytest.raises(RetryableError, match="takes no events"):
        work.run(Quiet())
    alive = Shaky(4, 0, 0)
    result = replay(alive, source, tmp_path, resume=True).run(Quiet())
    assert result.spooled == 0
    places = [int(record.data) for record in (*dead.taken, *alive.taken)]
    assert sorted(places) == list(range(200)), "resumed exactly there: none left out, none twice"


def test_resuming_another_replay_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to resume"):
        replay(Shaky(1), Events(events(5)), tmp_path, resume=True).run(Quiet())
    work = replay(Shaky(1), Events(events(5)), tmp_path)
    work.checkpoints.write(Checkpoint("other", 1))
    with pytest.raises(ConflictError, match="not the replay"):
        replay(Shaky(1), Events(events(5)), tmp_path, resume=True).run(Quiet())


def test_an_interrupt_sends_what_was_read_and_keeps_the_place(tmp_path: Path) -> None:
    source, stream = Events(events(100), chunk=10), Shaky(2, 0, 0)

    class Interrupting:
        def look(self, figures: Any) -> None:
            if figures.read >= 50:
                raise KeyboardInterrupt

    clock = itertools.count()
    work = replay(stream, source, tmp_path, clock=lambda: float(next(clock)))
    with pytest.raises(KeyboardInterrupt):
        work.run(Interrupting())
    assert sorted(int(record.data) for record in stream.taken) == list(range(50))
    replay(stream, source, tmp_path, resume=True).run(Quiet())
    assert sorted(int(record.data) for record in stream.taken) == list(range(100))


# pacing


class Clock:
    """Time that passes only while one sleeps, and a little with each look."""

    def __init__(self, a_look: float = 0.0) -> None:
        self.now, self.a_look = 100.0, a_look

    def __call__(self) -> float:
        self.now += self.a_look
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds * 1.001  # sleeping is never exact


@pytest.mark.parametrize(("speedup", "rate"), [(3600.0, None), (None, 250.0)])
def test_pacing_keeps_the_asked_speed_within_one_per_cent_over_a_minute(
    speedup: float | None, rate: float | None
) -> None:
    clock = Clock(a_look=0.00002)
    pacer = Pacer(speedup, rate, clock=clock, sleep=clock.sleep)
    count = 15_000
    for at in range(count):
        pacer.wait(at * 3600 / 250)
    assert clock.now - 100 == pytest.approx(60, rel=0.01)


def test_a_sender_that_is_late_says_by_how_much_and_makes_up_for_it() -> None:
    clock = Clock()
    pacer = Pacer(rate=10.0, clock=clock, sleep=clock.sleep)
    pacer.wait(0)
    clock.now += 1.0
    pacer.wait(0)
    assert pacer.lag == pytest.approx(0.9)
    for _ in range(20):
        pacer.wait(0)
    assert pacer.lag < 0.05


# the embedded stream


def stream_to(landed: list[str], folder: Path, **options: Any) -> EmbeddedStream:
    import base64

    def land(event: Mapping[str, Any]) -> Mapping[str, Any]:
        texts = [base64.b64decode(each["kinesis"]["data"]).decode() for each in event["Records"]]
        if any(text.startswith("poison") for text in texts):
            raise ValueError(texts)
        landed.extend(texts)
        return {"batchItemFailures": []}

    batching = Batching(attempts=2, pause_seconds=0, **options)
    return EmbeddedStream(folder, land, batching)


def test_records_of_a_key_reach_the_function_in_order_and_a_new_process_goes_on_at_the_checkpoint(
    tmp_path: Path,
) -> None:
    landed: list[str] = []
    stream = stream_to(landed, tmp_path)
    stream.put([StreamRecord(f"k{at % 5}", f"{at}".encode()) for at in range(100)])
    assert stream.deliver() == 100
    stream.put([StreamRecord("k1", b"101")])
    again = stream_to(landed, tmp_path)
    assert again.deliver() == 1
    for key in range(5):
        mine = [int(text) for text in landed if int(text) % 5 == key]
        assert mine == sorted(mine)
    assert sorted(map(int, landed)) == [*range(100), 101]


def test_a_poison_record_is_split_off_and_kept_aside_and_the_rest_arrives(tmp_path: Path) -> None:
    landed: list[str] = []
    stream = stream_to(landed, tmp_path)
    stream.put([StreamRecord("k", b"poison" if at == 37 else f"{at}".encode()) for at in range(100)])
    stream.deliver()
    assert landed == [str(at) for at in range(100) if at != 37]
    (file,) = (tmp_path / "failures").rglob("*.json")
    assert b"cG9pc29u" in file.read_bytes()
    assert stream.deliver() == 0


def test_half_a_record_of_a_killed_writer_is_dropped(tmp_path: Path) -> None:
    landed: list[str] = []
    stream = stream_to(landed, tmp_path)
    stream.put([StreamRecord("k", b"1")])
    (file,) = (path for path in tmp_path.rglob("*.log") if path.stat().st_size)
    with file.open("ab") as out:
        out.write(b"1519862399.5\tazE=")
    stream.put([StreamRecord("k", b"2")])
    stream.deliver()
    assert landed == ["1", "2"]


def test_a_shard_that_was_read_begins_a_new_file_and_its_numbers_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salesperf_cli.backends.embedded.stream.TRIM_BYTES", 10)
    landed: list[str] = []
    stream = stream_to(landed, tmp_path)
    numbers = []
    for at in range(3):
        with stream.consuming():
            numbers += [sent.sequence for sent in stream.put([StreamRecord("k", f"{at}".encode())])]
    assert landed == ["0", "1", "2"]
    assert numbers == sorted(set(numbers))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.log")) == 0


def test_too_much_at_once_is_refused(tmp_path: Path) -> None:
    stream = stream_to([], tmp_path)
    with pytest.raises(InputError, match="does not take so much"):
        stream.put([StreamRecord("k", b"")] * 501)
    with pytest.raises(InputError, match="does not take so much"):
        stream.put([StreamRecord("k", b"x" * 1_100_000)])


def test_following_a_stream_gives_what_comes_from_then_on(tmp_path: Path) -> None:
    stream = stream_to([], tmp_path)
    stream.put([StreamRecord("k", b"1")])
    shard = stream.put([StreamRecord("k", b"2")])[0].shard
    place = stream.position(shard, oldest=False)
    stream.put([StreamRecord("k", b"3")])
    records, place = stream.read(shard, place, 10)
    assert [record.data for record in records] == [b"3"]
    assert stream.read(shard, place, 10) == ([], place)
    assert len(stream.read(shard, stream.position(shard, oldest=True), 10)[0]) == 3
