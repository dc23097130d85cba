"""How a vacuum is told: what stays and what goes, table by table, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from salesperf_cli.output.forms import Column, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from salesperf_cli.core.vacuum import TablePlan, VacuumPlan
    from salesperf_cli.core.vacuum_kept import Judged
    from salesperf_cli.core.vacuum_walk import VacuumOutcome


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """A snapshot that stays or goes, and why."""

    snapshot_id: int
    at: datetime
    stays: bool
    why: str


@dataclass(frozen=True, slots=True)
class TableLine:
    """A table: its snapshots, the references that go, and files and bytes that go and stay; `left` says why it is left
    alone.
    """

    table: str
    snapshots: tuple[SnapshotLine, ...]
    references: tuple[str, ...]
    files: int
    bytes: int
    files_kept: int
    bytes_kept: int
    left: str

    @property
    def snapshots_gone(self) -> int:
        """How many snapshots go."""
        return sum(not each.stays for each in self.snapshots)


@dataclass(frozen=True, slots=True)
class FolderLine:
    """A folder of the warehouse that belongs to no table of the lake: it is left alone."""

    folder: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class VacuumReport:
    """The JSON shape of `vacuum`: `done` is false where it only shows.

    `kept` and `kept_runs` are the releases and runs within the limits; `releases` and `runs` lose their data.
    """

    done: bool
    keep_releases: int
    keep_days: int
    kept: tuple[str, ...]
    kept_runs: tuple[str, ...]
    releases: tuple[str, ...]
    runs: tuple[str, ...]
    tables: tuple[TableLine, ...]
    scratch_files: int
    scratch_bytes: int
    files: int
    bytes: int
    strangers: tuple[FolderLine, ...]


def report_of(plan: VacuumPlan, outcome: VacuumOutcome | None = None) -> VacuumReport:
    """The plan as data; with what came of it, once it was walked."""
    keeping, left = plan.keeping, outcome.left if outcome else {}
    return VacuumReport(
        done=outcome is not None,
        keep_releases=keeping.retention.releases,
        keep_days=keeping.retention.days,
        kept=tuple(release.name for release in keeping.releases),
        kept_runs=tuple(run.run_id for run in keeping.runs),
        releases=tuple(f"r{number}" for number in plan.releases),
        runs=plan.runs,
        tables=tuple(_table(each, left.get(str(each.table), "")) for each in plan.tables),
        scratch_files=len(plan.scratch),
        scratch_bytes=sum(file.bytes for file in plan.scratch),
        files=outcome.files if outcome else plan.files,
        bytes=outcome.bytes if outcome else plan.bytes,
        strangers=tuple(FolderLine(each.folder, each.files, each.bytes) for each in plan.strangers),
    )


def _table(plan: TablePlan, left: str) -> TableLine:
    return TableLine(
        table=str(plan.table),
        snapshots=tuple(
            sorted((*_lines(plan.judged.gone, False), *_lines(plan.judged.kept, True)), key=lambda each: each.at)
        ),
        references=plan.judged.refs,
        files=len(plan.files),
        bytes=sum(file.bytes for file in plan.files),
        files_kept=len(plan.kept),
        bytes_kept=sum(file.bytes for file in plan.kept),
        left=left or plan.left,
    )


def _lines(judged: Iterable[Judged], stays: bool) -> Iterator[SnapshotLine]:
    return (SnapshotLine(each.snapshot_id, each.at, stays, each.why) for each in judged)


def report_view(report: VacuumReport) -> Iterable[Table | Line]:
    """What goes a table, then why, and what is left alone."""
    columns = (Column("Table"), Column("Snapshots"), Column("Files"), Column("Bytes"), Column("Bytes kept"))
    rows: list[tuple[object, ...]] = [
        (each.table, each.snapshots_gone or "", each.files, each.bytes, each.bytes_kept) for each in _losing(report)
    ]
    if report.scratch_files:
        rows.append(("caches, scratch", "", report.scratch_files, report.scratch_bytes, ""))
    if rows:
        yield Table(columns, rows, footer=f"{_counted(report.files, 'file')}, {report.bytes:,} bytes")
    yield from map(Line, _reasons(report))


def plan_lines(report: VacuumReport) -> Iterator[str]:
    """The same in lines, for whoever is asked."""
    for each in _losing(report):
        snapshots = f"{_counted(each.snapshots_gone, 'snapshot')}, " if each.snapshots_gone else ""
        yield f"- {each.table}: {snapshots}{_counted(each.files, 'file')}, {each.bytes:,} bytes"
    if report.scratch_files:
        yield f"- caches, scratch: {_counted(report.scratch_files, 'file')}, {report.scratch_bytes:,} bytes"
    yield from _reasons(report)


def _losing(report: VacuumReport) -> list[TableLine]:
    return [each for each in report.tables if not each.left and (each.files or each.snapshots_gone)]


def _reasons(report: VacuumReport) -> Iterator[str]:
    """Why, in words."""
    if report.kept:
        days = f", and all of the last {_counted(report.keep_days, 'day')}" if report.keep_days else ""
        yield f"Kept: {_span(report.kept)} (the newest {report.keep_releases}{days})"
    if report.kept_runs:
        yield f"Kept: what {_counted(len(report.kept_runs), 'run')} built lately"
    verb = "Gone" if report.done else "Goes"
    if report.releases:
        yield f"{verb}: the data of {_span(report.releases)}"
    whys = [each.why for table in report.tables for each in table.snapshots if not each.stays]
    runs_of = {why for why in whys if why.startswith("run ")}
    if runs_of:
        yield f"{verb}: what was built and never published by {_counted(len(runs_of), 'run')}"
    for each in report.tables:
        if each.left:
            yield f"Left alone: {each.table}: {each.left}"
    for folder in report.strangers:
        yield f"Left alone: {folder.folder}, {_counted(folder.files, 'file')} of no table of this lake"


def _span(names: Iterable[str]) -> str:
    """`r1 to r3, r7`: releases as people count them."""
    spans: list[list[int]] = []
    for number in (int(name[1:]) for name in names):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"r{first}" if first == last else f"r{first} to r{last}" for first, last in spans)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
