"""`ingest` from an HTTP API: every kind of paging, what is new since the last time, faults, and secrets unseen."""

from __future__ import annotations

import gzip
import json
import logging
import re
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesperf_cli.backends.embedded.objects import FolderObjects
from salesperf_cli.core.ledger import Ledger
from tests.api_server import Answer, Api, Asked, Reply, of, serving
from tests.cli.conftest import Invoke, Result

SECRET = "s3cr3t/Tok+en=1"
ORDERS: list[dict[str, Any]] = [
    {"id": number, "total": f"{number}.50", "updated_at": f"2018-09-{number:02d} 10:00:00"} for number in range(1, 8)
]


@dataclass
class Shop:
    """A project with one bronze table, `orders`, whose contract's `api` a test writes."""

    invoke: Invoke
    folder: Path
    api: dict[str, Any]

    def call(self, *args: str, **rest: Any) -> Result:
        file = self.folder / "pipeline" / "contracts" / "bronze" / "orders.yaml"
        file.write_text(yaml.safe_dump(_contract(self.api)))
        env = {"SALESPERF_PIPELINE": str(self.folder / "pipeline"), "SHOP_TOKEN": SECRET, **rest.pop("env", {})}
        return self.invoke(*args, cwd=self.folder, env=env, **rest)

    def ingest(self, address: str, *args: str, exit_code: int = 0, **rest: Any) -> Result:
        result = self.call("ingest", address, "--table", "orders", *args, **rest)
        assert result.exit_code == exit_code, result.stderr
        return result

    @property
    def ledger(self) -> Ledger:
        return Ledger(FolderObjects(self.folder / "lake"))

    @property
    def lines(self) -> list[bytes]:
        """What lies in bronze, line by line."""
        receipts = [receipt for ingest in self.ledger.ingests() for receipt in ingest.receipts]
        files = [(self.folder / "lake" / receipt.key).read_bytes() for receipt in receipts]
        return [line for file in files for line in file.splitlines()]

    @property
    def ids(self) -> list[int]:
        return [json.loads(line)["id"] for line in self.lines]

    def everything(self) -> bytes:
        """All bytes of the project's folder, but the pipeline's."""
        files = [each for each in self.folder.rglob("*") if each.is_file() and "pipeline" not in each.parts]
        return b"\n".join(each.read_bytes() for each in files)


def _contract(api: dict[str, Any]) -> dict[str, Any]:
    custom = [{"property": "filePatterns", "value": ["orders*"]}, {"property": "extraColumns", "value": "ignore"}]
    # Pauses of a test are short.
    custom.append({"property": "api", "value": {"backoff": 0.01, "timeout": 0.4, "attempts": 3, **api}})
    return {
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": "shop.bronze.orders", "version": "1.0.0",
        "status": "active",
        "schema": [
            {
                "name": "orders", "physicalName": "bronze.orders", "physicalType": "file",
                "customProperties": custom,
                "properties": [
                    {"name": "id", "logicalType": "integer", "physicalType": "bigint", "primaryKey": True,
                     "primaryKeyPosition": 1},
                    {"name": "total", "logicalType": "number", "physicalType": "decimal(12,2)"},
                    {"name": "updated_at", "logicalType": "timestamp", "physicalType": "timestamp"},
                ],
            }
        ],
    }  # fmt: skip


_SILVER = """
apiVersion: v3.1.0
kind: DataContract
id: shop.silver.orders
version: 1.0.0
status: active
schema:
  - name: orders
    physicalName: silver.orders
    physicalType: table
    customProperties: [{property: incremental, value: merge}]
    properties:
      - {name: id, logicalType: integer, physicalType: bigint, primaryKey: true, primaryKeyPosition: 1}
      - {name: total, logicalType: number, physicalType: "decimal(12,2)"}
      - {name: updated_at, logicalType: timestamp, physicalType: timestamp}
"""
_MODEL = """SELECT
  CAST(id AS BIGINT) AS id, CAST(total AS DECIMAL(12,2)) AS total, CAST(updated_at AS TIMESTAMP) AS updated_at
FROM bronze.orders
"""


