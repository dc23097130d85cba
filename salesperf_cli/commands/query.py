"""`salesperf query`: asks the lake in Athena SQL."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.budgeting import MaxCostOption, OverBudgetOption, limits_of
from salesperf_cli.errors import InputError
from salesperf_cli.options import OutOption, environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesperf_cli.core.cost.budget import Limits
    from salesperf_cli.core.query import Estimate, Question
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import LocalWorkspace, Workspace


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """What was asked: the SQL, the values of its parameters, and the flags; `limits` is what it may cost on AWS."""

    sql: str
    values: Mapping[str, str]
    as_of: str | None
    estimate: bool
    max_scan: str | None
    reuse_minutes: int
    limit: int | None
    out: Path | None
    limits: Limits


def query(
    ctx: typer.Context,
    sql: Annotated[str | None, typer.Argument(metavar="[SQL]", help="The question; - reads it from stdin.")] = None,
    file: Annotated[Path | None, typer.Option("-f", "--file", metavar="FILE", help="Read the SQL from a file.")] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="A saved query of the pipeline.")] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="K=V", help="A value for :K in the SQL; bound, never pasted.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="WHEN", help="A release (r3), a run's audit branch, or a time.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what it would scan and cost; do not run it.")
    ] = False,
    max_scan: Annotated[
        str | None, typer.Option("--max-scan", metavar="SIZE", help="Refuse to scan more, such as 1GB.")
    ] = None,
    max_cost: MaxCostOption = None,
    over_budget: OverBudgetOption = False,
    reuse: Annotated[
        int, typer.Option("--reuse", metavar="MINUTES", min=0, max=10080, help="On AWS: an answer so old will do.")
    ] = 0,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=0, help="At most so many rows.")] = None,
    out: OutOption = None,
) -> None:
    """Ask the lake in SQL.

    The SQL is Athena's (Trino), and so are the answers: what cannot be honoured is refused by name. Readers see
    the last release. On a terminal the first 100 rows are shown; a pipe gets all, as CSV. On AWS its cost is told
    before and after, and held against the target's `monthly_budget`: what would exceed it is refused, or stopped there.

    Examples:
      salesperf query "SELECT count(*) FROM gold.sales_wide"
      salesperf query --name top_states --param limit=5
      salesperf query -f question.sql --out answer.parquet
      salesperf query "SELECT …" --as-of r1 --max-scan 1GB
      salesperf query --name top_states --target dev
    """
    from salesperf_cli.factory import AwsWorkspace, open_workspace

    world = environment(ctx)
    workspace = open_workspace(world)
    text, values = _text(world, workspace, sql, file, name), parameters(param or [])
    limits = limits_of(world, max_cost, over_budget=over_budget)
    request = QueryRequest(text, values, as_of, estimate, max_scan, reuse, limit, out, limits)
    if isinstance(workspace, AwsWorkspace):
        from salesperf_cli.commands.query_athena import query_athena

        query_athena(world, workspace, request)
    else:
        _query_here(world, workspace, request)


def _query_here(world: Environment, workspace: LocalWorkspace, request: QueryRequest) -> None:
    """Ask this machine's lake, and write the answer."""
    from salesperf_cli.core.query import guard

    question = _question(world, workspace, request)
    if request.estimate:
        world.sink.document(question.estimate)
        return
    guard(question.estimate, request.max_scan)
    _answer(world, workspace, question, request)


def _text(world: Environment, workspace: Workspace, sql: str | None, file: Path | None, name: str | None) -> str:
    if sum(each is not None for each in (sql, file, name)) != 1:
        raise InputError(
            "say one question" if sql is None and file is None and name is None else "say only one question",
            why="the SQL comes as an argument, with -f FILE, or by --name",
            remedy='salesperf query "SELECT …"',
        )
    if name is not None:
        saved = workspace.pipeline.saved_queries()
        if name not in saved:
            raise InputError(
                f"there is no saved query {name!r}",
                why=f"saved are {', '.join(saved) or 'none'}",
                remedy="give --name one of them",
            )
        return saved[name].sql
    if file is not None:
        try:
            return (world.cwd / file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise InputError(f"{file} cannot be read", why=str(fault), remedy="check the path") from fault
    return world.stdin.read() if sql == "-" else sql or ""


def _question(world: Environment, workspace: LocalWorkspace, request: QueryRequest) -> Question:
    workspace.backend.expect_question()
    from salesperf_cli.core.compiled import compiled
    from salesperf_cli.core.cost.queries import scan_price
    from salesperf_cli.core.events.relations import LandedTables
    from salesperf_cli.core.query import LakeCatalog, ask, published_state
    from salesperf_cli.factory import open_bounds

    price = scan_price(world.settings.project, world.settings.price_region)
    state = published_state(workspace.ledger, request.as_of)
    landed, bounds = LandedTables(workspace.pipeline, workspace.backend.objects), open_bounds(workspace)
    catalog = LakeCatalog(state, workspace.pipeline, landed, lambda view: bounds.kept_day(view, state))
    translation = compiled(request.sql, catalog, request.values, workspace.backend.objects)
    return ask(translation, state, catalog, workspace.backend.tables.listing, price=price)


def parameters(param: list[str]) -> dict[str, str]:
    """The values of --param name=value. Raises InputError."""
    pairs = [each.partition("=") for each in param]
    for key, equals, _ in pairs:
        if not equals or not key:
            raise InputError(f"--param {key!r} has no value", why="it is written name=value", remedy="--param n=5")
    return {key: value for key, _, value in pairs}


def _answer(world: Environment, workspace: LocalWorkspace, question: Question, request: QueryRequest) -> None:
    from salesperf_cli.commands.query_rows import AnswerRows

    began = time.perf_counter()
    with workspace.backend.answer(question.translation, question.listings) as answer:
        rows = AnswerRows(answer, request.limit)
        world.sink.write_rows(rows, world.cwd / request.out if request.out else None)
    for note in question.translation.notes:
        world.sink.say(note)
    world.sink.say(statistics(rows.row_count, time.perf_counter() - began, question.estimate))
    if request.out is not None:
        world.sink.step(f"written to {request.out}")


def statistics(rows: int, seconds: float, estimate: Estimate) -> str:
    """The line below an answer: rows, time, bytes scanned, and what Athena would have charged."""
    price = (
        f"Athena would charge ${estimate.usd:.6f} ({estimate.region})"
        if estimate.usd is not None
        else "unpriced region"
    )
    return f"{rows:,} {'row' if rows == 1 else 'rows'}, {seconds:.2f} s, {estimate.bytes:,} bytes scanned; {price}"
