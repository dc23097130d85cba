"""A stream of events: what is sent into it, and what lies there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

IN_HAND = timedelta(hours=1)
"""For so long, at most, a batch that was read from a stream may still be on its way into the lake: a function that
fails tries again for minutes. It also covers clocks that differ.
"""


class Keyed(Protocol):
    """What can be sent: records of one key keep their order; `data` is what consumers receive."""

    @property
    def key(self) -> str:
        """The partition key."""

    @property
    def data(self) -> bytes:
        """The content."""


class StreamRecord(NamedTuple):
    """A record to send, where it is nothing more."""

    key: str
    data: bytes


class Sent(msgspec.Struct, frozen=True, gc=False):
    """What became of one record: the error's code and message where it was not taken, else where it lies."""

    shard: str | None = None
    sequence: str | None = None
    error: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class StreamedRecord:
    """A record as it lies in the stream, and when it arrived (seconds since 1970)."""

    shard: str
    sequence: str
    key: str
    data: bytes
    arrived: float


class EventStream(Protocol):
    """A stream with Kinesis' contract: several shards, order within each, every record at least once."""

    lanes: int
    """How many senders at once pay; records of one key go through one of them."""

    def put(self, records: Sequence[Keyed]) -> Sequence[Sent]:
        """Send at most 500 records of 5 MiB together; gives what became of each, in order.

        Raises RetryableError when nothing is known of any of them: they may lie in the stream or not.
        """

    def consuming(self) -> AbstractContextManager[None]:
        """While the block runs, records reach the function that lands them; at its end all have that were taken.

        On AWS they do so without this.
        """

    def shards(self) -> Sequence[str]:
        """The shards."""

    def position(self, shard: str, *, oldest: bool) -> str:
        """Where to read from: the oldest record that is still kept, or what comes from now on."""

    def read(self, shard: str, position: str, limit: int) -> tuple[Sequence[StreamedRecord], str]:
        """The next records of a shard from a position on, at most so many, and the position behind them."""


class Landing(Protocol):
    """What is known of the way from the stream into the lake."""

    def landing_since(self, table: str) -> datetime | None:
        """From now on nothing lands that arrived in the stream before this moment (UTC); None where nobody can say."""
