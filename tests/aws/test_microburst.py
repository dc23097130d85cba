"""The stand-in account behind microburst, which plays the faults of AWS in AWS's own words and forms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import pytest

from salesperf_cli.core.sample import write_sample
from tests.aws.conftest import Shop, new_shop
from tests.aws.landed_events import landed, objects_under
from tests.aws.microburst import Microburst, Rule, microburst
from tests.aws.ministack import ministack, missing_ministack
from tests.sold import totals_of

pytestmark = pytest.mark.slow


class Begin(Protocol):
    """Deploys stacks while all is well; then gives the same project as rules of faults have it."""

    def __call__(self, rules: list[Rule], *stacks: str) -> tuple[Shop, Microburst]: ...


@pytest.fixture
def faulty(tmp_path: Path, credentials: None) -> Iterator[Begin]:
    if missing := missing_ministack():
        pytest.skip(missing)
    with ExitStack() as running:
        store = running.enter_context(ministack(tmp_path / "account"))

        def begin(rules: list[Rule], *stacks: str) -> tuple[Shop, Microburst]:
            new_shop(tmp_path / "shop", store).done("deploy", *stacks, "--yes")
            faults = running.enter_context(microburst(tmp_path / "faults", store, rules))
            return new_shop(tmp_path / "shop", faults.endpoint_url), faults

        yield begin


def test_a_replay_through_throttles_and_lost_replies_lands_every_sale(faulty: Begin) -> None:
    put = {"service": "kinesis", "operation": "PutRecords"}
    throttled = {"error": {"code": "ProvisionedThroughputExceededException"}}
    shop, faults = faulty(
        [
            {**put, **throttled, "sequence": {"fail": 2, "pass": 2}},
            {**put, "response": {"abort_frac": 0.3}, "sequence": {"fail": 1, "pass": 2}},
        ],
        *("foundation", "stream"),
    )
    write_sample(shop.folder / "files", 2_000, 5, False)
    result = shop.done("replay", "files", "--verify")
    count, price, _ = totals_of(shop.folder / "files")
    assert (result["acknowledged"], result["spooled"], result["missing"]) == (count, 0, 0)
    assert {"PutRecords error:ProvisionedThroughputExceededException", "PutRecords response:abort"} <= set(
        faults.fired()
    )
    lines = landed(faults.store)
    events = {event["event_id"]: event for event in lines}
    assert len(lines) > len(events) == count, "lost replies leave copies"
    assert sum(Decimal(str(event["price"])) for event in events.values()) == price


def test_a_store_that_is_slow_and_cuts_answers_short_holds_every_file_once_and_whole(faulty: Begin) -> None:
    slow, one_in_four = {"error": {"code": "SlowDown", "status": 503}}, {"sequence": {"fail": 1, "pass": 3}}
    put, get = ({"service": "s3", "operation": each} for each in ("PutObject", "GetObject"))
    cut = {"response": {"abort_frac": 0.5}}
    shop, faults = faulty(
        [{**put, **slow, **one_in_four}, {**get, **slow, **one_in_four}, {**get, **cut, **one_in_four}], "foundation"
    )
    write_sample(shop.folder / "files", 500, 5, False)
    assert {file["status"] for file in shop.done("ingest", "files")["files"]} == {"loaded"}
    assert {file["status"] for file in shop.done("ingest", "files")["files"]} == {"already loaded"}
    assert {"PutObject error:SlowDown", "GetObject error:SlowDown", "GetObject response:abort"} <= set(faults.fired())
    assert sorted(objects_under("bronze/", faults.store)) == sorted(
        path.read_bytes() for path in (shop.folder / "files").iterdir()
    )
