"""`salesperf vacuum`: frees the space of old releases, unpublished runs and left-over files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.vacuum_talk import plan_lines, report_of, report_view
from salesperf_cli.errors import InputError, RetryableError
from salesperf_cli.options import DryRunOption, YesOption, environment

if TYPE_CHECKING:
    from salesperf_cli.core.vacuum import VacuumPlan
    from salesperf_cli.core.vacuum_kept import Retention
    from salesperf_cli.core.vacuum_walk import VacuumOutcome
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Workspace


def vacuum(
    ctx: typer.Context,
    keep_releases: Annotated[
        int, typer.Option("--keep-releases", metavar="N", min=1, help="Keep the newest N releases.")
    ] = 10,
    keep_days: Annotated[
        int,
        typer.Option("--keep-days", metavar="D", min=0, max=36_500, help="Keep all releases of the last D days, too."),
    ] = 30,
    grace: Annotated[
        float, typer.Option("--grace", metavar="HOURS", min=0, max=876_000, help="Nothing younger than that goes.")
    ] = 24.0,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Free the space of old releases and left-over files.

    What goes: the data of releases that are older than both limits, what runs built that were never published, and
    files that nothing names. What stays answers as before: the current release, the newest ones, branches and tags of
    others, and a run that can still be promoted. Received files are never touched.

    A release whose data are gone stays in the list; rollback and query --as-of refuse it.

    Examples:
      salesperf vacuum --dry-run
      salesperf vacuum --keep-releases 10 --keep-days 30 --yes
    """
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    workspace, retention = open_workspace(world), _retention(keep_releases, keep_days, grace)
    if dry_run:
        world.sink.document(report_of(_plan(world, workspace, retention)), report_view)
        world.sink.say("Dry run: nothing was changed.")
    else:
        _carry_out(world, workspace, retention, yes=yes)


def _retention(releases: int, days: int, hours: float) -> Retention:
    from datetime import timedelta

    from salesperf_cli.core.vacuum_kept import Retention

    return Retention(releases, days, timedelta(hours=hours))


def _plan(world: Environment, workspace: Workspace, retention: Retention) -> VacuumPlan:
    from salesperf_cli.core.vacuum import plan_vacuum

    world.sink.busy("looking at every table and file")
    return plan_vacuum(workspace, retention, world.clock())


def _carry_out(world: Environment, workspace: Workspace, retention: Retention, *, yes: bool) -> None:
    from salesperf_cli.core import vacuum_walk
    from salesperf_cli.core.ledger import new_run_id

    run_id = new_run_id(world.clock())
    vacuum_walk.end_interrupted(workspace, run_id, world.clock)
    plan = _plan(world, workspace, retention)
    if plan.is_empty:
        world.sink.document(report_of(plan), report_view)
        world.sink.say("There is nothing to free.")
    elif _agreed(world, plan, yes=yes):
        outcome = vacuum_walk.vacuum(workspace, plan, run_id, clock=world.clock, tell=world.sink.busy)
        world.sink.document(report_of(plan, outcome), report_view)
        world.sink.step(f"Freed {outcome.bytes:,} bytes", f"{outcome.files:,} files")
        _fail_where_left(outcome)
    else:
        world.sink.say("Nothing was changed.")


def _agreed(world: Environment, plan: VacuumPlan, *, yes: bool) -> bool:
    """Show what goes and ask, where nobody has said yes."""
    if not yes and not world.stdin_tty:
        raise InputError(
            f"{plan.files:,} files would go for good",
            why="there is no terminal to ask on",
            remedy="look at them with --dry-run; add --yes when you mean it",
        )
    for line in plan_lines(report_of(plan)) if not yes else ():
        world.sink.say(line)
    return world.confirm(f"Delete {plan.files:,} files of {plan.bytes:,} bytes for good?", assume_yes=yes)


def _fail_where_left(outcome: VacuumOutcome) -> None:
    """Raise RetryableError where tables were left alone."""
    if outcome.left:
        names = ", ".join(sorted(outcome.left))
        raise RetryableError(
            f"{len(outcome.left)} tables were left alone: {names}"
            if len(outcome.left) > 1
            else f"{names} was left alone",
            why=next(iter(outcome.left.values())),
            remedy="the rest is done; run the same command again",
        )
