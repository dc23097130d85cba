"""What always holds of addresses: what is secret is never shown, and links stay on their host."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlsplit

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
from salesperf_cli.core.api.asking import credentials
from salesperf_cli.core.api.description import Auth
from salesperf_cli.errors import RefusedError, SalesperfError

PASSWORDS = st.text(st.sampled_from("abc012/?#:&=%@+ é"), min_size=1, max_size=8).map(lambda text: f"Z{text}Z")
NAMES = st.sampled_from(["token", "api_key", "apiKey", "X-Amz-Signature", "access_token", "client-secret", "pageToken"])
_ENCODABLE = st.characters(exclude_categories=["Cs"])
HIDDEN = st.text(st.sampled_from("abcXYZ019%é+"), min_size=1).map(lambda text: f"Z{text}Z")


@given(PASSWORDS)
def test_a_password_is_never_shown_however_it_is_written(password: str) -> None:
    for written in (password, quote(password, safe="")):
        assert "Z" not in masked(f"https://Zana:{written}@shop.example/orders?x=1")


@given(NAMES, HIDDEN, HIDDEN)
def test_the_value_of_a_token_like_parameter_is_never_shown(name: str, value: str, other: str) -> None:
    shown = masked(f"https://shop.example/orders?a=1&{name}={value}&b=2#{other}")
    assert "Z" not in shown and shown.startswith(f"https://shop.example/orders?a=1&{name}=***&b=2")


def _lower_hex(text: str) -> str:
    return "".join(each if each.isalnum() else f"%{ord(each):02x}" for each in text)


WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "lower-case percent": _lower_hex,
    "a mixture": lambda text: quote(text[:5], safe="") + _lower_hex(text[5:9]) + text[9:],
    "percent twice": lambda text: quote(_lower_hex(text), safe=""),
    "form": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON codes": lambda text: "".join(each if each.isalnum() else f"\\u00{ord(each):02X}" for each in text),
    "lower case": str.lower,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 in percent": lambda text: _lower_hex(base64.b64encode(text.encode()).decode()),
}
SECRETS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=12, max_size=24).map(
    lambda text: f"Q{text}Q"
)


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@given(secret=SECRETS)
def test_a_secret_is_not_shown_however_a_server_writes_it(written: Callable[[str], str], secret: str) -> None:
    hide = credentials(Auth("bearer"), secret).hide
    assert hide(f"({written(secret)})") == "(***)"


@given(SECRETS, st.text(st.sampled_from("abc:"), max_size=7), st.text(st.sampled_from("abc:"), max_size=7))
def test_a_secret_in_base64_is_not_shown_wherever_it_stands(secret: str, before: str, after: str) -> None:
    whole = base64.b64encode((before + secret + after).encode()).decode()
    pieces = credentials(Auth("bearer"), secret).hide(whole).split("***")
    assert len(pieces) == 2
    # At the edges a letter may hold some bits of the secret beside those of its neighbours.
    assert len(pieces[0]) <= len(before) * 4 / 3 + 1 and len(pieces[1].rstrip("=")) <= len(after) * 4 / 3 + 1


def test_a_user_without_a_password_is_a_secret() -> None:
    assert credentials(Auth("basic"), "sk_live_1234:").hide("no key sk_live_1234 here") == "no key *** here"


@given(HIDDEN)
def test_the_value_of_the_parameter_that_carries_the_secret_is_never_shown(value: str) -> None:
    for name in ("k", "%6b", "%6B"):
        assert "Z" not in masked(f"https://shop.example/orders?a=1&{name}={value}", ("k",)), name


@given(st.text(_ENCODABLE, min_size=1, max_size=20), st.text(_ENCODABLE, max_size=20))
def test_a_parameter_arrives_as_it_was_given(name: str, value: str) -> None:
    url = with_parameters("https://shop.example/orders?a=%20b&c=1", [(name, value)])
    assert dict(parameters_of(url))[name] == value


@given(st.text(st.sampled_from("abc/.?#:@\\ht ps%\t\n"), max_size=24))
def test_a_link_never_leads_to_another_host(link: str) -> None:
    start = "https://shop.example/api/orders?x=1"
    try:
        url = followed(link, start, start)
    except SalesperfError:
        return
    assert same_origin(url, start) and "@" not in urlsplit(url).netloc


@pytest.mark.parametrize(
    "link", ["//evil.example/", "https://shop.example@evil.example/", "https://shop.example:8443/", "javascript:x"]
)
def test_links_that_look_like_home_are_not(link: str) -> None:
    start = "https://shop.example/api/orders"
    with pytest.raises(RefusedError):
        followed(link, start, start)


def test_backslashes_are_part_of_a_path() -> None:
    start = "https://shop.example/api/orders"
    assert followed("\\\\evil", start, start) == "https://shop.example/api/\\\\evil"


@pytest.mark.parametrize("name", ["author", "sort_key", "keyword", "status", "monkey", "page", "sigma", "q"])
def test_an_ordinary_parameter_is_shown(name: str) -> None:
    assert not is_credential(name)
