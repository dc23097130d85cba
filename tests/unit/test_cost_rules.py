"""What always holds of tiers, roundings, minimums and free quantities."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from salesperf_cli.core.cost import meters
from salesperf_cli.core.cost.book import Price, PriceBook, PriceRow, read_book
from salesperf_cli.core.cost.estimate import Metered, estimate
from salesperf_cli.core.cost.free import FreeTier
from salesperf_cli.core.cost.meters import Amount
from salesperf_cli.core.cost.money import cents, dollars, exact, plain_number
from salesperf_cli.core.cost.rules import (
    GIB,
    KIB,
    MIB,
    Tier,
    beyond,
    gigabyte_months,
    rounded_up,
    shares,
    tiered,
)

QUANTITIES = st.decimals(0, 10**6, places=4)
PRICES = st.decimals("0.0000001", 10, places=7)
STEPS = st.decimals("0.01", 10**4, places=2)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Tier, ...]:
    """Tiers that follow each other without a gap, the last without an end."""
    ends = sorted(set(draw(st.lists(st.integers(1, 10**5), max_size=4))))
    prices = draw(st.lists(PRICES, min_size=len(ends) + 1, max_size=len(ends) + 1))
    borders = [Decimal(0), *map(Decimal, ends), None]
    return tuple(
        Tier(begin, end, price)
        for begin, end, price in zip(borders[:-1], borders[1:], prices, strict=True)
        if begin is not None
    )


@given(tables(), QUANTITIES, QUANTITIES)
def test_more_never_costs_less(tiers: tuple[Tier, ...], first: Decimal, second: Decimal) -> None:
    low, high = sorted((first, second))
    assert tiered(low, tiers) <= tiered(high, tiers)


@given(tables(), st.decimals("0.0001", "0.01", places=4))
def test_the_cost_is_continuous_at_the_border_of_a_tier(tiers: tuple[Tier, ...], step: Decimal) -> None:
    for left, right in pairwise(tiers):
        border = right.begin
        below, above = tiered(border - step, tiers), tiered(border + step, tiers)
        assert tiered(border, tiers) - below == step * left.price
        assert above - tiered(border, tiers) == step * right.price


@given(tables(), QUANTITIES, QUANTITIES)
def test_parts_of_a_quantity_cost_together_what_the_whole_costs(
    tiers: tuple[Tier, ...], first: Decimal, more: Decimal
) -> None:
    pieces = [*shares(Decimal(0), first, tiers), *shares(first, first + more, tiers)]
    assert sum(piece.quantity for piece in pieces) == first + more
    assert sum(piece.usd for piece in pieces) == tiered(first + more, tiers)


@given(QUANTITIES, st.integers(1, 10**5))
def test_units_beyond_the_last_tier_are_counted_and_not_priced(quantity: Decimal, end: int) -> None:
    tiers = (Tier(Decimal(0), Decimal(end), Decimal(1)),)
    assert tiered(quantity, tiers) + beyond(quantity, tiers) == quantity


@given(QUANTITIES, STEPS)
def test_rounding_up_gives_the_next_multiple(quantity: Decimal, step: Decimal) -> None:
    rounded = rounded_up(quantity, step)
    assert rounded % step == 0
    assert quantity <= rounded < quantity + step


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_a_query_is_billed_by_the_megabyte_and_never_below_ten(first: int, second: int) -> None:
    low, high = sorted((Decimal(first), Decimal(second)))
    billed = meters.athena_bytes(low)
    assert billed >= 10 * MIB and billed % MIB == 0
    assert low <= billed <= max(low + MIB, 10 * MIB)
    assert billed <= meters.athena_bytes(high)


@given(st.decimals(0, 10**5, places=2), st.integers(1, 1000))
def test_a_glue_run_is_billed_for_a_minute_at_least(seconds: Decimal, dpus: int) -> None:
    amount = meters.glue_runs(Decimal(dpus), seconds, Decimal(1))
    assert amount.quantity >= Decimal(dpus) * 60 / 3600
    assert amount.quantity >= Decimal(dpus) * seconds / 3600


@given(st.integers(1, 10**7), st.integers(1, 10**6))
def test_each_record_is_rounded_up_by_itself(size: int, count: int) -> None:
    records, record = Decimal(count), Decimal(size)
    gigabytes = records * record / GIB
    put = meters.kinesis_provisioned(Decimal(1), records, record, Decimal(24))[1]
    assert put.quantity * 25 * KIB >= records * record > (put.quantity - records) * 25 * KIB
    on_demand = meters.kinesis_on_demand(records, record, Decimal(1), Decimal(24))[1]
    assert gigabytes <= on_demand.quantity < gigabytes + records * KIB / GIB
    delivered = meters.firehose(records, record)
    assert gigabytes <= delivered.quantity < gigabytes + records * 5 * KIB / GIB


@given(st.integers(1, 10**8), st.integers(1, 10**4), st.sampled_from(["STANDARD_IA", "GLACIER_IR"]))
def test_a_small_object_in_infrequent_access_is_billed_as_128_kb(size: int, count: int, storage_class: str) -> None:
    amount = meters.stored_objects(Decimal(count), Decimal(size), storage_class=storage_class, days=Decimal(100))
    standard = meters.stored_objects(Decimal(count), Decimal(size), days=Decimal(100))
    assert amount.quantity >= standard.quantity
    assert (amount.quantity == standard.quantity) == (size >= 128 * 1024)


def test_what_leaves_infrequent_access_early_is_billed_for_its_least_days() -> None:
    day = meters.stored_objects(Decimal(1), GIB, storage_class="STANDARD_IA", days=Decimal(1))
    month = meters.stored_objects(Decimal(1), GIB, storage_class="STANDARD_IA", days=Decimal(30))
    quarter = meters.stored_objects(Decimal(1), GIB, storage_class="GLACIER_IR", days=Decimal(1))
    assert day.quantity == month.quantity
    assert quarter.quantity == 3 * month.quantity


@given(st.decimals(0, 60, places=2), st.decimals("0.01", 5, places=2), st.integers(1, 100))
def test_a_glue_run_costs_the_same_up_to_a_minute_and_then_grows_by_the_second(
    below: Decimal, above: Decimal, dpus: int
) -> None:
    def billed(seconds: Decimal) -> Decimal:
        return meters.glue_runs(Decimal(dpus), seconds, Decimal(1)).quantity

    assert billed(below) == billed(Decimal(60))
    assert 0 < billed(60 + above) - billed(Decimal(60)) <= (above + 1) * dpus / 3600


@given(st.decimals(0, 10**5, places=3), st.decimals(0, 10**5, places=3), st.integers(128, 10240))
def test_a_call_of_a_function_is_billed_by_the_millisecond_begun(first: Decimal, second: Decimal, memory: int) -> None:
    def used(milliseconds: Decimal) -> Decimal:
        return meters.lambda_calls(Decimal(1), milliseconds, Decimal(memory))[1].quantity

    low, high = sorted((first, second))
    exact_use = low / 1000 * memory / 1024
    assert exact_use <= used(low) <= exact_use + Decimal(memory) / 1024 / 1000
    assert used(low) <= used(high)


@given(st.integers(0, 10**6))
def test_a_message_is_billed_in_chunks_of_64_kb_and_as_one_at_least(size: int) -> None:
    for amount in (meters.queue_requests(Decimal(1), Decimal(size)), meters.bus_events(Decimal(1), Decimal(size))):
        chunks = amount.quantity
        assert chunks >= 1 and chunks == chunks.to_integral_value()
        assert (chunks - 1) * 64 * KIB < max(size, 1) <= chunks * 64 * KIB


def test_byte_hours_use_the_months_own_hours() -> None:
    assert gigabyte_months([(Decimal(1), Decimal(672))], Decimal(672)) == 1
    assert gigabyte_months([(Decimal(1), Decimal(672))], Decimal(744)) < 1


# The packaged book


BOOK_PRICES = [
    price
    for service, region, key in sorted({(row.service, row.region, row.key) for row in read_book().rows})
    if (price := read_book().price(service, key, region)) is not None
]


def test_the_tiers_of_every_price_follow_each_other_and_none_is_below_0() -> None:
    for price in BOOK_PRICES:
        assert all(left.end == right.begin for left, right in pairwise(price.tiers)), price.rows[0].usage_type
        assert all(tier.price >= 0 for tier in price.tiers)


@given(st.sampled_from([price for price in BOOK_PRICES if len(price.tiers) > 1]), st.decimals("0.001", 1000, places=3))
def test_every_price_of_the_book_is_continuous_at_its_borders_and_never_falls(price: Price, step: Decimal) -> None:
    for left, right in pairwise(price.tiers):
        at = tiered(right.begin, price.tiers)
        first = min(step, right.begin - left.begin)
        assert at - tiered(right.begin - first, price.tiers) == first * left.price
        last = step if right.end is None else min(step, right.end - right.begin)
        assert tiered(right.begin + last, price.tiers) - at == last * right.price


# The same through the estimator


def book(*rows: tuple[str, str, str, str | None]) -> PriceBook:
    prices = tuple(
        PriceRow("S3", "", "sa-east-1", key, "", "", "GB-Mo", Decimal(price), Decimal(begin),
                 Decimal(end) if end else None, "", "", "test", "2026-11-23", "price_list", True, "high", "")
        for key, price, begin, end in rows
    )  # fmt: skip
    return PriceBook(date(2026, 11, 23), prices)


def metered(quantity: Decimal, resource: str = "bucket") -> Metered:
    return Metered(resource, "AWS::S3::Bucket", "x", Amount("S3", "k", quantity, "GB-month", "storage", ""))


@given(st.lists(QUANTITIES, min_size=1, max_size=5))
def test_resources_share_the_tiers_of_their_account(quantities: list[Decimal]) -> None:
    prices = book(("SAE1-k", "3", "0", "100"), ("SAE1-k", "2", "100", "1000"), ("SAE1-k", "1", "1000", None))
    apart = estimate([metered(each) for each in quantities], prices, "sa-east-1", free_tiers=())
    together = estimate([metered(sum(quantities, Decimal(0)))], prices, "sa-east-1", free_tiers=())
    assert apart.gross == together.gross


@given(QUANTITIES, st.decimals("0.01", 1000, places=2))
def test_the_free_tier_is_taken_once_and_never_gives_money_back(quantity: Decimal, free: Decimal) -> None:
    prices = book(("SAE1-k", "3", "0", "100"), ("SAE1-k", "2", "100", None))
    month = estimate([metered(quantity)], prices, "sa-east-1", free_tiers=(FreeTier("S3", ("k",), free, "", True),))
    assert month.net == month.gross - month.free
    assert 0 <= month.net <= month.gross
    assert (month.net == 0) == (quantity <= free)


def test_a_price_that_begins_later_is_free_until_there() -> None:
    month = estimate([metered(Decimal(30))], book(("SAE1-k", "2", "20", None)), "sa-east-1")
    assert (month.gross, month.free, month.net) == (60, 40, 20)


def test_what_has_no_price_is_listed_and_in_no_sum() -> None:
    month = estimate([metered(Decimal(30))], book(("SAE1-other", "2", "0", None)), "sa-east-1")
    assert month.gross == 0 and month.lines == ()
    assert [(each.resource, each.quantity, each.usage_type) for each in month.unpriced] == [("bucket", 30, "k")]


def test_what_lies_beyond_the_last_known_tier_is_unpriced() -> None:
    month = estimate([metered(Decimal(30))], book(("SAE1-k", "2", "0", "20")), "sa-east-1")
    assert month.gross == 40
    assert [each.quantity for each in month.unpriced] == [10]


# How money is written


def test_an_amount_that_would_round_to_nothing_does_not_read_as_nothing() -> None:
    assert dollars(Decimal("0.004")) == "<$0.01"
    assert dollars(Decimal("0.005")) == "$0.01"
    assert dollars(Decimal(0)) == "$0.00"
    assert dollars(Decimal("-1234.5")) == "-$1,234.50"


def test_a_price_is_written_whole_and_without_binary_dust() -> None:
    assert plain_number(exact(1.8e-07)) == "0.00000018"
    assert plain_number(exact(0.018000000000000002)) == "0.018"
    assert cents(Decimal("0.125")) == Decimal("0.13")
