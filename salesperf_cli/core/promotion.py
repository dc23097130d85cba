"""Publishing: moves main of a layer's tables to audited snapshots, or back, and enters the release.

The order makes a kill harmless: the run's record first says what is about to be published, then each main moves, and
the release entry, which readers follow, comes last. What was begun is ended by `finish_interrupted` before anything
else is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from salesperf_cli.core.ledger import EMPTY_RELEASE, CheckRecord, Ledger, Release, RunRecord, TableState
from salesperf_cli.core.tables import BUILT_LAYERS, TableName
from salesperf_cli.core.vacuum_records import refuse_vacuumed_release, refuse_vacuumed_run
from salesperf_cli.errors import ConflictError, InputError, RefusedError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Tables


@dataclass(frozen=True, slots=True)
class PublishStep:
    """Move main of one table from a state (None: nothing) to another; `expected` is where main must stand."""

    table: TableName
    before: TableState | None
    after: TableState
    expected: int | None

    @property
    def schema_changes(self) -> tuple[str, ...]:
        """Columns that come (`+ a int`) and go (`- a int`)."""
        old = set(self.before.columns) if self.before else set()
        new = set(self.after.columns)
        if not old:
            return ()
        gone = tuple(
            f"- {name} {type_}"
            for name, type_ in (self.before.columns if self.before else ())
            if (name, type_) not in new
        )
        come = tuple(f"+ {name} {type_}" for name, type_ in self.after.columns if (name, type_) not in old)
        return gone + come


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """The moves that make a release; `run` is the record that stands for them in the ledger."""

    kind: Literal["promote", "rollback"]
    layers: tuple[str, ...]
    base: Release
    run: RunRecord
    steps: tuple[PublishStep, ...]
    note: str = ""


def layers_of(word: str) -> tuple[str, ...]:
    """The layers that `silver`, `gold` or `all` mean; raises InputError for other words."""
    if word == "all":
        return BUILT_LAYERS
    if word not in BUILT_LAYERS:
        raise InputError(
            f"{word!r} is not a layer",
            why="layers that can be built and published are silver and gold",
            remedy="say silver, gold or all",
        )
    return (word,)


def plan_promotion(ledger: Ledger, layers: Sequence[str]) -> PublishPlan:
    """What promoting the last audited run's tables of `layers` would do.

    Raises RefusedError when a rule blocks it or there is nothing audited, ConflictError when a table was published in
    between.
    """
    release, run = ledger.current_release(), _last_batch_run(ledger)
    if run is None:
        raise RefusedError("there is nothing to promote", why="no run has been made", remedy="run: salesperf run-batch")
    if run.status == "blocked":
        raise blocked(run)
    refuse_vacuumed_run(ledger, run)
    if run.status not in ("audited", "promoting", "promoted"):
        raise RefusedError(
            f"run {run.run_id} did not reach its end",
            why=f"its status is {run.status}",
            remedy="run: salesperf run-batch",
        )
    chosen = {name: state for name, state in run.tables.items() if _moves_with(name, layers) and not _done(name, run)}
    if not chosen:
        published = " and ".join(run.promoted) or "nothing"
        raise RefusedError(
            f"there is nothing to promote in {' and '.join(layers)}",
            why=f"run {run.run_id} published {published} already, or built nothing there",
            remedy="run: salesperf run-batch",
        )
    for name in chosen:
        _refuse_moved(name, run, release)
    _refuse_unpublished_inputs(chosen, run, release)
    steps = tuple(_step(name, state, release) for name, state in sorted(chosen.items()))
    return PublishPlan("promote", tuple(layers), release, run, steps)


def plan_rollback(ledger: Ledger, layer: str, to: str | None, *, run_id: str, now: datetime) -> PublishPlan:
    """What bringing a layer's tables back to release `to` (default: before its last change) would do."""
    layers, releases = layers_of(layer), ledger.releases()
    current = releases[-1] if releases else EMPTY_RELEASE
    target = find_release(releases, to) if to else _before_last_change(releases, layers)
    refuse_vacuumed_release(ledger, target)
    chosen = {name: state for name, state in target.tables.items() if _moves_with(name, layers)}
    steps = tuple(
        _step(name, state, current)
        for name, state in sorted(chosen.items())
        if current.tables.get(name) is None or current.tables[name].snapshot_id != state.snapshot_id
    )
    if not any(name.split(".")[0] in layers for name in chosen):
        raise RefusedError(
            f"{target.name} has no {layer} tables to go back to",
            why="they were first published later",
            remedy="see: salesperf releases",
        )
    if not steps:
        raise RefusedError(
            f"{layer} stands at {target.name} already",
            why="its tables have the same snapshots",
            remedy="see: salesperf releases",
        )
    base = {str(step.table): step.before.snapshot_id for step in steps if step.before}
    tables = {str(step.table): step.after for step in steps}
    run = RunRecord(run_id, "rollback", "audited", now, layers, "", base=base, tables=tables, message=target.name)
    return PublishPlan("rollback", layers, current, run, steps, note=f"back to {target.name}")


