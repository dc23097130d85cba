"""The speed layer on a stand-in account: real Kinesis calls, the function as deployed, objects in S3, the live view."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from salesperf_cli.core.events.bound import FIRST_DAY
from salesperf_cli.core.sample import write_sample
from tests.aws.conftest import Shop, new_shop
from tests.aws.kinesis_faults import faults_before
from tests.aws.landed_events import landed
from tests.aws.ministack import ministack, missing_ministack
from tests.aws.standin.account import StandInAccount, standin_account
from tests.aws.standin.parts import missing_part
from tests.sold import totals_of

pytestmark = pytest.mark.slow


def test_a_replay_goes_through_the_deployed_stream_and_function_into_the_lake(shop: Shop) -> None:
    shop.done("deploy", "foundation", "stream", "--yes")
    write_sample(shop.folder / "files", 300, 5, False)
    result = shop.done("replay", "files", "--verify")
    count, price, freight = totals_of(shop.folder / "files")
    assert (result["read"], result["acknowledged"], result["landed"], result["missing"]) == (count, count, count, 0)
    events = {event["event_id"]: event for event in landed(shop.endpoint_url)}
    assert len(events) == count
    assert sum(Decimal(str(event["price"])) for event in events.values()) == price
    assert sum(Decimal(str(event["freight"])) for event in events.values()) == freight
    followed = shop.call("tail", "--stream", "--from-start", "--limit", "3")
    assert followed.exit_code == 0, followed.stderr
    assert len(followed.stdout.splitlines()) == 3


def test_through_throttles_and_lost_replies_every_sale_lands_and_counts_once(tmp_path: Path, credentials: None) -> None:
    if missing := missing_ministack():
        pytest.skip(missing)
    with ministack(tmp_path / "account") as store, faults_before(store, 11) as faults:
        shop = new_shop(tmp_path / "shop", faults.endpoint_url)
        shop.done("deploy", "foundation", "stream", "--yes")
        write_sample(shop.folder / "files", 2_000, 5, False)
        result = shop.done("replay", "files", "--verify")
        count, price, _ = totals_of(shop.folder / "files")
        assert (result["acknowledged"], result["spooled"], result["missing"]) == (count, 0, 0)
        assert result["resent"] > 0 and faults.happened["lost_reply"] > 0
        lines = landed(faults.endpoint_url)
        assert len(lines) > count, "lost replies leave copies"
        events = {event["event_id"]: event for event in lines}
        assert len(events) == count
        assert sum(Decimal(str(event["price"])) for event in events.values()) == price


@pytest.fixture
def account(tmp_path: Path, credentials: None) -> Iterator[StandInAccount]:
    if missing := missing_part():
        pytest.skip(missing)
    with standin_account(tmp_path / "account") as running:
        yield running


def test_replayed_sales_show_in_the_live_view_once_before_and_after_a_run(
    account: StandInAccount, tmp_path: Path
) -> None:
    shop = new_shop(tmp_path / "shop", account.endpoint_url)
    shop.done("deploy", "foundation", "batch", "stream", "serving", "--yes")
    first, second = shop.folder / "first", shop.folder / "second"
    write_sample(first, 100, 5, False)
    write_sample(second, 50, 5, False, first_order=100)
    shop.done("ingest", "first")
    shop.done("run-batch", "--promote")
    (view,) = shop.done("publish-views")["views"]
    assert view["landed_from"] > FIRST_DAY, "what the stream no longer holds cannot land"

    def live() -> tuple[int, Decimal, Decimal]:
        sql = "SELECT count(*) AS n, sum(price) AS price, sum(freight) AS freight FROM serving.sales_live"
        (row,) = shop.rows(sql)
        return int(row["n"]), Decimal(str(row["price"])), Decimal(str(row["freight"]))

    assert live() == totals_of(first)
    shop.done("replay", "first", "second", "--verify")
    assert live() == totals_of(first, second)
    shop.done("replay", "second", "--verify")
    assert live() == totals_of(first, second)
    run = shop.done("run-batch", "--promote")
    assert {"silver.sale_events", "gold.sales_ahead"} <= {table["table"] for table in run["tables"]}
    assert live() == totals_of(first, second)
    (ahead,) = shop.rows("SELECT count(*) AS n FROM gold.sales_ahead")
    assert int(ahead["n"]) == totals_of(second)[0]
    (view,) = shop.done("publish-views", "--dry-run")["views"]
    assert f"landed_date >= '{view['landed_from']}'" in view["statement"] and view["landed_from"] > FIRST_DAY
    shop.done("rollback", "all")
    assert live() == totals_of(first, second)
    shop.done("run-batch", "--promote")
    assert live() == totals_of(first, second)
