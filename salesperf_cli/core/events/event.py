"""An event on its way into the stream, and where events come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol


class Event(NamedTuple):
    """An event: its place in the source from 0, its partition key, its id, when it happened (seconds since 1970), and
    its JSON.
    """

    position: int
    key: str
    event_id: str
    occurred: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Window:
    """Which events of a source are wanted: from a moment on, up to (not including) another, at most so many."""

    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None


class EventSource(Protocol):
    """Gives events in the order in which they happened, the same each time, without holding them all."""

    @property
    def fingerprint(self) -> str:
        """Tells this source, as it is now, from every other: a replay is resumed on the same one only."""

    @property
    def refused(self) -> int:
        """Rows of the source that its contracts refuse; known while it is open."""

    def count(self, window: Window) -> int:
        """How many events a window holds."""

    def open(self, window: Window, start: int) -> AbstractContextManager[Iterator[Sequence[Event]]]:
        """The events of a window from a position on, in chunks."""
