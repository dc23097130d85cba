"""The estimator: amounts times prices, line by line, with the free tier apart and what has no price counted.

Tiers and free quantities are an account's, so amounts of one usage type are added up in the order in which they come:
a line pays for the units that it adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from salesperf_cli.core.cost.book import Price, PriceBook, PriceRow, Standing
from salesperf_cli.core.cost.free import ALWAYS_FREE, FreeTier
from salesperf_cli.core.cost.meters import Amount
from salesperf_cli.core.cost.money import ZERO, counted, plain_number, short_number
from salesperf_cli.core.cost.rules import beyond, free_units, shares, tiered

_ORDER = (Standing.LISTED, Standing.UNVERIFIED, Standing.ASSUMED)
_MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Metered:
    """An amount, and the resource that causes it; `stack` is the template that holds the resource."""

    resource: str
    kind: str
    stack: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class Unmetered:
    """A resource whose amounts nobody can tell, and why."""

    resource: str
    kind: str
    stack: str
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """The units of a line that have one price, and where that price is from."""

    quantity: Decimal
    price: Decimal
    usd: Decimal
    tier_begin: Decimal
    tier_end: Decimal | None
    standing: Standing
    source: str
    source_date: str
    usage_type: str
    note: str


@dataclass(frozen=True, slots=True)
class CostLine:
    """What one resource pays for one usage type in a month, before any free tier."""

    resource: str
    kind: str
    stack: str
    service: str
    usage_type: str
    what: str
    quantity: Decimal
    unit: str
    how: str
    usd: Decimal
    standing: Standing
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Allowance:
    """A free tier: how many units of it are used, and what they would have cost."""

    service: str
    usage_type: str
    free: Decimal
    used: Decimal
    unit: str
    usd: Decimal
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Something that costs money, or may, and is in no sum. `quantity` is None where it is unknown as well."""

    resource: str
    kind: str
    stack: str
    service: str
    usage_type: str
    quantity: Decimal | None
    unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A month in one region. `gross` is the sum of the lines, `net` what is left of it after the free tier."""

    region: str
    book_date: date
    lines: tuple[CostLine, ...]
    allowances: tuple[Allowance, ...]
    unpriced: tuple[Unpriced, ...]
    gross: Decimal
    free: Decimal
    net: Decimal

    def by_service(self) -> Mapping[str, Decimal]:
        """Gross sums by service, the dearest first."""
        return _sums((line.service, line.usd) for line in self.lines)

    @property
    def assumed(self) -> Decimal:
        """How much of the gross sum rests on prices that AWS is not known to list."""
        parts = (part for line in self.lines for part in line.parts)
        return sum((part.usd for part in parts if part.standing is not Standing.LISTED), ZERO)


def _sums(pairs: Iterable[tuple[str, Decimal]]) -> Mapping[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for name, usd in pairs:
        sums[name] = sums.get(name, ZERO) + usd
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def estimate(
    metered: Iterable[Metered | Unmetered],
    book: PriceBook,
    region: str,
    *,
    free_tiers: Sequence[FreeTier] = ALWAYS_FREE,
) -> Estimate:
    """Price what was metered, in the order given."""
    bill = _Bill(book, region)
    for each in metered:
        bill.add(each)
    lines = tuple(bill.lines)
    allowances = tuple(bill.allowances(free_tiers))
    gross = sum((line.usd for line in lines), ZERO)
    free = sum((allowance.usd for allowance in allowances), ZERO)
    return Estimate(region, book.generated, lines, allowances, tuple(bill.unpriced), gross, free, gross - free)


class _Bill:
    """A month while it is being added up."""

    def __init__(self, book: PriceBook, region: str) -> None:
        self._book = book
        self._region = region
        self._used: dict[tuple[str, str], Decimal] = {}
        self.lines: list[CostLine] = []
        self.unpriced: list[Unpriced] = []

    def add(self, metered: Metered | Unmetered) -> None:
        """One more line, or one more thing without a price."""
        if isinstance(metered, Unmetered):
            self.unpriced.append(
                Unpriced(metered.resource, metered.kind, metered.stack, _service_of(metered.kind), "", None, "",
                         metered.reason)
            )  # fmt: skip
            return
        amount = metered.amount
        price = self._book.price(amount.service, amount.key, self._region)
        if price is None:
            self._no_price(metered, amount.quantity, f"the price book has no price for it in {self._region}")
            return
        self.lines.append(self._line(metered, price))

    def _line(self, metered: Metered, price: Price) -> CostLine:
        amount = metered.amount
        before = self._used.get((amount.service, amount.key), ZERO)
        after = before + amount.quantity
        self._used[amount.service, amount.key] = after
        parts = tuple(
            _part(share.quantity, share.usd, price.rows[share.tier]) for share in shares(before, after, price.tiers)
        )
        if over := min(beyond(after, price.tiers), amount.quantity):
            self._no_price(metered, over, f"the price book ends at {short_number(after - over)} {amount.unit}s a month")
        rows = [part.standing for part in parts] or [price.rows[0].standing]
        return CostLine(
            resource=metered.resource,
            kind=metered.kind,
            stack=metered.stack,
            service=amount.service,
            usage_type=price.rows[0].usage_type,
            what=amount.what,
            quantity=amount.quantity,
            unit=amount.unit,
            how=amount.how,
            usd=sum((part.usd for part in parts), ZERO),
            standing=max(rows, key=_ORDER.index),
            parts=parts,
        )

    def _no_price(self, metered: Metered, quantity: Decimal, reason: str) -> None:
        amount = metered.amount
        self.unpriced.append(
            Unpriced(metered.resource, metered.kind, metered.stack, amount.service, amount.key, quantity, amount.unit,
                     reason)
        )  # fmt: skip

    def allowances(self, free_tiers: Sequence[FreeTier]) -> Iterable[Allowance]:
        """The free tiers that are used: those of the list, and those that the book's own tiers begin after."""
        listed = {(tier.service, key) for tier in free_tiers for key in tier.keys}
        for tier in free_tiers:
            yield from self._allowance(tier)
        for service, key in self._used:
            price = self._book.price(service, key, self._region)
            if price is not None and (service, key) not in listed and (units := free_units(price.tiers)):
                row = price.rows[0]
                yield from self._allowance(FreeTier(service, (key,), units, row.source, row.verified))

    def _allowance(self, tier: FreeTier) -> Iterable[Allowance]:
        left = tier.quantity
        for key in tier.keys:
            price = self._book.price(tier.service, key, self._region)
            used = min(self._used.get((tier.service, key), ZERO), left)
            if price is None or not used:
                continue
            left -= used
            yield Allowance(
                tier.service, price.rows[0].usage_type, tier.quantity, used, price.unit, tiered(used, price.tiers),
                tier.source, tier.verified,
            )  # fmt: skip


