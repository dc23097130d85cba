"""What an API's records become: lines to the letter, that go the way of every file."""

from __future__ import annotations

import gzip
import json

from tests.api_server import Reply, of
from tests.cli.api.shop import (
    ORDERS,
    Serve,
    Shop,
)


def test_static_parameters_and_headers_of_the_contract_are_sent(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: of(ORDERS))
    shop.api = {"parameters": {"status": "paid", "deep": True}, "headers": {"X-Version": "7"}}
    shop.ingest(f"{server.url}/orders?status=all")
    assert server.queries == [{"status": "all", "deep": "true"}]
    assert server.asked[0].headers["x-version"] == "7"


def test_records_become_lines_exactly_as_they_were_written(shop: Shop, serve: Serve) -> None:
    body = b"""\xef\xbb\xbf{"items": [
      {"total": 1.10, "id": 12345678901234567890123, "rate": 1E5, "zero": -0.0, "name": "S\\u00e3o \\/ \\"x\\"  y"},
      {"id":2,"total":0.30000000000000004,"deep":{"b":[1, 2.50, {}], "a":null},"s":"S\xc3\xa3o"}
    ]}"""
    server = serve(lambda asked: Reply(body))
    shop.ingest(f"{server.url}/orders")
    assert shop.lines == [
        b'{"total":1.10,"id":12345678901234567890123,"rate":1E5,"zero":-0.0,"name":"S\\u00e3o \\/ \\"x\\"  y"}',
        b'{"id":2,"total":0.30000000000000004,"deep":{"b":[1,2.50,{}],"a":null},"s":"S\xc3\xa3o"}',
    ]


def test_a_compressed_page_is_inflated(shop: Shop, serve: Serve) -> None:
    body = gzip.compress(json.dumps(ORDERS).encode())
    server = serve(lambda asked: Reply(body, headers={"Content-Encoding": "gzip"}))
    shop.ingest(f"{server.url}/orders")
    assert shop.ids == [1, 2, 3, 4, 5, 6, 7] and "gzip" in server.asked[0].headers["accept-encoding"]


def test_fetched_records_go_the_way_of_every_file(shop: Shop, serve: Serve) -> None:
    bad = [*ORDERS, {"id": 8, "total": "a lot", "updated_at": None}, ORDERS[0]]
    server = serve(lambda asked: of(bad))
    shop.ingest(f"{server.url}/orders")
    run = shop.call("run-batch", "--promote")
    assert run.exit_code == 0, run.stderr
    assert "9 read = 7 loaded + 1 quarantined + 1 duplicates" in run.stderr
    again = json.loads(shop.ingest(f"{server.url}/orders").stdout)
    assert again["version"] is None and again["files"][0]["status"] == "already loaded"


def test_records_that_do_not_fit_the_contract_are_refused_like_a_file(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: of([{"order": 1}]))
    result = shop.ingest(f"{server.url}/orders", exit_code=3)
    assert "- id   (missing)" in result.stderr and "/orders" in result.stderr
    assert not shop.ledger.ingests()


def test_no_record_at_all_is_refused_like_an_empty_file(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: of([]))
    assert "is empty" in shop.ingest(f"{server.url}/orders", exit_code=3).stderr
