"""Loads a pipeline folder: contracts, models, serving views, saved queries, and the order in which models run.

Each part is read on its own, since a query needs no contract and an ingest no model: start-up is a feature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.core.tables import BUILT_LAYERS, LAYERS, TableName
from salesperf_cli.errors import InputError
from salesperf_cli.resources import shipped_folder

if TYPE_CHECKING:
    from salesperf_cli.core.contracts import Contract

BUILTIN = "olist"


@dataclass(frozen=True, slots=True)
class Model:
    """One SELECT in portable Spark SQL that makes the table of the same name.

    `inputs` are the tables that it reads; `touched` is the query that names the partitions to recompute, where there is
    one.
    """

    name: TableName
    sql: str
    inputs: tuple[TableName, ...]
    touched: str | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A named query of the pipeline, in Athena SQL."""

    name: str
    title: str
    sql: str


@dataclass(frozen=True, slots=True)
class EventQuery:
    """One SELECT in portable Spark SQL over bronze tables that gives events, and the column by which they keep their
    order in the stream.
    """

    table: str
    sql: str
    inputs: tuple[TableName, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline folder, read."""

    folder: Path

    def contracts(self, layers: Iterable[str] = LAYERS) -> Mapping[TableName, Contract]:
        """The contracts of `layers`, by table; raises InputError when one is not valid or stands twice."""
        from salesperf_cli.core.contract_files import read_contract

        found: dict[TableName, Contract] = {}
        for layer in layers:
            if layer == "bronze":
                found |= {each.name: each for each in map(landed_source, self.contracts(["speed"]).values())}
            for file in sorted((self.folder / "contracts" / layer).glob("*.yaml")):
                contract = read_contract(file)
                if contract.name in found or contract.name.layer != layer:
                    raise InputError(
                        f"{contract.name} cannot be defined by {file.relative_to(self.folder)}",
                        why="each table has one contract, in the folder of its layer",
                        remedy="correct physicalName in the contract, or move the file",
                    )
                found[contract.name] = contract
        return found

    def built_names(self) -> tuple[str, ...]:
        """The names of the built tables, as their contracts' files have them: no contract is read."""
        folders = ((layer, self.folder / "contracts" / layer) for layer in BUILT_LAYERS)
        return tuple(f"{layer}.{file.stem}" for layer, folder in folders for file in sorted(folder.glob("*.yaml")))

    def models(self) -> tuple[Model, ...]:
        """The models in an order in which each comes after those that it reads; raises InputError on a cycle."""
        read = {model.name: model for model in map(self._model, self._model_files())}
        graph = {name: [each for each in model.inputs if each in read] for name, model in read.items()}
        try:
            order = list(TopologicalSorter(graph).static_order())
        except CycleError as fault:
            raise InputError(
                "the models read each other in a circle",
                why=" → ".join(str(name) for name in fault.args[1]),
                remedy="break the circle: a model reads bronze, silver, or gold tables made before it",
            ) from fault
        ranked = sorted(range(len(order)), key=lambda at: (BUILT_LAYERS.index(order[at].layer), at))
        return tuple(read[order[at]] for at in ranked)

    def serving_views(self) -> Mapping[str, str]:
        """The serving views' Athena SQL, by `serving.<view>`."""
        return {f"serving.{file.stem}": file.read_text("utf-8") for file in sorted(self.folder.glob("serving/*.sql"))}

    def saved_queries(self) -> Mapping[str, SavedQuery]:
        """The saved queries, by name."""
        return {file.stem: _saved_query(file) for file in sorted(self.folder.glob("queries/*.sql"))}

    def event_queries(self) -> Mapping[str, EventQuery]:
        """How the events of each table in the layer speed follow from delivered files, by the table's bare name."""
        return {file.stem: _event_query(file) for file in sorted(self.folder.glob("events/*.sql"))}

    def _model_files(self) -> list[Path]:
        found = [file for layer in BUILT_LAYERS for file in sorted((self.folder / "models" / layer).glob("*.sql"))]
        return [file for file in found if not file.name.endswith(".touched.sql")]

    def _model(self, file: Path) -> Model:
        from salesperf_cli.core.portable_sql import tables

        sql = file.read_text("utf-8")
        touched_file = file.with_suffix(".touched.sql")
        touched = touched_file.read_text("utf-8") if touched_file.exists() else None
        return Model(
            name=TableName(file.parent.name, file.stem),
            sql=sql,
            inputs=tuple(TableName.parse(name) for name in tables(sql)),
            touched=touched,
            fingerprint=hashlib.sha256((sql + (touched or "")).encode()).hexdigest(),
        )


def _saved_query(file: Path) -> SavedQuery:
    sql = file.read_text("utf-8")
    titles = [line[9:].strip() for line in sql.splitlines() if line.startswith("-- title:")]
    return SavedQuery(file.stem, titles[0] if titles else file.stem, sql)


def _event_query(file: Path) -> EventQuery:
    from salesperf_cli.core.portable_sql import tables

    sql = file.read_text("utf-8")
    keys = [line[7:].strip() for line in sql.splitlines() if line.startswith("-- key:")]
    if len(keys) != 1:
        raise InputError(
            f"events/{file.name} does not say by which column events keep their order",
            why="its first line is a comment such as: -- key: order_id",
            remedy="add that line",
        )
    return EventQuery(file.stem, sql, tuple(TableName.parse(name) for name in tables(sql)), keys[0])


def landed_source(events: Contract) -> Contract:
    """The bronze table that landed events are taken into: the event contract under another name."""
    return replace(events, name=TableName("bronze", events.name.table), may_be_empty=True)


def builtin_pipeline_folder() -> Path:
    """The folder of the pipeline that travels with the package (Olist)."""
    return shipped_folder(f"glue_scripts/{BUILTIN}")


def load_pipeline(reference: str | Path) -> Pipeline:
    """The pipeline called `olist` (built in) or in the folder `reference`; raises InputError when there is none."""
    folder = builtin_pipeline_folder() if str(reference) == BUILTIN else Path(reference)
    if not (folder / "pipeline.yaml").is_file():
        raise InputError(
            f"no pipeline in {folder}",
            why="a pipeline is a folder with pipeline.yaml, contracts/ and models/",
            remedy=f"give --pipeline DIR, or set pipeline = {BUILTIN!r} in salesperf.toml",
        )
    return Pipeline(folder)