@pytest.fixture
def shop(invoke: Invoke, tmp_path: Path) -> Shop:
    files = {
        "pipeline/pipeline.yaml": "name: shop\ntitle: Shop\ndescription: Orders.\nversion: 1.0.0\n",
        "pipeline/contracts/bronze/orders.yaml": "",
        "pipeline/contracts/silver/orders.yaml": _SILVER,
        "pipeline/models/silver/orders.sql": _MODEL,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Shop(invoke, tmp_path, {})


@pytest.fixture
def serve() -> Iterator[Callable[..., Api]]:
    """Starts servers that end with the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(answer: Answer, tls: ssl.SSLContext | None = None) -> Api:
            return stack.enter_context(serving(answer, tls))

        yield start


Serve = Callable[..., Api]


def _page(asked: Asked, size: int = 3) -> tuple[list[dict[str, Any]], int]:
    """The records at `offset`, and the next offset."""
    at = int(asked.query.get("offset", 0))
    return ORDERS[at : at + size], at + size


def _cut(first: Reply, then: Answer) -> Answer:
    """Answers once with `first`, afterwards as `then`."""
    left = [first]
    return lambda asked: left.pop() if left else then(asked)


# paging


def _by_next_link(asked: Asked) -> Reply:
    records, after = _page(asked)
    return of({"data": {"items": records}, "next": f"/orders?offset={after}" if after < len(ORDERS) else None})


def _by_link_header(asked: Asked) -> Reply:
    records, after = _page(asked)
    link = f'</orders?offset=0>; rel="first", </orders?offset={after}>; title="a, b"; rel="next"'
    return of(records, headers={"Link": link if after < len(ORDERS) else ""})


def _by_cursor(asked: Asked) -> Reply:
    at = int(asked.query.get("after", "c0")[1:])
    after = at + 3
    return of({"items": ORDERS[at:after], "meta": {"cursor": f"c{after}" if after < len(ORDERS) else ""}})


def _by_page(asked: Asked) -> Reply:
    at = (int(asked.query["page"]) - 1) * 3
    return of(ORDERS[at : at + 3])


def _by_offset(asked: Asked) -> Reply:
    return of({"items": _page(asked)[0]})


@pytest.mark.parametrize(
    ("api", "answer", "pages"),
    [
        ({"records": "data.items", "paging": {"kind": "nextLink", "path": "next"}}, _by_next_link, 3),
        ({"paging": {"kind": "linkHeader"}}, _by_link_header, 3),
        ({}, _by_link_header, 3),
        (
            {"records": "items", "paging": {"kind": "cursor", "path": "meta.cursor", "parameter": "after"}},
            _by_cursor,
            3,
        ),
        ({"paging": {"kind": "page", "parameter": "page"}}, _by_page, 4),
        ({"paging": {"kind": "offset", "parameter": "offset"}}, _by_offset, 4),
    ],
    ids=["next link", "link header", "nothing said", "cursor", "page number", "offset"],
)
def test_all_pages_arrive_each_once_and_in_order(
    shop: Shop, serve: Serve, api: dict[str, Any], answer: Answer, pages: int
) -> None:
    server, shop.api = serve(answer), api
    document = json.loads(shop.ingest(f"{server.url}/orders").stdout)
    assert shop.ids == [1, 2, 3, 4, 5, 6, 7]
    assert [document["apis"][0][name] for name in ("pages", "records", "table")] == [pages, 7, "orders"]
    assert document["version"] == 1 and document["files"][0]["status"] == "loaded"
    assert len(server.asked) == pages


def test_flags_describe_an_api_of_which_the_contract_says_nothing(shop: Shop, serve: Serve) -> None:
    server = serve(_by_cursor)
    flags = ("--records", "items", "--paging", "cursor:meta.cursor:after", "--page-size", "limit=3")
    result = shop.ingest(f"{server.url}/orders?state=sp", *flags)
    assert shop.ids == [1, 2, 3, 4, 5, 6, 7]
    assert [each["limit"] for each in server.queries] == ["3", "3", "3"]
    assert {each["state"] for each in server.queries} == {"sp"}
    assert "7 record(s) in 3 page(s)" in result.stderr


def test_a_short_page_is_not_the_end_where_a_server_gives_less_than_it_is_asked_for(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: of(_page(asked, 2)[0]))
    shop.api = {"paging": {"kind": "offset", "parameter": "offset"}, "pageSize": {"parameter": "n", "value": 500}}
    shop.ingest(f"{server.url}/orders")
    assert shop.ids == [1, 2, 3, 4, 5, 6, 7]


def test_a_body_that_names_a_next_page_is_refused_where_nothing_is_said_of_paging(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: of({"items": ORDERS[:3], "meta": {"next_cursor": "c3"}}))
    result = shop.ingest(f"{server.url}/orders", exit_code=2)
    assert "meta.next_cursor" in result.stderr and not shop.ledger.ingests()


def test_static_parameters_and_headers_of_the_contract_are_sent(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: of(ORDERS))
    shop.api = {"parameters": {"status": "paid", "deep": True}, "headers": {"X-Version": "7"}}
    shop.ingest(f"{server.url}/orders?status=all")
    assert server.queries == [{"status": "all", "deep": "true"}]
    assert server.asked[0].headers["x-version"] == "7"


# exactness


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


# dry run


def test_a_dry_run_takes_one_page_and_tells_what_it_found(shop: Shop, serve: Serve) -> None:
    server, shop.api = serve(_by_next_link), {"records": "data.items", "paging": {"kind": "nextLink", "path": "next"}}
    result = shop.ingest(f"{server.url}/orders", "--dry-run")
    api = json.loads(result.stdout)["apis"][0]
    assert api["table"] == "orders" and api["records"] == 3 and api["paging"] == "next link at next"
    assert api["next"] == f"{server.url}/orders?offset=3"
    assert len(server.asked) == 1 and not shop.ledger.ingests()
    shown = shop.ingest(f"{server.url}/orders", "--dry-run", tty=True).stdout
    assert "next page" in shown and "orders?offset=3" in shown


# what is new since the last time


def _since(asked: Asked) -> Reply:
    return of([each for each in ORDERS[: LIMIT[0]] if each["updated_at"] > asked.query.get("since", "")])


LIMIT = [7]
SINCE = {"since": {"parameter": "since", "column": "updated_at"}}


@pytest.fixture
def growing() -> Iterator[list[int]]:
    """How many orders the API has so far."""
    LIMIT[0] = 4
    yield LIMIT
    LIMIT[0] = 7


def test_tomorrow_takes_only_what_is_new(shop: Shop, serve: Serve, growing: list[int]) -> None:
    server, shop.api = serve(_since), SINCE
    first = json.loads(shop.ingest(f"{server.url}/orders").stdout)["apis"][0]
    assert (first["since"], first["until"]) == (None, "2018-09-04 10:00:00")
    nothing = shop.ingest(f"{server.url}/orders")
    assert "nothing new" in nothing.stderr and json.loads(nothing.stdout)["version"] is None
    growing[0] = 6
    shop.ingest(f"{server.url}/orders")
    assert shop.ids == [1, 2, 3, 4, 5, 6]
    assert [each.get("since") for each in server.queries] == [None, "2018-09-04 10:00:00", "2018-09-04 10:00:00"]
    marks = [each.receipts[0].watermark for each in shop.ledger.ingests()]
    assert [mark and (mark.since, mark.value) for mark in marks] == [
        (None, "2018-09-04 10:00:00"),
        ("2018-09-04 10:00:00", "2018-09-06 10:00:00"),
    ]


def test_another_query_of_the_same_api_has_a_watermark_of_its_own(shop: Shop, serve: Serve, growing: list[int]) -> None:
    server, shop.api = serve(_since), SINCE
    shop.ingest(f"{server.url}/orders")
    shop.ingest(f"{server.url}/orders?state=sp")
    assert [each.get("since") for each in server.queries] == [None, None]


def test_since_can_be_typed_and_everything_can_be_asked_again(shop: Shop, serve: Serve, growing: list[int]) -> None:
    server, shop.api = serve(_since), {"since": {**SINCE["since"], "start": "2018-09-01 00:00:00"}}
    shop.ingest(f"{server.url}/orders", "--since", "2018-09-02 10:00:00")
    assert shop.ids == [3, 4]
    shop.ingest(f"{server.url}/orders", "--dry-run")
    shop.ingest(f"{server.url}/orders", "--since", "all")
    assert [each["since"] for each in server.queries] == [
        "2018-09-02 10:00:00",
        "2018-09-04 10:00:00",
        "2018-09-01 00:00:00",
    ]


def test_what_was_withdrawn_is_asked_for_again(shop: Shop, serve: Serve, growing: list[int]) -> None:
    server, shop.api = serve(_since), SINCE
    for growing[0] in (2, 4, 6):
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


def test_a_ledger_without_watermarks_is_still_read(shop: Shop, serve: Serve, growing: list[int]) -> None:
    server, shop.api = serve(_since), SINCE
    shop.ingest(f"{server.url}/orders")
    entry = shop.folder / "lake" / "_ledger" / "ingests" / "00000001.json"
    old = json.loads(entry.read_text())
    for receipt in old["receipts"]:
        del receipt["watermark"]
    entry.write_text(json.dumps(old))
    document = json.loads(shop.ingest(f"{server.url}/orders").stdout)
    assert document["apis"][0]["since"] is None and document["files"][0]["status"] == "already loaded"


# faults that pass


@pytest.mark.parametrize(
    "fault",
    [
        Reply(b"oh", 500),
        Reply(b"", 503, {"Retry-After": "0"}),
        Reply(b"", 429, {"Retry-After": "Thu, 01 Jan 2015 00:00:00 GMT"}),
        Reply(b"", 0),
        Reply(b'[{"id": 1}', length=100),
        Reply(b'[{"id": 1}', length=None),
        Reply(b'[{"id": "\xc3', length=None),
        Reply(gzip.compress(b"[]")[:-4] + b"oops", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["500", "503", "429", "hung up", "cut", "cut without a length", "cut inside a letter", "damaged gzip"],
)
def test_a_fault_that_passes_is_not_seen_in_the_data(shop: Shop, serve: Serve, fault: Reply) -> None:
    server = serve(_cut(fault, lambda asked: of(ORDERS)))
    result = shop.ingest(f"{server.url}/orders")
    assert shop.ids == [1, 2, 3, 4, 5, 6, 7] and len(server.asked) == 2
    assert "1 request(s) repeated" in result.stderr


def test_the_pause_that_a_server_asks_for_is_kept(shop: Shop, serve: Serve) -> None:
    server = serve(_cut(Reply(b"", 429, {"Retry-After": "1"}), lambda asked: of(ORDERS)))
    shop.ingest(f"{server.url}/orders")
    assert server.asked[1].at - server.asked[0].at >= 1


def test_a_rate_limit_spaces_requests(shop: Shop, serve: Serve) -> None:
    server, shop.api = serve(_by_link_header), {"rateLimit": 10}
    shop.ingest(f"{server.url}/orders")
    times = [each.at for each in server.asked]
    assert all(later - before > 0.09 for before, later in pairwise(times))


def test_a_compressed_page_is_inflated(shop: Shop, serve: Serve) -> None:
    body = gzip.compress(json.dumps(ORDERS).encode())
    server = serve(lambda asked: Reply(body, headers={"Content-Encoding": "gzip"}))
    shop.ingest(f"{server.url}/orders")
    assert shop.ids == [1, 2, 3, 4, 5, 6, 7] and "gzip" in server.asked[0].headers["accept-encoding"]


def test_a_redirect_on_the_same_host_is_followed(shop: Shop, serve: Serve) -> None:
    def answer(asked: Asked) -> Reply:
        return of(ORDERS) if asked.path == "/v2/orders" else Reply(b"", 301, {"Location": "/v2/orders"})

    server = serve(answer)
    shop.ingest(f"{server.url}/orders")
    assert [each.path for each in server.asked] == ["/orders", "/v2/orders"]


# faults that stay


def _third_page(reply: Reply) -> Answer:
    """Two good pages, then always `reply`."""
    return lambda asked: reply if asked.query.get("offset") == "6" else _by_link_header(asked)


@pytest.mark.parametrize(
    ("reply", "exit_code", "words"),
    [
        (Reply(b"", 500), 5, "HTTP 500"),
        (Reply(b"", 429, {"Retry-After": "86400"}), 5, "86,400 s"),
        (Reply(b"", 0), 5, "connection broke off"),
        (Reply(b"[" + b" " * 40, pause=0.05), 5, "did not end within"),
        (Reply(b'[{"id"', length=9), 5, "broke off"),
        (Reply(b'[{"id"', length=None), 5, "cut off"),
        (Reply(b"", 401), 4, "HTTP 401"),
        (Reply(b"", 403), 4, "HTTP 403"),
        (Reply(b'{"error": "no such offset"}', 404), 2, "no such offset"),
        (Reply(b"<html>log in</html>", content_type="text/html"), 2, "text/html"),
        (Reply(b"{'a': 1}"), 2, "not JSON"),
        (Reply(b"[" * 200_000), 2, "nested too deeply"),
        (Reply(b'[{"id": ' + b"[" * 20_000 + b"]" * 20_000 + b"}]"), 2, "nested too deeply"),
        (Reply(b'[{"id": NaN}]'), 2, "not JSON"),
        (Reply(b'[{"name": "S\xe3o Paulo"}]'), 2, "UTF-8"),
        (Reply(b'[{"id": 1}, 2]'), 2, "number 2"),
        (Reply(b'{"a": 1}'), 2, "where the records are"),
        (Reply(b"", 302, {"Location": "https://elsewhere.example/x"}), 3, "another host, elsewhere.example"),
        (Reply(b"", 302, {"Location": "/orders?offset=6"}), 3, "redirects without end"),
        (Reply(b"[]", headers={"Link": '<https://elsewhere.example/>; rel="next"'}), 3, "another host"),
        (Reply(b"[]", headers={"Link": '</orders?offset=3>; rel="next"'}), 3, "in a circle"),
        (Reply(b"[]", headers={"Link": '<http://[/>; rel="next"'}), 3, "an address that is none"),
    ],
)  # fmt: skip
def test_a_fault_midway_loads_nothing_and_says_which_page_failed(
    shop: Shop, serve: Serve, reply: Reply, exit_code: int, words: str
) -> None:
    server = serve(_third_page(reply))
    if reply.pause:
        shop.api = {"timeout": 0.1, "attempts": 1}
    result = shop.ingest(f"{server.url}/orders", exit_code=exit_code, width=300)
    assert f"page 3 of {server.url}/orders" in result.stderr and words in result.stderr, result.stderr
    assert "othing was loaded" in result.stderr
    assert not shop.ledger.ingests() and not list(shop.folder.glob("lake/bronze/**/*.ndjson"))


@pytest.mark.parametrize("link", ["/S\u00e3o Paulo?x=\u00e9 \u0001", "/%zz?a=%", "?" + "x" * 5000])
def test_a_link_with_letters_that_no_address_has_is_followed_all_the_same(shop: Shop, serve: Serve, link: str) -> None:
    server = serve(_cut(of({"items": ORDERS[:1], "next": link}), lambda asked: of({"items": ORDERS[1:2]})))
    shop.ingest(f"{server.url}/orders", "--records", "items", "--paging", "nextLink:next")
    assert shop.ids == [1, 2]


def test_a_server_that_says_nothing_is_left_after_the_time_out(shop: Shop, serve: Serve) -> None:
    import time

    def answer(asked: Asked) -> Reply:
        time.sleep(0.6)
        return of(ORDERS)

    server, shop.api = serve(answer), {"timeout": 0.1, "attempts": 2}
    assert "no answer within 0.1 s" in shop.ingest(f"{server.url}/orders", exit_code=5).stderr
    assert len(server.asked) == 2


def test_where_nobody_listens_is_worth_trying_again(shop: Shop, serve: Serve) -> None:
    with serving(lambda asked: of(ORDERS)) as server:
        address = server.url
    assert "no connection" in shop.ingest(f"{address}/orders", exit_code=5).stderr


def test_a_server_that_does_not_heed_the_page_number_is_found_out(shop: Shop, serve: Serve) -> None:
    server, shop.api = serve(lambda asked: of(ORDERS)), {"paging": {"kind": "page", "parameter": "page"}}
    assert "same records" in shop.ingest(f"{server.url}/orders", exit_code=3).stderr
    assert len(server.asked) == 2


PROMISED = {"kind": "page", "parameter": "page", "total": "total"}


def _promising(total: Any, *pages: list[dict[str, Any]]) -> Answer:
    """Pages by their number, each with the number of all records; after the last one they are empty."""

    def answer(asked: Asked) -> Reply:
        at = int(asked.query["page"]) - 1
        return of({"items": pages[at] if at < len(pages) else [], "total": total})

    return answer


@pytest.mark.parametrize("args", [(), ("--dry-run",)])
@pytest.mark.parametrize("pages", [[ORDERS[:3], ORDERS[3:6]], [[]]], ids=["six", "none"])
def test_fewer_records_than_the_api_says_there_are_load_nothing(
    shop: Shop, serve: Serve, pages: list[list[dict[str, Any]]], args: tuple[str, ...]
) -> None:
    server, shop.api = serve(_promising(9, *pages)), {"records": "items", "paging": PROMISED}
    came = sum(map(len, pages))
    result = shop.ingest(f"{server.url}/orders", *args, exit_code=0 if args and came else 5, width=300)
    if args and came:
        return  # a dry run sees the first page only, which is no end
    assert f"there are 9 record(s), and {came} came" in result.stderr and "nothing was loaded" in result.stderr
    assert not shop.ledger.ingests() and not list(shop.folder.glob("lake/bronze/**/*.ndjson"))


@pytest.mark.parametrize("paging", [PROMISED, {"kind": "offset", "parameter": "offset", "total": "total"}])
def test_an_end_that_forgets_the_total_is_held_against_the_one_before(
    shop: Shop, serve: Serve, paging: dict[str, str]
) -> None:
    server = serve(_cut(of({"items": ORDERS[:3], "total": 4}), lambda asked: of({"items": []})))
    shop.api = {"records": "items", "paging": paging}
    shop.ingest(f"{server.url}/orders", exit_code=5)
    assert not shop.ledger.ingests()


@pytest.mark.parametrize("total", [7, "7", None, "many"])
def test_as_many_records_as_the_api_says_there_are_load(shop: Shop, serve: Serve, total: Any) -> None:
    server = serve(_promising(total, ORDERS[:3], ORDERS[3:]))
    shop.api = {"records": "items", "paging": PROMISED}
    shop.ingest(f"{server.url}/orders")
    assert shop.ids == [1, 2, 3, 4, 5, 6, 7]


def test_whoever_begins_later_is_not_held_against_the_total(shop: Shop, serve: Serve) -> None:
    server = serve(_promising(7, ORDERS[:3], ORDERS[3:]))
    shop.api = {"records": "items", "paging": {**PROMISED, "first": 2}}
    shop.ingest(f"{server.url}/orders")
    assert shop.ids == [4, 5, 6, 7]


def test_the_number_of_pages_is_bounded(shop: Shop, serve: Serve) -> None:
    def endless(asked: Asked) -> Reply:
        at = int(asked.query.get("n", 0))
        return of([{"id": at}], headers={"Link": f'<?n={at + 1}>; rel="next"'})

    server = serve(endless)
    assert "more than 5 pages" in shop.ingest(f"{server.url}/orders", "--max-pages", "5", exit_code=3).stderr
    assert len(server.asked) == 5 and not shop.ledger.ingests()


@pytest.mark.parametrize("compressed", [False, True])
def test_the_number_of_bytes_is_bounded_also_of_what_is_compressed(shop: Shop, serve: Serve, compressed: bool) -> None:
    body = b"[" + b" " * (1 << 20) + b"]"
    reply = Reply(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if compressed else Reply(body)
    server, shop.api = serve(lambda asked: reply), {"maxBytes": 1 << 16}
    assert "maxBytes" in shop.ingest(f"{server.url}/orders", exit_code=3).stderr


def test_a_huge_page_is_refused_before_it_fills_the_memory(shop: Shop, serve: Serve) -> None:
    body = gzip.compress(b"[" + b" " * (65 << 20) + b"]", 1)
    server = serve(lambda asked: Reply(body, headers={"Content-Encoding": "gzip"}))
    shop.api = {"timeout": 20}
    assert "longer than 64 MiB" in shop.ingest(f"{server.url}/orders", exit_code=3).stderr


def test_a_certificate_that_nobody_vouches_for_is_refused_and_one_that_is_known_is_not(
    shop: Shop, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    subprocess.run(["openssl", "req", "-x509", "-nodes", *curve, *files, *subject], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server = serve(lambda asked: of(ORDERS), context)
    assert "certificate is not trusted" in shop.ingest(f"{server.url}/orders", exit_code=2, width=200).stderr
    assert not server.asked
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    shop.ingest(f"{server.url}/orders")
    assert shop.ids == [1, 2, 3, 4, 5, 6, 7]


# addresses and flags


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://shop.example/orders", "not encrypted"),
        ("ftp://ana:hunter2@shop.example/orders", "not HTTP"),
        ("https://ana:hunter2@shop.example/orders", "user or password"),
        ("https://ana:hunter2/?#@shop.example/orders", "address"),
        ("https://shop.example/orders?api_key=hunter2", "credential"),
        ("https://shop.example/orders?accessToken=hunter2", "credential"),
        ("https://shop.example:port/orders?sig=hunter2", "address"),
        ("https:///orders", "no host"),
    ],
)
def test_an_address_that_must_not_be_asked_is_refused_without_showing_what_it_holds(
    shop: Shop, address: str, words: str
) -> None:
    result = shop.ingest(address, "--debug", exit_code=2, width=300)
    assert words in result.stderr and "hunter2" not in result.stderr + result.stdout


def test_what_a_refusal_advises_can_be_done(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: Reply(b"", 302, {"Location": "https://elsewhere.example/x"}))
    options = shop.call("ingest", "--help", width=300).stdout
    for address, exit_code in (("http://shop.example/orders", 2), (f"{server.url}/orders", 3)):
        advice = shop.ingest(address, exit_code=exit_code, width=300).stderr.partition("→")[2]
        assert advice and all(flag in options for flag in re.findall(r"--[a-z-]+", advice)), advice


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("https://shop.example/x",), "--table"),
        (("orders.csv", "--since", "2018"), "there is no API to ask"),
        (("https://shop.example/x", "--table", "orders", "--paging", "guess"), "--paging does not take"),
        (("https://shop.example/x", "--table", "orders", "--page-size", "9"), "PARAMETER=N"),
        (("https://shop.example/x", "--table", "orders", "--since", "9"), "nothing to set"),
        (("https://shop.example/x", "--table", "nothing"), "no source table"),
        (("https://shop.example/x?o=1", "--table", "orders", "--paging", "offset:o"), "leave out the parameter o"),
    ],
)
def test_a_wrong_line_says_what_is_wrong_before_anything_is_sent(shop: Shop, args: tuple[str, ...], words: str) -> None:
    result = shop.call("ingest", *args, width=300)
    assert result.exit_code == 2 and words in result.stderr, result.stderr


@pytest.mark.parametrize(
    ("api", "words"),
    [
        ({"pagin": {}}, "api.pagin"),
        ({"paging": {"kind": "cursor", "path": "next"}}, "needs parameter"),
        ({"paging": {"kind": "nextLink", "path": "a", "parameter": "b"}}, "no use for parameter"),
        ({"since": {"parameter": "since", "column": "nothing"}}, "no column nothing"),
        ({"parameters": {"api_key": "hunter2"}}, "api_key looks like a credential"),
        ({"headers": {"X-Api-Key": "hunter2"}}, "X-Api-Key looks like a credential"),
        ({"url": "https://ana:hunter2@shop.example/"}, "user or password"),
        ({"auth": {"kind": "header", "secret": "a"}}, "needs name"),
    ],
)
def test_a_description_that_is_wrong_is_refused_with_its_place(shop: Shop, api: dict[str, Any], words: str) -> None:
    shop.api = api
    result = shop.call("contract", "lint", width=300)
    assert result.exit_code != 0
    assert words in result.stderr + result.stdout and "hunter2" not in result.stderr + result.stdout


# secrets


@pytest.mark.parametrize(
    ("auth", "header", "sent"),
    [
        ({}, "authorization", f"Bearer {SECRET}"),
        ({"kind": "header", "name": "X-Api-Key"}, "x-api-key", SECRET),
        ({"kind": "header", "name": "Authorization", "prefix": "Token "}, "authorization", f"Token {SECRET}"),
        ({"kind": "basic"}, "authorization", "Basic czNjcjN0L1Rvaytlbj0x"),
        ({"kind": "query", "name": "code"}, "", SECRET),
    ],
)
def test_a_secret_is_sent_in_the_form_that_the_contract_says(
    shop: Shop, serve: Serve, auth: dict[str, Any], header: str, sent: str
) -> None:
    server, shop.api = serve(_by_link_header), {"auth": {"secret": "shop/api", **auth}}
    shop.ingest(f"{server.url}/orders", "--secret", "SHOP_TOKEN")
    assert [each.headers[header] if header else each.query["code"] for each in server.asked] == [sent] * 3


def test_a_field_of_a_secret_that_is_json_can_be_named(shop: Shop, serve: Serve) -> None:
    server, shop.api = serve(lambda asked: of(ORDERS)), {"auth": {"secret": "shop/api", "field": "key"}}
    shop.ingest(f"{server.url}/orders", "--secret", "PAIR", env={"PAIR": '{"key": "k1"}'})
    assert server.asked[0].headers["authorization"] == "Bearer k1"
    result = shop.ingest(f"{server.url}/orders", "--secret", "PAIR", "--debug", env={"PAIR": "hunter2"}, exit_code=2)
    assert "hunter2" not in result.stderr


def test_on_this_machine_only_a_variable_that_was_typed_is_read(shop: Shop, serve: Serve) -> None:
    server, shop.api = serve(lambda asked: of(ORDERS)), {"auth": {"secret": "SHOP_TOKEN"}}
    assert "--secret VARIABLE" in shop.ingest(f"{server.url}/orders", exit_code=2).stderr
    typed = shop.ingest(f"{server.url}/orders", "--secret", "hunter2", "--debug", exit_code=2)
    assert "no environment variable" in typed.stderr and "hunter2" not in typed.stderr
    assert not server.asked


def test_an_address_that_holds_the_secret_is_not_asked(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: of(ORDERS))
    result = shop.ingest(f"{server.url}/orders?x={SECRET}", "--secret", "SHOP_TOKEN", "--debug", exit_code=2)
    assert "holds the secret itself" in result.stderr and SECRET not in result.stderr and not server.asked


def test_a_contracts_secret_is_sent_to_the_contracts_api_only(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: of(ORDERS))
    shop.api = {"url": "https://shop.example/orders", "auth": {"secret": "shop/api"}}
    assert "is not sent to" in shop.ingest(f"{server.url}/orders", exit_code=2).stderr
    assert not server.asked


def test_a_secret_does_not_go_to_another_host(shop: Shop, serve: Serve) -> None:
    thief = serve(lambda asked: of([]))
    server, shop.api = serve(_third_page(Reply(b"", 307, {"Location": thief.url}))), {"auth": {"secret": "x"}}
    shop.ingest(f"{server.url}/orders", "--secret", "SHOP_TOKEN", exit_code=3)
    assert not thief.asked


ECHO = json.dumps({"error": f"bad key {SECRET}", "key": "czNjcjN0L1Rvaytlbj0x"}).encode()


@pytest.mark.parametrize("auth", [{"kind": "bearer"}, {"kind": "query", "name": "code"}, {"kind": "basic"}])
@pytest.mark.parametrize(
    "reply",
    [
        None,
        Reply(ECHO, 401),
        Reply(ECHO, 422),
        Reply(ECHO, 500),
        Reply(b"", 0),
        Reply(ECHO),
        Reply(b"<x>", content_type=f"text/{SECRET}"),
        Reply(b"", 302, {"Location": f"https://u:{SECRET}@elsewhere.example/?x={SECRET}"}),
        Reply(b"[]", headers={"Link": f'</orders?code=s3cr3t%2FTok%2Ben%3D1&offset={SECRET}>; rel="next"'}),
        Reply(b'[{"id": 1}]', headers={"Link": f'<?x={SECRET}>; rel="next"'}),
    ],
    ids=["well", "401", "422", "500", "hung up", "no records", "type", "redirect", "link", "link with it"],
)
def test_a_secret_is_never_shown_logged_or_kept(
    shop: Shop, serve: Serve, auth: dict[str, str], reply: Reply | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(_third_page(reply) if reply else _by_link_header)
    shop.api = {"auth": {"secret": "shop/api", **auth}, "attempts": 2}
    typed = (f"{server.url}/orders", "--table", "orders", "--secret", "SHOP_TOKEN", "--debug")
    results = [shop.call("ingest", *typed), shop.call("ingest", *typed, "--dry-run"), shop.call("status")]
    assert server.asked and (reply is not None or shop.ids)
    shown = "".join(each.stdout + each.stderr for each in results) + caplog.text + shop.everything().decode("latin-1")
    for form in (SECRET, "s3cr3t%2FTok", "czNjcjN0L1Rvaytlbj0x"):
        assert form not in shown, shown


@pytest.mark.parametrize("auth", [{"kind": "query", "name": "k"}, {"kind": "bearer"}])
@pytest.mark.parametrize("name", ["k", "%6B", "x"])
def test_a_secret_that_a_link_writes_in_its_own_way_is_not_shown(
    shop: Shop, serve: Serve, auth: dict[str, str], name: str
) -> None:
    link = f"/orders?p=2&{name}=s3cr3t%2fTok%2ben%3d1"
    server = serve(lambda asked: Reply(b"{}", 404) if "p" in asked.query else of({"items": ORDERS[:1], "next": link}))
    shop.api = {
        "records": "items",
        "paging": {"kind": "nextLink", "path": "next"},
        "auth": {"secret": "shop/api", **auth},
    }
    typed = (f"{server.url}/orders", "--secret", "SHOP_TOKEN", "--debug")
    looked = json.loads(shop.ingest(*typed, "--dry-run").stdout)["apis"][0]["next"]
    assert looked == f"{server.url}/orders?p=2&{name}=***"
    assert "s3cr3t" not in shop.ingest(*typed, exit_code=2, width=300).stderr


def test_the_parameter_of_the_secret_is_not_typed(shop: Shop) -> None:
    shop.api = {"auth": {"kind": "query", "name": "k", "secret": "shop/api"}}
    typed = ("https://shop.example/orders?k=hunter2", "--secret", "SHOP_TOKEN", "--debug")
    result = shop.ingest(*typed, exit_code=2, width=300)
    assert "holds a credential" in result.stderr and "hunter2" not in result.stderr


@pytest.mark.parametrize("before", [*range(180, 201, 4), 988, 996])
def test_a_secret_at_the_end_of_what_is_shown_is_not_shown_in_part(shop: Shop, serve: Serve, before: int) -> None:
    blank = " " * (before - 190) if before > 900 else ""
    text = blank + "x" * (before - len(blank)) + SECRET + " and more" * 200
    server = serve(lambda asked: Reply(text.encode(), 422, content_type="text/plain"))
    shop.api = {"auth": {"kind": "bearer", "secret": "shop/api"}}
    shown = shop.ingest(f"{server.url}/orders", "--secret", "SHOP_TOKEN", "--debug", exit_code=2, width=900).stderr
    assert "xxxx" in shown and "s3c" not in shown


def test_an_error_of_which_only_a_part_was_read_is_not_shown(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: Reply(f"bad key {SECRET}".encode(), 422, content_type="text/plain"))
    shop.api = {"auth": {"kind": "bearer", "secret": "shop/api"}, "maxBytes": 15}
    shown = shop.ingest(f"{server.url}/orders", "--secret", "SHOP_TOKEN", "--debug", exit_code=2, width=300).stderr
    assert "HTTP 422" in shown and "s3cr3t" not in shown
