"""`salesperf destroy`: takes a target's stacks down again; data only when that is said twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.stack_talk import StackTalk
from salesperf_cli.errors import InputError
from salesperf_cli.options import DryRunOption, YesOption, environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Deployment

_STACKS = ("observe", "serving", "stream", "batch")
"""What can be deleted and made again at any time, in the order in which that goes."""


@dataclass(frozen=True, slots=True)
class Destroyed:
    """The JSON shape of `destroy`: what was (or would be) deleted, and what is kept."""

    stacks: tuple[str, ...]
    buckets: tuple[str, ...]
    databases: tuple[str, ...]
    kept: tuple[str, ...]


def destroy(
    ctx: typer.Context,
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
      salesperf destroy --target dev
      salesperf destroy --target dev --delete-data --confirm salesperf-dev --yes
    """
    from salesperf_cli.core.deploy.walk import Deployer, Pace
    from salesperf_cli.factory import open_deployment

    world = environment(ctx)
    deployment = open_deployment(world)
    plan = _plan(deployment, delete_data=delete_data)
    if dry_run:
        world.sink.document(plan)
        world.sink.say("Dry run: nothing was changed.")
        return
    if not _agreed(world, deployment, confirm, delete_data=delete_data, yes=yes):
        world.sink.say("Nothing was changed.")
        return
    deployer = Deployer(deployment.stacks, deployment.artifacts, StackTalk(world), Pace())
    for stack in plan.stacks:
        deployer.delete(stack)
    _delete_data(world, deployment, plan)
    world.sink.document(plan)
    for each in plan.kept:
        world.sink.say(f"kept: {each}")


def _plan(deployment: Deployment, *, delete_data: bool) -> Destroyed:
    settings = deployment.settings
    names = [f"{settings.stack_prefix}-{settings.target}-{each}" for each in (*_STACKS, "foundation")]
    there = [name for name in names if deployment.stacks.state(name) is not None]
    foundation = deployment.stacks.state(names[-1])
    outputs: Mapping[str, str] = foundation.outputs if foundation else {}
    # The bucket of access logs goes last: the others write to it while they are emptied.
    buckets = tuple(value for key, value in sorted(outputs.items(), key=_logs_last) if key.endswith("BucketName"))
    databases = tuple(value for key, value in sorted(outputs.items()) if key.endswith("DatabaseName"))
    if delete_data:
        return Destroyed(tuple(there), buckets, databases, tuple(v for k, v in outputs.items() if k == "KeyArn"))
    kept = (names[-1], *buckets) if foundation else ()
    return Destroyed(tuple(name for name in there if name != names[-1]), (), (), kept)


def _logs_last(output: tuple[str, str]) -> tuple[bool, str]:
    return output[0].startswith("Logs"), output[0]


def _agreed(world: Environment, deployment: Deployment, confirm: str | None, *, delete_data: bool, yes: bool) -> bool:
    name = f"{deployment.settings.stack_prefix}-{deployment.settings.target}"
    if not delete_data:
        return world.confirm(f"Delete the stacks of {name}, and keep its data?", assume_yes=yes)
    if confirm is None and not yes:
        confirm = world.ask(f"This deletes all data of {name} for good. Type its name to go on:")
    if confirm != name:
        raise InputError(
            "all data would be deleted, and the name does not agree",
            why=f"typed was {confirm!r}, the target is {name}" if confirm else f"the target is {name}",
            remedy=f"salesperf destroy --delete-data --confirm {name} --yes",
        )
    return True


def _delete_data(world: Environment, deployment: Deployment, plan: Destroyed) -> None:
    for database in plan.databases:
        deployment.storage.delete_database(database)
        world.sink.step(f"deleted database {database}")
    for bucket in plan.buckets:
        count = deployment.storage.empty_and_delete_bucket(bucket)
        world.sink.step(f"deleted bucket {bucket}", f"{count:,} objects and versions")
