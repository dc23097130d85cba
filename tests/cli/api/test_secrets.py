"""The secret of an API: sent where and as the contract says, and never shown, logged or kept."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from tests.api_server import Reply, of
from tests.cli.api.shop import (
    ORDERS,
    SECRET,
    Serve,
    Shop,
    by_link_header,
    third_page,
)


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
    server, shop.api = serve(by_link_header), {"auth": {"secret": "shop/api", **auth}}
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
    server, shop.api = serve(third_page(Reply(b"", 307, {"Location": thief.url}))), {"auth": {"secret": "x"}}
    shop.ingest(f"{server.url}/orders", "--secret", "SHOP_TOKEN", exit_code=3)
    assert not thief.asked


def test_the_parameter_of_the_secret_is_not_typed(shop: Shop) -> None:
    shop.api = {"auth": {"kind": "query", "name": "k", "secret": "shop/api"}}
    typed = ("https://shop.example/orders?k=hunter2", "--secret", "SHOP_TOKEN", "--debug")
    result = shop.ingest(*typed, exit_code=2, width=300)
    assert "holds a credential" in result.stderr and "hunter2" not in result.stderr


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
    server = serve(third_page(reply) if reply else by_link_header)
    shop.api = {"auth": {"secret": "shop/api", **auth}, "attempts": 2}
    typed = (f"{server.url}/orders", "--table", "orders", "--secret", "SHOP_TOKEN", "--debug")
    results = [shop.call("ingest", *typed), shop.call("ingest", *typed, "--dry-run"), shop.call("status")]
    assert server.asked and shop.ids == ([] if reply else [1, 2, 3, 4, 5, 6, 7])
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
