"""Walks the plan of a vacuum: what is given up is entered in the ledger, then metadata forget it, then files go.

Killed at any moment, what is kept is whole: files go last, and only those that nothing names any more. The next vacuum
finds the rest again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from salesperf_cli.core.ledger import Vacuum
from salesperf_cli.core.operations import Clock, Workspace, working
from salesperf_cli.core.vacuum import TablePlan, VacuumPlan, mark_of
from salesperf_cli.errors import ConflictError

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class VacuumOutcome:
    """What went, and the tables that were left alone, each with why."""

    files: int
    bytes: int
    left: Mapping[str, str]


def end_interrupted(workspace: Workspace, run_id: str, clock: Clock) -> None:
    """End a publishing that was cut off; raises ConflictError while something else works on the lake."""
    with working(workspace, run_id, "vacuum", clock):
        pass


def vacuum(workspace: Workspace, plan: VacuumPlan, run_id: str, *, clock: Clock, tell: Tell) -> VacuumOutcome:
    """Carry the plan out, alone on the lake; raises ConflictError when something was published or run since."""
    with working(workspace, run_id, "vacuum", clock):
        if mark_of(workspace.ledger) != plan.mark:
            raise ConflictError(
                "the lake has changed since it was decided what goes",
                why="a run, a release or another vacuum came in between",
                remedy="run the same command again",
            )
        if plan.releases or plan.runs:
            number = plan.mark.vacuums + 1
            workspace.ledger.add_vacuum(Vacuum(number, plan.keeping.now, run_id, plan.releases, plan.runs))
        left = {str(each.table): each.left for each in plan.tables if each.left}
        for each in plan.tables:
            if each.forgets and not each.left:
                tell(f"{each.table}: {len(each.judged.gone)} snapshots")
                left |= _forget(workspace, each)
        return _delete(workspace, plan, left, tell)


def _forget(workspace: Workspace, plan: TablePlan) -> dict[str, str]:
    """Take snapshots and references out of a table's metadata; gives the table with why, when it has moved."""
    assert plan.history is not None
    gone = [each.snapshot_id for each in plan.judged.gone]
    try:
        workspace.backend.tables.expire(plan.table, plan.history, snapshots=gone, refs=plan.judged.refs)
    except ConflictError as fault:
        return {str(plan.table): fault.what}
    return {}


def _delete(workspace: Workspace, plan: VacuumPlan, left: Mapping[str, str], tell: Tell) -> VacuumOutcome:
    files = size = 0
    for each in plan.tables:
        if each.files and str(each.table) not in left:
            tell(f"{each.table}: {len(each.files):,} files")
            workspace.backend.objects.delete_all([file.key for file in each.files])
            files, size = files + len(each.files), size + sum(file.bytes for file in each.files)
    workspace.backend.objects.delete_all([file.key for file in plan.scratch])
    return VacuumOutcome(files + len(plan.scratch), size + sum(file.bytes for file in plan.scratch), left)
