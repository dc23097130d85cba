"""What the operations of a month came to, from the ledger: billed where that is known, else as predicted.

What is old enough not to change is added up once and kept, so that a look costs a listing and the last hour's records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from salesperf_cli.core.cost.accuracy import CostLedger, CostRecord
from salesperf_cli.core.cost.money import ZERO

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects

OPERATIONS = ("query", "run", "replay")
"""Kinds of records that are operations; a deployment's is a whole month's estimate."""
PREFIX = "_ledger/cost_tallies/"
_SETTLES_AFTER = timedelta(hours=1)
"""Clocks differ, and writing takes a while: what is younger than this is read anew each time."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What operations came to in USD, how many they were, and how many of them had no price."""

    usd: Decimal = ZERO
    operations: int = 0
    unpriced: int = 0


@dataclass(slots=True)
class Tally:
    """The sum up to and with the record under the key `last`. `waiting` holds predictions whose bill has not come."""

    last: str = ""
    usd: Decimal = ZERO
    operations: int = 0
    unpriced: int = 0
    waiting: dict[str, Decimal] = field(default_factory=dict)

    def add(self, key: str, record: CostRecord) -> None:
        """One more record."""
        self.last = key
        if record.kind not in OPERATIONS:
            return
        name = f"{record.kind} {record.name}"
        if record.is_open and record.predicted_usd is not None:
            self.waiting[name] = record.predicted_usd
            return
        self.waiting.pop(name, None)
        self.operations += 1
        if record.billed_usd is None:
            self.unpriced += 1
        else:
            self.usd += record.billed_usd

    @property
    def spent(self) -> Spent:
        """The sum, with what is predicted of what has no bill yet."""
        return Spent(self.usd + sum(self.waiting.values(), ZERO), self.operations + len(self.waiting), self.unpriced)


def spent(objects: Objects, now: datetime) -> Spent:
    """What the operations of this month came to so far."""
    ledger, month = CostLedger(objects), f"{now:%Y-%m}"
    tally, etag = _kept(objects, month)
    new = list(ledger.read(key for key in ledger.keys(month) if key > tally.last))
    old = [(key, record) for key, record in new if record.at < now - _SETTLES_AFTER]
    _add(tally, old)
    if old:
        _keep(objects, month, tally, etag)
    _add(tally, new[len(old) :])
    return tally.spent


def _add(tally: Tally, records: Iterable[tuple[str, CostRecord]]) -> None:
    for key, record in records:
        tally.add(key, record)


def _kept(objects: Objects, month: str) -> tuple[Tally, str | None]:
    import msgspec

    stored = objects.read(f"{PREFIX}{month}.json")
    if stored is None:
        return Tally(), None
    try:
        return msgspec.json.decode(stored.data, type=Tally), stored.etag
    except msgspec.MsgspecError:  # only a sum of what lies beside it: made anew
        return Tally(), stored.etag


def _keep(objects: Objects, month: str, tally: Tally, etag: str | None) -> None:
    """Keep the sum for the next look. Another who does so at the same time keeps the same, and who may not need not."""
    from contextlib import suppress

    import msgspec

    from salesperf_cli.errors import SalesperfError

    key, data = f"{PREFIX}{month}.json", msgspec.json.encode(tally)
    with suppress(SalesperfError):
        _ = objects.create(key, data) if etag is None else objects.replace(key, data, etag)
