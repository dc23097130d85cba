"""Ingest: files become bronze objects and one ledger entry, as a plan says (which file goes to which table).

Rows are not judged here: that is the batch layer's work. An ingest is visible as a whole or not at all, since its one
ledger entry is created last.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from salesperf_cli.core.contracts import Contract, matching_sources
from salesperf_cli.core.file_facts import FileFacts, facts_of
from salesperf_cli.core.headers import declared_columns, differences, with_actual_form
from salesperf_cli.core.ledger import Ingest, Ledger, Receipt, known_content
from salesperf_cli.core.sources import SourceFile
from salesperf_cli.core.tables import TableName
from salesperf_cli.errors import InputError, RefusedError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects
    from salesperf_cli.core.api.fetch import FetchedApi


@dataclass(frozen=True, slots=True)
class CopyStep:
    """Take one file into one bronze table."""

    source: SourceFile
    contract: Contract
    header: tuple[str, ...]

    @property
    def table(self) -> str:
        """The bronze table's bare name."""
        return self.contract.name.table


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """The files that an ingest takes in, in order."""

    steps: tuple[CopyStep, ...]

    @property
    def bytes(self) -> int:
        """Bytes that will be read."""
        return sum(step.source.bytes for step in self.steps)


@dataclass(frozen=True, slots=True)
class IngestedFile:
    """What became (or, in a dry run, would become) of one file. `lines` counts line ends where the file is text."""

    file: str
    table: str
    bytes: int
    lines: int | None
    status: Literal["loaded", "already loaded", "new"]
    key: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class IngestResult:
    """An ingest's outcome; `version` is None when nothing was new."""

    run_id: str
    version: int | None
    files: tuple[IngestedFile, ...]
    apis: tuple[FetchedApi, ...] = ()


def plan_ingest(
    sources: Sequence[SourceFile], contracts: Mapping[TableName, Contract], table: str | None
) -> IngestPlan:
    """Find each file's table and check its header; raises RefusedError (nothing loaded) when one does not fit."""
    steps, faults = [], []
    for source in sources:
        try:
            steps.append(_step(with_actual_form(source), contracts, table))
        except RefusedError as fault:
            faults.append(fault)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        detail = tuple(line for fault in faults for line in (fault.what, *(f"  {each}" for each in fault.detail)))
        raise RefusedError(
            f"{len(faults)} of {len(sources)} files are refused, nothing was loaded",
            why="their columns differ from their contracts, or they are empty",
            detail=detail,
            remedy="correct the files or the contracts, then run the same command",
        )
    return IngestPlan(tuple(steps))


def _step(source: SourceFile, contracts: Mapping[TableName, Contract], table: str | None) -> CopyStep:
    candidates = (
        [source_contract(contracts, table)] if table else list(matching_sources(contracts, _plain(source.name)))
    )
    by_header = not candidates
    if by_header:
        candidates = [contract for contract in contracts.values() if contract.source]
    fits, diffs = [], {}
    for contract in candidates:
        assert contract.source is not None
        columns = declared_columns(source, contract.source.dialect)
        lines = differences(source, columns, contract)
        if lines:
            diffs[contract.name] = lines
        else:
            fits.append(CopyStep(source, contract, columns))
    if len(fits) == 1:
        return fits[0]
    if fits or by_header:
        raise _no_table(source, [step.table for step in fits], diffs, contracts)
    name, lines = next(iter(diffs.items()))
    raise RefusedError(
        f"{source.shown} does not fit the contract of {name}",
        why=f"its header differs in {len(lines)} column{'s' * (len(lines) > 1)}; nothing was loaded",
        detail=lines,
        remedy=f"correct the file, or change the contract: salesperf contract show {name}",
    )


def _plain(name: str) -> str:
    return name[:-3] if name.lower().endswith(".gz") else name


def source_contract(contracts: Mapping[TableName, Contract], table: str) -> Contract:
    """The contract of the source table called `table`; raises InputError when there is none."""
    bare = table.removeprefix("bronze.")
    for contract in contracts.values():
        if contract.name.table == bare and contract.source:
            return contract
    raise InputError(
        f"there is no source table {table!r}",
        why=f"the pipeline's source tables are {', '.join(sorted(each.table for each in contracts))}",
        remedy="name one of them with --table",
    )


def _no_table(
    source: SourceFile,
    fits: list[str],
    diffs: Mapping[TableName, tuple[str, ...]],
    contracts: Mapping[TableName, Contract],
) -> InputError:
    detail: tuple[str, ...] = ()
    if fits:
        reason = f"it fits several: {', '.join(fits)}"
    else:
        nearest = min(diffs, key=lambda name: len(diffs[name]))
        reason = "neither its name nor its header fits a contract"
        detail = (f"nearest is {nearest.table}:", *(f"  {line}" for line in diffs[nearest]))
    return InputError(
        f"{source.shown}: which table is it for?",
        why=reason,
        detail=(*detail, f"source tables: {', '.join(sorted(name.table for name in contracts))}"),
        remedy="name the table: salesperf ingest FILE --table TABLE",
    )


