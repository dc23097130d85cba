"""A stream that fails in every way that Kinesis and Lambda can, by a seed. Not a test module."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salesperf_cli.backends.embedded.delivery import Batching
from salesperf_cli.backends.embedded.function import handler
from salesperf_cli.backends.embedded.stream import EmbeddedStream, write_object
from salesperf_cli.backends.ports import Keyed, Sent, StreamedRecord
from salesperf_cli.core.events.event import Event, Window
from salesperf_cli.core.events.function_contract import function_contract
from salesperf_cli.core.events.sending import Patience
from salesperf_cli.core.pipeline import builtin_pipeline_folder
from salesperf_cli.core.replay import Checkpoints, Replay, ReplayResult
from salesperf_cli.errors import RetryableError

CONTRACT = function_contract(builtin_pipeline_folder() / "contracts" / "speed" / "sale_events.yaml")
AT_ONCE = Patience(first=0, longest=0, gather=0, own_work=0)


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Events:
    """Implements `EventSource` over events that are there."""

    events: Sequence[Event]
    chunk: int = 40
    refused: int = 0
    fingerprint: str = "these"

    def count(self, window: Window) -> int:
        return len(self.events)

    @contextmanager
    def open(self, window: Window, start: int) -> Iterator[Iterator[Sequence[Event]]]:
        yield (self.events[at : at + self.chunk] for at in range(start, len(self.events), self.chunk))


@dataclass
class Chaos:
    """How often what goes wrong, of one. `batch` is the most that the function gets at once; else by the dice."""

    seed: int
    throttle: float = 0.1
    duplicate: float = 0.1
    lost_reply: float = 0.1
    crash: float = 0.15
    kill: float = 0.05
    batch: int | None = None
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def happens(self, how_often: float) -> bool:
        return self.dice.random() < how_often

    def maybe_kill(self) -> None:
        if self.happens(self.kill):
            raise Killed


class ChaosStream:
    """Implements `EventStream` over an embedded one in the lake `root`; records of the lake are its own."""

    lanes = 2

    def __init__(self, root: Path, chaos: Chaos) -> None:
        self._chaos = chaos
        land = handler(CONTRACT, write_object(root), None)

        def fragile(event: Mapping[str, Any]) -> Mapping[str, Any]:
            chaos.maybe_kill()
            if chaos.happens(chaos.crash):
                raise ConnectionError("before anything was landed")
            answer = land(event)
            chaos.maybe_kill()  # landed, and no checkpoint knows
            if chaos.happens(chaos.crash):
                raise ConnectionError("after it was landed")
            return answer

        size = chaos.batch or chaos.dice.choice((1, 7, 500))
        batching = Batching(records=size, attempts=1000, pause_seconds=0)
        self.inner = EmbeddedStream(root / "_stream" / "sale_events", fragile, batching, shards=3)

    def put(self, records: Sequence[Keyed]) -> Sequence[Sent]:
        chaos = self._chaos
        chaos.maybe_kill()
        refused = {at for at in range(len(records)) if chaos.happens(chaos.throttle)}
        taken = [record for at, record in enumerate(records) if at not in refused]
        results = iter(self.inner.put(taken) if taken else ())
        if taken and chaos.happens(chaos.duplicate):
            self.inner.put(chaos.dice.sample(taken, chaos.dice.randint(1, len(taken))))
        chaos.maybe_kill()
        if chaos.happens(chaos.lost_reply):
            raise RetryableError("no reply", why="the connection was closed", remedy="")
        throttled = Sent(error="ProvisionedThroughputExceededException", message="slow down")
        return [throttled if at in refused else next(results) for at in range(len(records))]

    def consuming(self) -> Any:
        return nullcontext()

    def shards(self) -> Sequence[str]:
        return self.inner.shards()

    def position(self, shard: str, *, oldest: bool) -> str:
        return self.inner.position(shard, oldest=oldest)

    def read(self, shard: str, position: str, limit: int) -> tuple[Sequence[StreamedRecord], str]:
        return self.inner.read(shard, position, limit)


class Quiet:
    def look(self, figures: Any) -> None: ...


def replay_through(chaos: Chaos, root: Path, events: Sequence[Event], chunk: int = 40) -> ReplayResult:
    """Replay and deliver everything, beginning anew after each kill as a person would: with --resume."""
    checkpoints = Checkpoints(root / "_replay" / "local.json")
    resume = False
    while True:
        stream = ChaosStream(root, chaos)
        try:
            work = Replay(Events(events, chunk), stream, checkpoints, patience=AT_ONCE, resume=resume)
            result = work.run(Quiet())
            break
        except Killed:
            resume = True
    deliver(chaos, root)
    return result


def deliver(chaos: Chaos, root: Path) -> None:
    """Deliver what waits, beginning anew after each kill."""
    while True:
        try:
            ChaosStream(root, chaos).inner.deliver()
            return
        except Killed:
            continue
