"""Walks a batch plan with an engine: stage, build, check, account; and keeps the run's record in the ledger.

Nothing that happens here is visible to readers: tables are written to the run's audit branch. Publishing is `promotion`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from salesperf_cli.core.batch import BatchPlan, BuildStep, CheckStep, StageStep, Step
from salesperf_cli.core.build import BuildRequest, BuildResult, CheckRequest, StageRequest, StageResult
from salesperf_cli.core.ledger import CheckRecord, FileCount, Ledger, RunRecord, RunStatus, TableState
from salesperf_cli.core.tables import TableName

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Engine


class RunReporter(Protocol):
    """Hears how a run goes on."""

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
        self, plan: BatchPlan, engine: Engine, ledger: Ledger, *, run_id: str, engine_name: str, clock: Callable[[], datetime]
    ) -> None:
        self._plan = plan
        self._engine = engine
        self._ledger = ledger
        self._clock = clock
        self._branch = audit_branch(run_id)
        self._staged: dict[TableName, tuple[FileCount, ...]] = {}
        self._tables = {TableName.parse(name): state for name, state in plan.base.tables.items()}
        self.record = RunRecord(run_id, "batch", "running", clock(), plan.layers, engine_name)

    def walk(self, reporter: RunReporter) -> RunRecord:
        """Take every step, stopping at the layer in which a rule failed; gives the run's final record."""
        self._ledger.write_run(self.record)
        for step in self._plan.steps:
            reporter.started(step)
            match step:
                case StageStep():
                    self._stage(step, reporter)
                case BuildStep():
                    self._build(step, reporter)
                case CheckStep():
                    self._check(step, reporter)
                    if self.record.failures:
                        break
        status: RunStatus = "blocked" if self.record.failures else "audited"
        self.record = replace(self.record, status=status, finished=self._clock())
        self._ledger.write_run(self.record)
        return self.record

    def _stage(self, step: StageStep, reporter: RunReporter) -> None:
        quarantine = TableName("quarantine", step.table.table)
        result = self._engine.stage(
            StageRequest(
                contract=step.contract,
                files=step.files,
                quarantine=self._tables.get(quarantine),
                branch=self._branch,
                run_id=self.record.run_id,
                now=self._clock(),
            )
        )
        self._staged[step.table] = result.files
        if result.quarantine is not None:
            self._made(quarantine, result.quarantine)
        checks = (_accounting(step.table, result.files), *result.warnings)
        self.record = replace(self.record, files=self.record.files + result.files, checks=self.record.checks + checks)
        reporter.staged(step, result)

    def _build(self, step: BuildStep, reporter: RunReporter) -> None:
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
        self._made(step.table, state)
        self.record = replace(self.record, checks=self.record.checks + self._kept_every_row(step, result))
        reporter.built(step, result)

    def _check(self, step: CheckStep, reporter: RunReporter) -> None:
        before = len(self.record.checks)
        for contract in step.contracts:
            base = self._plan.base.tables.get(str(contract.name))
            request = CheckRequest(contract, self._tables[contract.name], base, self._tables, self._clock())
            self.record = replace(self.record, checks=self.record.checks + self._engine.check(request))
        reporter.checked(step, self.record.checks[before:])

    def _made(self, name: TableName, state: TableState) -> None:
        base = self._plan.base.tables.get(str(name))
        self._tables[name] = state
        bases = self.record.base | ({str(name): base.snapshot_id} if base else {})
        self.record = replace(self.record, base=bases, tables=self.record.tables | {str(name): state})

    def _kept_every_row(self, step: BuildStep, result: BuildResult) -> tuple[CheckRecord, ...]:
        """A row-wise model gives one row for each that was loaded: checked where a build wrote just those rows."""
        if step.contract.incremental != "merge" or step.mode != "full":
            return ()
        (source,) = (name for name in step.model.inputs if name.layer == "bronze")
        loaded = sum(count.loaded for count in self._staged[source])
        message = f"{loaded:,} rows were loaded, {result.rows:,} rows were written"
        return (CheckRecord(str(step.table), "every_row_kept", "error", result.rows == loaded, result.rows - loaded, message),)


def _accounting(table: TableName, files: tuple[FileCount, ...]) -> CheckRecord:
    """read = loaded + quarantined + duplicates, for each file."""
    wrong = [file for file in files if file.read != file.loaded + file.quarantined + file.duplicates]
    read, loaded = sum(file.read for file in files), sum(file.loaded for file in files)
    quarantined, duplicates = sum(file.quarantined for file in files), sum(file.duplicates for file in files)
    message = f"{read:,} read = {loaded:,} loaded + {quarantined:,} quarantined + {duplicates:,} duplicates"
    samples = tuple(file.name for file in wrong[:5])
    return CheckRecord(str(table), "rows_accounted_for", "error", not wrong, len(wrong), message, samples)
