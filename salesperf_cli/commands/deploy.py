"""`salesperf deploy`: makes or changes a target's stacks on AWS."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.budgeting import OverBudgetOption, limits_of
from salesperf_cli.commands.cost.months import ask_for_month, enter_deployment, month_of
from salesperf_cli.commands.stack_talk import StackTalk, outcome_view, plan_document, plan_view, tell_plan
from salesperf_cli.errors import InputError
from salesperf_cli.options import DryRunOption, YesOption, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesperf_cli.backends.ports import Stacks
    from salesperf_cli.commands.cost.months import DeployedMonth
    from salesperf_cli.core.cost.budget import Limits
    from salesperf_cli.core.deploy.plan import DeployPlan, DeployRequest
    from salesperf_cli.core.deploy.walk import Deployer
    from salesperf_cli.environment import Environment
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
    over_budget: OverBudgetOption = False,
    yes: YesOption = False,
) -> None:
    """Make or change a target's stacks on AWS.

    Packages the code, proposes the changes to CloudFormation, shows them value by value with what would be replaced or
    deleted, asks, and follows the events to the end. What is as it should be is left alone; what AWS is still busy
    with is followed first. The parameters come from the target's parameter file (`parameters` in salesperf.toml). A
    month that costs more than the target's `monthly_budget` is refused with exit code 3, before anything is changed.

    Examples:
      salesperf deploy --target dev --dry-run
      salesperf deploy --target dev
      salesperf deploy batch --target prod --yes
    """
    world = environment(ctx)
    rollout = _rollout(world, tuple(templates or ()), limits_of(world, over_budget=over_budget))
    with rollout.proposed(look_for_drift=not no_drift) as proposal:
        rollout.tell(proposal, dry_run=dry_run)
        if dry_run or not proposal.plan.changes:
            world.sink.document(plan_document(proposal.plan), plan_view)
            if not dry_run:
                rollout.upload(proposal.plan)
            return
        proposal.is_agreed = world.confirm(f"Change {world.settings.target} so?", assume_yes=yes)
    if proposal.is_agreed:
        rollout.carry_out(proposal)
    else:
        world.sink.say("Nothing was changed.")


@dataclass(slots=True)
class Proposal:
    """Changes that wait in CloudFormation, and whether somebody has agreed to them.

    `month` is what they would cost, `over_budget` by how much a budget was exceeded that somebody waived.
    """

    plan: DeployPlan
    is_agreed: bool = False
    month: DeployedMonth | None = None
    over_budget: str = ""


@dataclass(frozen=True, slots=True)
class Rollout:
    """One deployment: it is proposed, told, and when that was agreed to carried out."""

    world: Environment
    stacks: Stacks
    request: DeployRequest
    deployer: Deployer
    limits: Limits

    @contextmanager
    def proposed(self, *, look_for_drift: bool) -> Iterator[Proposal]:
        """What CloudFormation would change, once it is done with what it is at; taken back unless agreed to."""
        from salesperf_cli.core.deploy.plan import Proposer, discard

        self.deployer.wait_for([self.request.stack(template.name) for template in self.request.templates])
        self.world.sink.busy("asking CloudFormation what would change")
        proposal = Proposal(Proposer(self.stacks, self.request).propose(look_for_drift=look_for_drift))
        try:
            yield proposal
        finally:
            if not proposal.is_agreed:
                discard(self.stacks, proposal.plan.stacks)

    def tell(self, proposal: Proposal, *, dry_run: bool) -> None:
        """What would change, and what a month of it would cost. Raises RefusedError where a budget says no."""
        plan = proposal.plan
        tell_plan(self.world, plan)
        if plan.changes:
            chosen = [stack.template.name for stack in plan.stacks]
            proposal.month = month_of(self.world, chosen)
            proposal.over_budget = ask_for_month(self.world, proposal.month, self.limits, dry_run=dry_run)

    def upload(self, plan: DeployPlan) -> None:
        """Put the packages where stacks that need no change look for them."""
        self.deployer.upload(plan, self.request)

    def carry_out(self, proposal: Proposal) -> None:
        """Make the changes, and show what the stacks then give out."""
        outputs = self.deployer.deploy(proposal.plan, self.request)
        if proposal.month is not None:
            enter_deployment(self.world, proposal.month, proposal.over_budget)
        self.world.sink.document(outputs, outcome_view)
        self.world.sink.step(f"The target {self.request.environment} is deployed")
        self.world.sink.next_steps(["salesperf ingest PATH", "salesperf status"])


def _rollout(world: Environment, templates: tuple[str, ...], limits: Limits) -> Rollout:
    """The deployment of these templates, or of all, to the target of the settings."""
    from salesperf_cli.core.deploy.walk import Deployer, Pace
    from salesperf_cli.factory import open_deployment

    deployment = open_deployment(world)
    request = request_of(deployment, templates)
    deployer = Deployer(deployment.stacks, deployment.artifacts, StackTalk(world), Pace())
    return Rollout(world, deployment.stacks, request, deployer, limits)


def request_of(deployment: Deployment, names: tuple[str, ...]) -> DeployRequest:
    """What the settings ask for. Raises InputError for unknown templates and parameter files that cannot be read."""
    from salesperf_cli.core.deploy.parameters import refuse_other_names, refuse_strangers
    from salesperf_cli.core.deploy.plan import DeployRequest
    from salesperf_cli.core.deploy.templates import ORDER, chosen_templates, load_template
    from salesperf_cli.core.templates.parameters import read_parameters
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
