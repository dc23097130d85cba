"""The whole way on a stand-in account, with the product's own commands: deploy, ingest, run, ask, roll back, destroy.

Jobs run on a real Spark, questions are answered by a real Trino (tests/aws/standin says what stands in for what).
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.conftest import SECRET, Shop, new_shop
from tests.aws.standin.account import StandInAccount, standin_account
from tests.aws.standin.parts import REGION, ROOT, missing_part

pytestmark = pytest.mark.slow

DATA = ROOT.parent / "shared" / "data" / "brazilian-ecommerce.zip"
STACKS = ("foundation", "batch", "stream", "serving")  # the live view reads what the stream lands


@pytest.fixture
def account(tmp_path: Path, credentials: None) -> Iterator[StandInAccount]:
    if missing := missing_part():
        pytest.skip(missing)
    with standin_account(tmp_path / "account") as running:
        yield running


@pytest.fixture
def shop(account: StandInAccount, tmp_path: Path) -> Shop:
    """A deployed target."""
    shop = new_shop(tmp_path / "shop", account.endpoint_url)
    shop.done("deploy", *STACKS, "--yes")
    return shop


def _releases(shop: Shop) -> list[str]:
    return [each["release"] for each in shop.done("releases")["releases"]]


def test_a_sample_goes_from_csv_to_answers_and_back(shop: Shop, account: StandInAccount) -> None:
    shop.done("sample", "first", "--orders", "200", "--seed", "1")
    shop.done("sample", "more", "--orders", "50", "--seed", "2")
    shop.done("ingest", "first")
    assert shop.call("ingest", "first").stderr.count("already loaded, nothing to do") == 1

    run = shop.done("run-batch", "--promote")
    assert run["status"] == "promoted" and run["release"] == "r1"
    assert {table["table"].split(".")[0] for table in run["tables"]} == {"silver", "gold"}
    assert run["files"]
    assert all(file["read"] == file["loaded"] + file["quarantined"] + file["duplicates"] for file in run["files"])
    (before,) = shop.rows("SELECT count(DISTINCT order_id) AS orders, sum(price) AS price FROM gold.sales_wide")
    assert before["orders"] == 200

    shop.done("ingest", "more")
    assert shop.done("run-batch", "--dry-run")["steps"]
    assert shop.done("run-batch", "--promote")["release"] == "r2"
    (after,) = shop.rows("SELECT count(DISTINCT order_id) AS orders FROM gold.sales_wide")
    assert after["orders"] == 250
    assert shop.rows("SELECT count(DISTINCT order_id) AS orders FROM gold.sales_wide", "--as-of", "r1") == [
        {"orders": 200}
    ]

    (view,) = shop.done("publish-views")["views"]
    assert view["landed_from"] > "1970-01-01", "nothing waits in the stream, so that old days need not be read"
    assert shop.rows("SELECT count(*) > 200 AS many FROM serving.sales_live") == [{"many": True}]
    shop.done("rollback", "all")
    assert _releases(shop) == ["r3", "r2", "r1"]
    assert shop.rows("SELECT count(DISTINCT order_id) AS orders, sum(price) AS price FROM gold.sales_wide") == [before]
    assert shop.call("run-batch", "--tables", "nothing").exit_code == 2
    _assert_vacuumed_tables_serve_other_readers_and_writers(shop, before, after)
    _assert_no_secret_in_the_ledger(shop, account)
    shop.done("destroy", "--delete-data", "--confirm", "salesperf-standin", "--yes")


def _assert_vacuumed_tables_serve_other_readers_and_writers(shop: Shop, now: Any, next_: Any) -> None:
    """Trino reads what is kept, Spark builds upon it: what was rolled back is delivered once more."""
    done = shop.done("vacuum", "--keep-releases", "1", "--keep-days", "0", "--grace", "0", "--yes")
    assert done["bytes"] > 0 and not done["strangers"]
    assert shop.rows("SELECT count(DISTINCT order_id) AS orders, sum(price) AS price FROM gold.sales_wide") == [now]
    assert shop.call("query", "SELECT count(*) FROM gold.sales_wide", "--as-of", "r2").exit_code == 3
    assert shop.done("run-batch", "--promote")["release"] == "r4"
    assert shop.rows("SELECT count(DISTINCT order_id) AS orders FROM gold.sales_wide") == [next_]


def _assert_no_secret_in_the_ledger(shop: Shop, account: StandInAccount) -> None:
    s3: Any = account.client("s3")
    bucket = next(each["Name"] for each in s3.list_buckets()["Buckets"] if "-lake-" in each["Name"])
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="_ledger/")["Contents"]
    assert listed
    for each in listed:
        data: bytes = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
        assert SECRET.encode() not in (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data)


def test_a_rule_that_fails_in_a_job_blocks_here_with_exit_code_3(shop: Shop) -> None:
    shop.done("sample", "files", "--orders", "60", "--seed", "3")
    items = shop.folder / "files" / "olist_order_items_dataset.csv"
    header, first, *rest = items.read_text("utf-8").splitlines()
    stranger = first.split(",")
    stranger[0] = '"' + "f" * 32 + '"'  # an order that is in no file
    items.write_text("\n".join([header, first, *rest, ",".join(stranger)]) + "\n", "utf-8")
    shop.done("ingest", "files")
    blocked = shop.call("run-batch", "--promote", "-o", "json")
    assert blocked.exit_code == 3, blocked.stderr
    assert "silver.order_items" in blocked.stderr
    assert shop.done("releases")["releases"] == []


def test_an_error_inside_a_job_reaches_the_terminal_with_its_words_and_its_exit_code(shop: Shop) -> None:
    shop.done("sample", "files", "--orders", "30", "--seed", "3")
    shop.done("ingest", "files")
    shop.done("run-batch", "--promote")
    _commit_from_outside(shop, "sales_monthly")
    moved = shop.call("run-batch", "gold", "--tables", "sales_monthly", "--full-refresh", "--promote")
    assert moved.exit_code == 6, moved.stderr
    assert "main of gold.sales_monthly has moved" in moved.stderr
    assert _releases(shop) == ["r1"]


def test_what_the_schedule_starts_builds_both_layers_and_publishes_them(shop: Shop, account: StandInAccount) -> None:
    shop.done("sample", "files", "--orders", "30", "--seed", "3")
    shop.done("ingest", "files")
    # The one call that the schedule makes (infra/batch.yaml, Schedule).
    arguments = {"--then": "salesperf-standin-gold", "--promote": "true"}
    account.client("glue").start_job_run(JobName="salesperf-standin-silver", Arguments=arguments)
    until = time.monotonic() + 300
    while not ((run := shop.done("status")["last_run"]) and run["status"] == "promoted"):
        assert time.monotonic() < until, run
        time.sleep(2)
    assert _releases(shop) == ["r1"]
    status = shop.done("status")
    assert {table["table"].split(".")[0] for table in status["tables"]} == {"silver", "gold"}
    while not {"RowsLoaded", "RowsQuarantined"} <= _metrics(account):
        assert time.monotonic() < until, "the figures come after the work, and did not"
        time.sleep(1)


def _metrics(account: StandInAccount) -> set[str]:
    metrics = account.client("cloudwatch").list_metrics(Namespace="salesperf/standin")["Metrics"]
    return {each["MetricName"] for each in metrics}


def test_a_job_that_dies_without_a_word_is_told_with_what_glue_says_of_it(shop: Shop, account: StandInAccount) -> None:
    shop.done("sample", "files", "--orders", "30", "--seed", "3")
    shop.done("ingest", "files")
    s3: Any = account.client("s3")
    bucket = next(each["Name"] for each in s3.list_buckets()["Buckets"] if "-lake-" in each["Name"])
    key = next(each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="bronze/orders/")["Contents"])
    s3.delete_object(Bucket=bucket, Key=key)  # somebody has tidied up
    failed = shop.call("run-batch")
    assert failed.exit_code == 5, failed.stderr
    assert "the silver job failed" in failed.stderr and "orders" in failed.stderr
    assert _releases(shop) == []


def _commit_from_outside(shop: Shop, table: str) -> None:
    """Another writer appends nothing to main of a gold table: a new snapshot all the same."""
    from pyiceberg.catalog.glue import GlueCatalog

    endpoint = {"glue.endpoint": shop.endpoint_url, "s3.endpoint": shop.endpoint_url}
    catalog = GlueCatalog("outside", **endpoint, **{"glue.region": REGION, "s3.region": REGION})
    found = catalog.load_table(("salesperf_standin_gold", table))
    found.append(found.scan().to_arrow().slice(0, 0))


def test_the_real_data_gives_the_known_totals_on_aws(shop: Shop) -> None:
    if not DATA.is_file():
        pytest.skip("the real data set is not here (../shared/data)")
    shop.done("ingest", str(DATA))
    run = shop.done("run-batch", "--promote")
    assert sum(file["read"] for file in run["files"]) == 1_550_922
    top = shop.rows(
        "SELECT customer_state, sum(price) AS revenue FROM gold.sales_wide GROUP BY 1 ORDER BY 2 DESC LIMIT 5"
    )
    assert top[0] == {"customer_state": "SP", "revenue": "5202955.05"}
    (totals,) = shop.rows(
        "SELECT count(DISTINCT order_id) AS orders, count(order_item_id) AS items, sum(price) AS price,"
        " sum(freight) AS freight FROM gold.sales_wide"
    )
    assert totals == {"orders": 99_441, "items": 112_650, "price": "13591643.70", "freight": "2251909.54"}
    (payments,) = shop.rows("SELECT sum(payment_value) AS paid FROM silver.order_payments")
    assert payments == {"paid": "16008872.12"}
