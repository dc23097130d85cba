"""The batch layer: which sources to stage, which models to build and how, as a frozen plan; and the walk along it.

The plan is made from the ledger alone, so explaining it costs nothing and cannot differ from what is then done. What a
step does to files and tables is the engine's business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from salesperf_cli.core.build import Mode, StagedFile
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.ledger import Ingest, Release, TableState, pending, withdrawn_since
from salesperf_cli.core.pipeline import Model
from salesperf_cli.core.tables import TableName
from salesperf_cli.errors import InputError, RefusedError

Reason = Literal[
    "first build", "definition changed", "full refresh asked", "new files", "files withdrawn", "inputs changed"
]


@dataclass(frozen=True, slots=True)
class StageStep:
    """Read files of a bronze table: all of them (`complete`), or those that came since the last release."""

    contract: Contract
    files: tuple[StagedFile, ...]
    complete: bool

    @property
    def table(self) -> TableName:
        """The bronze table."""
        return self.contract.name


@dataclass(frozen=True, slots=True)
class BuildStep:
    """Build and check one table, in a mode, for a reason."""

    model: Model
    contract: Contract
    mode: Mode
    reason: Reason
    fingerprint: str

    @property
    def table(self) -> TableName:
        """The table that is built."""
        return self.contract.name


@dataclass(frozen=True, slots=True)
class CheckStep:
    """Judge the tables of a layer, once all of them are built: their rules speak of each other."""

    layer: str
    contracts: tuple[Contract, ...]


Step = StageStep | BuildStep | CheckStep


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The steps of a run in order, the release they start from, and the bronze version up to which files are taken."""

    layers: tuple[str, ...]
    base: Release
    bronze_version: int
    steps: tuple[Step, ...]

    @property
    def builds(self) -> tuple[BuildStep, ...]:
        """The steps that build tables."""
        return tuple(step for step in self.steps if isinstance(step, BuildStep))


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What the user asked for: layers, tables (empty: all of those layers), and whether to rebuild what is up to
    date.
    """

    layers: tuple[str, ...]
    tables: tuple[str, ...] = ()
    full_refresh: bool = False


class Planner:
    """Makes the plan of a run. `location` gives the path or URL of a bronze key."""

    def __init__(
        self,
        contracts: Mapping[TableName, Contract],
        models: Sequence[Model],
        ingests: Sequence[Ingest],
        release: Release,
        location: Callable[[str], str],
    ) -> None:
        self._contracts = contracts
        self._models = models
        self._ingests = ingests
        self._release = release
        self._location = location
        self._building: set[TableName] = set()

    def plan(self, request: BatchRequest) -> BatchPlan:
        """The plan; raises InputError for unknown tables, RefusedError when a model's source was never ingested."""
        wanted = self._wanted(request)
        builds = [step for model in wanted if (step := self._build_step(model, request.full_refresh))]
        version = self._ingests[-1].version if self._ingests else 0
        return BatchPlan(request.layers, self._release, version, tuple(self._steps(request.layers, builds)))

    def _wanted(self, request: BatchRequest) -> list[Model]:
        in_layers = [model for model in self._models if model.name.layer in request.layers]
        if not request.tables:
            return in_layers
        named = {str(model.name) for model in in_layers} | {model.name.table for model in in_layers}
        if unknown := [table for table in request.tables if table not in named]:
            raise InputError(
                f"no model builds {unknown[0]!r} in {' or '.join(request.layers)}",
                why=f"the models are {', '.join(str(model.name) for model in in_layers)}",
                remedy="name tables as layer.table, separated by commas",
            )
        return [m for m in in_layers if str(m.name) in request.tables or m.name.table in request.tables]

    def _build_step(self, model: Model, full_refresh: bool) -> BuildStep | None:
        contract = self._contract(model)
        fingerprint = self._fingerprint(model, contract)
        state = self._release.tables.get(str(model.name))
        self._refuse_missing_inputs(model)
        reason = self._reason(model, state, fingerprint, full_refresh)
        if reason is None:
            return None
        self._building.add(model.name)
        mode: Mode = contract.incremental if reason in ("new files", "inputs changed") else "full"
        return BuildStep(model, contract, mode, reason, fingerprint)

    def _contract(self, model: Model) -> Contract:
        contract = self._contracts.get(model.name)
        if contract is None:
            raise InputError(
                f"the model {model.name} has no contract",
                why=f"contracts/{model.name.layer}/{model.name.table}.yaml is missing",
                remedy="write the contract, then run: salesperf contract lint",
            )
        return contract

    def _fingerprint(self, model: Model, contract: Contract) -> str:
        """Covers what defines a table's rows: the model, its contract, and the contracts of the files that it reads."""
        sources = (self._contracts[name].fingerprint for name in model.inputs if name.layer == "bronze")
        return hashlib.sha256("".join((model.fingerprint, contract.fingerprint, *sources)).encode()).hexdigest()

    def _refuse_missing_inputs(self, model: Model) -> None:
        for name in model.inputs:
            if name not in self._contracts:
                raise InputError(
                    f"the model {model.name} reads {name}, which no contract defines",
                    why="every table that a model reads has a contract",
                    remedy="correct the name in the model, or write the contract",
                )
            if name.layer == "bronze":
                missing = not self._contracts[name].may_be_empty and not pending(self._ingests, name.table, 0)
                remedy = "take its files in first: salesperf ingest PATH"
            else:
                missing = name not in self._building and str(name) not in self._release.tables
                remedy = "build and promote it first: salesperf run-batch --promote"
            if missing:
                raise RefusedError(
                    f"{model.name} cannot be built: {name} is empty", why="it has no data yet", remedy=remedy
                )

    def _reason(self, model: Model, state: TableState | None, fingerprint: str, full_refresh: bool) -> Reason | None:
        if state is None:
            return "first build"
        if state.fingerprint != fingerprint:
            return "definition changed"
        if full_refresh:
            return "full refresh asked"
        for name in model.inputs:
            seen = state.inputs.get(str(name), -1)
            if name.layer == "bronze":
                if withdrawn_since(self._ingests, name.table, seen):
                    return "files withdrawn"
                if pending(self._ingests, name.table, seen):
                    return "new files"
            elif name in self._building or self._release.tables[str(name)].snapshot_id != seen:
                return "inputs changed"
        return None

    def _steps(self, layers: Sequence[str], builds: Sequence[BuildStep]) -> Iterator[Step]:
        """The builds of each layer, each bronze table staged right before its first reader, and the layer's checks."""
        staged: set[TableName] = set()
        for layer in layers:
            of_layer = [build for build in builds if build.table.layer == layer]
            for build in of_layer:
                for name in build.model.inputs:
                    if name.layer == "bronze" and name not in staged:
                        staged.add(name)
                        readers = [each for each in builds if name in each.model.inputs]
                        since = self._since(name, readers)
                        yield StageStep(self._contracts[name], self._files(name, since), complete=since == 0)
                yield build
            if of_layer:
                yield CheckStep(layer, tuple(build.contract for build in of_layer))

    def _since(self, name: TableName, readers: Sequence[BuildStep]) -> int:
        """The ingest version after which files are read: 0, for all, unless every reader merges."""
        if any(each.mode != "merge" for each in readers):
            return 0
        return min(self._release.tables[str(each.table)].inputs.get(str(name), 0) for each in readers)

    def _files(self, name: TableName, since: int) -> tuple[StagedFile, ...]:
        return tuple(
            StagedFile(self._location(receipt.key), receipt, version)
            for version, receipt in pending(self._ingests, name.table, since)
        )
