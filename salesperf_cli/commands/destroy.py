"""`salesperf destroy`: takes a target's stacks down again; data only when that is said twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.stack_talk import StackTalk, removal_view
from salesperf_cli.errors import InputError
from salesperf_cli.options import DryRunOption, YesOption, environment

if TYPE_CHECKING:
    from salesperf_cli.core.deploy.removal import Removal
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Deployment


def destroy(
    ctx: typer.Context,
    templates: Annotated[
        list[str] | None, typer.Argument(metavar="[TEMPLATE...]", help="batch, stream, serving, observe; else all.")
    ] = None,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Delete the foundation, too: every bucket and table.")
    ] = False,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="NAME", help="With --delete-data: PREFIX-TARGET, typed out.")
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Take a target's stacks down again.

    Jobs, stream, workgroup and alarms go; the foundation stays, with its buckets, its key and its catalog, and with it
    all data. deploy makes the rest again. With --delete-data the foundation and all data go for good; the name
    of the target has to be typed.

    Examples:
      salesperf destroy --target dev --dry-run
      salesperf destroy stream observe --target dev
      salesperf destroy --target dev --delete-data --confirm salesperf-dev --yes
    """
    from salesperf_cli.factory import open_deployment

    world = environment(ctx)
    deployment = open_deployment(world)
    plan = _planned(deployment, tuple(templates or ()), with_data=delete_data)
    if dry_run or not plan.deletes:
        world.sink.document(plan, removal_view)
        world.sink.say("Dry run: nothing was changed." if dry_run else "There is nothing to delete.")
    elif _agreed(world, deployment, plan, confirm, yes=yes):
        _carry_out(world, deployment, plan)
        world.sink.document(plan, removal_view)
    else:
        world.sink.say("Nothing was changed.")


def _planned(deployment: Deployment, templates: tuple[str, ...], *, with_data: bool) -> Removal:
    """What goes and what stays; no templates means all. Raises InputError for unknown ones."""
    from salesperf_cli.core.deploy.removal import plan_removal
    from salesperf_cli.core.deploy.templates import chosen_templates

    chosen = chosen_templates(templates) if templates else ()
    return plan_removal(deployment.stacks, deployment.names, chosen, with_data=with_data)


def _agreed(world: Environment, deployment: Deployment, plan: Removal, confirm: str | None, *, yes: bool) -> bool:
    name = f"{deployment.settings.stack_prefix}-{deployment.settings.target}"
    for stack in plan.stacks:
        world.sink.say(f"- {stack}")
    if plan.foundation is None:
        return world.confirm(
            f"Delete {_counted(len(plan.stacks), 'stack')} of {name}, and keep all data?", assume_yes=yes
        )
    for each in (plan.foundation, *plan.databases, *plan.buckets):
        world.sink.warn(f"{each}, with all that is in it")
    if confirm is None and not yes:
        confirm = world.ask(f"This deletes all data of {name} for good. Type its name to go on:")
    if confirm != name:
        raise InputError(
            "all data would be deleted, and the name does not agree",
            why=f"typed was {confirm!r}, the target is {name}" if confirm else f"the target is {name}",
            remedy=f"salesperf destroy --delete-data --confirm {name} --yes",
        )
    return True


def _carry_out(world: Environment, deployment: Deployment, plan: Removal) -> None:
    from salesperf_cli.core.deploy.walk import Deployer, Pace

    deployer = Deployer(deployment.stacks, deployment.artifacts, StackTalk(world), Pace())
    for stack in plan.stacks:
        deployer.delete(stack)
    for database in plan.databases:
        deployment.storage.delete_database(database)
        world.sink.step(f"deleted database {database}")
    for bucket in plan.buckets:
        world.sink.busy(f"emptying {bucket}")
        count = deployment.storage.empty_and_delete_bucket(bucket)
        world.sink.step(f"deleted bucket {bucket}", _counted(count, "object version"))
    if plan.foundation is not None:
        deployment.stacks.protect(plan.foundation, on=False)
        deployer.delete(plan.foundation)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
