"""What a vacuum keeps and what goes, with the reason of each: decided from the ledger and the tables' histories alone.

Pure: nothing is read or written here. Which files follow from it is the business of `vacuum`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from salesperf_cli.core.ledger import Release, RunRecord, TableState
from salesperf_cli.core.listing import History, Reference, Snapshot
from salesperf_cli.core.runs import audit_branch
from salesperf_cli.core.vacuum_records import Vacuumed

Namer = Release | RunRecord
"""What names snapshots, in `tables`."""

_RELEASE_TAG = re.compile(r"r([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Retention:
    """How much to keep: the newest `releases` and all younger than `days`; nothing younger than `grace` goes."""

    releases: int
    days: int
    grace: timedelta


@dataclass(frozen=True, slots=True)
class Judged:
    """A snapshot, and why it stays or goes."""

    snapshot_id: int
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class JudgedTable:
    """A table's snapshots that stay and go, the references that go, and the metadata files that the kept name."""

    kept: tuple[Judged, ...]
    gone: tuple[Judged, ...]
    refs: tuple[str, ...]
    metadata: frozenset[str]


@dataclass(frozen=True, slots=True)
class Past:
    """What the ledger says: all releases and batch runs, oldest first, and what was given up before."""

    releases: Sequence[Release]
    runs: Sequence[RunRecord]
    vacuumed: Vacuumed

    @property
    def namers(self) -> Iterator[Namer]:
        """All of them."""
        yield from self.releases
        yield from self.runs


@dataclass(frozen=True, slots=True)
class Keeping:
    """The releases and runs that are kept, and what goes with the others."""

    releases: tuple[Release, ...]
    runs: tuple[RunRecord, ...]
    past: Past
    retention: Retention
    now: datetime

    @property
    def namers(self) -> Iterator[tuple[Namer, str]]:
        """What is kept, each with what people call it."""
        yield from ((run, f"run {run.run_id}") for run in self.runs)
        yield from ((release, release.name) for release in self.releases)


def decide(past: Past, retention: Retention, now: datetime) -> Keeping:
    """Which releases and runs are kept. What was given up once stays given up."""
    newest = {release.number for release in past.releases[-max(retention.releases, 1) :]}
    releases = tuple(
        release
        for release in past.releases
        if release.number not in past.vacuumed.releases
        and (release.number in newest or now - release.at <= timedelta(days=retention.days))
    )
    last = next((run for run in reversed(past.runs) if run.kind == "batch"), None)
    runs = tuple(
        run
        for run in past.runs
        if run.run_id not in past.vacuumed.runs
        and (_age(run, now) <= retention.grace or (run is last and _may_be_promoted(run, retention, now)))
    )
    return Keeping(releases, runs, past, retention, now)


def judge(name: str, history: History, keeping: Keeping) -> JudgedTable:
    """Which of a table's snapshots and references stay."""
    own = {audit_branch(run.run_id): run for run in keeping.past.runs}
    kept_runs = {run.run_id for run in keeping.runs}
    why = dict(_named(name, keeping))
    for ref in history.references:
        if ref.name not in own and not _is_release_tag(ref, keeping):
            why.setdefault(ref.snapshot_id, f"{ref.kind} {ref.name}")
        elif ref.name in own and own[ref.name].run_id in kept_runs:
            why.setdefault(ref.snapshot_id, f"run {own[ref.name].run_id}")
    if history.snapshots:
        why.setdefault(history.snapshots[0].snapshot_id, "new branches start at it")
    known = {state.snapshot_id for each in keeping.past.namers for state in _states(each, name)}
    for snapshot in history.snapshots:
        if reason := _young(snapshot, snapshot.snapshot_id in known, keeping):
            why.setdefault(snapshot.snapshot_id, reason)
    kept = tuple(
        Judged(each.snapshot_id, each.at, why[each.snapshot_id])
        for each in history.snapshots
        if each.snapshot_id in why
    )
    gone = tuple(
        Judged(each.snapshot_id, each.at, _of(name, each, keeping.past))
        for each in history.snapshots
        if each.snapshot_id not in why
    )
    refs = tuple(ref.name for ref in history.references if _goes(ref, own, kept_runs, why))
    return JudgedTable(kept, gone, refs, frozenset(_metadata(name, keeping)))


def given_up(keeping: Keeping, gone: Mapping[str, JudgedTable]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The releases (numbers) and runs (ids) that lose a snapshot and were not given up before."""
    going = {(name, each.snapshot_id) for name, table in gone.items() for each in table.gone}

    def loses(each: Namer) -> bool:
        return any((name, state.snapshot_id) in going for name, state in each.tables.items())

    past = keeping.past
    return (
        tuple(each.number for each in past.releases if each.number not in past.vacuumed.releases and loses(each)),
        tuple(each.run_id for each in past.runs if each.run_id not in past.vacuumed.runs and loses(each)),
    )


def _named(name: str, keeping: Keeping) -> Iterator[tuple[int, str]]:
    """Snapshots that kept releases and runs name, the newest namer last; before them, those that a kept table was made
    from: the next run asks what has changed since.
    """
    for each, label in keeping.namers:
        for table, state in each.tables.items():
            if name in state.inputs:
                yield state.inputs[name], f"{table} of {label} was made from it"
    for each, label in keeping.namers:
        for state in _states(each, name):
            yield state.snapshot_id, label


def _metadata(name: str, keeping: Keeping) -> Iterator[str]:
    for each, _ in keeping.namers:
        for state in _states(each, name):
            yield state.metadata


def _states(each: Namer, name: str) -> tuple[TableState, ...]:
    return (each.tables[name],) if name in each.tables else ()


def _age(run: RunRecord, now: datetime) -> timedelta:
    return now - (run.finished or run.started)


def _may_be_promoted(run: RunRecord, retention: Retention, now: datetime) -> bool:
    """Whether `promote` would still take the run. One job has made silver and another has yet to make gold, perhaps."""
    return run.status in ("audited", "promoting") and _age(run, now) <= timedelta(days=retention.days)


def _is_release_tag(ref: Reference, keeping: Keeping) -> bool:
    """Whether a publishing of ours has set the tag; one that was given up may have used the next number."""
    found = _RELEASE_TAG.fullmatch(ref.name)
    last = keeping.past.releases[-1].number if keeping.past.releases else 0
    return ref.kind == "tag" and found is not None and int(found[1]) <= last + 1


def _young(snapshot: Snapshot, known: bool, keeping: Keeping) -> str | None:
    """Why a snapshot is too young to go. What something else has written is kept as long as a release would be."""
    age = keeping.now - snapshot.at
    if age <= keeping.retention.grace:
        return "younger than the grace"
    if snapshot.run_id is None and not known and age <= timedelta(days=keeping.retention.days):
        return "written by something else, lately"
    return None


def _of(name: str, snapshot: Snapshot, past: Past) -> str:
    """What named a snapshot that goes."""
    for release in reversed(past.releases):
        if any(state.snapshot_id == snapshot.snapshot_id for state in _states(release, name)):
            return release.name
    run = next((run for run in past.runs if run.run_id == snapshot.run_id), None)
    if run is None:
        return "nothing names it"
    return f"run {run.run_id} ({'killed' if run.status in ('running', 'promoting') else run.status})"


def _goes(ref: Reference, own: Mapping[str, RunRecord], kept_runs: set[str], why: Mapping[int, str]) -> bool:
    """Whether a reference goes: with its snapshot, or as the branch of a run that nobody can promote any more."""
    return ref.snapshot_id not in why or (ref.name in own and own[ref.name].run_id not in kept_runs)