def find_release(releases: Sequence[Release], name: str) -> Release:
    """The release called `name` (r3); raises InputError when there is none."""
    for release in releases:
        if release.name == name:
            return release
    known = ", ".join(release.name for release in releases[-5:]) or "none yet"
    raise InputError(
        f"there is no release {name!r}", why=f"the last releases are: {known}", remedy="see: salesperf releases"
    )


def publish(plan: PublishPlan, ledger: Ledger, tables: Tables, *, now: datetime) -> Release:
    """Carry the plan out; raises ConflictError, before anything moves, when a main is not where the plan expects it."""
    for step in plan.steps:
        _refuse_foreign(tables, step)
    number = plan.base.number + 1
    ledger.write_run(replace(plan.run, status="promoting", promoting=plan.layers, release=number))
    return _finish(ledger, tables, ledger.run(plan.run.run_id), now=now)


def taking_over(plan: PublishPlan, tables: Tables) -> PublishPlan:
    """The plan, with every main expected where it stands now: what another writer put there is published over."""
    steps = tuple(replace(step, expected=tables.main(step.table)) for step in plan.steps)
    base = {str(step.table): step.expected for step in steps if step.expected is not None}
    return replace(plan, steps=steps, run=replace(plan.run, base=base))


def finish_interrupted(ledger: Ledger, tables: Tables, *, now: datetime) -> Release | None:
    """End a promotion or rollback that was cut off; gives its release, or None when there was none. Hold the lease.

    A batch run can be promoted after a rollback, and is then not the last run.
    """
    run = ledger.last_run()
    if run is not None and run.kind == "rollback" and run.status != "promoting":
        run = _last_batch_run(ledger)
    return _finish(ledger, tables, run, now=now) if run and run.status == "promoting" else None


def blocked(run: RunRecord) -> RefusedError:
    """The error that tells which rules block a run."""
    failures = run.failures
    lines = tuple(line for check in failures for line in _failure_lines(check))
    return RefusedError(
        f"{len(failures)} rule{'s' * (len(failures) > 1)} block{'s' * (len(failures) == 1)} run {run.run_id}",
        why="its tables stay on the audit branch; what is published is unchanged",
        detail=lines,
        remedy=f'look at the rows: salesperf query --as-of {run.run_id} "SELECT …"',
    )


def _failure_lines(check: CheckRecord) -> tuple[str, ...]:
    first = f"{check.table} {check.rule}: {check.told}"
    return (first, f"  for example {', '.join(check.samples)}") if check.samples else (first,)


def _finish(ledger: Ledger, tables: Tables, run: RunRecord, *, now: datetime) -> Release:
    current = ledger.current_release()
    assert run.release is not None
    chosen = {name: state for name, state in run.tables.items() if _moves_with(name, run.promoting)}
    release = Release(
        number=run.release,
        at=now,
        run_id=run.run_id,
        kind="rollback" if run.kind == "rollback" else "promote",
        changed=run.promoting,
        tables=current.tables | chosen,
        note=f"back to {run.message}" if run.kind == "rollback" else "",
    )
    if current.number < run.release:
        _move(chosen, current, run, ledger, tables, tag=release.name)
        ledger.add_release(release)
    elif current.run_id != run.run_id:
        raise ConflictError(
            f"release r{run.release} was made by another run",
            why=f"run {current.run_id} published while {run.run_id} was interrupted",
            remedy="run: salesperf run-batch --promote",
        )
    promoted = tuple(dict.fromkeys((*run.promoted, *run.promoting)))
    rest = {name.split(".")[0] for name in run.tables} - {"quarantine"} - set(promoted)
    ledger.write_run(replace(run, status="audited" if rest else "promoted", promoting=(), promoted=promoted))
    return ledger.current_release()


