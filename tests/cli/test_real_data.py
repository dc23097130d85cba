"""The real Olist data set through the whole pipeline: its known totals, exactly; skipped without it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.lake import Lake, assert_accounted, counts, query

ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "data" / "brazilian-ecommerce.zip"

pytestmark = pytest.mark.skipif(
    not ARCHIVE.is_file(),
    reason="the real data set is not beside the checkout (../shared/data/brazilian-ecommerce.zip)",
)

ROWS = {
    "orders": 99_441,
    "order_items": 112_650,
    "order_payments": 103_886,
    "order_reviews": 99_224,
    "customers": 99_441,
    "products": 32_951,
    "sellers": 3_095,
    "category_translation": 71,
    "geolocation": 1_000_163,
}
STATUSES = {
    "delivered": 96_478,
    "shipped": 1_107,
    "canceled": 625,
    "unavailable": 609,
    "invoiced": 314,
    "processing": 301,
    "created": 5,
    "approved": 2,
}
PRICE, FREIGHT, PAYMENTS = Decimal("13591643.70"), Decimal("2251909.54"), Decimal("16008872.12")


@pytest.fixture(scope="module")
def olist(make_lake: Callable[[str], Lake]) -> Lake:
    """The real data, published; read only."""
    lake = make_lake("olist")
    lake.done("ingest", str(ARCHIVE))
    lake.done("run-batch", "--promote")
    return lake


def test_every_row_of_the_archive_is_accounted_for_and_none_is_refused(olist: Lake) -> None:
    assert_accounted(olist.run)
    for source, rows in ROWS.items():
        duplicates = 1_000_163 - 738_332 if source == "geolocation" else 0
        assert counts(olist.run, source) == (rows, rows - duplicates, 0, duplicates), source
    assert not any(name.startswith("quarantine.") for name in olist.release.tables)


def test_silver_has_the_known_rows(olist: Lake) -> None:
    rows = {name: state.rows for name, state in olist.release.tables.items() if name.startswith("silver.")}
    delivered = {**ROWS, "geolocation": 19_015}
    assert rows == {f"silver.{source}": count for source, count in {**delivered, "sale_events": 0}.items()}


def test_silver_has_the_known_totals(olist: Lake) -> None:
    items, payments = olist.read("silver.order_items"), olist.read("silver.order_payments")
    assert query("SELECT sum(price), sum(freight) FROM items", items=items) == [(PRICE, FREIGHT)]
    assert query("SELECT sum(payment_value) FROM payments", payments=payments) == [(PAYMENTS,)]
    orders = olist.read("silver.orders")
    assert dict(query("SELECT status, count(*) FROM orders GROUP BY 1", orders=orders)) == STATUSES


def test_silver_has_the_known_gaps(olist: Lake) -> None:
    tables = {name: olist.read(f"silver.{name}") for name in ROWS}
    gaps = """
        SELECT
          (SELECT count(*) FROM orders ANTI JOIN order_items USING (order_id)),
          (SELECT count(*) FROM orders ANTI JOIN order_payments USING (order_id)),
          (SELECT count(*) FROM orders ANTI JOIN order_reviews USING (order_id)),
          (SELECT count(*) FROM products WHERE category_pt IS NULL),
          (SELECT count(category_pt) FROM products ANTI JOIN category_translation USING (category_pt)),
          (SELECT count(DISTINCT review_id) FROM order_reviews)
    """
    assert query(gaps, **tables) == [(775, 1, 768, 610, 13, 98_410)]


def test_the_wide_table_has_the_known_totals(olist: Lake) -> None:
    wide = olist.read("gold.sales_wide")
    totals = """
        SELECT count(DISTINCT order_id), count(order_item_id), sum(price), sum(freight), count(DISTINCT customer_key),
          count(*) - count(order_item_id)
        FROM wide
    """
    assert query(totals, wide=wide) == [(99_441, 112_650, PRICE, FREIGHT, 96_096, 775)]
    statuses = "SELECT status, count(DISTINCT order_id) FROM wide GROUP BY 1"
    assert dict(query(statuses, wide=wide)) == STATUSES


def test_the_wide_table_keeps_the_payments_of_each_order_once(olist: Lake) -> None:
    per_order = (
        "SELECT order_id, any_value(payment_total) AS total, count(DISTINCT payment_total) AS n FROM w GROUP BY 1"
    )
    wide = olist.read("gold.sales_wide")
    assert query(f"SELECT sum(total), max(n) FROM ({per_order})", w=wide) == [(PAYMENTS, 1)]


def test_the_state_with_the_highest_revenue_is_sp(olist: Lake) -> None:
    sql = "SELECT customer_state, sum(price) FROM w GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
    assert query(sql, w=olist.read("gold.sales_wide")) == [("SP", Decimal("5202955.05"))]


def test_the_same_archive_again_is_already_loaded(olist: Lake) -> None:
    before = olist.ledger.ingests()
    again = olist.done("ingest", str(ARCHIVE))
    assert {file["status"] for file in again["files"]} == {"already loaded"}
    assert len(again["files"]) == 9
    assert olist.ledger.ingests() == before


KEYS = {
    "olist_customers_dataset": ["customer_id"],
    "olist_geolocation_dataset": [],
    "olist_order_items_dataset": ["order_id", "order_item_id"],
    "olist_order_payments_dataset": ["order_id", "payment_sequential"],
    "olist_order_reviews_dataset": ["review_id", "order_id"],
    "olist_orders_dataset": ["order_id"],
    "olist_products_dataset": ["product_id"],
    "olist_sellers_dataset": ["seller_id"],
    "product_category_name_translation": ["product_category_name"],
}


def test_a_draft_from_the_real_files_finds_their_keys_and_refuses_no_row(tmp_path: Path) -> None:
    drafted = Lake(tmp_path).done("contract", "draft", str(ARCHIVE), "--into", "own")
    assert {each["name"]: each["key"] for each in drafted["tables"]} == KEYS
    lake = Lake(tmp_path, tmp_path / "own")
    lake.done("ingest", str(ARCHIVE))
    lake.done("run-batch", "--promote")
    assert_accounted(lake.run)
    assert sum(each.quarantined for each in lake.run.files) == 0
    (sums,) = lake.done(
        "query", "SELECT sum(price) AS price, sum(freight_value) AS freight FROM silver.olist_order_items_dataset",
        "-o", "json",
    )  # fmt: skip
    assert sums == {"price": str(PRICE), "freight": str(FREIGHT)}
