"""`salesperf deploy`: makes or changes a target's stacks on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.spend_talk import monthly_cost
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
    deleted, asks, and follows the events to the end. What is as it should be is left alone; what AWS is still busy
    with is followed first. The parameters come from the target's parameter file (`parameters` in salesperf.toml).

    Examples:
      salesperf deploy --target dev --dry-run
      salesperf deploy --target dev
      salesperf deploy batch --target prod --yes
    """
    from salesperf_cli.core.deploy.plan import Proposer, discard
    from salesperf_cli.core.deploy.walk import Deployer, Pace
    from salesperf_cli.factory import open_deployment

    world = environment(ctx)
    deployment = open_deployment(world)
    request = request_of(deployment, tuple(templates or ()))
    deployer = Deployer(deployment.stacks, deployment.artifacts, StackTalk(world), Pace())
    deployer.wait_for([request.stack(template.name) for template in request.templates])
    world.sink.busy("asking CloudFormation what would change")
    plan = Proposer(deployment.stacks, request).propose(look_for_drift=not no_drift)
    agreed = False
    try:
        tell_plan(world, plan)
        if plan.changes:
            deployed = any(stack.kind in ("update", "unchanged") for stack in plan.stacks)
            chosen = [stack.template.name for stack in plan.stacks]
            world.sink.say(monthly_cost(world, chosen, deployed=deployed))
        if dry_run or not plan.changes:
            world.sink.document(plan_document(plan), plan_view)
            if not dry_run:
                deployer.upload(plan, request)
            return
        agreed = world.confirm(f"Change {request.environment} so?", assume_yes=yes)
    finally:
        if not agreed:
            discard(deployment.stacks, plan.stacks)
    if not agreed:
        world.sink.say("Nothing was changed.")
        return
    outputs = deployer.deploy(plan, request)
    world.sink.document(outputs, outcome_view)
    world.sink.step(f"The target {request.environment} is deployed")
    world.sink.next_steps(["salesperf ingest PATH", "salesperf status"])


def request_of(deployment: Deployment, names: tuple[str, ...]) -> DeployRequest:
    """What the settings ask for. Raises InputError for unknown templates and parameter files that cannot be read."""
    from salesperf_cli.core.deploy.parameters import read_parameters, refuse_other_names, refuse_strangers
    from salesperf_cli.core.deploy.plan import DeployRequest
    from salesperf_cli.core.deploy.templates import ORDER, chosen_templates, load_template
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
    chosen = chosen_templates(names)
    templates = [load_template(infra, name) for name in ORDER]
    request = DeployRequest(
        templates=tuple(template for template in templates if template.name in chosen),
        values=read_parameters(file) if file else {},
        pipeline=settings.pipeline_folder,
        prefix=settings.stack_prefix,
        environment=settings.target,
    )
    if file is not None:
        refuse_strangers(request.values, templates, file)
    if settings.parameters is not None:  # a shipped file serves every prefix
        refuse_other_names(request.values, request.own_names, settings.parameters)
    return request
