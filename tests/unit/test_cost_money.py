"""The price of one thing done, predictions against bills, new prices from AWS, and what was billed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from salesperf_cli.backends.aws.billing import CostExplorer
from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.backends.embedded.objects import FolderObjects
from salesperf_cli.core.cost.accuracy import CostLedger, CostRecord, accuracy
from salesperf_cli.core.cost.actual import BilledGroup, billed, month_of, month_record
from salesperf_cli.core.cost.book import PriceRow, Standing, read_book
from salesperf_cli.core.cost.queries import scan_price
from salesperf_cli.core.cost.refresh import filters, questions, refreshed
from salesperf_cli.core.cost.spend import JobShape, job_spend, query_spend, replay_spend
from salesperf_cli.errors import ConflictError, InputError

BOOK = read_book()
TODAY = date(2026, 12, 1)


# One thing


def test_a_small_query_costs_ten_megabytes_of_a_terabyte() -> None:
    found = query_spend(BOOK, "sa-east-1", 60_247)
    assert found.usd == Decimal(9) * 10 / 1024 / 1024
    assert found.told == "$0.000086"


def test_a_short_run_costs_a_minute_of_its_dpus() -> None:
    found = job_spend(BOOK, "sa-east-1", JobShape(Decimal(2), "5.1", is_flexible=False), 12)
    assert found.usd is not None
    assert abs(found.usd - 2 * Decimal("0.69") / 60) < Decimal("1e-12")


def test_glue_6_in_sao_paulo_says_that_its_price_is_assumed() -> None:
    found = job_spend(BOOK, "sa-east-1", JobShape(Decimal(2), "6.0", is_flexible=False), 60)
    assert found.standing is Standing.ASSUMED and found.told == "$0.0161 (assumed price)"


def test_a_region_without_a_price_is_told_and_not_0() -> None:
    found = query_spend(BOOK, "eu-west-3", 10)
    assert found.usd is None and found.told == "unpriced in eu-west-3"


def test_a_replay_pays_for_its_records_and_not_for_the_streams_hours() -> None:
    found = replay_spend(BOOK, "us-east-1", 1_000_000, 450, is_on_demand=False)
    assert found.usd == Decimal("0.014")
    assert [line.usage_type for line in found.lines] == ["PutRequestPayloadUnits"]


# Predicted and billed


def record(name: str, predicted: str | None, charged: str | None, day: int = 1) -> CostRecord:
    at = datetime(2026, 11, day, tzinfo=UTC)
    amounts = [None if each is None else Decimal(each) for each in (predicted, charged)]
    return CostRecord("query", name, at, "sa-east-1", *amounts)


def test_costs_are_kept_in_the_ledger_and_read_back(tmp_path: Path) -> None:
    ledger = CostLedger(FolderObjects(tmp_path))
    first, second = record("b", "0.10", "0.20"), record("a/../x", None, "0.01", day=2)
    for each in (second, first, first):
        ledger.add(each)
    assert ledger.records() == [first, second]
    assert ledger.records("2026-10") == []
    with pytest.raises(ConflictError):
        ledger.add(record("b", "0.10", "0.99"))


def test_accuracy_compares_only_what_has_both_figures() -> None:
    found = accuracy([record("a", "0.11", "0.10"), record("b", "0.08", "0.10"), record("c", None, "5")])
    (kind,) = found.kinds
    assert (kind.count, kind.compared, kind.off_percent, kind.worst) == (3, 2, Decimal("-5.0"), "b")


# New prices


def product(row: PriceRow, dimensions: list[tuple[str, str, str]], **attributes: str) -> dict[str, Any]:
    """A product in the shape of GetProducts."""
    return {
        "product": {
            "sku": "SKU", "attributes": {"usagetype": row.usage_type, "operation": row.operation, **attributes}
        },
        "terms": {"OnDemand": {"SKU.T": {"priceDimensions": {
            f"SKU.T.{i}": {"beginRange": begin, "endRange": end, "unit": row.unit, "pricePerUnit": {"USD": price}}
            for i, (begin, end, price) in enumerate(dimensions)
        }}}},
        "publicationDate": "2026-11-30T00:00:00Z",
    }  # fmt: skip


def test_new_prices_are_read_tier_by_tier_and_shown_against_the_old() -> None:
    wanted = BOOK.price("S3", "TimedStorage-ByteHrs", "sa-east-1")
    assert wanted is not None
    row = wanted.rows[0]
    listed = product(row, [("512000", "Inf", "0.0370"), ("0", "51200", "0.0410"), ("51200", "512000", "0.0390")])
    free = product(row, [("0", "5", "0")], location="Any")

    def products(code: str, fields: Any) -> list[dict[str, Any]]:
        return [free, listed] if (code, fields.get("usagetype")) == ("AmazonS3", row.usage_type) else []

    fresh, found = refreshed(BOOK, ["sa-east-1"], products, TODAY)
    assert [(each.tier_begin, each.before, each.after) for each in found.changes] == [
        (Decimal(0), Decimal("0.0405"), Decimal("0.041"))
    ]
    price = fresh.price("S3", "TimedStorage-ByteHrs", "sa-east-1")
    assert price is not None and [each.price for each in price.tiers] == [
        Decimal("0.041"), Decimal("0.039"), Decimal("0.037")]  # fmt: skip
    assert all(each.verified and each.source_date == "2026-11-30" for each in price.rows)
    assert len(fresh.rows) == len(BOOK.rows) and len(found.not_found) == found.asked - 1


def test_a_free_dimension_moves_where_the_price_begins() -> None:
    wanted = BOOK.price("KMS", "KMS-Requests", "sa-east-1")
    assert wanted is not None
    listed = product(wanted.rows[0], [("0", "20000", "0"), ("20000", "Inf", "0.000003")])
    fresh, _ = refreshed(BOOK, ["sa-east-1"], lambda code, _: [listed] if code == "awskms" else [], TODAY)
    price = fresh.price("KMS", "KMS-Requests", "sa-east-1")
    assert price is not None and price.tiers[0].begin == 20_000


def test_an_unverified_name_is_never_asked_for() -> None:
    asked = [filters(price.rows[0]) for price in questions(BOOK, BOOK.regions)]
    assert [each for each in asked if "unverified" in str(each)] == []
    assert any("unverified" in row.usage_type for row in BOOK.rows)


# What was billed


def test_a_month_is_named_or_this_one() -> None:
    assert month_of("2026-10", TODAY) == (date(2026, 10, 1), date(2026, 11, 1))
    assert month_of(None, date(2026, 12, 15)) == (date(2026, 12, 1), date(2026, 12, 16))
    for wrong in ("10/2026", "2027-01"):
        with pytest.raises(InputError):
            month_of(wrong, TODAY)


@mock_aws
def test_bills_are_added_up_by_service_and_pages_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    answer = {
        "ResultsByTime": [{
            "TimePeriod": {"Start": "2026-11-01", "End": "2026-12-01"},
            "Estimated": True,
            "Groups": [
                {"Keys": ["AWS Glue"], "Metrics": {"UnblendedCost": {"Amount": "1.84", "Unit": "USD"}}},
                {"Keys": ["Amazon Kinesis"], "Metrics": {"UnblendedCost": {"Amount": "19.71", "Unit": "USD"}}},
            ],
        }],
        "GroupDefinitions": [],
    }  # fmt: skip
    _seed(answer)
    explorer = CostExplorer(AwsSession(Account("us-east-1", None, None)))
    tags = {"project": "salesperf", "environment": "dev"}
    charges = list(explorer.charges(date(2026, 11, 1), date(2026, 12, 1), tags))
    found = billed("2026-11", (date(2026, 11, 1), date(2026, 12, 1)), tags, charges, explorer.pages, Decimal("0.01"))
    assert [(each.service, each.usd) for each in found.groups] == [
        ("Amazon Kinesis", Decimal("19.71")), ("AWS Glue", Decimal("1.84"))]  # fmt: skip
    assert (found.usd, found.pages, found.asked_usd, found.is_estimated) == (
        Decimal("21.55"), 1, Decimal("0.01"), True)  # fmt: skip


def test_a_month_that_is_over_is_entered_beside_what_the_last_deployment_before_its_end_predicted() -> None:
    span = (date(2026, 11, 1), date(2026, 12, 1))
    found = billed("2026-11", span, {}, [(BilledGroup("AWS Glue", Decimal("1.84")), False)], 1, None)
    deployed = [
        CostRecord("deploy", str(day), datetime(2026, *day, tzinfo=UTC), "sa-east-1", Decimal(usd), None)
        for day, usd in (((10, 3), "40"), ((11, 9), "30"), ((12, 2), "99"))
    ]
    entry = month_record(found, "sa-east-1", deployed)
    assert (entry.name, entry.predicted_usd, entry.billed_usd) == ("2026-11", 30, Decimal("1.84"))
    assert f"{entry.at:%Y-%m-%d}" == "2026-11-30"
    assert month_record(found, "sa-east-1", ()).predicted_usd is None


def _seed(answer: dict[str, Any]) -> None:
    """moto answers Cost Explorer from a queue that is filled through its own address."""
    import requests

    url = "http://motoapi.amazonaws.com/moto-api/static/ce/cost-and-usage-results"
    done = requests.post(url, json={"results": [answer]}, timeout=5)
    assert done.status_code == 201


@given(size=st.integers(0, 10**15))
def test_the_quick_price_of_a_query_is_the_estimators(size: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    for region in ("sa-east-1", "us-east-1"):
        quick = scan_price(tmp_path_factory.getbasetemp(), region).usd(size)
        whole = query_spend(BOOK, region, size).usd
        assert quick is not None and whole is not None
        assert quick == pytest.approx(float(whole), rel=1e-12)
    assert scan_price(tmp_path_factory.getbasetemp(), "mars-north-1").usd(size) is None
