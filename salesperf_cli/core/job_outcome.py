"""What a job leaves in the lake when it fails: the error in our words, for whoever waits for it elsewhere.

A job's exit code gets lost between the machines; this object brings it, and the reason, to the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from salesperf_cli.errors import (
    AccessError,
    ConflictError,
    InputError,
    RefusedError,
    RetryableError,
    SalesperfError,
)

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects

_KINDS: dict[int, type[SalesperfError]] = {
    kind.exit_code: kind for kind in (InputError, RefusedError, AccessError, RetryableError, ConflictError)
}


@dataclass(frozen=True, slots=True)
class JobFault:
    """An error as it crosses machines."""

    exit_code: int
    what: str
    why: str
    remedy: str
    detail: tuple[str, ...] = ()


def leave_fault(objects: Objects, run_id: str, layer: str, error: SalesperfError) -> None:
    """Leave word of a failed job; the first word counts."""
    fault = JobFault(int(error.exit_code), error.what, error.why, error.remedy, error.detail)
    objects.create(_key(run_id, layer), msgspec.json.encode(fault))


def fault_of(objects: Objects, run_id: str, layer: str) -> SalesperfError | None:
    """The error that a job has left word of, or None."""
    stored = objects.read(_key(run_id, layer))
    if stored is None:
        return None
    fault = msgspec.json.decode(stored.data, type=JobFault)
    kind = _KINDS.get(fault.exit_code, InputError)
    return kind(fault.what, why=fault.why, remedy=fault.remedy, detail=fault.detail)


def _key(run_id: str, layer: str) -> str:
    return f"_ledger/jobs/{run_id}-{layer}.json"
