"""The Kinesis producer against a stand-in, through throttles and lost replies: all is taken, in order per key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.backends.aws.stream import KinesisStream
from salesperf_cli.backends.ports import StreamRecord
from salesperf_cli.core.events.event import Event
from salesperf_cli.core.events.sending import Patience
from salesperf_cli.core.replay import Checkpoints, Replay
from salesperf_cli.errors import InputError, RetryableError
from tests.aws.kinesis_faults import Faults, faults_before
from tests.aws.ministack import ministack, missing_ministack
from tests.aws.standin.parts import REGION
from tests.faults.chaos import Events, Quiet

QUICK = Patience(first=0.001, longest=0.01, give_up=20)


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory, credentials: None) -> Iterator[Faults]:
    if missing := missing_ministack():
        pytest.skip(missing)
    with ministack(tmp_path_factory.mktemp("ministack")) as store, faults_before(store, 7) as running:
        kinesis = AwsSession(Account(REGION, None, store)).client("kinesis")
        kinesis.create_stream(StreamName="sales", ShardCount=3)
        yield running


@pytest.fixture
def stream(faults: Faults) -> KinesisStream:
    return KinesisStream(AwsSession(Account(REGION, None, faults.endpoint_url)), None, "sales")


def everything(stream: KinesisStream) -> list[Any]:
    found: list[Any] = []
    for shard in stream.shards():
        place = stream.position(shard, oldest=True)
        while True:
            records, place = stream.read(shard, place, 1000)
            if not records:
                break
            found += records
    return found


def test_through_throttles_and_lost_replies_all_events_arrive_in_the_order_of_their_keys(
    stream: KinesisStream, faults: Faults, tmp_path: Path
) -> None:
    count = 4_000
    events = [Event(at, f"order-{at % 700}-é", f"id{at}", 0.0, f'{{"n":{at}}}'.encode()) for at in range(count)]
    work = Replay(Events(events, chunk=500), stream, Checkpoints(tmp_path / "checkpoint"), patience=QUICK)
    result = work.run(Quiet())
    assert (result.acknowledged, result.spooled) == (count, 0)
    assert all(faults.happened[name] for name in ("throttle", "entry", "lost_reply"))
    seen: dict[str, list[int]] = defaultdict(list)
    for record in everything(stream):
        place = int(record.data.removeprefix(b'{"n":').removesuffix(b"}"))
        if place not in seen[record.key]:
            seen[record.key].append(place)
    assert sum(map(len, seen.values())) == count
    assert all(places == sorted(places) for places in seen.values())


def test_an_answer_that_is_lost_is_told_as_such(stream: KinesisStream, faults: Faults) -> None:
    faults.throttle, faults.entry, faults.lost_reply = 0.0, 0.0, 1.0
    with pytest.raises(RetryableError, match="no answer from Kinesis"):
        stream.put([StreamRecord("k", b"1")])
    faults.lost_reply = 0.0
    (sent,) = stream.put([StreamRecord("k", b"2")])
    assert sent.sequence and not sent.error


def test_a_stream_that_is_not_there_is_no_reason_to_try_again(faults: Faults) -> None:
    faults.throttle = faults.entry = faults.lost_reply = 0.0
    missing = KinesisStream(AwsSession(Account(REGION, None, faults.endpoint_url)), None, "nowhere")
    with pytest.raises(InputError):
        missing.put([StreamRecord("k", b"1")])


def test_nothing_lands_that_the_stream_no_longer_holds(stream: KinesisStream) -> None:
    kinesis = stream._session.client("kinesis")
    for hours in (24, 48):
        if hours > 24:
            kinesis.increase_stream_retention_period(StreamName=stream.name, RetentionPeriodHours=hours)
        since = datetime.now(UTC) - timedelta(hours=hours + 1)
        assert abs(stream.landing_since() - since) < timedelta(minutes=1)
