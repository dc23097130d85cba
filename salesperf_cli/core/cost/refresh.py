"""Reading the AWS Price List into a book: what to ask, what a product's prices are, and what changed.

Pitfalls that this minds: the first price dimension is not the first tier; a dimension of $0 is the free tier, not the
price; rows with location `Any` are account-wide free tiers; usage types that end alike are different things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from salesperf_cli.core.cost.book import Price, PriceBook, PriceRow

Products = Callable[[str, Mapping[str, str]], Iterable[Mapping[str, Any]]]
"""Asks for products: a service code and fields that must be equal."""


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A row whose price is another now. None: it was not there, or is not there any more."""

    service: str
    region: str
    usage_type: str
    tier_begin: Decimal
    before: Decimal | None
    after: Decimal | None
    was: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """The JSON shape of `cost prices refresh`: what would be written, against what there is."""

    generated: date
    asked: int
    confirmed: int
    changes: tuple[PriceChange, ...]
    not_found: tuple[str, ...]
    written: str = ""


def questions(book: PriceBook, regions: Iterable[str]) -> Sequence[Price]:
    """The prices to ask for: every one of the book in these regions, once."""
    wanted = set(regions)
    found = {(row.service, row.key, row.region): row for row in book.rows if row.region in wanted}
    return [price for service, key, region in found if (price := book.price(service, key, region))]


def filters(row: PriceRow) -> Mapping[str, str] | None:
    """What tells a row's product apart; None when only an unverified name is known."""
    place = "fromRegionCode" if row.service_code == "AWSDataTransfer" else "regionCode"
    base = {place: row.region} if row.region != "global" else {}
    if " (" not in row.usage_type:
        return {**base, "usagetype": row.usage_type}
    if row.group:
        return {**base, "group": row.group}
    return None


def refreshed(
    book: PriceBook, regions: Iterable[str], products: Products, today: date, done: Callable[[], None] = lambda: None
) -> tuple[PriceBook, Refresh]:
    """The book with the prices that AWS lists today in place of its own, and the comparison. Nothing is written."""
    asked = questions(book, regions)
    replaced: dict[tuple[str, str, str], tuple[PriceRow, ...]] = {}
    not_found, confirmed, changes = [], 0, list[PriceChange]()
    for price in asked:
        row = price.rows[0]
        rows = _ask(row, products, today)
        done()
        if not rows:
            not_found.append(f"{row.service} {row.usage_type} ({row.region})")
            continue
        replaced[row.service, row.region, row.key] = rows
        differing = list(_compare(price, rows))
        changes += differing
        confirmed += not differing
    kept = [row for row in book.rows if (row.service, row.region, row.key) not in replaced]
    new = (*kept, *(row for rows in replaced.values() for row in rows))
    fresh = replace(book, generated=today, rows=tuple(sorted(new, key=_order)))
    return fresh, Refresh(today, len(asked), confirmed, tuple(changes), tuple(not_found))


def _order(row: PriceRow) -> tuple[str, str, str, Decimal]:
    return row.service, row.key, row.region, row.tier_begin


def _ask(row: PriceRow, products: Products, today: date) -> tuple[PriceRow, ...]:
    wanted = filters(row)
    if wanted is None:
        return ()
    for product in products(row.service_code, wanted):
        attributes = product.get("product", {}).get("attributes", {})
        if attributes.get("location") == "Any" or (row.operation and attributes.get("operation") != row.operation):
            continue
        if rows := tuple(rows_of(product, row, today)):
            return rows
    return ()


def rows_of(product: Mapping[str, Any], like: PriceRow, today: date) -> Iterator[PriceRow]:
    """The paid tiers of a product as rows, ordered by where they begin; free ones only move the beginning."""
    usage_type = str(product.get("product", {}).get("attributes", {}).get("usagetype", like.usage_type))
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        dimensions = sorted(term.get("priceDimensions", {}).values(), key=lambda each: Decimal(each["beginRange"]))
        for each in dimensions:
            try:
                price = Decimal(each["pricePerUnit"]["USD"])
            except (KeyError, InvalidOperation):
                continue
            if not price:
                continue
            end = str(each.get("endRange", "Inf"))
            yield replace(
                like,
                usage_type=usage_type,
                unit=str(each.get("unit", like.unit)),
                price=price.normalize() + 0,
                tier_begin=Decimal(each["beginRange"]),
                tier_end=None if end == "Inf" else Decimal(end),
                source=f"AWS Price List API, GetProducts {like.service_code}, SKU {product['product'].get('sku', '')}",
                source_date=str(product.get("publicationDate", today.isoformat()))[:10],
                basis="price_list",
                verified=True,
                confidence="high",
                note="",
            )
        return


def _compare(price: Price, rows: Sequence[PriceRow]) -> Iterator[PriceChange]:
    old = {row.tier_begin: row for row in price.rows}
    new = {row.tier_begin: row for row in rows}
    for begin in sorted({*old, *new}):
        left, right = old.get(begin), new.get(begin)
        known = left or right
        assert known is not None
        before, after = (each.price if each else None for each in (left, right))
        if before != after:
            was = str(left.standing) if left else ""
            yield PriceChange(known.service, known.region, known.usage_type, begin, before, after, was)
