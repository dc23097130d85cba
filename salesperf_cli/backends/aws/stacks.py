"""CloudFormation: change sets with the values that they change, events, drift."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from salesperf_cli.backends.aws.faults import code_of, told
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.core.deploy.stacks import (
    ChangeSet,
    PropertyChange,
    Replacement,
    ResourceChange,
    StackEvent,
    StackState,
)
from salesperf_cli.errors import InputError, RetryableError

_NOTHING = ("didn't contain changes", "no updates are to be performed", "no changes")
_REPLACES: Mapping[str, Replacement] = {
    "True": "yes",
    "Conditional": "maybe",
    "Always": "yes",
    "Conditionally": "maybe",
}
_ACTIONS = {"Add": "add", "Modify": "modify", "Remove": "remove"}
_DRIFT_SECONDS = 120


class CloudFormationStacks:
    """Implements `Stacks` in one account and region."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def state(self, name: str) -> StackState | None:
        """A stack as it stands, or None."""
        from botocore.exceptions import ClientError

        with told(f"look at the stack {name}"):
            try:
                stack = self._client.describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as fault:
                if code_of(fault) == "ValidationError":
                    return None
                raise
        if stack["StackStatus"] == "DELETE_COMPLETE":
            return None
        return StackState(
            name=name,
            status=stack["StackStatus"],
            reason=str(stack.get("StackStatusReason") or ""),
            updated=stack.get("LastUpdatedTime") or stack.get("CreationTime"),
            parameters={each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", ())},
            outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())},
            tags={each["Key"]: each["Value"] for each in stack.get("Tags", ())},
        )

    def body(self, name: str) -> str:
        """The template that a stack was last made from."""
        import json

        with told(f"read the template of {name}"):
            body = self._client.get_template(StackName=name)["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)

    def propose(
        self, name: str, text: str, parameters: Mapping[str, str], capabilities: Sequence[str], tags: Mapping[str, str]
    ) -> ChangeSet | None:
        """A change set for a stack that is there or not; None when nothing would change."""
        state = self.state(name)
        creates = state is None or state.status == "REVIEW_IN_PROGRESS"
        change_set = f"salesperf-{time.time_ns()}"
        with told(f"propose changes to {name}"):
            self._client.create_change_set(
                StackName=name,
                ChangeSetName=change_set,
                ChangeSetType="CREATE" if creates else "UPDATE",
                TemplateBody=text,
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Capabilities=list(capabilities),
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )
            told_of = self._made(name, change_set)
        if told_of["Status"] == "FAILED":
            reason = str(told_of.get("StatusReason") or "")
            self._delete(name, change_set)
            if any(words in reason.lower() for words in _NOTHING):
                return None
            if creates:
                self.delete(name)
            # A new version may import what the stack before it does not export yet.
            missing = "no export named" in reason.lower()
            remedy = "deploy first the stack that exports it (foundation), then this one" if missing else "correct that"
            raise InputError(f"CloudFormation refuses the changes to {name}", why=reason, remedy=remedy)
        return ChangeSet(name, change_set, creates, tuple(self._changes(name, change_set)))

    def discard(self, change_set: ChangeSet) -> None:
        """Delete a change set that will not be executed, with the empty stack that it made."""
        self._delete(change_set.stack, change_set.name)
        if change_set.creates:
            self.delete(change_set.stack)

    def execute(self, change_set: ChangeSet) -> None:
        """Begin to carry a change set out; a first creation that fails leaves nothing behind."""
        more = {"RetainExceptOnCreate": True} if change_set.creates else {}
        with told(f"change {change_set.stack}"):
            self._client.execute_change_set(StackName=change_set.stack, ChangeSetName=change_set.name, **more)

    def events(self, name: str, after: str | None) -> Sequence[StackEvent]:
        """What has happened to a stack since the event `after` (None: ever), oldest first."""
        from botocore.exceptions import ClientError

        found: list[StackEvent] = []
        with told(f"read the events of {name}"):
            try:
                for page in self._client.get_paginator("describe_stack_events").paginate(StackName=name):
                    for event in page["StackEvents"]:
                        if event["EventId"] == after:
                            return found[::-1]
                        found.append(_event(event))
            except ClientError as fault:
                if code_of(fault) != "ValidationError":  # it says so of a stack that is gone
                    raise
        return found[::-1]

    def invalid(self, name: str) -> Sequence[StackEvent]:
        """What CloudFormation found wrong with a stack before it began to make resources."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            events = self._client.describe_events(StackName=name)["OperationEvents"]
        except (AttributeError, BotoCoreError, ClientError):  # an older client, or not allowed: the events must do
            return []
        return [
            StackEvent(
                id=each["EventId"],
                at=each["Timestamp"],
                resource=each.get("LogicalResourceId", ""),
                type=each.get("ResourceType", ""),
                status="VALIDATION_FAILED",
                reason=str(each.get("ValidationStatusReason") or ""),
            )
            for each in events
            if each.get("EventType") == "VALIDATION_ERROR" and each.get("ValidationStatus") == "FAILED"
        ]

    def delete(self, name: str) -> None:
        """Begin to delete a stack."""
        with told(f"delete {name}"):
            self._client.delete_stack(StackName=name)

    def protect(self, name: str, on: bool) -> None:
        """Set whether the stack refuses to be deleted."""
        with told(f"{'protect' if on else 'unprotect'} {name}"):
            self._client.update_termination_protection(StackName=name, EnableTerminationProtection=on)

    def drifted(self, name: str) -> Sequence[str] | None:
        """Resources that were changed by other means; None where that cannot be told."""
        from botocore.exceptions import ClientError

        with told(f"look for drift in {name}"):
            try:
                detection = self._client.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
                if not self._is_detected(detection):
                    return None
                drifts = self._drifts(name)
            except ClientError:  # a stand-in does not know it; without the permission it cannot be told either
                return None
        return [f"{each['LogicalResourceId']} {each['StackResourceDriftStatus'].lower()}" for each in drifts]

    @property
    def _client(self) -> Any:
        return self._session.client("cloudformation")

    def _is_detected(self, detection: str) -> bool:
        """Wait for a detection; False when it takes too long."""
        until = time.monotonic() + _DRIFT_SECONDS
        while time.monotonic() < until:
            state = self._client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
            if state["DetectionStatus"] != "DETECTION_IN_PROGRESS":
                return True
            time.sleep(1)
        return False

    def _drifts(self, name: str) -> Sequence[Mapping[str, Any]]:
        asked: dict[str, Any] = {"StackName": name, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
        found: list[Mapping[str, Any]] = []
        while True:
            page = self._client.describe_stack_resource_drifts(**asked)
            found += page["StackResourceDrifts"]
            if not page.get("NextToken"):
                return found
            asked["NextToken"] = page["NextToken"]

    def _made(self, name: str, change_set: str) -> Mapping[str, Any]:
        for attempt in range(300):
            state: Mapping[str, Any] = self._client.describe_change_set(StackName=name, ChangeSetName=change_set)
            if state["Status"] in ("CREATE_COMPLETE", "FAILED"):
                return state
            time.sleep(min(0.1 * (attempt + 1), 2))
        raise RetryableError(f"the change set of {name} is not ready", why="ten minutes", remedy="deploy again")

    def _delete(self, name: str, change_set: str) -> None:
        with told(f"discard the proposal for {name}"):
            self._client.delete_change_set(StackName=name, ChangeSetName=change_set)

    def _changes(self, name: str, change_set: str) -> Iterator[ResourceChange]:
        asked: dict[str, Any] = {"StackName": name, "ChangeSetName": change_set, "IncludePropertyValues": True}
        while True:
            with told(f"read the proposal for {name}"):
                page = self._client.describe_change_set(**asked)
            for change in page.get("Changes", ()):
                if "ResourceChange" in change:
                    yield resource_change(change["ResourceChange"])
            if not page.get("NextToken"):
                return
            asked["NextToken"] = page["NextToken"]


def resource_change(told_of: Mapping[str, Any]) -> ResourceChange:
    """A change as DescribeChangeSet tells it (API reference, ResourceChange), with property values where it does."""
    properties = []
    for detail in told_of.get("Details", ()):
        target = detail.get("Target", {})
        path = target.get("Path") or "/".join(filter(None, (target.get("Attribute"), target.get("Name"))))
        if path:
            properties.append(
                PropertyChange(
                    path=str(path).lstrip("/").replace("/", ".").removeprefix("Properties."),
                    before=target.get("BeforeValue"),
                    after=target.get("AfterValue"),
                    replaces=_REPLACES.get(target.get("RequiresRecreation", ""), "no"),
                )
            )
    return ResourceChange(
        action=cast(Any, _ACTIONS.get(told_of.get("Action", ""), "modify")),
        name=told_of["LogicalResourceId"],
        type=told_of.get("ResourceType", ""),
        replaces=_REPLACES.get(str(told_of.get("Replacement", "")), "no"),
        properties=tuple(dict.fromkeys(properties)),
        retained=told_of.get("PolicyAction") in ("Retain", "ReplaceAndRetain"),
    )


def _event(told_of: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        id=told_of["EventId"],
        at=told_of["Timestamp"],
        resource=told_of.get("LogicalResourceId", ""),
        type=told_of.get("ResourceType", ""),
        status=told_of.get("ResourceStatus", ""),
        reason=str(told_of.get("ResourceStatusReason") or ""),
    )
