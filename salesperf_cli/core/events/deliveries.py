"""Finds what a replay reads: event files, deliveries that the event query is fed with, or what the lake holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from salesperf_cli.core.build import StagedFile
from salesperf_cli.core.ingest import CopyStep, IngestPlan, plan_ingest
from salesperf_cli.core.ledger import Ledger, Receipt, live
from salesperf_cli.core.sources import SourceFile, find_sources
from salesperf_cli.core.tables import TableName
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects
    from salesperf_cli.core.contracts import Contract
    from salesperf_cli.core.pipeline import EventQuery, Pipeline


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be staged: the query over it, the key, and for each table the files named or objects of the lake."""

    query: str
    key: str
    events: Contract
    sources: Mapping[TableName, Contract]
    steps: tuple[CopyStep, ...]
    receipts: tuple[Receipt, ...]

    @property
    def fingerprint(self) -> str:
        """Tells these sources, as they are now, from all others."""
        parts = [self.query, self.key, self.events.fingerprint]
        for step in self.steps:
            stat = step.source.path.stat()
            parts.append(f"{step.table} {step.source.path} {step.source.member} {stat.st_size} {stat.st_mtime_ns}")
        parts += [f"{receipt.table} {receipt.sha256}" for receipt in self.receipts]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def event_table(pipeline: Pipeline) -> tuple[Contract, EventQuery | None]:
    """The pipeline's event contract and the query that derives its events; raises InputError without a contract."""
    contracts = list(pipeline.contracts(["speed"]).values())
    if len(contracts) != 1:
        raise InputError(
            "the pipeline has no events" if not contracts else "the pipeline has several event tables",
            why=f"contracts/speed/ holds {len(contracts)} contracts; one is what the stream takes",
            remedy="write contracts/speed/<table>.yaml, and events/<table>.sql for deriving events from files",
        )
    return contracts[0], pipeline.event_queries().get(contracts[0].name.table)


def find_deliveries(pipeline: Pipeline, paths: Sequence[str], ledger: Ledger, *, cwd: Path) -> Wanted:
    """What to stage for these paths; none means what the lake holds.

    Tables of the event query that no path brings are looked for beside the files that were named, then in the lake.
    Raises InputError when one is nowhere.
    """
    events, query = event_table(pipeline)
    contracts = pipeline.contracts(["bronze"])
    direct = TableName("bronze", events.name.table)
    steps = list(_steps(paths, contracts, None, cwd)) if paths else []
    told = tuple(step for step in steps if step.contract.name == direct)
    if told:
        rows = f"SELECT {', '.join(events.column_names)} FROM {direct}"
        return Wanted(rows, _key(events, query), events, {direct: contracts[direct]}, told, ())
    if query is None:
        raise InputError(
            f"these are no events of {events.name}",
            why=f"the pipeline has no events/{events.name.table}.sql that derives events from other files",
            remedy="name files of events (NDJSON)",
        )
    needed = {name.table for name in query.inputs}
    chosen = [step for step in steps if step.table in needed]
    if paths and not chosen:
        raise InputError(
            "no event follows from these files",
            why=f"events are made of {', '.join(sorted(needed))}",
            remedy="name one of those files, their folder or archive, or a file of events",
        )
    missing = needed - {step.table for step in chosen}
    beside = _beside(chosen, missing, contracts, cwd)
    missing -= {step.table for step in beside}
    receipts = tuple(receipt for _, receipt in live(ledger.ingests()) if receipt.table in missing)
    if nowhere := missing - {receipt.table for receipt in receipts}:
        raise InputError(
            f"for events there is no {sorted(nowhere)[0]}",
            why=f"events are made of {', '.join(sorted(needed))}; it is neither named, nor beside, nor in the lake",
            remedy="name its file too, or take it in: salesperf ingest PATH",
        )
    sources = {name: contracts[name] for name in query.inputs}
    return Wanted(query.sql, query.key, events, sources, (*chosen, *beside), receipts)


def landed_archive(pipeline: Pipeline, receipts: Sequence[Receipt]) -> Wanted:
    """The archive of the speed layer as a source."""
    events, query = event_table(pipeline)
    direct = TableName("bronze", events.name.table)
    rows = f"SELECT {', '.join(events.column_names)} FROM {direct}"
    contracts = pipeline.contracts(["bronze"])
    return Wanted(rows, _key(events, query), events, {direct: contracts[direct]}, (), tuple(receipts))


def _key(events: Contract, query: EventQuery | None) -> str:
    return query.key if query is not None else events.key[0]


def _steps(
    paths: Sequence[str], contracts: Mapping[TableName, Contract], wanted: set[str] | None, cwd: Path
) -> Iterator[CopyStep]:
    sources = find_sources(paths, cwd=cwd)
    plan = plan_ingest(sources, contracts, None)
    yield from (step for step in plan.steps if wanted is None or step.table in wanted)


def _beside(
    chosen: Sequence[CopyStep], missing: set[str], contracts: Mapping[TableName, Contract], cwd: Path
) -> list[CopyStep]:
    """Files of the missing tables in the folders of the named ones, where their names say so."""
    from salesperf_cli.core.contracts import matching_sources

    found: list[SourceFile] = []
    folders = dict.fromkeys(step.source.path.parent for step in chosen if step.source.member is None)
    for folder in folders:
        for file in sorted(folder.iterdir()):
            tables = {each.name.table for each in matching_sources(contracts, file.name)}
            if file.is_file() and tables & missing:
                found += find_sources([str(file)], cwd=cwd)
    return list(plan_ingest(tuple(found), contracts, None).steps) if found and missing else []


def stage_files(
    wanted: Wanted, scratch: Objects, open_object: Callable[[str], BinaryIO], path_of: Callable[[str], str | None]
) -> Mapping[TableName, tuple[StagedFile, ...]]:
    """Every file where an engine of this machine can read it: copied to `scratch`, unless it lies here already.

    `open_object` opens an object of the lake, `path_of` gives its path on this machine, if it has one.
    """
    from datetime import UTC, datetime

    from salesperf_cli.core.ingest import run_ingest

    found: dict[TableName, list[StagedFile]] = {name: [] for name in wanted.sources}
    if wanted.steps:
        ledger = Ledger(scratch)
        run_ingest(
            IngestPlan(wanted.steps), scratch, ledger, run_id="replay", now=datetime.now(UTC), advance=lambda _: None
        )
        for version, receipt in live(ledger.ingests()):
            name = TableName("bronze", receipt.table)
            found[name].append(StagedFile(scratch.location(receipt.key), receipt, version))
    for number, receipt in enumerate(wanted.receipts):
        location = path_of(receipt.key)
        if location is None:
            copy = f"copies/{number}-{receipt.key.rsplit('/', 1)[1]}"
            with open_object(receipt.key) as stream:
                scratch.receive(stream, lambda _, key=copy: key, watch=lambda _: None)  # type: ignore[misc]
            location = scratch.location(copy)
        found[TableName("bronze", receipt.table)].append(StagedFile(location, receipt, number + 1))
    return {name: tuple(files) for name, files in found.items()}
