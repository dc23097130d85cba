"""The same models on two engines: each is built on both from the same inputs, and what they give is compared.

Inputs of a model are always what the first engine made, so a difference is shown at the model that makes it and not
once more in every table behind it. Nothing here knows which engines these are, nor how rows are compared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from salesperf_cli.core.batch import BatchPlan, BatchRequest, BuildStep, Planner, StageStep
from salesperf_cli.core.build import BuildRequest, BuildResult, StageRequest, StageResult, quarantine_contract
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.ledger import EMPTY_RELEASE, TableState
from salesperf_cli.core.tables import BUILT_LAYERS, TableName
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Engine
    from salesperf_cli.core.operations import Workspace
    from salesperf_cli.core.pipeline import Model

SAMPLES = 5
"""How many keys a difference shows."""

TOLERANCE = 1e-12
"""Doubles are equal when they differ by this part of the greater one at most: a sum in another order ends otherwise."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A row in which a column differs: its key and both values, as text."""

    key: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """A column that differs in so many rows, or whose type does (`rows` is 0 then)."""

    column: str
    rows: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two tables, row by row: how many rows each has, which keys only one of them has, which columns differ."""

    left_rows: int
    right_rows: int
    only_left: int = 0
    only_right: int = 0
    only_left_keys: tuple[str, ...] = ()
    only_right_keys: tuple[str, ...] = ()
    columns: tuple[ColumnDifference, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether both hold the same rows."""
        return self.left_rows == self.right_rows and not (self.only_left or self.only_right or self.columns)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one source or model on both engines."""

    table: str
    kind: Literal["source", "model"]
    comparison: Comparison
    left_seconds: float
    right_seconds: float


class Comparer(Protocol):
    """Compares two states of a table."""

    def compare(self, contract: Contract, left: TableState, right: TableState) -> Comparison:
        """Row by row by the contract's key, column by column."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two engines, and the branch on which it writes."""

    engine: Engine
    branch: str


class Verifier:
    """Takes the steps of a plan that builds from nothing, on both engines; `wanted` are the models to compare."""

    def __init__(
        self,
        plan: BatchPlan,
        left: Side,
        right: Side,
        comparer: Comparer,
        wanted: Collection[TableName],
        *,
        now: datetime,
    ) -> None:
        self._plan = plan
        self._left = left
        self._right = right
        self._comparer = comparer
        self._wanted = wanted
        self._now = now
        self._states: dict[TableName, TableState] = {}

    def verdicts(self) -> Iterator[Verdict]:
        """One verdict for each source that is read and each model that is wanted, as they come."""
        readers = [build for build in self._plan.builds if build.table in self._wanted]
        compared = {name for build in readers for name in build.model.inputs if name.layer == "bronze"}
        last_reader = {name: build.table for build in self._plan.builds for name in build.model.inputs}
        for step in self._plan.steps:
            verdict = None
            if isinstance(step, StageStep):
                verdict = self._stage(step, compare=step.table in compared)
            elif isinstance(step, BuildStep):
                verdict = self._build(step, compare=step.table in self._wanted)
                self._unstage(name for name in step.model.inputs if last_reader[name] == step.table)
            if verdict:
                yield verdict

    def _unstage(self, read: Iterable[TableName]) -> None:
        for name in read:
            if name.layer == "bronze":
                self._left.engine.unstage(name)
                self._right.engine.unstage(name)

    def _stage(self, step: StageStep, *, compare: bool) -> Verdict | None:
        left, left_seconds = self._timed_stage(step, self._left)
        if not compare:
            return None
        right, right_seconds = self._timed_stage(step, self._right)
        return Verdict(
            str(step.table), "source", self._compared_sources(step, left, right), left_seconds, right_seconds
        )

    def _build(self, step: BuildStep, *, compare: bool) -> Verdict | None:
        left, left_seconds = self._timed_build(step, self._left)
        verdict = None
        if compare:
            right, right_seconds = self._timed_build(step, self._right)
            comparison = self._comparer.compare(step.contract, left, right)
            verdict = Verdict(str(step.table), "model", comparison, left_seconds, right_seconds)
        self._states[step.table] = left
        return verdict

    def _timed_stage(self, step: StageStep, side: Side) -> tuple[StageResult, float]:
        from time import perf_counter

        began = perf_counter()
        request = StageRequest(
            contract=step.contract,
            files=step.files,
            complete=True,
            quarantine=None,
            branch=side.branch,
            run_id=side.branch,
            now=self._now,
        )
        return side.engine.stage(request), perf_counter() - began

    def _timed_build(self, step: BuildStep, side: Side) -> tuple[TableState, float]:
        from time import perf_counter

        began = perf_counter()
        inputs = {name: self._states[name] for name in step.model.inputs if name.layer != "bronze"}
        request = BuildRequest(step.model, step.contract, "full", None, inputs, {}, side.branch, side.branch)
        return _state(side.engine.build(request)), perf_counter() - began

    def _compared_sources(self, step: StageStep, left: StageResult, right: StageResult) -> Comparison:
        """The accounting of each file on both engines, and what each set aside."""
        differences = []
        for figure in ("read", "loaded", "quarantined", "duplicates"):
            pairs = [
                (a.name, getattr(a, figure), getattr(b, figure)) for a, b in zip(left.files, right.files, strict=True)
            ]
            wrong = [Sample(name, f"{a:,}", f"{b:,}") for name, a, b in pairs if a != b]
            if wrong:
                differences.append(ColumnDifference(f"rows {figure}", len(wrong), tuple(wrong[:SAMPLES])))
        loaded = [sum(each.loaded for each in side.files) for side in (left, right)]
        if not differences and left.quarantine is not None and right.quarantine is not None:
            contract = quarantine_contract(step.contract)
            refused = self._comparer.compare(_without_run(contract), left.quarantine, right.quarantine)
            if not refused.equal:
                keys = (*refused.only_left_keys, *refused.only_right_keys)[:SAMPLES]
                samples = tuple(Sample(key, "", "") for key in keys)
                differences.append(ColumnDifference("rows set aside", refused.only_left + refused.only_right, samples))
        return Comparison(loaded[0], loaded[1], columns=tuple(differences))


