"""Walks a batch plan with an engine: stage, build, check, account; and keeps the run's record in the ledger.

Nothing that happens here is visible to readers: tables are written to the run's audit branch. Publishing is
`promotion`. Steps that do not wait for each other run side by side, since half of a step is the engine's work and half
is bookkeeping.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from graphlib import TopologicalSorter
from itertools import chain
from threading import RLock
from typing import TYPE_CHECKING, Protocol

from salesperf_cli.core.batch import BatchPlan, BuildStep, CheckStep, StageStep, Step
from salesperf_cli.core.build import BuildRequest, BuildResult, CheckRequest, StageRequest, StageResult
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.ledger import CheckRecord, FileCount, Ledger, RunRecord, RunStatus, TableState
from salesperf_cli.core.tables import BUILT_LAYERS, TableName

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Engine

SIDE_BY_SIDE = 2
"""Steps under way at once. The engine itself uses all cores, so this only fills its gaps."""


JUDGE = "judge"
"""Before a table's name: the task that judges it."""


class RunReporter(Protocol):
    """Hears how a run goes on; called from one thread at a time."""

    def planned(self, plan: BatchPlan) -> None:
        """The plan is made."""

    def started(self, step: Step) -> None:
        """A step begins."""

    def staged(self, step: StageStep, result: StageResult) -> None:
        """Files were read."""

    def built(self, step: BuildStep, result: BuildResult) -> None:
        """A table was built."""

    def checked(self, step: CheckStep, checks: tuple[CheckRecord, ...]) -> None:
        """A layer was judged."""


def audit_branch(run_id: str) -> str:
    """The Iceberg branch on which a run writes."""
    return f"audit_{run_id.replace('-', '_')}"


