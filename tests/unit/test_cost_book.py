"""The packaged price book: equal to what it was made from, whole, dated, and honest about what is assumed."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from salesperf_cli.core.cost.book import PACKAGED, PriceRow, Standing, project_book, read_book, usage_key, written
from salesperf_cli.core.cost.free import ALWAYS_FREE
from salesperf_cli.core.cost.queries import scan_price
from salesperf_cli.errors import InputError

SOURCE = Path(__file__).resolve().parents[3] / "shared" / "pricing" / "pricebook.json"
BOOK = read_book()


@pytest.mark.skipif(not SOURCE.exists(), reason="../shared/pricing/pricebook.json is not beside this checkout")
def test_the_packaged_book_equals_its_source_row_by_row() -> None:
    source = json.loads(SOURCE.read_text("utf-8"))
    packaged = json.loads(PACKAGED.read_text("utf-8"))
    assert packaged["meta"] == source["meta"]
    assert len(packaged["prices"]) == len(source["prices"]) == 207
    numbers = ("price", "tier_begin", "tier_end")
    for ours, theirs in zip(packaged["prices"], source["prices"], strict=True):
        assert {k: v for k, v in ours.items() if k not in numbers} == {
            k: v for k, v in theirs.items() if k not in numbers
        }
        for name in numbers:
            assert (ours[name] is None) == (theirs[name] is None)
            if theirs[name] is not None:
                assert float(ours[name]) == pytest.approx(theirs[name], rel=1e-12)


def test_a_book_reads_back_as_it_was_written(tmp_path: Path) -> None:
    copy = tmp_path / "pricebook.json"
    copy.write_bytes(written(BOOK))
    assert copy.read_bytes() == PACKAGED.read_bytes()
    assert read_book(copy).rows == BOOK.rows


def test_every_row_has_a_source_and_a_date() -> None:
    assert [row for row in BOOK.rows if not row.source or not row.source_date] == []
    assert BOOK.generated == date(2026, 11, 23)


def test_tiers_of_a_price_follow_each_other_without_gap_or_overlap() -> None:
    for row in BOOK.rows:
        price = BOOK.price(row.service, row.key, row.region)
        assert price is not None and row in price.rows
        for left, right in pairwise(price.tiers):
            assert left.end == right.begin
            assert right.price <= left.price


def test_prices_of_kinesis_in_sao_paulo_are_assumptions() -> None:
    rows = [row for row in BOOK.rows if row.region == "sa-east-1" and row.service in ("Kinesis", "Firehose")]
    assert rows
    assert {row.standing for row in rows} == {Standing.ASSUMED}


@pytest.mark.parametrize(
    ("usage_type", "region", "key"),
    [
        ("SAE1-Requests-Tier1", "sa-east-1", "Requests-Tier1"),
        ("Requests-Tier1", "us-east-1", "Requests-Tier1"),
        ("USE1-ETL-DPU-Hour-Gen2", "us-east-1", "ETL-DPU-Hour-Gen2"),
        ("sa-east-1-KMS-Keys", "sa-east-1", "KMS-Keys"),
        ("us-east-1-KMS-Keys", "us-east-1", "KMS-Keys"),
        ("SAE1-USE1-AWS-Out-Bytes", "sa-east-1", "USE1-AWS-Out-Bytes"),
        ("SAE1-DPU-Hour (name unverified)", "sa-east-1", "DPU-Hour"),
    ],
)
def test_a_usage_type_is_known_in_every_region(usage_type: str, region: str, key: str) -> None:
    assert usage_key(usage_type, region) == key


def test_rows_are_found_by_words_in_any_column() -> None:
    found = BOOK.matching(["athena", "sa-east", "scanned"])
    assert [(row.usage_type, row.price) for row in found] == [("SAE1-DataScannedInTB", Decimal(9))]


def test_a_project_s_own_book_comes_before_the_packaged_one(tmp_path: Path) -> None:
    assert project_book(tmp_path).origin == "packaged"
    (tmp_path / "pricebook.json").write_bytes(written(BOOK))
    assert project_book(tmp_path).origin == str(tmp_path / "pricebook.json")


def test_a_damaged_book_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "pricebook.json").write_text('{"meta": {"generated": "2026-11-23", "currency": "USD"}, "prices": [{}]}')
    for read in (lambda: project_book(tmp_path), lambda: scan_price(tmp_path, "sa-east-1")):
        with pytest.raises(InputError, match="no price book"):
            read()


def test_free_tiers_are_those_that_the_book_tells_of() -> None:
    told = {(each["item"], each["amount"], each["verified"]) for each in BOOK.notes["free_tiers"]}  # type: ignore[attr-defined]
    ours = {(tier.service, tier.keys[0]): tier for tier in ALWAYS_FREE}
    for key, item in (
        (("Lambda", "Request"), "Lambda requests"),
        (("Lambda", "Lambda-GB-Second"), "Lambda compute"),
        (("DataTransfer", "DataTransfer-Out-Bytes"), "Data transfer out"),
    ):
        assert (item, float(ours[key].quantity), ours[key].verified) in told
    cloudwatch = next(str(each[1]) for each in told if each[0] == "CloudWatch")
    for key, words in (
        ("CW:MetricMonitorUsage", "10 metrics"), ("CW:AlarmMonitorUsage", "10 alarms"),
        ("DashboardsUsageHour", "3 dashboards"), ("DataProcessing-Bytes", "5 GB logs"),
    ):  # fmt: skip
        assert words in cloudwatch and words.startswith(f"{ours['CloudWatch', key].quantity} ")
        assert ours["CloudWatch", key].verified is (words == "5 GB logs")


def test_a_book_knows_its_age() -> None:
    assert BOOK.age(date(2027, 2, 22)) == 91


def test_a_row_says_what_it_rests_on() -> None:
    standings = {row.standing: row for row in BOOK.rows}
    assert set(standings) == set(Standing)
    assert isinstance(standings[Standing.ASSUMED], PriceRow) and not standings[Standing.ASSUMED].verified
