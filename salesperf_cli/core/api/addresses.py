"""Addresses of an API: what may be shown of them, which hosts they may lead to, how parameters are put in.

An address is shown masked, always: user and password, and the values of parameters that look like credentials.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Iterable
from itertools import pairwise
from urllib.parse import SplitResult, parse_qsl, quote, unquote_plus, urljoin, urlsplit, urlunsplit

from salesperf_cli.errors import InputError, RefusedError

MASK = "***"
_PORTS = {"http": 80, "https": 443}
_CREDENTIAL = {
    "token", "secret", "password", "passwd", "pwd", "pass", "auth", "authorization", "signature", "sig", "credential",
    "credentials", "session", "sessionid", "jwt", "bearer", "apikey", "accesstoken", "authtoken", "cookie", "sid",
}  # fmt: skip
_KEYS = {"api", "app", "access", "subscription", "private", "secret", "client", "auth", "functions"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_address(text: str) -> bool:
    """Whether a path on the command line is an address; `check` says which may be asked."""
    return _SCHEME.match(text) is not None


def is_credential(name: str) -> bool:
    """Whether a parameter or header of this name looks as if it carried a credential."""
    words = [word.lower() for word in _WORDS.findall(name)]
    pairs = pairwise(words)
    return (
        words in (["key"], ["code"])
        or any(word in _CREDENTIAL or word.endswith("apikey") for word in words)
        or any(first in _KEYS and second == "key" for first, second in pairs)
    )


def masked(url: str, also: Collection[str] = ()) -> str:
    """The address as it may be shown; `also` names further parameters whose values are masked."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if mark and "@" in rest and ("@" in host or not _HOST.fullmatch(host)):  # a password may hold / ? and #
        rest = f"{MASK}@{rest.rpartition('@')[2]}"
    rest, fragment, _ = rest.partition("#")
    place, asked, query = rest.partition("?")
    pairs = "&".join(_masked_pair(pair, also) for pair in query.split("&"))
    return f"{scheme}{mark}{place}{asked}{pairs}{fragment and '#' + MASK}"


def _masked_pair(pair: str, also: Collection[str]) -> str:
    name, equals, _ = pair.partition("=")
    plain = unquote_plus(name)
    return f"{name}={MASK}" if equals and (is_credential(plain) or plain in also) else pair


def host_of(url: str) -> str:
    """The host, with its port where it is not the scheme's own."""
    parts = urlsplit(url)
    port = _port(parts)
    name = (parts.hostname or "").lower()
    return name if port == _PORTS.get(parts.scheme.lower()) else f"{name}:{port}"


def same_origin(url: str, other: str) -> bool:
    """Whether two addresses share scheme, host and port."""
    return _origin(url) == _origin(other)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme.lower(), (parts.hostname or "").lower(), _port(parts)


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme.lower())


def parameters_of(url: str) -> list[tuple[str, str]]:
    """The query's parameters, in order."""
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def with_parameters(url: str, values: Iterable[tuple[str, str]]) -> str:
    """The address with parameters set; the others stay exactly as they are written."""
    chosen = dict(values)
    if not chosen:
        return url
    parts = urlsplit(url)
    kept = [
        pair for pair in parts.query.split("&") if pair and parse_qsl(pair, keep_blank_values=True)[0][0] not in chosen
    ]
    added = [f"{quote(name, safe='')}={quote(value, safe=':,')}" for name, value in chosen.items()]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "&".join([*kept, *added]), ""))


def check(url: str, also: Collection[str] = ()) -> None:
    """Refuse an address that a user gave: one with credentials in it, or one whose traffic others can read.

    `also` names further parameters that carry credentials.
    """
    shown = masked(url, also)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or any(each.isspace() or not each.isprintable() for each in url):
        raise InputError(
            f"{shown} is not an address", why="it names no host, or holds blanks", remedy="check the address"
        )
    if parts.scheme.lower() not in _PORTS:
        raise InputError(
            f"{shown} cannot be asked", why=f"{parts.scheme}:// is not HTTP", remedy="give an address of https://"
        )
    if "@" in parts.netloc:
        raise InputError(
            f"the address {shown} holds a user or password",
            why="a command line is kept in the shell's history and shown to other users",
            remedy="name the secret: auth in the contract's api, or --secret NAME",
        )
    if named := [name for name, _ in parameters_of(url) if is_credential(name) or name in also]:
        raise InputError(
            f"the address {shown} holds a credential",
            why=f"the parameter {named[0]} looks like one, and a command line is not kept secret",
            remedy="name the secret instead: auth {kind: query, name: " + named[0] + ", …} in the contract's api",
        )
    if parts.scheme.lower() == "http" and not _is_loopback(host):
        raise InputError(
            f"{shown} is not encrypted",
            why="http:// shows the data and the secret to everyone on the way",
            remedy="use https://; http:// is for this machine only, such as http://localhost",
        )


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def followed(link: str, page: str, start: str, shown: Callable[[str], str] = masked) -> str:
    """The address that a link or redirect of `page` leads to, where it may be followed.

    It stays on the host of `start`. A link from https:// to http:// of the same host (a server behind a proxy) is
    followed over https://. Raises RefusedError for every other host; `shown` makes an address fit to be read there.
    """
    try:
        url = urljoin(page, link.strip())
        _ = urlsplit(url).port
    except ValueError:
        url = ""
    parts = urlsplit(url)
    same_name = (parts.hostname or "").lower() == (urlsplit(start).hostname or "").lower()
    if parts.scheme.lower() == "http" and start.lower().startswith("https:") and same_name and not parts.port:
        url = urlunsplit(("https", *parts[1:]))
    if parts.scheme.lower() not in _PORTS or not parts.hostname:
        raise RefusedError(
            "the API leads to an address that is none",
            why=f"{shown(page)} names {shown(url) or 'nothing'} as what comes next",
            remedy="check the paging in the contract's api; nothing was loaded",
        )
    if not same_origin(url, start):
        raise RefusedError(
            f"the API leads to another host, {host_of(url)}",
            why=f"{shown(page)} names {shown(url)} as what comes next",
            remedy="links are followed on the same host only; where the data has moved, give its new address",
        )
    return url