def preview(plan: IngestPlan, ledger: Ledger, advance: Callable[[int], None]) -> IngestResult:
    """What running the plan would do: reads and hashes every file, writes nothing."""
    import hashlib

    known = known_content(ledger.ingests())
    files = []
    for step in plan.steps:
        digest, facts = hashlib.sha256(), _facts(step)
        with step.source.open() as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                facts.watch(block)
                advance(len(block))
        facts.finish(step.source.shown)
        sha256 = digest.hexdigest()
        status: Literal["already loaded", "new"] = "already loaded" if (step.table, sha256) in known else "new"
        files.append(IngestedFile(step.source.shown, step.table, step.source.bytes, facts.lines, status, None, sha256))
    return IngestResult("", None, tuple(files))


def run_ingest(
    plan: IngestPlan, objects: Objects, ledger: Ledger, *, run_id: str, now: datetime, advance: Callable[[int], None]
) -> IngestResult:
    """Copy the plan's files into bronze and enter them in the ledger as one ingest.

    The same content again, under whatever name, is left out. Killed at any moment, it leaves at most objects that no
    ledger entry names; running it again adopts them.
    """
    copier = _Copier(objects, known_content(ledger.ingests()), now, advance)
    with ThreadPoolExecutor(objects.parallel) as pool:
        # The largest first: otherwise one thread ends with the big file while the others wait.
        order = sorted(plan.steps, key=lambda step: -step.source.bytes)
        try:
            copied = dict(zip(order, pool.map(copier.copy, order), strict=True))
        except BaseException:
            copier.stop()  # otherwise the copies under way would be waited for to the end of their files
            raise

    def entry(ingests: Sequence[Ingest], version: int) -> Ingest | None:
        known = known_content(ingests)
        receipts = tuple(
            receipt
            for step in plan.steps
            if (receipt := copied[step][1]) and (receipt.table, receipt.sha256) not in known
        )
        return Ingest(version, run_id, now, receipts) if receipts else None

    ingest = ledger.add_ingest(entry)
    loaded = {receipt.key for receipt in ingest.receipts} if ingest else set()
    files = tuple(
        IngestedFile(
            file=step.source.shown,
            table=step.table,
            bytes=step.source.bytes,
            lines=lines,
            status="loaded" if receipt and receipt.key in loaded else "already loaded",
            key=receipt.key if receipt and receipt.key in loaded else None,
            sha256=sha256,
        )
        for step in plan.steps
        for sha256, receipt, lines in (copied[step],)
    )
    return IngestResult(run_id, ingest.version if ingest else None, files)


def _facts(step: CopyStep) -> FileFacts:
    assert step.contract.source is not None
    return facts_of(step.source.format, step.contract.source.dialect, gzip=step.source.gzip)


class _AlreadyLoaded(Exception):  # noqa: N818 - it says what was found, not what went wrong
    """Raised inside a copy once the hash is known: the content stands in bronze already."""

    def __init__(self, sha256: str) -> None:
        super().__init__(sha256)
        self.sha256 = sha256


class _Copier:
    """Copies files in several threads; of two equal files in one ingest, one is kept."""

    def __init__(
        self,
        objects: Objects,
        known: Mapping[tuple[str, str], Receipt],
        now: datetime,
        advance: Callable[[int], None],
    ) -> None:
        self._objects = objects
        self._seen = set(known)
        self._lock = threading.Lock()
        self._date = f"{now:%Y-%m-%d}"
        self._advance = advance
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the copies under way at their next block."""
        self._stopped.set()

    def copy(self, step: CopyStep) -> tuple[str, Receipt | None, int | None]:
        """Copy one file; gives its SHA-256, its receipt (None when the content is known) and its lines."""
        facts = _facts(step)
        arrived = 0

        def key_of(sha256: str) -> str:
            facts.finish(step.source.shown)
            with self._lock:
                if (step.table, sha256) in self._seen:
                    raise _AlreadyLoaded(sha256)
                self._seen.add((step.table, sha256))
            return f"bronze/{step.table}/ingest_date={self._date}/{sha256[:16]}-{_safe(step.source.name)}"

        def watch(block: bytes) -> None:
            self._go_on()
            facts.watch(block)

        def count(more: int) -> None:
            nonlocal arrived
            self._go_on()
            arrived += more
            self._advance(more)

        try:
            with step.source.open() as stream:
                stored = self._objects.receive(stream, key_of, watch=watch, stored=count)
        except _AlreadyLoaded as known:
            self._advance(max(step.source.bytes - arrived, 0))
            return known.sha256, None, facts.lines
        except (EOFError, ValueError, RuntimeError) as fault:
            raise _unreadable(step, fault) from fault
        except Exception as fault:
            if type(fault).__module__ in ("zipfile", "zlib"):
                raise _unreadable(step, fault) from fault
            raise
        receipt = Receipt(
            table=step.table,
            key=stored.key,
            name=step.source.name,
            sha256=stored.sha256,
            bytes=stored.bytes,
            format=step.source.format + (".gz" if step.source.gzip else ""),
            header=step.header,
            damaged=facts.damaged,
            watermark=step.source.watermark,
        )
        return stored.sha256, receipt, facts.lines

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise CancelledError


def _safe(name: str) -> str:
    """A file name as part of a key: letters, digits, dot, dash and underscore; the receipt keeps the name as it was."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[-120:].lstrip(".") or "file"


def _unreadable(step: CopyStep, fault: Exception) -> InputError:
    return InputError(
        f"{step.source.shown} cannot be read to its end",
        why=f"{str(fault) or type(fault).__name__}; it may be cut off or damaged. Nothing was loaded",
        remedy="get the file again, then run the same command",
    )
