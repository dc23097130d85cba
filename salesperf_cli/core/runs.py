"""Walks a batch plan with an engine: stage, build, check, account; and keeps the run's record in the ledger.

Nothing that happens here is visible to readers: tables are written to the run's audit branch. Publishing is
`promotion`. Steps that do not wait for each other run side by side, since half of a step is the engine's work and half
is bookkeeping.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime
from graphlib import TopologicalSorter
from threading import RLock
from typing import TYPE_CHECKING, Protocol

from salesperf_cli.core.batch import BatchPlan, BuildStep, CheckStep, StageStep, Step
from salesperf_cli.core.build import BuildRequest, BuildResult, CheckRequest, StageRequest, StageResult
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.ledger import CheckRecord, FileCount, Ledger, RunRecord, RunStatus, TableState
from salesperf_cli.core.tables import TableName

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Engine

SIDE_BY_SIDE = 2
"""Steps under way at once. The engine itself uses all cores, so this only fills its gaps."""


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
    """One walk along a plan. `clock` gives the time at which a step ends."""

    def __init__(
        self,
        plan: BatchPlan,
        engine: Engine,
        ledger: Ledger,
        reporter: RunReporter,
        *,
        run_id: str,
        engine_name: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._plan = plan
        self._engine = engine
        self._ledger = ledger
        self._reporter = reporter
        self._clock = clock
        self._branch = audit_branch(run_id)
        self._lock = RLock()
        self._staged: dict[TableName, tuple[FileCount, ...]] = {}
        self._waiting = _readers(plan)
        self._tables = {TableName.parse(name): state for name, state in plan.base.tables.items()}
        self.record = RunRecord(run_id, "batch", "running", clock(), plan.layers, engine_name)

    def walk(self) -> RunRecord:
        """Take every step, stopping at the layer in which a rule failed; gives the run's final record."""
        self._ledger.write_run(self.record)
        steps = list(self._plan.steps)
        while steps and not self.record.failures:
            to_check = next((at for at, step in enumerate(steps) if isinstance(step, CheckStep)), len(steps))
            self._make(steps[:to_check])
            for step in steps[to_check : to_check + 1]:
                assert isinstance(step, CheckStep)
                self._check(step)
            steps = steps[to_check + 1 :]
        status: RunStatus = "blocked" if self.record.failures else "audited"
        self.record = replace(self.record, status=status, finished=self._clock())
        self._ledger.write_run(self.record)
        return self.record

    def _side_by_side(self, graph: Mapping[TableName, tuple[TableName, ...]], act: Callable[[TableName], None]) -> None:
        """Act on every table after those that it depends on; the first error stops what has not begun."""
        sorter = TopologicalSorter(graph)
        sorter.prepare()
        under_way: dict[Future[None], TableName] = {}
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            try:
                while sorter.is_active():
                    under_way |= {pool.submit(act, name): name for name in sorter.get_ready()}
                    ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
                    for future in ended:
                        future.result()
                        sorter.done(under_way.pop(future))
            except BaseException:
                self._engine.interrupt()
                pool.shutdown(cancel_futures=True)
                raise

    def _make(self, steps: Sequence[Step]) -> None:
        """Stage and build; a model waits for its sources and for the models that it reads."""
        work = {step.table: step for step in steps if not isinstance(step, CheckStep)}
        graph = {
            name: tuple(each for each in step.model.inputs if each in work) if isinstance(step, BuildStep) else ()
            for name, step in work.items()
        }

        def take(name: TableName) -> None:
            step = work[name]
            with self._lock:
                self._reporter.started(step)
            if isinstance(step, StageStep):
                self._stage(step)
            else:
                self._build(step)

        self._side_by_side(graph, take)

    def _stage(self, step: StageStep) -> None:
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

    def _check(self, step: CheckStep) -> None:
        self._reporter.started(step)
        before = len(self.record.checks)
        contracts = {contract.name: contract for contract in step.contracts}

        def judge(name: TableName) -> None:
            checks = self._engine.check(self._check_request(contracts[name]))
            with self._lock:
                self._add_checks(checks)

        self._side_by_side(dict.fromkeys(contracts, ()), judge)
        self._reporter.checked(step, self.record.checks[before:])

    def _check_request(self, contract: Contract) -> CheckRequest:
        base = self._plan.base.tables.get(str(contract.name))
        return CheckRequest(contract, self._tables[contract.name], base, self._tables, self._clock())

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
