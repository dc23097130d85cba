"""The arithmetic of a bill: tiers, free quantities, roundings, minimums, byte-hours. Pure functions on Decimal.

Sources of the rules: the pricing pages of the services; each rule that belongs to one service is used in `meters`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from salesperf_cli.core.cost.money import ZERO

KIB = Decimal(1024)
MIB = KIB * 1024
GIB = MIB * 1024
TIB = GIB * 1024

HOURS_A_MONTH = Decimal(730)
"""AWS's own average month, as in its calculator: 365 days of 24 hours in 12 parts."""
DAYS_A_MONTH = HOURS_A_MONTH / 24


@dataclass(frozen=True, slots=True)
class Tier:
    """A price for the units from `begin` up to `end` (None: no end)."""

    begin: Decimal
    end: Decimal | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """So many units that fall into the tier with this index, and what they cost."""

    tier: int
    quantity: Decimal
    usd: Decimal


def shares(first: Decimal, last: Decimal, tiers: Sequence[Tier]) -> tuple[Share, ...]:
    """What the units after `first` up to `last` cost, tier by tier.

    Units below the first tier's beginning are charged at its price: that they may be free is `free_units`'s affair.
    Units beyond the last tier's end are in no share: they have no price.
    """
    found = []
    for index, tier in enumerate(tiers):
        low = max(first, tier.begin if index else ZERO)
        high = last if tier.end is None else min(last, tier.end)
        if high > low:
            found.append(Share(index, high - low, (high - low) * tier.price))
    return tuple(found)


def tiered(quantity: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """The gross cost of a quantity: each unit at the price of the tier that it falls into."""
    return sum((share.usd for share in shares(ZERO, quantity, tiers)), ZERO)


def beyond(quantity: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """The part of a quantity that lies beyond the last tier, and so has no price."""
    end = tiers[-1].end if tiers else ZERO
    return ZERO if end is None else max(quantity - end, ZERO)


def free_units(tiers: Sequence[Tier]) -> Decimal:
    """How many units come for nothing: AWS lists the paid price from there on, or a price of 0 up to there."""
    return tiers[0].begin if tiers else ZERO


def rounded_up(quantity: Decimal, step: Decimal) -> Decimal:
    """The next whole multiple of `step`."""
    return (quantity / step).to_integral_value(ROUND_CEILING) * step


def at_least(quantity: Decimal, minimum: Decimal) -> Decimal:
    """The quantity, or the minimum that is billed instead."""
    return max(quantity, minimum)


def gigabyte_months(pieces: Iterable[tuple[Decimal, Decimal]], hours: Decimal = HOURS_A_MONTH) -> Decimal:
    """GB-months of (GB, hours kept) in a month of so many hours: S3 sums byte-hours and divides by the month's own."""
    return sum((size * kept for size, kept in pieces), ZERO) / hours
