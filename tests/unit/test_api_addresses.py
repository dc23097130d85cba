"""What always holds of addresses: what is secret is never shown, and links stay on their host."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesperf_cli.core.api.addresses import (
    followed,
    is_credential,
    masked,
    parameters_of,
    same_origin,
    with_parameters,
)
from salesperf_cli.errors import RefusedError, SalesperfError

PASSWORDS = st.text(st.sampled_from("abc012/?#:&=%@+ é"), min_size=1, max_size=8).map(lambda text: f"Z{text}Z")
NAMES = st.sampled_from(["token", "api_key", "apiKey", "X-Amz-Signature", "access_token", "client-secret", "pageToken"])
HIDDEN = st.text(st.sampled_from("abcXYZ019%é+"), min_size=1).map(lambda text: f"Z{text}Z")


@given(PASSWORDS)
def test_a_password_is_never_shown_however_it_is_written(password: str) -> None:
    for written in (password, quote(password, safe="")):
        assert "Z" not in masked(f"https://Zana:{written}@shop.example/orders?x=1")


@given(NAMES, HIDDEN, HIDDEN)
def test_the_value_of_a_token_like_parameter_is_never_shown(name: str, value: str, other: str) -> None:
    shown = masked(f"https://shop.example/orders?a=1&{name}={value}&b=2#{other}")
    assert "Z" not in shown and shown.startswith(f"https://shop.example/orders?a=1&{name}=***&b=2")


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_parameter_arrives_as_it_was_given(name: str, value: str) -> None:
    try:
        (name + value).encode()
    except UnicodeEncodeError:
        return
    if name:
        url = with_parameters("https://shop.example/orders?a=%20b&c=1", [(name, value)])
        assert dict(parameters_of(url))[name] == value


@given(st.text(st.sampled_from("abc/.?#:@\\ht ps%\t\n"), max_size=24))
def test_a_link_never_leads_to_another_host(link: str) -> None:
    start = "https://shop.example/api/orders?x=1"
    try:
        url = followed(link, start, start, (), insecure_http=False)
    except SalesperfError:
        return
    assert same_origin(url, start) and "@" not in urlsplit(url).netloc


@pytest.mark.parametrize(
    "link",
    ["//evil.example/", "https://shop.example@evil.example/", "https://shop.example:8443/", "javascript:x", "\\\\evil"],
)
def test_links_that_look_like_home_are_not(link: str) -> None:
    start = "https://shop.example/api/orders"
    with suppress(RefusedError):
        assert same_origin(followed(link, start, start, (), insecure_http=False), start)


@pytest.mark.parametrize("name", ["author", "sort_key", "keyword", "status", "monkey", "page", "sigma", "q"])
def test_an_ordinary_parameter_is_shown(name: str) -> None:
    assert not is_credential(name)
