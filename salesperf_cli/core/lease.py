"""A lease on the batch layer: one run at a time, and a killed run's lease is taken over.

The lease is one object, created conditionally. A holder on the same machine is known to be gone when its process is;
one on another machine when its lease has run out. Holders of long runs renew.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from salesperf_cli.errors import ConflictError, SalesperfError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects

KEY = "_ledger/leases/batch.json"
TERM = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lease, doing what, until when. `started` tells a process from a later one with the same pid."""

    run_id: str
    host: str
    pid: int
    started: str
    doing: str
    until: datetime


@contextmanager
def hold(objects: Objects, run_id: str, doing: str) -> Iterator[None]:
    """Hold the lease while the block runs; raises ConflictError while another live process holds it."""
    mine = Holder(run_id, socket.gethostname(), os.getpid(), _started(os.getpid()), doing, datetime.now(UTC) + TERM)
    data = msgspec.json.encode(mine)
    if not objects.create(KEY, data):
        _take_over(objects, data)
    ended = threading.Event()
    threading.Thread(target=_renew, args=(objects, mine, ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        current = objects.read(KEY)
        if current and msgspec.json.decode(current.data, type=Holder).run_id == run_id:
            objects.delete(KEY)


def refuse_held(objects: Objects) -> None:
    """Raise ConflictError while another live process holds the lease: what would then be started could only fail."""
    if holder := live_holder(objects):
        raise _held(holder)


def live_holder(objects: Objects) -> Holder | None:
    """Who works on the lake now, or None: what a killed process has left does not count."""
    stored = objects.read(KEY)
    holder = msgspec.json.decode(stored.data, type=Holder) if stored else None
    return holder if holder and _alive(holder) else None


def _renew(objects: Objects, mine: Holder, ended: threading.Event) -> None:
    """Put the end of the lease off, again and again, until the work has ended or the lease is somebody else's.

    A store that cannot be reached is asked again: there are two more times before the lease runs out.
    """
    while not ended.wait(TERM.total_seconds() / 3):
        with suppress(SalesperfError, OSError):
            stored = objects.read(KEY)
            if stored is None or msgspec.json.decode(stored.data, type=Holder).run_id != mine.run_id:
                return
            objects.replace(KEY, msgspec.json.encode(replace(mine, until=datetime.now(UTC) + TERM)), stored.etag)


def _take_over(objects: Objects, data: bytes) -> None:
    stored = objects.read(KEY)
    if stored is None:
        taken = objects.create(KEY, data)
    else:
        holder = msgspec.json.decode(stored.data, type=Holder)
        taken = not _alive(holder) and objects.replace(KEY, data, stored.etag)
        if not taken:
            raise _held(holder)
    if not taken:
        raise ConflictError(
            "another salesperf has just begun to work on this lake",
            why="it took the batch lease at the same moment",
            remedy="wait until it has ended, then run the command again",
        )


def _held(holder: Holder) -> ConflictError:
    return ConflictError(
        f"another salesperf works on this lake ({holder.doing})",
        why=f"run {holder.run_id}, process {holder.pid} on {holder.host}, holds the batch lease",
        remedy="wait until it has ended, then run the command again",
    )


def _alive(holder: Holder) -> bool:
    if holder.host != socket.gethostname():
        return datetime.now(UTC) < holder.until
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _started(holder.pid) == holder.started


def _started(pid: int) -> str:
    """The process's start time in clock ticks where /proc tells it, else nothing (then the pid alone counts)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
