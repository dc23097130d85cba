"""`salesperf run-batch`: builds and audits silver and gold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.batch_talk import BatchTalk, layers_built, plan_view, run_document, run_view, tell_outcome
from salesperf_cli.commands.cost.budgeting import MaxCostOption, OverBudgetOption, foretell, limits_of, spent_so_far
from salesperf_cli.commands.publication import close_views
from salesperf_cli.errors import InputError
from salesperf_cli.options import DryRunOption, Engine, EngineOption, environment

if TYPE_CHECKING:
    from salesperf_cli.commands.cost.spending import JobCosts
    from salesperf_cli.core.batch import BatchRequest
    from salesperf_cli.core.cost.budget import Limits
    from salesperf_cli.core.operations import BatchOutcome
    from salesperf_cli.core.planned import PlannedRun
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Workspace


def run_batch(
    ctx: typer.Context,
    layer: Annotated[str, typer.Argument(metavar="[silver|gold|all]", help="Which layers to build.")] = "all",
    tables: Annotated[
        str, typer.Option("--tables", metavar="T,T", help="Only these tables, separated by commas.")
    ] = "",
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild also what is up to date.")] = False,
    engine: EngineOption = None,
    promote: Annotated[bool, typer.Option("--promote", help="Publish the result when every rule holds.")] = False,
    dry_run: DryRunOption = False,
    plan_out: Annotated[
        Path | None, typer.Option("--plan-out", metavar="FILE", help="Save the plan of a dry run.")
    ] = None,
    apply: Annotated[
        Path | None, typer.Option("--apply", metavar="FILE", help="Carry out a saved plan, or refuse if things moved.")
    ] = None,
    stop_on_interrupt: Annotated[
        bool, typer.Option("--stop-on-interrupt", help="On AWS, Ctrl-C stops the job too; else it goes on.")
    ] = False,
    max_cost: MaxCostOption = None,
    over_budget: OverBudgetOption = False,
) -> None:
    """Build silver and gold from what is new, and audit them.

    Everything is written to an audit branch and judged there by the rules of its contract; readers keep seeing the
    last release until it is promoted. Rows that break a rule go to quarantine with rule, reason, file and line. When a
    rule of a table fails, nothing is published and the exit code is 3. On AWS each layer is a Glue job, followed here
    to its end; what it would cost is told before, and held against the target's `monthly_budget`.

    Examples:
      salesperf run-batch --promote
      salesperf run-batch silver --tables orders,order_items
      salesperf run-batch --full-refresh --dry-run
      salesperf run-batch --engine spark
      salesperf run-batch --dry-run --plan-out plan.json
      salesperf run-batch --apply plan.json --promote
    """
    from salesperf_cli.core.batch import BatchRequest
    from salesperf_cli.core.promotion import layers_of

    world = environment(ctx)
    typed = BatchRequest(layers_of(layer), tuple(filter(None, tables.split(","))), full_refresh)
    saved = _saved(world.cwd / apply) if apply else None
    limits = limits_of(world, max_cost, over_budget=over_budget)
    request = RunRequest(saved.request if saved else typed, promote, saved, stop_on_interrupt, limits)
    workspace = _workspace(world, engine)
    if dry_run or plan_out:
        _show_plan(world, workspace, request, plan_out)
    else:
        _build(world, workspace, request)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What was asked for: which tables, whether to publish them, by which saved plan, what Ctrl-C means; its limits."""

    batch: BatchRequest
    promote: bool
    agreed: PlannedRun | None
    stop_on_interrupt: bool
    limits: Limits


def _show_plan(world: Environment, workspace: Workspace, request: RunRequest, file: Path | None) -> None:
    """What a run would do now, kept in `file` where one is named; on AWS also what it would cost."""
    from salesperf_cli.core.operations import plan_with_landed
    from salesperf_cli.core.planned import encode, planned

    steps = plan_with_landed(workspace, request.batch, world.clock())
    plan = planned(steps, request.batch)
    if file is not None:
        (world.cwd / file).write_bytes(encode(plan))
    world.sink.document(plan, plan_view)
    if steps.builds and not world.settings.is_local:
        _foretell_cost(world, workspace, request.limits, layers_built(steps))


def _foretell_cost(world: Environment, workspace: Workspace, limits: Limits, layers: Sequence[str]) -> None:
    """What the jobs of these layers would cost, and what the budget would say."""
    from salesperf_cli.core.cost.budget import of_operation

    costs = _costs(world, workspace, limits)
    world.sink.say(costs.predicted(layers))
    spent = spent_so_far(world, workspace.backend.objects, limits)
    foretell(world, of_operation(costs.expense, limits, spent), limits)


def _costs(world: Environment, workspace: Workspace, limits: Limits) -> JobCosts:
    from salesperf_cli.commands.cost.spending import JobCosts

    return JobCosts(world, workspace.backend.objects, limits)


def _build(world: Environment, workspace: Workspace, request: RunRequest) -> None:
    """Run, and tell what came of it."""
    outcome = _outcome(world, workspace, request)
    if outcome is not None:
        world.sink.document(run_document(outcome.run), run_view)
    tell_outcome(world, outcome)
    if outcome is not None and outcome.release is not None and not world.settings.is_local:
        close_views(world, workspace)


def _workspace(world: Environment, engine: Engine | None) -> Workspace:
    from salesperf_cli.factory import open_local, open_workspace

    if world.settings.is_local:
        return open_local(world, engine or Engine.DUCKDB)
    if engine is not None:
        raise InputError(
            f"--engine {engine} is for the local target",
            why=f"on {world.settings.target} the jobs run on AWS Glue, which is Spark",
            remedy="leave --engine out, or leave --target out",
        )
    return open_workspace(world)


def _outcome(world: Environment, workspace: Workspace, request: RunRequest) -> BatchOutcome | None:
    """Run in this process, or as jobs where the target lies."""
    from salesperf_cli.core import operations
    from salesperf_cli.core.job_runs import Waiting, run_jobs
    from salesperf_cli.factory import LocalWorkspace

    if isinstance(workspace, LocalWorkspace):
        with _told_when_interrupted(world):
            return operations.run_batch(
                workspace,
                request.batch,
                BatchTalk(world),
                promote=request.promote,
                clock=world.clock,
                agreed=request.agreed,
            )
    return run_jobs(
        workspace,
        workspace.backend.jobs,
        request.batch,
        BatchTalk(world, _costs(world, workspace, request.limits)),
        promote=request.promote,
        clock=world.clock,
        waiting=Waiting(request.stop_on_interrupt),
        agreed=request.agreed,
    )


@contextmanager
def _told_when_interrupted(world: Environment) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        world.sink.warn("Given up: readers see what they saw before. The same command again builds anew")
        raise


def _saved(file: Path) -> PlannedRun:
    from salesperf_cli.core.planned import decode

    try:
        return decode(file.read_bytes(), file.name)
    except OSError as fault:
        raise InputError(
            f"{file.name} cannot be read", why=str(fault), remedy="check the path of the saved plan"
        ) from fault
