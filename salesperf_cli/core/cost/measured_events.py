"""What landed events show: how many an order has, their bytes, and how many happen a second, in the busiest minute too.

Moments are those at which the sales happened: when they arrived says only how fast somebody replayed them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from salesperf_cli.core.cost.measured import MeasuredFigure, tenth
from salesperf_cli.core.cost.money import short_number
from salesperf_cli.core.events.deliveries import event_table
from salesperf_cli.core.events.landed import landed_keys
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects
    from salesperf_cli.core.pipeline import Pipeline

LATEST_OBJECTS = 2_000
"""At most so many objects are read, the latest ones; the source of the figures says how many events those were."""
_HUNDREDTH = Decimal("0.01")


@dataclass(slots=True)
class _Seen:
    """What was read: packed bytes, lines and their bytes, distinct events by minute, and distinct keys."""

    packed: int = 0
    lines: int = 0
    unpacked: int = 0
    keys: set[str] = field(default_factory=set)
    minutes: Counter[str] = field(default_factory=Counter)
    events: set[str] = field(default_factory=set)


def measure_events(pipeline: Pipeline, objects: Objects) -> Sequence[MeasuredFigure]:
    """The figures of the latest landed events; none where nothing has landed."""
    try:
        contract, query = event_table(pipeline)
    except InputError:  # a pipeline without events
        return ()
    keys = landed_keys(objects, contract.name.table)[-LATEST_OBJECTS:]
    moment = next((column.name for column in contract.columns if column.type.kind == "timestamp"), "")
    seen = _read(objects, keys, contract.key[0], query.key if query else contract.key[0], moment)
    if not seen.events or not seen.minutes:
        return ()
    count = len(seen.events)
    source = f"measured: {count:,} landed events"
    first, last = min(seen.minutes), max(seen.minutes)
    seconds = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds() + 60
    rate, peak = count / Decimal(seconds), max(seen.minutes.values()) / Decimal(60)
    pace = f"{short_number(rate)} a second from {first[:10]} to {last[:10]}"
    an_order = (count / Decimal(len(seen.keys))).quantize(_HUNDREDTH)
    return (
        MeasuredFigure("events_per_order", (an_order,) * 3, f"{source} of {len(seen.keys):,} orders, {pace}"),
        MeasuredFigure("event_bytes", (tenth(seen.unpacked / Decimal(seen.lines)),) * 3, f"{source}, unpacked"),
        MeasuredFigure("landed_bytes_per_event", (tenth(seen.packed / Decimal(seen.lines)),) * 3, source),
        MeasuredFigure(
            "peak_events_per_second", (peak.quantize(_HUNDREDTH),) * 3, f"{source}, busiest minute; on average {pace}"
        ),
    )


def _read(objects: Objects, keys: Sequence[str], identity: str, key: str, moment: str) -> _Seen:
    import gzip

    import msgspec

    seen, decoder = _Seen(), msgspec.json.Decoder(dict[str, object])
    with ThreadPoolExecutor(objects.parallel) as pool:
        for stored in pool.map(objects.read, keys):
            lines = gzip.decompress(stored.data).splitlines() if stored else ()
            seen.packed += len(stored.data) if stored else 0
            for line in lines:
                event = decoder.decode(line)
                seen.lines += 1
                seen.unpacked += len(line)
                if str(event.get(identity)) not in seen.events:
                    seen.events.add(str(event.get(identity)))
                    seen.keys.add(str(event.get(key)))
                    seen.minutes[str(event.get(moment))[:16]] += 1
    return seen
