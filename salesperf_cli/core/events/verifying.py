"""Whether what was sent has landed: found out by reading it."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesperf_cli.core.events.landed import REJECTED, SPEED, landed_keys

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects
    from salesperf_cli.core.contracts import Contract

PATIENCE = 120.0
"""Seconds without anything new after which nothing more is expected: three times the mapping's window and retries."""


@dataclass(frozen=True, slots=True)
class Found:
    """How many of the events landed, were set aside as invalid, and were not found."""

    landed: int
    rejected: int
    missing: int


def wait_until_landed(
    objects: Objects,
    contract: Contract,
    ids: Collection[str],
    *,
    tell: Callable[[int], None],
    patience: float = PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
) -> Found:
    """Look again and again, each object once, until every id was found or nothing new came for `patience` seconds."""
    looker = _Looker(objects, contract, set(ids))
    last = time.monotonic()
    while True:
        if looker.look():
            last = time.monotonic()
        if not looker.left or time.monotonic() - last > patience:
            return Found(looker.landed, looker.rejected, len(looker.left))
        tell(len(looker.left))
        sleep(min(1.0, patience / 10))


class _Looker:
    """Reads the objects that it has not read yet."""

    def __init__(self, objects: Objects, contract: Contract, left: set[str]) -> None:
        self._objects = objects
        self._table, self._id = contract.name.table, contract.key[0]
        self._seen: set[str] = set()
        self.left = left
        self.landed = self.rejected = 0

    def look(self) -> bool:
        """Read what is new; gives whether anything was."""
        before = len(self.left)
        self.landed += self._found(SPEED)
        self.rejected += self._found(REJECTED)
        return len(self.left) < before

    def _found(self, prefix: str) -> int:
        keys = [key for key in landed_keys(self._objects, self._table, prefix) if key not in self._seen]
        before = len(self.left)
        with ThreadPoolExecutor(self._objects.parallel) as pool:
            for found in pool.map(self._ids, keys):
                self.left -= found
        self._seen.update(keys)
        return before - len(self.left)

    def _ids(self, key: str) -> set[str]:
        stored = self._objects.read(key)
        lines = gzip.decompress(stored.data).splitlines() if stored else []
        return {identity for line in lines if (identity := self._identity(json.loads(line))) is not None}

    def _identity(self, record: dict[str, object]) -> str | None:
        if "reason" in record and "sequence_number" in record:  # a rejected one, as the function sets it aside
            try:
                inner = json.loads(str(record.get("record", "")))
            except ValueError:
                return None
            record = inner if isinstance(inner, dict) else {}
        found = record.get(self._id)
        return found if isinstance(found, str) else None
