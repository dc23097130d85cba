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

    `name` tells things of a kind apart (a job run's id, the SQL's hash, a moment); `basis` says what the billed figure
    was reckoned from: bytes or seconds that the service told, or its bill. A record without a billed figure is
    superseded by one of the same kind and name that has it. `layer`, `seconds` and `outcome` are those of a job run;
    `over_budget` says why a budget would not have let it happen, where somebody went on anyway.
    """

    kind: str
    name: str
    at: datetime
    region: str
    predicted_usd: Decimal | None
    billed_usd: Decimal | None
    basis: str = ""
    book_date: str = ""
    layer: str = ""
    seconds: int | None = None
    outcome: str = ""
    over_budget: str = ""

    @property
    def key(self) -> str:
        """Where it lies in the ledger: by month, moment and kind; what was only predicted beside what was billed."""
        only = "-predicted" if self.is_open else ""
        return f"{PREFIX}{self.at:%Y-%m}/{self.at:%Y%m%dT%H%M%S%f}-{self.kind}-{_safe(self.name)}{only}.json"

    @property
    def is_open(self) -> bool:
        """Whether a bill may still come."""
        return self.billed_usd is None and self.predicted_usd is not None


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

        data = msgspec.json.encode(record)
        if not self._objects.create(record.key, data):
            stored = self._objects.read(record.key)
            if stored is None or stored.data != data:
                raise ConflictError(
                    f"the cost of {record.kind} {record.name} is in the ledger with other figures",
                    why="entries are never changed",
                    remedy="look at it: salesperf cost accuracy",
                )

    def records(self, month: str = "", kind: str = "") -> Sequence[CostRecord]:
        """All records, oldest first; `month` (2026-11) takes those of one, `kind` those of one kind."""
        keys = self.keys(month)
        return [record for _, record in self.read(key for key in keys if not kind or _kind(key) == kind)]

    def keys(self, month: str = "") -> Sequence[str]:
        """Where the records of a month lie, or all, oldest first."""
        return self._objects.keys(f"{PREFIX}{month}/" if month else PREFIX)

    def read(self, keys: Iterable[str]) -> Sequence[tuple[str, CostRecord]]:
        """The records under some keys, several read at once: there may be one for each query of a month."""
        from concurrent.futures import ThreadPoolExecutor

        import msgspec

        wanted = list(keys)
        with ThreadPoolExecutor(self._objects.parallel) as pool:
            found = list(pool.map(self._objects.read, wanted))
        return [
            (key, msgspec.json.decode(each.data, type=CostRecord))
            for key, each in zip(wanted, found, strict=True)
            if each is not None
        ]


def _kind(key: str) -> str:
    return key.rsplit("/", 1)[-1].split("-", 2)[1]


def _safe(name: str) -> str:
    return "".join(character if character.isalnum() or character in "-_." else "_" for character in name)[:80]


def settled(records: Iterable[CostRecord]) -> list[CostRecord]:
    """The records without those predictions whose bill is among them."""
    entries = list(records)
    billed = {(each.kind, each.name) for each in entries if not each.is_open}
    return [each for each in entries if not (each.is_open and (each.kind, each.name) in billed)]


def accuracy(records: Iterable[CostRecord], latest: int = 20) -> Accuracy:
    """Compare what was predicted with what was billed, over the records that have both."""
    entries = settled(records)
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
