"""Addresses, flags and descriptions that are wrong are refused before anything is sent."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api_server import Reply
from tests.cli.api.shop import (
    Serve,
    Shop,
)


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
    assert result.exit_code == 3
    assert words in result.stderr + result.stdout and "hunter2" not in result.stderr + result.stdout
