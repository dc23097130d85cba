"""How a batch run is told: its plan, each step as it ends, and its outcome. Shared by run-batch and demo."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesperf_cli.core.promotion import blocked
from salesperf_cli.output.forms import Column, Fields, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from salesperf_cli.backends.ports import JobRun
    from salesperf_cli.commands.cost.spending import JobCosts
    from salesperf_cli.core.batch import BatchPlan, BuildStep, CheckStep, StageStep, Step
    from salesperf_cli.core.build import BuildResult, StageResult
    from salesperf_cli.core.ledger import CheckRecord, FileCount, RunRecord
    from salesperf_cli.core.operations import BatchOutcome
    from salesperf_cli.core.planned import PlannedRun
    from salesperf_cli.environment import Environment


def plan_view(plan: PlannedRun) -> Iterable[Table | Line]:
    """The steps, a line each."""
    columns = (Column("Step"), Column("Table"), Column("How"), Column("Why"))
    rows = [
        (
            step.action,
            step.table,
            step.mode or f"{_number_of(len(step.files), 'file')}, {step.bytes:,} bytes",
            step.reason,
        )
        for step in plan.steps
    ]
    yield Table(columns, rows, footer="" if rows else "Everything is up to date: a run would do nothing.")


@dataclass(frozen=True, slots=True)
class BuiltTable:
    """A table that a run made."""

    table: str
    rows: int
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """The JSON shape of `run-batch`. The ledger keeps the whole record, under `_ledger/runs/` of the lake."""

    run_id: str
    status: str
    release: str | None
    seconds: float | None
    tables: tuple[BuiltTable, ...]
    files: tuple[FileCount, ...]
    rules_passed: int
    failed: tuple[CheckRecord, ...]
    warned: tuple[CheckRecord, ...]


def run_document(run: RunRecord) -> RunReport:
    """What a run made and found."""
    return RunReport(
        run_id=run.run_id,
        status=run.status,
        release=f"r{run.release}" if run.promoted else None,
        seconds=round((run.finished - run.started).total_seconds(), 3) if run.finished else None,
        tables=tuple(BuiltTable(name, state.rows, state.bytes, state.files) for name, state in run.tables.items()),
        files=run.files,
        rules_passed=sum(check.passed for check in run.checks),
        failed=run.failures,
        warned=run.warnings,
    )


def run_view(report: RunReport) -> Iterable[Fields]:
    """A run in a few lines; its tables were told as they were built."""
    built = [table for table in report.tables if not table.table.startswith("quarantine.")]
    rows, size = sum(table.rows for table in built), sum(table.bytes for table in built)
    verdict = (f"{report.rules_passed} hold", f"{len(report.failed)} failed" * bool(report.failed))
    lines = [
        ("run", report.run_id),
        ("status", report.status),
        ("built", f"{_number_of(len(built), 'table')}, {_number_of(rows, 'row')}, {size:,} bytes"),
        ("rules", ", ".join(filter(None, (*verdict, f"{len(report.warned)} warn" * bool(report.warned))))),
    ]
    yield Fields(lines)


def _number_of(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"


def layers_built(plan: BatchPlan) -> Sequence[str]:
    """The layers that a run makes something of: on AWS each is a job."""
    return tuple(dict.fromkeys(build.table.layer for build in plan.builds))


def _verdict(checks: list[CheckRecord]) -> str:
    failed = sum(not check.passed and check.severity == "error" for check in checks)
    warned = sum(not check.passed and check.severity == "warning" for check in checks)
    passed = len(checks) - failed - warned
    words = [f"{passed} rules hold" * bool(passed), f"{failed} failed" * bool(failed), f"{warned} warn" * bool(warned)]
    return ", ".join(filter(None, words))


class BatchTalk:
    """Tells a run as it goes, a line a step, on stderr."""

    def __init__(self, world: Environment, costs: JobCosts | None = None) -> None:
        self._sink = world.sink
        self._costs = costs
        self._began: dict[str, float] = {}
        self._jobs: dict[str, str] = {}

    def planned(self, plan: BatchPlan) -> None:
        """The plan is made. Raises RefusedError where a budget does not allow what it would cost: nothing has begun."""
        if plan.builds:
            base = f"on release {plan.base.name}" if plan.base.number else "the first run of this lake"
            self._sink.say(f"Building {_number_of(len(plan.builds), 'table')}, {base}")
            if self._costs:
                self._sink.say(self._costs.predicted(layers_built(plan)))
                self._costs.ask()

    def started(self, step: Step) -> None:
        """A step begins."""
        from salesperf_cli.core.batch import CheckStep

        name = step.layer if isinstance(step, CheckStep) else str(step.table)
        doing = "auditing" if isinstance(step, CheckStep) else "reading" if name.startswith("bronze.") else "building"
        self._began[name] = time.perf_counter()
        self._sink.busy(f"{doing} {name}")

    def staged(self, step: StageStep, result: StageResult) -> None:
        """Files were read: worth a line where not every row goes on."""
        read = sum(file.read for file in result.files)
        quarantined = sum(file.quarantined for file in result.files)
        duplicates = sum(file.duplicates for file in result.files)
        if quarantined or duplicates:
            words = [f"{read:,} read", f"{duplicates:,} duplicates" * bool(duplicates)]
            words.append(f"{quarantined:,} to quarantine" * bool(quarantined))
            self._step(str(step.table), ", ".join(filter(None, words)), "!" if quarantined else "✓")

    def built(self, step: BuildStep, result: BuildResult) -> None:
        """A table was built."""
        words = _number_of(result.rows, "row")
        if step.mode != "full":
            words += f", {_number_of(result.partitions_written, 'partition')} rewritten"
        self._step(str(step.table), words, "✓")

    def checked(self, step: CheckStep, checks: tuple[CheckRecord, ...]) -> None:
        """A layer was judged."""
        failed = any(not check.passed and check.severity == "error" for check in checks)
        self._step(step.layer, f"audited: {_verdict(list(checks))}", "✗" if failed else "✓")

    # jobs on AWS

    def job_started(self, layer: str, job: str) -> None:
        """A layer's job was started."""
        self._began[layer], self._jobs[layer] = time.perf_counter(), job
        if self._costs:
            self._costs.began(layer, job)
        self._sink.say(f"The {layer} job was started: {job}")
        self._sink.busy(f"waiting for the {layer} job")

    def job_said(self, layer: str, line: str) -> None:
        """A job printed a line."""
        self._sink.say(f"  {layer}  {line}")

    def job_ended(self, layer: str, run: JobRun) -> None:
        """A layer's job has ended."""
        cost = self._costs.billed(layer, self._jobs[layer], run) if self._costs else f"{run.seconds:,} s of work"
        mark = "✓" if run.state == "succeeded" else "✗"
        self._step(f"{layer} job", f"{run.state}, {cost}", mark, began=layer)

    def job_left(self, layer: str, job: str, run_id: str) -> None:
        """The waiting was interrupted; the job goes on."""
        self._sink.warn(f"The {layer} job {job} goes on without this terminal, as run {run_id}")
        self._sink.next_steps(["salesperf status"])

    def job_stopped(self, layer: str, job: str) -> None:
        """The waiting was interrupted, and the job asked to stop."""
        self._sink.warn(f"The {layer} job {job} was asked to stop; what is published is unchanged")

    def _step(self, name: str, words: str, mark: str, *, began: str = "") -> None:
        seconds = time.perf_counter() - self._began[began or name]
        self._sink.step(f"{name:<28}", f"{seconds:4.1f} s  {words}", mark=mark)


def tell_outcome(world: Environment, outcome: BatchOutcome | None) -> None:
    """The end of a run in words; raises RefusedError when a rule failed."""
    sink = world.sink
    if outcome is None:
        sink.step("Everything is up to date, nothing to build", mark="·")
        return
    run = outcome.run
    for check in run.warnings:
        words = _number_of(check.count, "row") if check.count else check.message
        sink.warn(f"{check.table} {check.rule}: {words}")
    if run.failures:
        raise blocked(run)
    sink.step(accounted(run))
    if outcome.release is not None:
        sink.step(f"Published as release {outcome.release.name}: {' and '.join(outcome.release.changed)}")
    else:
        sink.step("Audited, not published yet: readers see it once it is promoted")
        sink.next_steps(["salesperf promote all --dry-run", "salesperf promote all"])


def accounted(run: RunRecord) -> str:
    """The accounting of a run in one line."""
    read, loaded = sum(file.read for file in run.files), sum(file.loaded for file in run.files)
    quarantined, duplicates = sum(file.quarantined for file in run.files), sum(file.duplicates for file in run.files)
    return f"Rows: {read:,} read = {loaded:,} loaded + {quarantined:,} quarantined + {duplicates:,} duplicates"
