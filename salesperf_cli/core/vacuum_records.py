"""Which releases and runs have lost their data to a vacuum, and how those are told who ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from salesperf_cli.core.ledger import Ledger, Release, RunRecord
from salesperf_cli.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """When each release (by number) and each run (by id) was given up."""

    releases: Mapping[int, datetime]
    runs: Mapping[str, datetime]


def vacuumed(ledger: Ledger) -> Vacuumed:
    """What all vacuums have given up."""
    entries = ledger.vacuums()
    return Vacuumed(
        {number: entry.at for entry in entries for number in entry.releases},
        {run_id: entry.at for entry in entries for run_id in entry.runs},
    )


def refuse_vacuumed_release(ledger: Ledger, release: Release) -> None:
    """Raise RefusedError for a release whose data may be gone; what the last release names never is."""
    if at := vacuumed(ledger).releases.get(release.number):
        raise _gone(release.name, at)


def refuse_vacuumed_run(ledger: Ledger, run: RunRecord) -> None:
    """Raise RefusedError for a run whose data may be gone."""
    if at := vacuumed(ledger).runs.get(run.run_id):
        raise _gone(f"run {run.run_id}", at)


def _gone(name: str, at: datetime) -> RefusedError:
    return RefusedError(
        f"{name} cannot be had any more",
        why=f"its data was vacuumed on {at:%Y-%m-%d %H:%M} UTC",
        remedy="see which releases still have theirs: salesperf releases",
    )
