"""Predicted against billed: what was said before, what it then cost, and how far off that was. Kept in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from salesperf_cli.core.cost.money import ZERO
from salesperf_cli.errors import ConflictError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects

PREFIX = "_ledger/costs/"


@dataclass(frozen=True, slots=True)
class CostRecord:
    """One thing done and its two prices in USD; None where there was no price.

    `name` is unique among things of a kind (a run id, a query's id, a stack's change); `basis` says what the billed
    figure was reckoned from: bytes or seconds that the service told, or its bill.
    """

    kind: str
    name: str
    at: datetime
    region: str
    predicted_usd: Decimal | None
    billed_usd: Decimal | None
    basis: str = ""
    book_date: str = ""


@dataclass(frozen=True, slots=True)
class KindAccuracy:
    """How good the predictions of one kind were. `off_percent` is of the billed sum, None when that is nothing."""

    kind: str
    count: int
    compared: int
    predicted_usd: Decimal
    billed_usd: Decimal
    off_percent: Decimal | None
    worst: str


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The JSON shape of `cost accuracy`: by kind, and the latest records."""

    kinds: tuple[KindAccuracy, ...]
    records: tuple[CostRecord, ...]


class CostLedger:
    """The cost entries of a ledger: small objects, created once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def add(self, record: CostRecord) -> None:
        """Enter a record. Raises ConflictError when the same thing is entered with other figures."""
        import msgspec

        key = f"{PREFIX}{record.at:%Y-%m}/{record.at:%Y%m%dT%H%M%S%f}-{record.kind}-{_safe(record.name)}.json"
        data = msgspec.json.encode(record)
        if not self._objects.create(key, data):
            stored = self._objects.read(key)
            if stored is None or stored.data != data:
                raise ConflictError(
                    f"the cost of {record.kind} {record.name} is in the ledger with other figures",
                    why="entries are never changed",
                    remedy="look at it: salesperf cost accuracy",
                )

    def records(self, month: str = "") -> Sequence[CostRecord]:
        """All records, oldest first; `month` (2026-11) takes those of one."""
        import msgspec

        keys = self._objects.keys(f"{PREFIX}{month}")
        found = (self._objects.read(key) for key in keys)
        return [msgspec.json.decode(each.data, type=CostRecord) for each in found if each is not None]


def _safe(name: str) -> str:
    return "".join(character if character.isalnum() or character in "-_." else "_" for character in name)[:80]


def accuracy(records: Iterable[CostRecord], latest: int = 20) -> Accuracy:
    """Compare what was predicted with what was billed, over the records that have both."""
    entries = list(records)
    kinds = dict.fromkeys(each.kind for each in entries)
    return Accuracy(
        tuple(_of_kind(kind, [each for each in entries if each.kind == kind]) for kind in sorted(kinds)),
        tuple(reversed(entries[-latest:])),
    )


def _of_kind(kind: str, records: Sequence[CostRecord]) -> KindAccuracy:
    pairs = [
        (each.name, each.predicted_usd, each.billed_usd)
        for each in records
        if each.predicted_usd is not None and each.billed_usd is not None
    ]
    predicted = sum((first for _, first, _ in pairs), ZERO)
    billed = sum((second for _, _, second in pairs), ZERO)
    worst = max(pairs, key=lambda pair: abs(pair[1] - pair[2]), default=None)
    off = ((predicted - billed) / billed * 100).quantize(Decimal("0.1")) if billed else None
    return KindAccuracy(kind, len(records), len(pairs), predicted, billed, off, worst[0] if worst else "")
