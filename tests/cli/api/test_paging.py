"""Every kind of paging: each page once, in order, to an end that is one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api_server import Answer, Asked, Reply, of
from tests.cli.api.shop import (
    ORDERS,
    Serve,
    Shop,
    by_cursor,
    by_link_header,
    by_next_link,
    once,
    page,
)


def _by_page(asked: Asked) -> Reply:
    at = (int(asked.query["page"]) - 1) * 3
    return of(ORDERS[at : at + 3])


def _by_offset(asked: Asked) -> Reply:
    return of({"items": page(asked)[0]})


@pytest.mark.parametrize(
    ("api", "answer", "pages"),
    [
        ({"records": "data.items", "paging": {"kind": "nextLink", "path": "next"}}, by_next_link, 3),
        ({"paging": {"kind": "linkHeader"}}, by_link_header, 3),
        ({}, by_link_header, 3),
        (
            {"records": "items", "paging": {"kind": "cursor", "path": "meta.cursor", "parameter": "after"}},
            by_cursor,
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
    server = serve(by_cursor)
    flags = ("--records", "items", "--paging", "cursor:meta.cursor:after", "--page-size", "limit=3")
    result = shop.ingest(f"{server.url}/orders?state=sp", *flags)
    assert shop.ids == [1, 2, 3, 4, 5, 6, 7]
    assert [each["limit"] for each in server.queries] == ["3", "3", "3"]
    assert {each["state"] for each in server.queries} == {"sp"}
    assert "7 record(s) in 3 page(s)" in result.stderr


def test_a_short_page_is_not_the_end_where_a_server_gives_less_than_it_is_asked_for(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: of(page(asked, 2)[0]))
    shop.api = {"paging": {"kind": "offset", "parameter": "offset"}, "pageSize": {"parameter": "n", "value": 500}}
    shop.ingest(f"{server.url}/orders")
    assert shop.ids == [1, 2, 3, 4, 5, 6, 7]


def test_a_body_that_names_a_next_page_is_refused_where_nothing_is_said_of_paging(shop: Shop, serve: Serve) -> None:
    server = serve(lambda asked: of({"items": ORDERS[:3], "meta": {"next_cursor": "c3"}}))
    result = shop.ingest(f"{server.url}/orders", exit_code=2)
    assert "meta.next_cursor" in result.stderr and not shop.ledger.ingests()


@pytest.mark.parametrize("link", ["/S\u00e3o Paulo?x=\u00e9 \u0001", "/%zz?a=%", "?" + "x" * 5000])
def test_a_link_with_letters_that_no_address_has_is_followed_all_the_same(shop: Shop, serve: Serve, link: str) -> None:
    server = serve(once(of({"items": ORDERS[:1], "next": link}), lambda asked: of({"items": ORDERS[1:2]})))
    shop.ingest(f"{server.url}/orders", "--records", "items", "--paging", "nextLink:next")
    assert shop.ids == [1, 2]


def test_a_server_that_does_not_heed_the_page_number_is_found_out(shop: Shop, serve: Serve) -> None:
    server, shop.api = serve(lambda asked: of(ORDERS)), {"paging": {"kind": "page", "parameter": "page"}}
    assert "same records" in shop.ingest(f"{server.url}/orders", exit_code=3).stderr
    assert len(server.asked) == 2


def test_the_number_of_pages_is_bounded(shop: Shop, serve: Serve) -> None:
    def endless(asked: Asked) -> Reply:
        at = int(asked.query.get("n", 0))
        return of([{"id": at}], headers={"Link": f'<?n={at + 1}>; rel="next"'})

    server = serve(endless)
    assert "more than 5 pages" in shop.ingest(f"{server.url}/orders", "--max-pages", "5", exit_code=3).stderr
    assert len(server.asked) == 5 and not shop.ledger.ingests()


def test_a_dry_run_takes_one_page_and_tells_what_it_found(shop: Shop, serve: Serve) -> None:
    server, shop.api = serve(by_next_link), {"records": "data.items", "paging": {"kind": "nextLink", "path": "next"}}
    result = shop.ingest(f"{server.url}/orders", "--dry-run")
    api = json.loads(result.stdout)["apis"][0]
    assert api["table"] == "orders" and api["records"] == 3 and api["paging"] == "next link at next"
    assert api["next"] == f"{server.url}/orders?offset=3"
    assert len(server.asked) == 1 and not shop.ledger.ingests()
    shown = shop.ingest(f"{server.url}/orders", "--dry-run", tty=True).stdout
    assert "next page" in shown and "orders?offset=3" in shown


# the number of records that an API says there are

PROMISED = {"kind": "page", "parameter": "page", "total": "total"}


def _promising(total: Any, *pages: list[dict[str, Any]]) -> Answer:
    """Pages by their number, each with the number of all records; after the last one they are empty."""

    def answer(asked: Asked) -> Reply:
        at = int(asked.query["page"]) - 1
        return of({"items": pages[at] if at < len(pages) else [], "total": total})

    return answer


@pytest.mark.parametrize(
    ("pages", "came", "args"),
    [([ORDERS[:3], ORDERS[3:6]], 6, ()), ([], 0, ()), ([], 0, ("--dry-run",))],
    ids=["six", "none", "none in a dry run"],
)
def test_fewer_records_than_the_api_says_there_are_load_nothing(
    shop: Shop, serve: Serve, pages: list[list[dict[str, Any]]], came: int, args: tuple[str, ...]
) -> None:
    server, shop.api = serve(_promising(9, *pages)), {"records": "items", "paging": PROMISED}
    result = shop.ingest(f"{server.url}/orders", *args, exit_code=5, width=300)
    assert f"there are 9 record(s), and {came} came" in result.stderr and "nothing was loaded" in result.stderr
    assert not shop.ledger.ingests() and not list(shop.folder.glob("lake/bronze/**/*.ndjson"))


def test_a_dry_run_does_not_hold_its_one_page_against_the_total(shop: Shop, serve: Serve) -> None:
    server = serve(_promising(9, ORDERS[:3], ORDERS[3:6]))
    shop.api = {"records": "items", "paging": PROMISED}
    assert json.loads(shop.ingest(f"{server.url}/orders", "--dry-run").stdout)["apis"][0]["records"] == 3


@pytest.mark.parametrize("paging", [PROMISED, {"kind": "offset", "parameter": "offset", "total": "total"}])
def test_an_end_that_forgets_the_total_is_held_against_the_one_before(
    shop: Shop, serve: Serve, paging: dict[str, str]
) -> None:
    server = serve(once(of({"items": ORDERS[:3], "total": 4}), lambda asked: of({"items": []})))
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
