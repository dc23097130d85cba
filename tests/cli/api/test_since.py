"""What is new since the last time: watermarks, typed ones, and those of files that were withdrawn."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from tests.api_server import Asked, Reply, of
from tests.cli.api.shop import (
    ORDERS,
    Serve,
    Shop,
)

SINCE = {"since": {"parameter": "since", "column": "updated_at"}}


@dataclass
class Growing:
    """An API that has so many orders so far, and gives those after `since`."""

    count: int

    def answer(self, asked: Asked) -> Reply:
        return of([each for each in ORDERS[: self.count] if each["updated_at"] > asked.query.get("since", "")])


@pytest.fixture
def growing() -> Growing:
    """Four orders so far."""
    return Growing(4)


def test_tomorrow_takes_only_what_is_new(shop: Shop, serve: Serve, growing: Growing) -> None:
    server, shop.api = serve(growing.answer), SINCE
    first = json.loads(shop.ingest(f"{server.url}/orders").stdout)["apis"][0]
    assert (first["since"], first["until"]) == (None, "2018-09-04 10:00:00")
    nothing = shop.ingest(f"{server.url}/orders")
    assert "nothing new" in nothing.stderr and json.loads(nothing.stdout)["version"] is None
    growing.count = 6
    shop.ingest(f"{server.url}/orders")
    assert shop.ids == [1, 2, 3, 4, 5, 6]
    assert [each.get("since") for each in server.queries] == [None, "2018-09-04 10:00:00", "2018-09-04 10:00:00"]
    marks = [each.receipts[0].watermark for each in shop.ledger.ingests()]
    assert [mark and (mark.since, mark.value) for mark in marks] == [
        (None, "2018-09-04 10:00:00"),
        ("2018-09-04 10:00:00", "2018-09-06 10:00:00"),
    ]


def test_another_query_of_the_same_api_has_a_watermark_of_its_own(shop: Shop, serve: Serve, growing: Growing) -> None:
    server, shop.api = serve(growing.answer), SINCE
    shop.ingest(f"{server.url}/orders")
    shop.ingest(f"{server.url}/orders?state=sp")
    assert [each.get("since") for each in server.queries] == [None, None]


def test_since_can_be_typed_and_everything_can_be_asked_again(shop: Shop, serve: Serve, growing: Growing) -> None:
    server, shop.api = serve(growing.answer), {"since": {**SINCE["since"], "start": "2018-09-01 00:00:00"}}
    shop.ingest(f"{server.url}/orders", "--since", "2018-09-02 10:00:00")
    assert shop.ids == [3, 4]
    shop.ingest(f"{server.url}/orders", "--dry-run")
    shop.ingest(f"{server.url}/orders", "--since", "all")
    assert [each["since"] for each in server.queries] == [
        "2018-09-02 10:00:00",
        "2018-09-04 10:00:00",
        "2018-09-01 00:00:00",
    ]


def test_what_was_withdrawn_is_asked_for_again(shop: Shop, serve: Serve, growing: Growing) -> None:
    server, shop.api = serve(growing.answer), SINCE
    for growing.count in (2, 4, 6):
        shop.ingest(f"{server.url}/orders")
    key = shop.ledger.ingests()[1].receipts[0].key
    gone = shop.call("withdraw", key)
    assert gone.exit_code == 0, gone.stderr
    shop.ingest(f"{server.url}/orders")
    assert server.queries[-1]["since"] == "2018-09-02 10:00:00"
    assert shop.ids[-4:] == [3, 4, 5, 6]
    assert json.loads(shop.ingest(f"{server.url}/orders").stdout)["apis"][0]["since"] == "2018-09-06 10:00:00"


def test_values_are_compared_in_their_columns_type(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: of([{"id": 9}, {"id": 10}, {"id": "x"}, {"id": None}, {"id": 2}]))
    shop.api = {"since": {"parameter": "after", "column": "id"}}
    assert json.loads(shop.ingest(f"{server.url}/orders").stdout)["apis"][0]["until"] == "10"


def test_a_ledger_without_watermarks_is_still_read(shop: Shop, serve: Serve, growing: Growing) -> None:
    server, shop.api = serve(growing.answer), SINCE
    shop.ingest(f"{server.url}/orders")
    entry = shop.folder / "lake" / "_ledger" / "ingests" / "00000001.json"
    old = json.loads(entry.read_text())
    for receipt in old["receipts"]:
        del receipt["watermark"]
    entry.write_text(json.dumps(old))
    document = json.loads(shop.ingest(f"{server.url}/orders").stdout)
    assert document["apis"][0]["since"] is None and document["files"][0]["status"] == "already loaded"
