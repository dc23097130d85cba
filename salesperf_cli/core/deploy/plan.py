"""The plan of a deployment: each stack with what would change in it, and what would be uploaded before.

Where a stack cannot be proposed yet, since a stack that it imports from is not there, its resources are told from the
template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from salesperf_cli.core.deploy.conditions import filled, made_resources
from salesperf_cli.core.deploy.packages import Package, job_modules, packages_for
from salesperf_cli.core.deploy.parameters import settled
from salesperf_cli.core.deploy.stacks import ChangeSet, PropertyChange, ResourceChange, StackState
from salesperf_cli.core.deploy.templates import Template, differences, imports_of
from salesperf_cli.errors import ConflictError, InputError

if TYPE_CHECKING:
    from pathlib import Path

    from salesperf_cli.backends.ports import Stacks


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """What is to be deployed: templates in order, their parameters' values, the pipeline to package, and names."""

    templates: tuple[Template, ...]
    values: Mapping[str, str]
    pipeline: Path | None
    prefix: str
    environment: str

    def stack(self, template: str) -> str:
        """The name of a template's stack."""
        return f"{self.prefix}-{self.environment}-{template}"

    @property
    def own_names(self) -> Mapping[str, str]:
        """The parameters that every name begins with."""
        return {"StackPrefix": self.prefix, "Environment": self.environment}

    @property
    def tags(self) -> Mapping[str, str]:
        """What every stack, and so all that it makes, is tagged with."""
        from salesperf_cli import __version__

        return {"project": self.prefix, "environment": self.environment, "salesperf-version": __version__}


@dataclass(frozen=True, slots=True)
class StackPlan:
    """What would happen to one stack.

    `proposal` waits at CloudFormation; a stack that is made `later` has none yet. `values` are old and new values of
    its parameters; `drift` names resources that were changed by other means (None: that cannot be told).
    """

    template: Template
    name: str
    kind: Literal["create", "update", "unchanged", "later"]
    parameters: Mapping[str, str]
    changes: tuple[ResourceChange, ...]
    values: tuple[PropertyChange, ...] = ()
    proposal: ChangeSet | None = None
    drift: tuple[str, ...] | None = ()
    remove_first: bool = False


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """The stacks in order, and the packages that their parameters name."""

    stacks: tuple[StackPlan, ...]
    packages: tuple[Package, ...]

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return any(stack.kind != "unchanged" for stack in self.stacks)

    @property
    def destroyed(self) -> tuple[ResourceChange, ...]:
        """What would go, or may be replaced."""
        return tuple(change for stack in self.stacks for change in stack.changes if change.destroys)


