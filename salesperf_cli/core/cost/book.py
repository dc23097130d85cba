"""The price book: prices as AWS lists them, each with its source, its date and whether anybody verified it.

The packaged book lies beside this module; a project's own (`salesperf cost prices refresh`) replaces it whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from salesperf_cli.core.cost.money import exact
from salesperf_cli.core.cost.rules import Tier
from salesperf_cli.errors import InputError

PACKAGED = Path(__file__).with_name("pricebook.json")
PROJECT_BOOK = "pricebook.json"
"""The name of a project's own book, in the project folder."""
STALE_AFTER_DAYS = 90

PREFIXES: Mapping[str, str] = {
    "us-east-1": "USE1", "us-east-2": "USE2", "us-west-1": "USW1", "us-west-2": "USW2", "ca-central-1": "CAN1",
    "sa-east-1": "SAE1", "eu-west-1": "EU", "eu-west-2": "EUW2", "eu-west-3": "EUW3", "eu-central-1": "EUC1",
    "eu-north-1": "EUN1", "ap-south-1": "APS3", "ap-southeast-1": "APS1", "ap-southeast-2": "APS2",
    "ap-northeast-1": "APN1", "ap-northeast-2": "APN2",
}  # fmt: skip
"""What usage types of a region begin with; in us-east-1 only those of some services do, and KMS's with the region."""
_UNVERIFIED_NAME = re.compile(r" \((?:name|pattern|prefix) unverified\)$")


class Standing(StrEnum):
    """How far a price can be trusted."""

    LISTED = "listed"
    UNVERIFIED = "unverified"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One price: USD for one unit, from `tier_begin` up to `tier_end` units (None: no end)."""

    service: str
    service_code: str
    region: str
    usage_type: str
    operation: str
    group: str
    unit: str
    price: Decimal
    tier_begin: Decimal
    tier_end: Decimal | None
    description: str
    display: str
    source: str
    source_date: str
    basis: str
    verified: bool
    confidence: str
    note: str

    @property
    def key(self) -> str:
        """The usage type without what only tells the region."""
        return usage_key(self.usage_type, self.region)

    @property
    def standing(self) -> Standing:
        """Whether AWS lists this price, somebody else does, or it was only assumed."""
        if self.verified:
            return Standing.LISTED
        return Standing.ASSUMED if self.basis == "assumption" else Standing.UNVERIFIED

    @property
    def tier(self) -> Tier:
        """The row as a tier."""
        return Tier(self.tier_begin, self.tier_end, self.price)


def usage_key(usage_type: str, region: str) -> str:
    """`SAE1-Requests-Tier1` of sa-east-1 is `Requests-Tier1`, and so is us-east-1's, which has no prefix."""
    name = _UNVERIFIED_NAME.sub("", usage_type)
    for prefix in (f"{PREFIXES.get(region, region)}-", f"{region}-"):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


@dataclass(frozen=True, slots=True)
class Price:
    """The tiers of one usage type in one region, cheapest quantity first."""

    rows: tuple[PriceRow, ...]

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The rows as tiers."""
        return tuple(row.tier for row in self.rows)

    @property
    def unit(self) -> str:
        """What one unit is."""
        return self.rows[0].unit


@dataclass(frozen=True)
class PriceBook:
    """Prices of some regions, as of a day. `origin` says where the book lies, in words."""

    generated: date
    rows: tuple[PriceRow, ...]
    notes: Mapping[str, object] = field(default_factory=dict)
    origin: str = "packaged"

    @cached_property
    def _index(self) -> Mapping[tuple[str, str, str], Price]:
        found: dict[tuple[str, str, str], list[PriceRow]] = {}
        for row in self.rows:
            found.setdefault((row.service, row.region, row.key), []).append(row)
        return {key: Price(tuple(sorted(rows, key=lambda row: row.tier_begin))) for key, rows in found.items()}

    def price(self, service: str, key: str, region: str) -> Price | None:
        """The price of a usage type in a region, None where the book has none."""
        return self._index.get((service, region, key)) or self._index.get((service, "global", key))

    @property
    def regions(self) -> Sequence[str]:
        """The regions with prices."""
        return sorted({row.region for row in self.rows} - {"global"})

    def age(self, today: date) -> int:
        """How many days old the book is."""
        return (today - self.generated).days

    def matching(self, words: Iterable[str]) -> tuple[PriceRow, ...]:
        """The rows that hold every word, in whatever column, upper and lower case alike."""
        wanted = [word.lower() for word in words]
        return tuple(row for row in self.rows if all(word in _haystack(row) for word in wanted))


def _haystack(row: PriceRow) -> str:
    texts = (row.service, row.service_code, row.region, row.usage_type, row.description, row.standing, row.unit)
    return " ".join(texts).lower()


def read_book(file: Path = PACKAGED, origin: str = "packaged") -> PriceBook:
    """Read a book. Raises InputError when the file is none."""
    import msgspec

    try:
        document = msgspec.json.decode(file.read_bytes())
        rows = tuple(_row(each) for each in document["prices"])
        meta = document["meta"]
        return PriceBook(date.fromisoformat(meta["generated"]), rows, meta, origin)
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError) as fault:
        raise InputError(
            f"{file} is no price book", why=f"{type(fault).__name__}: {fault}", remedy="remove it, or write it anew"
        ) from fault


def _row(found: Mapping[str, object]) -> PriceRow:
    values = dict(found)
    for name in ("price", "tier_begin", "tier_end"):
        if values[name] is not None:
            values[name] = exact(values[name]).normalize() + 0  # type: ignore[arg-type]  # a number or a text of one
    return PriceRow(**values)  # type: ignore[arg-type]  # a wrong set of columns is a TypeError


def written(book: PriceBook) -> bytes:
    """A book as its file: one row a line, so that a change of one price is one line in a diff."""
    import msgspec

    meta = {**book.notes, "generated": book.generated.isoformat(), "currency": "USD"}
    head = msgspec.json.format(msgspec.json.encode(meta), indent=1).decode()
    rows = ",\n".join(msgspec.json.encode(_values(row)).decode() for row in book.rows)
    return f'{{"meta": {head},\n"prices": [\n{rows}\n]}}\n'.encode()


def _values(row: PriceRow) -> dict[str, object]:
    values = {name: getattr(row, name) for name in PriceRow.__slots__}
    return {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in values.items()}


def project_book(project: Path) -> PriceBook:
    """The project's own book where it has one, else the packaged one."""
    own = project / PROJECT_BOOK
    return read_book(own, str(own)) if own.is_file() else read_book()