class Run:
    """One walk along a plan. `record` is the run as it begins, or as far as a job before has brought it.

    `clock` gives the time at which a step ends.
    """

    def __init__(
        self,
        plan: BatchPlan,
        engine: Engine,
        ledger: Ledger,
        reporter: RunReporter,
        record: RunRecord,
        clock: Callable[[], datetime],
    ) -> None:
        self._plan = plan
        self._engine = engine
        self._ledger = ledger
        self._reporter = reporter
        self._clock = clock
        self._branch = audit_branch(record.run_id)
        self._lock = RLock()
        self._staged: dict[TableName, tuple[FileCount, ...]] = {}
        self._judged: dict[str, list[tuple[CheckRecord, ...]]] = {}
        self._waiting = _readers(plan)
        self._tables = {TableName.parse(name): state for name, state in plan.base.tables.items()}
        layers = tuple(dict.fromkeys((*record.layers, *plan.layers)))
        self.record = replace(record, status="running", layers=layers, finished=None)

    def walk(self) -> RunRecord:
        """Take every step until a rule fails; gives the run's final record.

        A layer is judged while the next is already being built: most runs pass. What was built on a layer that then
        fails is left out of the record.
        """
        self._ledger.write_run(self.record)
        tasks, graph = self._tasks()
        try:
            self._side_by_side(tasks, graph)
        except BaseException as fault:
            self._give_up(fault)
            raise
        status: RunStatus = "blocked" if self.record.failures else "audited"
        self.record = replace(self._up_to_failure(), status=status, finished=self._clock())
        self._ledger.write_run(self.record)
        return self.record

    def _tasks(self) -> tuple[dict[str, Callable[[], None]], dict[str, tuple[str, ...]]]:
        """What is to be done, by name, and what each waits for: sources before models, models before those that read
        them, and a layer's judgement after all models up to its own: rules look into other tables, too.
        """
        built: list[str] = []
        tasks: dict[str, Callable[[], None]] = {}
        graph: dict[str, tuple[str, ...]] = {}
        for step in self._plan.steps:
            match step:
                case StageStep():
                    tasks[str(step.table)], graph[str(step.table)] = partial(self._stage, step), ()
                case BuildStep():
                    built.append(str(step.table))
                    tasks[str(step.table)] = partial(self._build, step)
                    graph[str(step.table)] = tuple(str(name) for name in step.model.inputs if str(name) in tasks)
                case CheckStep():
                    for contract in step.contracts:
                        name = f"{JUDGE} {contract.name}"
                        tasks[name], graph[name] = partial(self._judge, step, contract), tuple(built)
        return tasks, graph

    def _side_by_side(self, tasks: Mapping[str, Callable[[], None]], graph: Mapping[str, tuple[str, ...]]) -> None:
        """Do every task after those that it waits for; the first error stops what has not begun."""
        sorter = TopologicalSorter(graph)
        sorter.prepare()
        under_way: dict[Future[None], str] = {}
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            try:
                while sorter.is_active():
                    # Builds first: others wait for them, and for a judgement nobody does.
                    for name in sorted(sorter.get_ready(), key=lambda each: each.startswith(JUDGE)):
                        under_way[pool.submit(tasks[name])] = name
                    ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
                    for future in ended:
                        future.result()
                        sorter.done(under_way.pop(future))
            except BaseException:
                self._engine.interrupt()
                pool.shutdown(cancel_futures=True)
                raise

    def _give_up(self, fault: BaseException) -> None:
        """Enter that the run did not reach its end; a ledger that cannot be written hides no error."""
        word = "interrupted" if isinstance(fault, KeyboardInterrupt) else f"{type(fault).__name__}: {fault}"
        self.record = replace(self.record, status="failed", finished=self._clock(), message=word.split("\n")[0][:300])
        with suppress(Exception):
            self._ledger.write_run(self.record)

    def _up_to_failure(self) -> RunRecord:
        """The record without what lies beyond the layer in which a rule failed."""
        failed = [rank for check in self.record.failures if (rank := _rank(check.table)) is not None]
        if not failed:
            return self.record
        last = min(failed)
        return replace(
            self.record,
            tables={name: state for name, state in self.record.tables.items() if (_rank(name) or 0) <= last},
            checks=tuple(check for check in self.record.checks if (_rank(check.table) or 0) <= last),
        )

    def _stage(self, step: StageStep) -> None:
        if not self._goes_on(step):
            return
        quarantine = TableName("quarantine", step.table.table)
        result = self._engine.stage(
            StageRequest(
                contract=step.contract,
                files=step.files,
                complete=step.complete,
                quarantine=self._tables.get(quarantine),
                branch=self._branch,
                run_id=self.record.run_id,
                now=self._clock(),
            )
        )
        with self._lock:
            self._staged[step.table] = result.files
            if result.quarantine is not None:
                self._made(quarantine, result.quarantine)
            checks = (_accounting(step.table, result.files), *result.warnings)
            self.record = replace(
                self.record, files=self.record.files + result.files, checks=self.record.checks + checks
            )
            self._reporter.staged(step, result)

    def _build(self, step: BuildStep) -> None:
        if not self._goes_on(step):
            return
        base = self._plan.base.tables.get(str(step.table))
        inputs = {name: self._tables[name] for name in step.model.inputs if name.layer != "bronze"}
        result = self._engine.build(
            BuildRequest(
                model=step.model,
                contract=step.contract,
                mode=step.mode,
                base=base,
                inputs=inputs,
                previous={name: base.inputs[str(name)] for name in inputs} if base and step.mode == "touched" else {},
                branch=self._branch,
                run_id=self.record.run_id,
            )
        )
        versions = {str(name): self._plan.bronze_version for name in step.model.inputs if name.layer == "bronze"}
        state = TableState(
            snapshot_id=result.snapshot_id,
            metadata=result.metadata,
            rows=result.rows,
            bytes=result.bytes,
            files=result.files,
            fingerprint=step.fingerprint,
            inputs=versions | {str(name): each.snapshot_id for name, each in inputs.items()},
            columns=result.columns,
        )
        with self._lock:
            self._made(step.table, state)
            self._add_checks(self._kept_every_row(step, result))
            self._reporter.built(step, result)
            self._release_sources(step)

    def _judge(self, step: CheckStep, contract: Contract) -> None:
        with self._lock:
            if contract.name not in self._tables or str(contract.name) not in self.record.tables:
                return  # not built, since another rule had failed
            if step.layer not in self._judged:
                self._judged[step.layer] = []
                self._reporter.started(step)
            request = self._check_request(contract)
        checks = self._engine.check(request)
        with self._lock:
            self._add_checks(checks)
            self._judged[step.layer].append(checks)
            if len(self._judged[step.layer]) == len(step.contracts):
                self._reporter.checked(step, tuple(chain.from_iterable(self._judged[step.layer])))

    def _goes_on(self, step: StageStep | BuildStep) -> bool:
        """Whether a step is still to be taken: none is once a rule has failed."""
        with self._lock:
            if not self.record.failures:
                self._reporter.started(step)
                return True
            return False

    def _check_request(self, contract: Contract) -> CheckRequest:
        base = self._plan.base.tables.get(str(contract.name))
        return CheckRequest(contract, self._tables[contract.name], base, dict(self._tables), self._clock())

    def _add_checks(self, checks: tuple[CheckRecord, ...]) -> None:
        self.record = replace(self.record, checks=self.record.checks + checks)

    def _made(self, name: TableName, state: TableState) -> None:
        base = self._plan.base.tables.get(str(name))
        self._tables[name] = state
        bases = self.record.base | ({str(name): base.snapshot_id} if base else {})
        self.record = replace(self.record, base=bases, tables=self.record.tables | {str(name): state})

    def _release_sources(self, step: BuildStep) -> None:
        """Let the engine drop staged rows that no later step reads: memory is bounded by what is under way."""
        for name in step.model.inputs:
            if name.layer == "bronze":
                self._waiting[name] -= 1
                if not self._waiting[name]:
                    self._engine.unstage(name)

    def _kept_every_row(self, step: BuildStep, result: BuildResult) -> tuple[CheckRecord, ...]:
        """A row-wise model gives one row for each that was loaded: checked where a build wrote just those rows."""
        if step.contract.incremental != "merge" or step.mode != "full":
            return ()
        (source,) = (name for name in step.model.inputs if name.layer == "bronze")
        loaded = sum(count.loaded for count in self._staged[source])
        message = f"{loaded:,} rows were loaded, {result.rows:,} rows were written"
        return (
            CheckRecord(
                str(step.table), "every_row_kept", "error", result.rows == loaded, result.rows - loaded, message
            ),
        )


def _rank(table: str) -> int | None:
    """How far up a table's layer lies; None for bronze and quarantine, which come before all."""
    layer = table.split(".")[0]
    return BUILT_LAYERS.index(layer) if layer in BUILT_LAYERS else None


def _readers(plan: BatchPlan) -> dict[TableName, int]:
    """How many builds read each bronze table."""
    counts: dict[TableName, int] = {}
    for build in plan.builds:
        for name in build.model.inputs:
            if name.layer == "bronze":
                counts[name] = counts.get(name, 0) + 1
    return counts


def _accounting(table: TableName, files: tuple[FileCount, ...]) -> CheckRecord:
    """read = loaded + quarantined + duplicates, for each file."""
    wrong = [file for file in files if file.read != file.loaded + file.quarantined + file.duplicates]
    read, loaded = sum(file.read for file in files), sum(file.loaded for file in files)
    quarantined, duplicates = sum(file.quarantined for file in files), sum(file.duplicates for file in files)
    message = f"{read:,} read = {loaded:,} loaded + {quarantined:,} quarantined + {duplicates:,} duplicates"
    samples = tuple(file.name for file in wrong[:5])
    return CheckRecord(str(table), "rows_accounted_for", "error", not wrong, len(wrong), message, samples)
