"""What is known of stacks: their state, what a change set would do, and what happens to them. Plain frozen data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Replacement = Literal["no", "maybe", "yes"]


@dataclass(frozen=True, slots=True)
class StackState:
    """A stack as it stands; `status` is CloudFormation's own word."""

    name: str
    status: str
    reason: str = ""
    updated: datetime | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_made(self) -> bool:
        """Whether the stack has resources that can be updated."""
        return self.status not in ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")

    @property
    def is_stuck(self) -> bool:
        """Whether neither an update nor a new creation will do."""
        return self.status in ("DELETE_FAILED", "UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED")

    @property
    def moves(self) -> bool:
        """Whether CloudFormation is at work on it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def is_good(self) -> bool:
        """Whether the last operation did what it should."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One value of a resource: before and after, None where there is none, and whether it needs a new resource."""

    path: str
    before: str | None
    after: str | None
    replaces: Replacement = "no"


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """What happens to one resource. What is `retained` stays in the account when it leaves the stack."""

    action: Literal["add", "modify", "remove"]
    name: str
    type: str
    replaces: Replacement = "no"
    properties: tuple[PropertyChange, ...] = ()
    retained: bool = False

    @property
    def destroys(self) -> bool:
        """Whether the stack loses what is there now, surely or maybe."""
        return self.action == "remove" or self.replaces != "no"

    @property
    def fate(self) -> str:
        """What becomes of what is there now, in words; nothing where it stays."""
        if self.action == "remove":
            return "leaves the stack, but is kept" if self.retained else "is deleted"
        words = {"no": "", "maybe": "may be replaced", "yes": "is replaced"}[self.replaces]
        return f"{words}; the old one is kept" if words and self.retained else words

    @property
    def is_of_tags(self) -> bool:
        """Whether nothing but tags changes."""
        changed = {each.path.partition(".")[0] for each in self.properties}
        return self.action == "modify" and self.replaces == "no" and changed <= {"Tags"} and bool(changed)


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set that waits to be executed or discarded."""

    stack: str
    name: str
    creates: bool
    changes: tuple[ResourceChange, ...]


@dataclass(frozen=True, slots=True)
class StackEvent:
    """Something that happened to a resource of a stack, or to the stack itself (then `resource` is its name)."""

    id: str
    at: datetime
    resource: str
    type: str
    status: str
    reason: str

    @property
    def is_of_stack(self) -> bool:
        """Whether it tells of the whole stack."""
        return self.type == "AWS::CloudFormation::Stack"

    @property
    def failed(self) -> bool:
        """Whether something went wrong here, and not only elsewhere."""
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()


@dataclass(frozen=True, slots=True)
class StackLine:
    """A stack at a glance: by which version of salesperf it was made, and when it last changed."""

    stack: str
    status: str
    updated: datetime | None
    version: str


def stack_lines(names: Sequence[str], state: Callable[[str], StackState | None]) -> tuple[StackLine, ...]:
    """The stacks of a target, those that are not there too."""
    lines = []
    for name in names:
        found = state(name)
        if found is None:
            lines.append(StackLine(name, "not deployed", None, ""))
        else:
            lines.append(StackLine(name, found.status, found.updated, found.tags.get("salesperf-version", "")))
    return tuple(lines)
