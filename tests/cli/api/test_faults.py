"""Faults of servers and networks: one that passes is not seen in the data, one that stays loads nothing."""

from __future__ import annotations

import gzip
import ssl
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.api_server import Asked, Reply, of, serving
from tests.cli.api.shop import (
    ORDERS,
    Serve,
    Shop,
    by_link_header,
    once,
    third_page,
)


@pytest.mark.parametrize(
    "fault",
    [
        Reply(b"oh", 500),
        Reply(b"", 429, {"Retry-After": "Thu, 01 Jan 2015 00:00:00 GMT"}),
        Reply(b"", 0),
        Reply(b'[{"id": 1}', length=100),
        Reply(b'[{"id": 1}', length=None),
        Reply(b'[{"id": "\xc3', length=None),
        Reply(gzip.compress(b"[]")[:-4] + b"oops", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["500", "429", "hung up", "cut", "cut without a length", "cut inside a letter", "damaged gzip"],
)
def test_a_fault_that_passes_is_not_seen_in_the_data(shop: Shop, serve: Serve, fault: Reply) -> None:
    server = serve(once(fault, lambda asked: of(ORDERS)))
    result = shop.ingest(f"{server.url}/orders")
    assert shop.ids == [1, 2, 3, 4, 5, 6, 7] and len(server.asked) == 2
    assert "1 request(s) repeated" in result.stderr


def test_the_pause_that_a_server_asks_for_is_kept(shop: Shop, serve: Serve) -> None:
    server = serve(once(Reply(b"", 429, {"Retry-After": "1"}), lambda asked: of(ORDERS)))
    shop.ingest(f"{server.url}/orders")
    assert server.asked[1].at - server.asked[0].at >= 1


def test_a_rate_limit_spaces_requests(shop: Shop, serve: Serve) -> None:
    server, shop.api = serve(by_link_header), {"rateLimit": 10}
    shop.ingest(f"{server.url}/orders")
    times = [each.at for each in server.asked]
    assert [later - before > 0.09 for before, later in pairwise(times)] == [True, True]


def test_a_redirect_on_the_same_host_is_followed(shop: Shop, serve: Serve) -> None:
    def answer(asked: Asked) -> Reply:
        return of(ORDERS) if asked.path == "/v2/orders" else Reply(b"", 301, {"Location": "/v2/orders"})

    server = serve(answer)
    shop.ingest(f"{server.url}/orders")
    assert [each.path for each in server.asked] == ["/orders", "/v2/orders"]


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
    server = serve(third_page(reply))
    if reply.pause:
        shop.api = {"timeout": 0.1, "attempts": 1}
    result = shop.ingest(f"{server.url}/orders", exit_code=exit_code, width=300)
    assert f"page 3 of {server.url}/orders" in result.stderr and words in result.stderr, result.stderr
    assert "othing was loaded" in result.stderr
    assert not shop.ledger.ingests() and not list(shop.folder.glob("lake/bronze/**/*.ndjson"))


def test_a_server_that_says_nothing_is_left_after_the_time_out(shop: Shop, serve: Serve) -> None:

    def answer(asked: Asked) -> Reply:
        time.sleep(0.6)
        return of(ORDERS)

    server, shop.api = serve(answer), {"timeout": 0.1, "attempts": 2}
    assert "no answer within 0.1 s" in shop.ingest(f"{server.url}/orders", exit_code=5).stderr
    assert len(server.asked) == 2


def test_where_nobody_listens_is_worth_trying_again(shop: Shop) -> None:
    with serving(lambda asked: of(ORDERS)) as server:
        address = server.url
    assert "no connection" in shop.ingest(f"{address}/orders", exit_code=5).stderr


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
