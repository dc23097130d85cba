"""`salesperf models`: lists the models, and checks that both engines make the same of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.errors import InputError
from salesperf_cli.options import Engine, environment, verb_group
from salesperf_cli.output.forms import Column, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from salesperf_cli.core.contracts import Contract
    from salesperf_cli.core.pipeline import Model, Pipeline
    from salesperf_cli.core.tables import TableName
    from salesperf_cli.core.verification import Verdict
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import LocalWorkspace

app = verb_group("List the models, and check them on the engine of AWS Glue.")


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model, as `models list` tells it."""

    model: str
    reads: tuple[str, ...]
    incremental: str
    partition: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """The JSON shape of `models verify`: whether all was equal, and the verdict on each source and model."""

    equal: bool
    left: str
    right: str
    verdicts: tuple[Verdict, ...]


@app.command("list")
def list_models(ctx: typer.Context) -> None:
    """List the models in the order in which they run.

    Examples:
      salesperf models list
    """
    from salesperf_cli.core.pipeline import load_pipeline

    world = environment(ctx)
    pipeline = load_pipeline(world.settings.pipeline)
    world.sink.document(_listed(pipeline), _list_view)


@app.command()
def verify(
    ctx: typer.Context,
    tables: Annotated[
        str, typer.Option("--tables", metavar="T,T", help="Only these models, separated by commas.")
    ] = "",
    engine: Annotated[Engine, typer.Option("--engine", help="The engine to compare with DuckDB.")] = Engine.SPARK,
) -> None:
    """Run the models on DuckDB and on Spark, and compare what they give.

    Both engines read the files of this lake and give each model the same inputs; nothing of the lake is changed. Rows
    are compared by the contract's key, column by column; doubles may differ by one part in 10¹². Exit code 3 when
    something differs.

    Examples:
      salesperf models verify
      salesperf models verify --tables gold.sales_wide -o json
    """
    from salesperf_cli.factory import open_local

    world = environment(ctx)
    if engine is not Engine.SPARK:
        raise InputError("there is nothing to compare", why="DuckDB is the other side", remedy="leave --engine out")
    verdicts = _verdicts(world, open_local(world), tuple(filter(None, tables.split(","))))
    result = Verification(all(each.comparison.equal for each in verdicts), "duckdb", "spark", verdicts)
    world.sink.document(result, _verification_view)
    if not result.equal:
        raise typer.Exit(3)


def _verdicts(world: Environment, workspace: LocalWorkspace, tables: tuple[str, ...]) -> tuple[Verdict, ...]:
    """The verdict on each source and model, each told as it comes; no tables means all."""
    from salesperf_cli.core.verification import Verifier, plan_from_nothing
    from salesperf_cli.factory import open_both_engines

    plan, wanted = plan_from_nothing(workspace, tables)
    verdicts = []
    with open_both_engines(workspace) as both:
        for verdict in Verifier(plan, both.left, both.right, both.comparer, wanted, now=world.clock()).verdicts():
            verdicts.append(verdict)
            world.sink.step(verdict.table, _told(verdict), mark="✓" if verdict.comparison.equal else "✗")
    return tuple(verdicts)


def _listed(pipeline: Pipeline) -> tuple[ListedModel, ...]:
    contracts = pipeline.contracts()
    return tuple(_one(model, contracts) for model in pipeline.models())


def _one(model: Model, contracts: Mapping[TableName, Contract]) -> ListedModel:
    contract = contracts.get(model.name)
    partition = contract.partition if contract else None
    return ListedModel(
        str(model.name),
        tuple(map(str, model.inputs)),
        contract.incremental if contract else "",
        f"{partition.column} by {partition.transform}" if partition else None,
    )


def _list_view(models: tuple[ListedModel, ...]) -> Iterable[Table]:
    columns = (Column("Model"), Column("Incremental"), Column("Partition"), Column("Reads", wrap=True))
    yield Table(columns, [(each.model, each.incremental, each.partition, ", ".join(each.reads)) for each in models])


def _told(verdict: Verdict) -> str:
    compared, seconds = verdict.comparison, f"{verdict.left_seconds:.1f} s and {verdict.right_seconds:.1f} s"
    if compared.equal:
        return f"{compared.left_rows:,} rows, equal ({seconds})"
    return f"{compared.left_rows:,} and {compared.right_rows:,} rows, not equal ({seconds})"


def _verification_view(result: Verification) -> Iterable[Table | Line]:
    rows = [row for verdict in result.verdicts for row in _differences(verdict, result)]
    if rows:
        columns = ("Table", "Column", "Rows", "Key", result.left, result.right)
        yield Table([Column(name, wrap=name == "Key") for name in columns], rows)
    different = sum(not verdict.comparison.equal for verdict in result.verdicts)
    models = sum(verdict.kind == "model" for verdict in result.verdicts)
    words = f"{different} of them differ" if different else "equal in every row and column"
    yield Line(
        f"{models} models and {len(result.verdicts) - models} sources on {result.left} and {result.right}: {words}"
    )


def _differences(verdict: Verdict, result: Verification) -> Iterable[tuple[object, ...]]:
    compared, table = verdict.comparison, verdict.table
    for count, keys, side in (
        (compared.only_left, compared.only_left_keys, result.left),
        (compared.only_right, compared.only_right_keys, result.right),
    ):
        if count:
            yield table, f"rows that only {side} has", count, ", ".join(keys), None, None
    for column in compared.columns:
        for at, sample in enumerate(column.samples):
            first = (table, column.column, column.rows) if at == 0 else ("", "", None)
            yield (*first, sample.key, sample.left, sample.right)
