"""Stacks of resources, and what they leave behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from salesperf_cli.core.deploy.stacks import ChangeSet, StackEvent, StackState


class Stacks(Protocol):
    """CloudFormation stacks: proposed, executed, followed, deleted."""

    def state(self, name: str) -> StackState | None:
        """A stack as it stands, or None."""

    def body(self, name: str) -> str:
        """The template that a stack was last made from."""

    def propose(
        self, name: str, text: str, parameters: Mapping[str, str], capabilities: Sequence[str], tags: Mapping[str, str]
    ) -> ChangeSet | None:
        """A change set for a stack that is there or not; None when nothing would change. Waits until it is made."""

    def discard(self, change_set: ChangeSet) -> None:
        """Delete a change set that will not be executed, with the empty stack that it made."""

    def execute(self, change_set: ChangeSet) -> None:
        """Begin to carry a change set out; a first creation that fails leaves nothing behind."""

    def events(self, name: str, after: str | None) -> Sequence[StackEvent]:
        """What has happened to a stack since the event `after` (None: ever), oldest first."""

    def invalid(self, name: str) -> Sequence[StackEvent]:
        """What CloudFormation found wrong with a stack before it began to make resources."""

    def delete(self, name: str) -> None:
        """Begin to delete a stack."""

    def protect(self, name: str, on: bool) -> None:
        """Set whether the stack refuses to be deleted."""

    def drifted(self, name: str) -> Sequence[str] | None:
        """Resources that were changed by other means; None where that cannot be told."""


class Storage(Protocol):
    """What a stack leaves behind when it is deleted: buckets and catalog databases."""

    def empty_and_delete_bucket(self, name: str) -> int:
        """Delete every version of every object, then the bucket; gives how many there were. None there is no error."""

    def delete_database(self, name: str) -> None:
        """Delete a catalog database with its tables' entries; none there is no error."""
