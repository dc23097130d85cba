"""Landed events: the objects that the function has written, as files of a bronze table.

A run takes in what has landed since the last one, as one ingest whose receipts name the objects where they lie: nothing
is copied. Up to which ingest a release holds events is in the state of its silver table, so that the mark moves with
the release, and back with a rollback.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

from salesperf_cli.core.ledger import Ingest, Ledger, Receipt

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects
    from salesperf_cli.core.contracts import Contract
    from salesperf_cli.core.pipeline import Pipeline

SPEED = "speed/"
REJECTED = "speed_rejected/"
FORMAT = "ndjson.gz"


def landed_keys(objects: Objects, table: str, prefix: str = SPEED) -> list[str]:
    """The keys of landed (or, by the prefix, rejected) events of a table, by date and hour of arrival."""
    return [key for key in objects.keys(f"{prefix}{table}/") if key.endswith(f".{FORMAT}")]


def _not_in(keys: Sequence[str], ingests: Sequence[Ingest]) -> list[str]:
    known = {receipt.key for ingest in ingests for receipt in ingest.receipts}
    return [key for key in keys if key not in known]


def absorb(
    pipeline: Pipeline,
    objects: Objects,
    ledger: Ledger,
    *,
    run_id: str,
    now: datetime,
    only: Collection[str] | None = None,
) -> Sequence[Ingest]:
    """Enter what has landed (of it, the objects in `only`) in the ledger, one ingest a table of events; gives them.

    Killed at any moment, it has made an ingest or not; the next run goes on from what the ledger says.
    """
    made = []
    for receipts in _waiting(pipeline, objects, ledger.ingests(), only):

        def entry(ingests: Sequence[Ingest], version: int, mine: Sequence[Receipt] = receipts) -> Ingest | None:
            new = set(_not_in([receipt.key for receipt in mine], ingests))
            chosen = tuple(receipt for receipt in mine if receipt.key in new)
            return Ingest(version, run_id, now, chosen) if chosen else None

        if ingest := ledger.add_ingest(entry):
            made.append(ingest)
    return made


def would_absorb(pipeline: Pipeline, objects: Objects, ingests: Sequence[Ingest], now: datetime) -> Sequence[Ingest]:
    """The ingests that `absorb` would make now, for telling a plan; nothing is written."""
    version = ingests[-1].version if ingests else 0
    waiting = [receipts for receipts in _waiting(pipeline, objects, ingests, None) if receipts]
    return [Ingest(version + at, "", now, tuple(receipts)) for at, receipts in enumerate(waiting, start=1)]


def _waiting(
    pipeline: Pipeline, objects: Objects, ingests: Sequence[Ingest], only: Collection[str] | None
) -> Iterator[Sequence[Receipt]]:
    """For each table of events, the landed objects that no ingest has taken in."""
    for contract in pipeline.contracts(["speed"]).values():
        keys = _not_in(landed_keys(objects, contract.name.table), ingests)
        chosen = keys if only is None else [key for key in keys if key in only]
        yield list(landed_receipts(contract, chosen, objects)) if chosen else []


def landed_receipts(contract: Contract, keys: Sequence[str], objects: Objects) -> Iterator[Receipt]:
    """Receipts of landed objects; one that has gone in the meantime is left out."""

    def receipt(key: str) -> Receipt | None:
        stored = objects.read(key)
        if stored is None:
            return None
        table = contract.name.table
        name = key.removeprefix(f"{SPEED}{table}/")
        sha256 = hashlib.sha256(stored.data).hexdigest()
        return Receipt(table, key, name, sha256, len(stored.data), FORMAT, contract.column_names)

    with ThreadPoolExecutor(objects.parallel) as pool:
        yield from (each for each in pool.map(receipt, keys) if each is not None)
