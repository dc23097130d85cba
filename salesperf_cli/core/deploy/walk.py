"""Carries a deployment's plan out, stack by stack, and takes a target down again. Following can be interrupted: AWS
goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from salesperf_cli.core.deploy.plan import DeployPlan, DeployRequest, StackPlan, discard
from salesperf_cli.core.deploy.stacks import StackEvent, StackState
from salesperf_cli.errors import InputError, RetryableError, SalesperfError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects, Stacks


_PATIENCE_SECONDS = 30.0


class DeployReporter(Protocol):
    """Hears how it goes on."""

    def uploaded(self, key: str, size: int, *, new: bool) -> None:
        """A package is in the artifacts bucket."""

    def begins(self, stack: str, doing: str) -> None:
        """CloudFormation begins with a stack."""

    def happened(self, stack: str, event: StackEvent) -> None:
        """Something happened to a resource."""

    def ended(self, stack: str, status: str) -> None:
        """A stack is done."""

    def left(self, stack: str) -> None:
        """The following was interrupted; CloudFormation goes on."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How to wait: what sleeps, and the longest pause in seconds."""

    sleep: Callable[[float], None] = time.sleep
    longest: float = 3.0


class Deployer:
    """Walks a plan. `artifacts` gives the bucket of that name."""

    def __init__(
        self, stacks: Stacks, artifacts: Callable[[str], Objects], reporter: DeployReporter, pace: Pace
    ) -> None:
        self._stacks = stacks
        self._artifacts = artifacts
        self._reporter = reporter
        self._pace = pace

    def wait_for(self, stacks: Sequence[str]) -> None:
        """Follow what CloudFormation is still at, begun by an earlier deployment or by somebody else."""
        for stack in stacks:
            state = self._stacks.state(stack)
            if state is not None and state.moves:
                self._reporter.begins(stack, "waiting for")
                self._follow(stack, self._last_event(stack), is_under_way=True)

    def deploy(self, plan: DeployPlan, request: DeployRequest) -> Mapping[str, Mapping[str, str]]:
        """Carry the plan out; gives the outputs of each stack. Raises RetryableError naming the first failure.

        Whatever stops it, proposals that were not carried out are taken back.
        """
        waiting, done = list(plan.stacks), list[str]()
        try:
            while waiting:
                self._upload(plan, request, waiting[0])
                stack = waiting.pop(0)
                if stack.kind != "unchanged":
                    self._change(stack, request, done)
                done.append(stack.name)
        except BaseException:
            with suppress(SalesperfError):  # what stopped it is what has to be told
                discard(self._stacks, waiting)
            raise
        return {
            stack.template.name: state.outputs
            for stack in plan.stacks
            if (state := self._stacks.state(stack.name)) is not None
        }

    def upload(self, plan: DeployPlan, request: DeployRequest) -> None:
        """Bring back the packages that the stacks name and that somebody has removed."""
        for stack in plan.stacks:
            self._upload(plan, request, stack)

    def delete(self, stack: str) -> None:
        """Delete a stack and wait; one that is not there is no error, one that is protected is refused."""
        if self._stacks.state(stack) is None:
            return
        place = self._last_event(stack)
        self._reporter.begins(stack, "deleting")
        self._stacks.delete(stack)
        ended = self._follow(stack, place)
        if ended is not None:
            raise self._failure(stack, place, ended, ())
        self._reporter.ended(stack, "DELETE_COMPLETE")

    def _upload(self, plan: DeployPlan, request: DeployRequest, stack: StackPlan) -> None:
        packages = [package for package in plan.packages if package.parameter in stack.parameters]
        if not packages:
            return
        foundation = self._stacks.state(request.stack("foundation"))
        if foundation is None or "ArtifactsBucketName" not in foundation.outputs:
            raise InputError(
                "there is no bucket to upload to",
                why=f"the stack {request.stack('foundation')} makes it",
                remedy="salesperf deploy foundation",
            )
        bucket = self._artifacts(foundation.outputs["ArtifactsBucketName"])
        for package in packages:
            new = bucket.create(package.key, package.data)
            self._reporter.uploaded(package.key, len(package.data), new=new)

    def _change(self, stack: StackPlan, request: DeployRequest, done: Sequence[str]) -> None:
        proposal = stack.proposal
        if stack.remove_first:
            self.delete(stack.name)
        place = self._last_event(stack.name)
        if proposal is None:
            proposal = self._stacks.propose(
                stack.name, stack.template.text, stack.parameters, stack.template.capabilities, request.tags
            )
        if proposal is None:
            self._reporter.ended(stack.name, "nothing to change")
            return
        self._reporter.begins(stack.name, "making" if proposal.creates else "changing")
        self._stacks.execute(proposal)
        ended = self._follow(stack.name, place)
        if ended is None or not ended.is_good:
            raise self._failure(stack.name, place, ended, done)
        if stack.template.name == "foundation":
            self._stacks.protect(stack.name, on=True)
        self._reporter.ended(stack.name, ended.status)

    def _follow(self, stack: str, place: str | None, *, is_under_way: bool = False) -> StackState | None:
        """Tell events until CloudFormation is done; gives the stack as it then stands (None: it is gone).

        Right after a call the stack may still show its status from before: until an event tells that it has begun, a
        status counts only after some patience.
        """
        pause, waited = 0.2, 0.0
        try:
            while True:
                state = self._stacks.state(stack)
                for event in self._stacks.events(stack, place):
                    place = event.id
                    is_under_way |= event.is_of_stack
                    self._reporter.happened(stack, event)
                rests = state is None or not (state.moves or state.status == "REVIEW_IN_PROGRESS")
                if rests and (state is None or is_under_way or waited > _PATIENCE_SECONDS):
                    return state
                self._pace.sleep(pause)
                waited += pause
                pause = min(pause * 1.5, self._pace.longest)
        except KeyboardInterrupt:
            self._reporter.left(stack)
            raise

    def _last_event(self, stack: str) -> str | None:
        events = self._stacks.events(stack, None)
        return events[-1].id if events else None

    def _failure(self, stack: str, place: str | None, ended: StackState | None, done: Sequence[str]) -> RetryableError:
        events = (*self._stacks.invalid(stack), *self._stacks.events(stack, place))
        first = next((event for event in events if event.failed and not event.is_of_stack), None)
        first = first or next((event for event in events if event.failed), None)
        status = ended.status if ended else "gone"
        why = (
            f"{first.resource} ({first.type}): {first.reason or first.status}"
            if first
            else (ended.reason if ended and ended.reason else f"its status is {status}")
        )
        return RetryableError(
            f"{stack} was not changed: {status}",
            why=why,
            detail=(f"done before: {', '.join(done)}",) if done else (),
            remedy="correct the cause and deploy again: what is done stays, what is not is tried again",
        )
