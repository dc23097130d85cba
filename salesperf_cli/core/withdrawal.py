"""Takes delivered files out again: a ledger entry says that they no longer count, and the next run builds without them.

Bronze keeps the bytes, since an entry of the ledger is never undone; delivering the same file again loads it anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from salesperf_cli.core.ledger import Ingest, Ledger, Receipt, live
from salesperf_cli.errors import InputError


@dataclass(frozen=True, slots=True)
class WithdrawnFile:
    """A file that no longer counts."""

    file: str
    table: str
    key: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The files withdrawn together; `version` is the ledger entry's, None in a dry run."""

    version: int | None
    files: tuple[WithdrawnFile, ...]


def plan_withdrawal(ledger: Ledger, names: Sequence[str]) -> Withdrawal:
    """The files meant by `names`: file names as delivered, or bronze keys; raises InputError when one is not clear."""
    receipts = [receipt for _, receipt in live(ledger.ingests())]
    found = tuple(_named(receipts, name) for name in names)
    return Withdrawal(None, tuple(WithdrawnFile(each.name, each.table, each.key, each.bytes) for each in found))


def withdraw(ledger: Ledger, names: Sequence[str], *, run_id: str, now: datetime) -> Withdrawal:
    """Enter the withdrawal in the ledger."""
    plan = plan_withdrawal(ledger, names)
    keys = tuple(file.key for file in plan.files)
    entry = ledger.add_ingest(lambda _, version: Ingest(version, run_id, now, (), withdrawn=keys))
    assert entry is not None
    return Withdrawal(entry.version, plan.files)


def _named(receipts: Sequence[Receipt], name: str) -> Receipt:
    found = [receipt for receipt in receipts if name in (receipt.name, receipt.key)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"{name} was delivered {len(found)} times",
            why="the name alone does not say which one is meant",
            detail=tuple(receipt.key for receipt in found),
            remedy="name one of these keys",
        )
    from difflib import get_close_matches

    near = get_close_matches(name, {receipt.name for receipt in receipts}, n=3)
    raise InputError(
        f"no file {name} counts",
        why=f"near names are {', '.join(near)}" if near else "no delivered file has this name or key",
        remedy="see what was delivered: salesperf status",
    )
