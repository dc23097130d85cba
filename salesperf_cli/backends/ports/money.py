"""What things cost: a provider's price list, and what it has charged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import date

    from salesperf_cli.core.cost.actual import BilledGroup


class Prices(Protocol):
    """The price list of a provider."""

    def products(self, service_code: str, fields: Mapping[str, str]) -> Iterable[Mapping[str, Any]]:
        """The products of a service whose attributes have these values, as the Price List API gives them."""


class Billing(Protocol):
    """What a provider has charged. `pages` counts the answers read so far: each is charged for."""

    pages: int

    def charges(self, start: date, end: date, tags: Mapping[str, str]) -> Iterable[tuple[BilledGroup, bool]]:
        """The charges from `start` up to `end` (not in it) by service; True beside those that can still change."""
