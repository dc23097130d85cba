"""Who may look at what is asked inside the account: a job asks under its role, Athena in its caller's name.

By itself the account checks no permission. tests/aws/authority does.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from tests.aws.standin.parts import ACCOUNT


class Guard(Protocol):
    """Stands before the account's services."""

    def before(self, store: str) -> AbstractContextManager[str]:
        """The address to use instead of a service's own."""

    def key_of(self, role: str) -> str:
        """The access key under which a role asks, by its ARN; that of Athena for no role."""


class NoGuard:
    """Lets everybody through, under the account's own key."""

    def before(self, store: str) -> AbstractContextManager[str]:
        """The service's own address."""
        return nullcontext(store)

    def key_of(self, role: str) -> str:
        """The account's key."""
        return ACCOUNT