def _move(
    chosen: Mapping[str, TableState], current: Release, run: RunRecord, ledger: Ledger, tables: Tables, *, tag: str
) -> None:
    """Move every main, or none: when one has moved meanwhile, those before it go back and the run is given up.

    What a run has made moves in that order, each table after those that it was built on: a row that goes from one table
    to another is in both for a moment, not in neither.
    """
    moved: list[str] = []
    try:
        for name, state in chosen.items():
            tables.publish(TableName.parse(name), state, expected=run.base.get(name), tag=tag)
            moved.append(name)
    except ConflictError:
        for name in reversed(moved):
            if before := current.tables.get(name):
                tables.publish(TableName.parse(name), before, expected=chosen[name].snapshot_id, tag=current.name)
        ledger.write_run(replace(run, status="failed", promoting=(), message="main of a table had moved"))
        raise


def _last_batch_run(ledger: Ledger) -> RunRecord | None:
    for run_id in reversed(ledger.run_ids()):
        run = ledger.run(run_id)
        if run.kind == "batch":
            return run
    return None


def _moves_with(name: str, layers: Sequence[str]) -> bool:
    """Quarantine tables move with silver: they are what silver left out."""
    layer = name.split(".")[0]
    return layer in layers or (layer == "quarantine" and "silver" in layers)


def _done(name: str, run: RunRecord) -> bool:
    return _moves_with(name, run.promoted)


def publish_step(name: str, before: TableState | None, after: TableState) -> PublishStep:
    """The move of a table from what a release says to another state."""
    return PublishStep(TableName.parse(name), before, after, before.snapshot_id if before else None)


def _step(name: str, state: TableState, release: Release) -> PublishStep:
    return publish_step(name, release.tables.get(name), state)


def _refuse_moved(name: str, run: RunRecord, release: Release) -> None:
    released = release.tables.get(name)
    if (released.snapshot_id if released else None) != run.base.get(name):
        raise ConflictError(
            f"{name} was published since run {run.run_id} was made",
            why=f"release {release.name} moved it",
            remedy="run: salesperf run-batch --promote",
        )


def _refuse_unpublished_inputs(chosen: dict[str, TableState], run: RunRecord, release: Release) -> None:
    for name, state in chosen.items():
        for input_name, snapshot_id in state.inputs.items():
            made = run.tables.get(input_name)
            if made is None or made.snapshot_id != snapshot_id or input_name in chosen:
                continue
            released = release.tables.get(input_name)
            if released is None or released.snapshot_id != snapshot_id:
                raise RefusedError(
                    f"{name} was built on a {input_name} that is not published",
                    why="readers would see tables that do not belong together",
                    remedy="promote both: salesperf promote all",
                )


def _refuse_foreign(tables: Tables, step: PublishStep) -> None:
    at = tables.main(step.table)
    if at not in (step.expected, step.after.snapshot_id):
        raise ConflictError(
            f"main of {step.table} has moved",
            why=f"it stands at snapshot {at}, the last release at {step.expected}: something else writes this table",
            remedy="find out what does; to publish over it: salesperf promote all --take-over",
        )


def _before_last_change(releases: Sequence[Release], layers: Sequence[str]) -> Release:
    changes = [at for at, release in enumerate(releases) if set(layers) & set(release.changed)]
    if not changes or changes[-1] == 0:
        raise RefusedError(
            f"{' and '.join(layers)} cannot go further back",
            why="there is no earlier release" if releases else "nothing is published yet",
            remedy="see: salesperf releases",
        )
    return releases[changes[-1] - 1]
