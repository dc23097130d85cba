"""A run's plan as a document: shown by a dry run, saved to a file, and held against the world before it is carried out.

A saved plan is refused when the world has moved since: what a person agreed to is what is then done, or nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from salesperf_cli.core.batch import BatchPlan, BatchRequest, BuildStep, CheckStep, StageStep
from salesperf_cli.errors import ConflictError, InputError


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of a run. `fingerprint` tells a model's definition from a later one."""

    action: str
    table: str
    mode: str = ""
    reason: str = ""
    files: tuple[str, ...] = ()
    bytes: int = 0
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run before it is made: what was asked, what it starts from, and its steps."""

    layers: tuple[str, ...]
    tables: tuple[str, ...]
    full_refresh: bool
    base_release: str | None
    bronze_version: int
    steps: tuple[PlannedStep, ...]

    @property
    def request(self) -> BatchRequest:
        """What was asked."""
        return BatchRequest(self.layers, self.tables, self.full_refresh)


def planned(plan: BatchPlan, request: BatchRequest) -> PlannedRun:
    """The plan as a document."""
    return PlannedRun(
        layers=request.layers,
        tables=request.tables,
        full_refresh=request.full_refresh,
        base_release=plan.base.name if plan.base.number else None,
        bronze_version=plan.bronze_version,
        steps=tuple(_step(step) for step in plan.steps if not isinstance(step, CheckStep)),
    )


def _step(step: StageStep | BuildStep) -> PlannedStep:
    if isinstance(step, StageStep):
        keys = tuple(file.receipt.key for file in step.files)
        return PlannedStep("read", str(step.table), files=keys, bytes=sum(file.receipt.bytes for file in step.files))
    return PlannedStep("build", str(step.table), step.mode, step.reason, fingerprint=step.fingerprint)


def encode(run: PlannedRun) -> bytes:
    """The document as JSON."""
    return msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n"


def decode(data: bytes, name: str) -> PlannedRun:
    """A saved document; raises InputError when it is none. `name` is the file's, for the message."""
    try:
        return msgspec.json.decode(data, type=PlannedRun)
    except msgspec.MsgspecError as fault:
        raise InputError(
            f"{name} is not a saved plan",
            why=str(fault),
            remedy="write one with: salesperf run-batch --dry-run --plan-out FILE",
        ) from fault


def refuse_moved(saved: PlannedRun, now: PlannedRun) -> None:
    """Raise ConflictError, naming each difference, when a saved plan is not what would be done now."""
    if saved == now:
        return
    lines = [
        f"{word}: {before} in the plan, {after} now"
        for word, before, after in (
            ("release", saved.base_release or "none", now.base_release or "none"),
            ("ingests", saved.bronze_version, now.bronze_version),
        )
        if before != after
    ]
    then, today = {step.table: step for step in saved.steps}, {step.table: step for step in now.steps}
    lines += [
        f"{table}: {_told(then.get(table))} in the plan, {_told(today.get(table))} now"
        for table in dict.fromkeys((*then, *today))
        if then.get(table) != today.get(table)
    ]
    raise ConflictError(
        "the saved plan is not what would be done now",
        why="the world has moved since the plan was made; nothing was changed",
        detail=tuple(lines),
        remedy="look at the new plan: salesperf run-batch --dry-run",
    )


def _told(step: PlannedStep | None) -> str:
    if step is None:
        return "nothing"
    how = f"{len(step.files)} files" if step.action == "read" else f"{step.mode}, {step.reason}"
    return f"{step.action} ({how}{', ' + step.fingerprint[:8] if step.fingerprint else ''})"
