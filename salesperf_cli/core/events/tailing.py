"""Events as they arrive: in the stream, or in the objects that land."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesperf_cli.core.events.landed import landed_keys

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import EventStream, Objects

LOOK_EVERY = 1.0
"""Seconds between two looks; a shard of Kinesis answers five reads a second."""
AT_ONCE = 1_000

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Following:
    """From where to follow, and how to wait."""

    oldest: bool = False
    sleep: Callable[[float], None] = time.sleep
    look_every: float = LOOK_EVERY


def follow_stream(stream: EventStream, following: Following) -> Iterator[Record]:
    """What comes into the stream, valid or not, for ever."""
    places = {shard: stream.position(shard, oldest=following.oldest) for shard in stream.shards()}
    while True:
        found = 0
        for shard, place in list(places.items()):
            records, places[shard] = stream.read(shard, place, AT_ONCE)
            found += len(records)
            for record in records:
                yield _parsed(record.data) | {"_shard": shard, "_sequence": record.sequence}
        if not found:
            following.sleep(following.look_every)


def follow_landed(objects: Objects, table: str, following: Following) -> Iterator[Record]:
    """What lands, for ever; an event that landed twice comes twice."""
    seen = set() if following.oldest else set(landed_keys(objects, table))
    while True:
        keys = [key for key in landed_keys(objects, table) if key not in seen]
        for key in keys:
            seen.add(key)
            if stored := objects.read(key):
                yield from map(_parsed, gzip.decompress(stored.data).splitlines())
        if not keys:
            following.sleep(following.look_every)


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"_unreadable": data.decode("utf-8", "replace")}


def matching(records: Iterator[Record], wanted: Mapping[str, str], limit: int | None) -> Iterator[Record]:
    """Those whose columns, as text, are what is wanted; at most so many."""
    count = 0
    for record in records:
        if all(str(record.get(column)) == value for column, value in wanted.items()):
            yield record
            count += 1
            if limit is not None and count >= limit:
                return
