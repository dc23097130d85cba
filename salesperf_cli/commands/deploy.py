"""`salesperf deploy`: makes or changes a target's stacks on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.stack_talk import StackTalk, outcome_view, plan_document, plan_view, tell_plan
from salesperf_cli.errors import InputError
from salesperf_cli.options import DryRunOption, YesOption, environment

if TYPE_CHECKING:
    from salesperf_cli.core.deploy.plan import DeployRequest
    from salesperf_cli.factory import Deployment


def deploy(
    ctx: typer.Context,
    templates: Annotated[
        list[str] | None, typer.Argument(metavar="[TEMPLATE...]", help="foundation, batch, stream, serving, observe.")
    ] = None,
    dry_run: DryRunOption = False,
    no_drift: Annotated[
        bool, typer.Option("--no-drift", help="Do not look for resources that were changed by other means.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Make or change a target's stacks on AWS.

    Packages the code, proposes the changes to CloudFormation, shows them value by value with what would be replaced or
    deleted, asks, and follows the events to the end. What is as it should be is left alone. The parameters come
    from the target's parameter file (`parameters` in salesperf.toml).

    Examples:
      salesperf deploy --target dev --dry-run
      salesperf deploy --target dev
      salesperf deploy batch --target prod --yes
    """
    from salesperf_cli.core.deploy.plan import Proposer
    from salesperf_cli.core.deploy.walk import Deployer, Pace
    from salesperf_cli.factory import open_deployment

    world = environment(ctx)
    deployment = open_deployment(world)
    request = request_of(deployment, tuple(templates or ()))
    deployer = Deployer(deployment.stacks, deployment.artifacts, StackTalk(world), Pace())
    world.sink.busy("asking CloudFormation what would change")
    plan = Proposer(deployment.stacks, request).propose(look_for_drift=not no_drift)
    agreed = False
    try:
        tell_plan(world, plan)
        if dry_run or not plan.changes:
            world.sink.document(plan_document(plan), plan_view)
            return
        agreed = world.confirm(f"Change {request.environment} so?", assume_yes=yes)
    finally:
        if not agreed:
            deployer.discard(plan)
    if not agreed:
        world.sink.say("Nothing was changed.")
        return
    outputs = deployer.deploy(plan, request)
    world.sink.document(outputs, outcome_view)
    world.sink.step(f"The target {request.environment} is deployed")
    world.sink.next_steps(["salesperf ingest PATH", "salesperf status"])


def request_of(deployment: Deployment, names: tuple[str, ...]) -> DeployRequest:
    """What the settings ask for. Raises InputError for unknown templates and parameter files that cannot be read."""
    from salesperf_cli.core.deploy.plan import DeployRequest
    from salesperf_cli.core.deploy.templates import chosen_templates, load_template, read_parameters
    from salesperf_cli.resources import shipped_folder

    settings, infra = deployment.settings, shipped_folder("infra")
    shipped = infra / "parameters" / f"{settings.target}.json"
    file = settings.parameters or (shipped if shipped.is_file() else None)
    if settings.parameters is not None and not settings.parameters.is_file():
        raise InputError(
            f"there is no parameter file {settings.parameters}",
            why=f"{settings.sources['parameters']} names it",
            remedy="correct the path, or leave `parameters` out for the defaults of the templates",
        )
    return DeployRequest(
        templates=tuple(load_template(infra, name) for name in chosen_templates(names)),
        values=read_parameters(file) if file else {},
        pipeline=settings.pipeline_folder,
        prefix=settings.stack_prefix,
        environment=settings.target,
    )