def _without_run(contract: Contract) -> Contract:
    """A quarantine contract without what tells one run from another."""
    return replace(contract, columns=tuple(column for column in contract.columns if column.name != "run_id"))


def plan_from_nothing(workspace: Workspace, names: Collection[str] = ()) -> tuple[BatchPlan, frozenset[TableName]]:
    """How the models `names` (`gold.sales_wide` or `sales_wide`; none named: all) are built as if nothing had been yet.

    Gives the plan, which holds what they read, too, and the tables that they make. Raises InputError for unknown names,
    RefusedError when a source has no files.
    """
    models = workspace.pipeline.models()
    wanted = frozenset(each.name for each in models if not names or {str(each.name), each.name.table} & set(names))
    if unknown := [name for name in names if name not in {*map(str, wanted), *(each.table for each in wanted)}]:
        raise InputError(
            f"no model builds {unknown[0]!r}",
            why=f"the models are {', '.join(str(model.name) for model in models)}",
            remedy="see: salesperf models list",
        )
    planner = Planner(
        workspace.pipeline.contracts(),
        models,
        workspace.ledger.ingests(),
        EMPTY_RELEASE,
        workspace.backend.objects.location,
    )
    needed = tuple(str(model.name) for model in _upstream(models, wanted))
    return planner.plan(BatchRequest(BUILT_LAYERS, needed)), wanted


def _upstream(models: Sequence[Model], wanted: Collection[TableName]) -> list[Model]:
    """The models that the wanted ones need, themselves among them, in their order."""
    names = set(wanted)
    for model in reversed(models):
        if model.name in names:
            names.update(model.inputs)
    return [model for model in models if model.name in names]


def _state(result: BuildResult) -> TableState:
    return TableState(
        snapshot_id=result.snapshot_id,
        metadata=result.metadata,
        rows=result.rows,
        bytes=result.bytes,
        files=result.files,
        fingerprint="",
        inputs={},
        columns=result.columns,
    )