def _part(quantity: Decimal, usd: Decimal, row: PriceRow) -> Part:
    return Part(
        quantity, row.price, usd, row.tier_begin, row.tier_end, row.standing, row.source, row.source_date,
        row.usage_type, row.note,
    )  # fmt: skip


def _service_of(kind: str) -> str:
    return kind.split("::")[1] if kind.count("::") == 2 else kind


def explained(line: CostLine) -> tuple[tuple[str, str], ...]:
    """A line in full, as names and texts: its quantity, then quantity × price = amount and the source of each tier."""
    pairs = [(line.what, f"{line.how} = {counted(line.quantity, line.unit)}")]
    for part in line.parts:
        mark = "" if part.standing is Standing.LISTED else f", {part.standing}"
        day = "" if part.source_date in part.source else f", {part.source_date}"
        size, usd = part.quantity.quantize(_MICRO), part.usd.quantize(_MICRO)
        price = f"${plain_number(part.price)}{_span(part)}"
        pairs.append(("amount", f"{plain_number(size)} × {price} = ${plain_number(usd)}"))
        pairs.append(("row", f"{part.usage_type}: {part.source}{day}{mark}"))
    return tuple(pairs)


def _span(part: Part) -> str:
    """The tier that a part falls into, in words; nothing where a price has one tier."""
    words = [f"from {short_number(part.tier_begin)}"] if part.tier_begin else []
    words += [f"up to {short_number(part.tier_end)}"] if part.tier_end is not None else []
    return f" (tier {' '.join(words)})" if words else ""
