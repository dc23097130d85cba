"""What is loaded, built and published, gathered from the ledger and from snapshots' statistics; no data is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from salesperf_cli.core.contracts import Contract, FreshnessRule
from salesperf_cli.core.deploy.stacks import StackLine
from salesperf_cli.core.lease import live_holder
from salesperf_cli.core.ledger import Ingest, Ledger, Release, RunRecord, TableState, live
from salesperf_cli.core.tables import TableName
from salesperf_cli.core.vacuum_records import Vacuumed, vacuumed

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Lake, Objects, Tables


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A bronze table: files and bytes received, when last, and files that no published table has taken in yet."""

    table: str
    files: int
    bytes: int
    received: datetime
    pending: int


@dataclass(frozen=True, slots=True)
class TableStatus:
    """A published table: rows, bytes, the release that made it, and the newest value of its freshness column."""

    table: str
    rows: int
    bytes: int
    files: int
    release: str
    published: datetime
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class RunStatusLine:
    """The last run: when, how it ended, and how many checks failed or warned.

    `status` is the ledger's word, or `killed`; `message` says why it failed; `vacuumed`, that its data are gone.
    """

    run_id: str
    kind: str
    status: str
    started: datetime
    failed: int
    warned: int
    message: str
    vacuumed: bool


@dataclass(frozen=True, slots=True)
class Status:
    """The whole lake at a glance; the JSON shape of `status`. `stacks` are those of a target on AWS; `readable` are the
    releases whose data are there, the oldest first, and `vacuumed` counts the others.
    """

    target: str
    pipeline: str
    release: str | None
    last_run: RunStatusLine | None
    sources: tuple[SourceStatus, ...]
    tables: tuple[TableStatus, ...]
    quarantined: dict[str, int]
    stacks: tuple[StackLine, ...] = ()
    readable: tuple[str, ...] = ()
    vacuumed: int = 0


def lake_status(
    ledger: Ledger, lake: Lake, contracts: Mapping[TableName, Contract], *, target: str, pipeline: str
) -> Status:
    """Gather the status."""
    releases, ingests, run = ledger.releases(), ledger.ingests(), ledger.last_run()
    current = releases[-1].tables if releases else {}
    gone = vacuumed(ledger)
    return Status(
        target=target,
        pipeline=pipeline,
        release=releases[-1].name if releases else None,
        last_run=_run(run, lake.objects, gone) if run else None,
        sources=tuple(_sources(ingests, current)),
        tables=tuple(
            _table(name, state, releases, contracts.get(TableName.parse(name)), lake.tables)
            for name, state in sorted(current.items(), key=lambda item: (item[0].startswith("gold"), item[0]))
            if not name.startswith("quarantine.")
        ),
        quarantined={name: state.rows for name, state in sorted(current.items()) if name.startswith("quarantine.")},
        readable=tuple(release.name for release in releases if release.number not in gone.releases),
        vacuumed=len(gone.releases),
    )


def _run(run: RunRecord, objects: Objects, gone: Vacuumed) -> RunStatusLine:
    """The last run; one that says it is at work, and that nobody works on, was killed."""
    killed = run.status in ("running", "promoting") and live_holder(objects) is None
    return RunStatusLine(
        run_id=run.run_id,
        kind=run.kind,
        status="killed" if killed else run.status,
        started=run.started,
        failed=len(run.failures),
        warned=len(run.warnings),
        message=run.message if run.status == "failed" else "",
        vacuumed=run.run_id in gone.runs,
    )


def _sources(ingests: Sequence[Ingest], current: Mapping[str, TableState]) -> Iterator[SourceStatus]:
    by_table: dict[str, list[tuple[Ingest, int]]] = {}
    by_version = {ingest.version: ingest for ingest in ingests}
    for version, receipt in live(ingests):
        by_table.setdefault(receipt.table, []).append((by_version[version], receipt.bytes))
    for table, entries in sorted(by_table.items()):
        taken = [state.inputs[f"bronze.{table}"] for state in current.values() if f"bronze.{table}" in state.inputs]
        reached = min(taken, default=0)
        yield SourceStatus(
            table=table,
            files=len(entries),
            bytes=sum(size for _, size in entries),
            received=max(ingest.at for ingest, _ in entries),
            pending=sum(ingest.version > reached for ingest, _ in entries),
        )


def _table(
    name: str, state: TableState, releases: Sequence[Release], contract: Contract | None, tables: Tables
) -> TableStatus:
    made = next(
        release
        for release in releases
        if name in release.tables and release.tables[name].snapshot_id == state.snapshot_id
    )
    return TableStatus(
        table=name,
        rows=state.rows,
        bytes=state.bytes,
        files=state.files,
        release=made.name,
        published=made.at,
        newest=_newest(name, state, contract, tables),
    )


def _newest(name: str, state: TableState, contract: Contract | None, tables: Tables) -> datetime | None:
    """The greatest value of the column that a freshness rule watches, from the files' statistics."""
    columns = [rule.column for rule in contract.table_rules if isinstance(rule, FreshnessRule)] if contract else []
    if not columns or columns[0] is None:
        return None
    listing = tables.listing(TableName.parse(name), state.snapshot_id)
    greatest = [int(file.most[columns[0]]) for file in listing.files if columns[0] in file.most]
    if not greatest:
        return None
    unit = timedelta(days=1) if dict(listing.columns)[columns[0]] == "date" else timedelta(microseconds=1)
    return datetime(1970, 1, 1, tzinfo=UTC) + max(greatest) * unit