class Proposer:
    """Makes the plan of a deployment; `stacks` is asked for change sets, which wait until they are executed."""

    def __init__(self, stacks: Stacks, request: DeployRequest) -> None:
        self._stacks = stacks
        self._request = request

    def propose(self, *, look_for_drift: bool = True) -> DeployPlan:
        """The plan. Raises InputError for missing parameters, ConflictError while CloudFormation is at work."""
        declared = {name for template in self._request.templates for name in template.parameters}
        packages = packages_for(declared, self._request.pipeline)
        values = {"PythonModules": job_modules(), **self._request.values, **self._request.own_names}
        values |= {each.parameter: each.key for each in packages}
        # All are checked before the first is proposed.
        parameters = {template.name: settled(template, values) for template in self._request.templates}
        plans: list[StackPlan] = []
        try:
            for template in self._request.templates:
                plans.append(self._stack(template, parameters[template.name], plans, look_for_drift=look_for_drift))
        except BaseException:
            discard(self._stacks, plans)
            raise
        return DeployPlan(tuple(plans), packages)

    def _stack(
        self, template: Template, parameters: Mapping[str, str], before: Sequence[StackPlan], *, look_for_drift: bool
    ) -> StackPlan:
        name = self._request.stack(template.name)
        state = self._stacks.state(name)
        if state is not None and state.moves:
            raise ConflictError(
                f"CloudFormation is at work on {name}",
                why=state.status,
                remedy="wait until it is done, then deploy again",
            )
        made = state is not None and state.is_made
        if state is not None and state.is_stuck:
            raise _stuck(state)
        remove_first = state is not None and not made and state.status != "REVIEW_IN_PROGRESS"
        if remove_first or self._waits_for_others(template, parameters, before):
            made_then = made_resources(template, parameters).items()
            later = tuple(ResourceChange("add", each, kind) for each, kind in made_then)
            return StackPlan(template, name, "later", parameters, later, remove_first=remove_first)
        return self._proposed(template, name, parameters, state if made else None, look_for_drift=look_for_drift)

    def _waits_for_others(self, template: Template, parameters: Mapping[str, str], before: Sequence[StackPlan]) -> bool:
        """Whether a stack that this one imports from is not there yet."""
        planned = {each.template.name: each for each in before}
        for imported in imports_of(template.name, parameters):
            if imported in planned:
                if planned[imported].kind in ("create", "later"):
                    return True
                continue
            state = self._stacks.state(self._request.stack(imported))
            if state is None or not state.is_made:
                unwatched = ", or set WatchStream to false" if imported == "stream" else ""
                raise InputError(
                    f"{template.name} needs the stack {self._request.stack(imported)}, which is not there",
                    why="it imports names from it",
                    remedy=f"salesperf deploy {imported} {template.name}{unwatched}",
                )
        return False

    def _proposed(
        self,
        template: Template,
        name: str,
        parameters: Mapping[str, str],
        state: StackState | None,
        *,
        look_for_drift: bool,
    ) -> StackPlan:
        drift = self._stacks.drifted(name) if state is not None and look_for_drift else ()
        request = self._request
        proposal = self._stacks.propose(name, template.text, parameters, template.capabilities, request.tags)
        drifted = None if drift is None else tuple(drift)
        if proposal is None:
            return StackPlan(template, name, "unchanged", parameters, (), drift=drifted)
        changes = proposal.changes
        told = any(each.before or each.after for change in changes for each in change.properties)
        if state is not None and not told:  # a stand-in tells no values
            old = Template(template.name, self._stacks.body(name))
            changes = _with_differences(changes, (old, state.parameters), (template, parameters))
        values = tuple(
            PropertyChange(key, state.parameters[key], value)
            for key, value in parameters.items()
            if state is not None and key in state.parameters and state.parameters[key] != value
        )
        kind: Literal["create", "update"] = "create" if state is None else "update"
        return StackPlan(template, name, kind, parameters, changes, values, proposal, drifted)


def discard(stacks: Stacks, plans: Sequence[StackPlan]) -> None:
    """Take the proposals of `plans` back."""
    for plan in plans:
        if plan.proposal is not None:
            stacks.discard(plan.proposal)


def _stuck(state: StackState) -> ConflictError:
    """The error for a stack that CloudFormation itself could not bring to an end."""
    if state.status == "DELETE_FAILED":
        remedy = f"salesperf destroy {state.name.rpartition('-')[2]}, then deploy again"
    else:
        remedy = f"aws cloudformation continue-update-rollback --stack-name {state.name}, then deploy again"
    return ConflictError(f"{state.name} cannot be changed", why=state.reason or state.status, remedy=remedy)


_Given = tuple[Template, Mapping[str, str]]
"""A template and the values of its parameters."""


def _with_differences(changes: tuple[ResourceChange, ...], old: _Given, new: _Given) -> tuple[ResourceChange, ...]:
    """The changes with the values that differ between the old and the new template, where there are such."""
    was, will = (template.resources for template, _ in (old, new))
    return tuple(
        replace(change, properties=_differing(change, old, new))
        if change.action == "modify" and change.name in was and change.name in will
        else change
        for change in changes
    )


def _differing(change: ResourceChange, old: _Given, new: _Given) -> tuple[PropertyChange, ...]:
    """The differing values; of properties that CloudFormation names and that look the same, only their names."""
    before, after = (filled(template, template.resources[change.name], given) for template, given in (old, new))
    replaces = {each.path: each.replaces for each in change.properties}
    found = [
        PropertyChange(path, each.before, each.after, replaces.get(_top(path), "no"))
        for each in differences(before, after)
        if (path := each.path.removeprefix("Properties."))
    ]
    told = {_top(each.path) for each in found}
    return (*found, *(each for each in change.properties if each.path not in told))


def _top(path: str) -> str:
    """The property that a path begins with."""
    return path.partition(".")[0].partition("[")[0]
