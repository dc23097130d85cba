"""Asks for one page: paced, repeated with patience where that helps, redirected on the same host only.

What a page means is read in `bodies`; which page comes next is decided in `fetch`.
"""

from __future__ import annotations

import base64
import json
import random
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from salesperf_cli import __version__
from salesperf_cli.backends.ports import HttpAnswer, NoAnswerError
from salesperf_cli.core.api.addresses import followed, masked, with_parameters
from salesperf_cli.core.api.bodies import Body, BodyFault
from salesperf_cli.errors import AccessError, InputError, RefusedError, RetryableError, SalesperfError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Http
    from salesperf_cli.core.api.description import Api, Auth

PAGE_BYTES = 64 << 20
"""A page is held in memory, so no page is longer."""
_REASON_BYTES = 1 << 20
"""What a server says of an error is shown up to this length of the whole: the secret is looked for in all of it."""
LONGEST_WAIT = 120.0
"""Seconds. A server that asks for a longer pause is left, and the user told when to come again."""
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_BUSY = (408, 425, 429)
_TELLING = 8
"""A piece of base64 that is shorter could be any word."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A secret in the form in which an API takes it: headers and query parameters. Its text shows nothing."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    forms: re.Pattern[str] | None = field(default=None, repr=False)
    """The texts in which the secret could come back in an answer."""
    names: tuple[str, ...] = ()
    """The parameters whose values are never shown."""

    def hide(self, text: str) -> str:
        """The text without the secret."""
        return self.forms.sub("***", text) if self.forms else text

    def shown(self, address: str) -> str:
        """The address as it may be shown: without the secret, and masked."""
        return masked(self.hide(address), self.names)


def credentials(auth: Auth, stored: str) -> Credentials:
    """The secret as it is sent, given the text that is stored; raises InputError when it cannot be sent."""
    secret = (_field(auth.field, stored) if auth.field else stored).strip()
    if not secret or not secret.isascii() or not secret.isprintable():
        raise InputError(
            "the secret cannot be sent",
            why="it is empty, or holds line breaks or characters that are not ASCII",
            remedy="store the bare text that the API expects",
        )
    encoded = base64.b64encode(secret.encode()).decode()
    user, colon, password = secret.partition(":")
    # A user without a password is the secret: some APIs take a key so.
    part = (password or user) if auth.kind == "basic" and colon else ""
    forms, names = _forms(secret, part), (auth.name,) if auth.name else ()
    match auth.kind:
        case "query":
            return Credentials({}, ((auth.name, secret),), forms, names)
        case "header":
            return Credentials({auth.name: auth.prefix + secret}, (), forms, names)
        case "basic":
            return Credentials({"Authorization": f"Basic {encoded}"}, (), forms, names)
        case _:
            return Credentials({"Authorization": f"Bearer {secret}"}, (), forms, names)


def _forms(*secrets: str) -> re.Pattern[str]:
    """Finds secrets in a text: plain, percent-encoded, escaped in JSON, or in base64, in any case of letters."""
    forms = {form for secret in secrets if secret for form in (_spelt(secret), *_in_base64(secret))}
    return re.compile("|".join(sorted(forms, key=len, reverse=True)), re.IGNORECASE)


def _in_base64(secret: str) -> Iterator[str]:
    """Patterns of the secret in base64: alone, and as it stands beside other text, which shifts its bits."""
    yield _spelt(base64.b64encode(secret.encode()).decode())
    for before in range(3):
        padded = base64.b64encode(b"x" * before + secret.encode()).decode()
        # A letter at either end may hold bits of what stands beside the secret.
        own = (padded.rstrip("=")[:-1] if "=" in padded else padded)[(0, 2, 3)[before] :]
        if len(own) >= _TELLING:
            yield _spelt(own) + (r"[\w+/-]?" if "=" in padded else "")


def _spelt(text: str) -> str:
    return "".join(map(_written, text))


def _written(letter: str) -> str:
    """A pattern of the ways in which a letter is written, in an address (encoded up to three times), JSON or base64."""
    if letter.isalnum():
        return letter
    plain, code = re.escape(letter), f"{ord(letter):02x}"
    other = {" ": r"|\+", "+": "|-", "/": r"|_|\\/", '"': r'|\\"', "\\": r"|\\\\"}.get(letter, "")
    return rf"(?:%(?:25){{0,2}}{code}|\\u00{code}{other}|{plain})"


def _field(name: str, stored: str) -> str:
    # A fault of the parser holds the text, so it is not chained.
    try:
        held = json.loads(stored)
    except ValueError:
        held = None
    value = held.get(name) if isinstance(held, dict) else None
    if not isinstance(value, str):
        raise InputError(
            f"the secret has no field {name}",
            why="it is not a JSON object with a text of that name",
            remedy="correct the secret, or auth.field in the contract",
        )
    return value


@dataclass(frozen=True, slots=True)
class Page:
    """An answered page: where it was found after redirects, its body, and its Link headers."""

    address: str
    body: Body
    bytes: int
    links: tuple[str, ...]


class _Again(Exception):  # noqa: N818 - a request to ask again, no error
    """Asking again may help; `wait` is the pause that the server asks for, in seconds."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class Asker:
    """Gets pages of one API, one after the other."""

    def __init__(self, http: Http, api: Api, credentials: Credentials) -> None:
        self._http = http
        self._api = api
        self._credentials = credentials
        self._next_at = 0.0
        self.repeated = 0
        """How many requests were repeats."""

    def page(self, address: str, room: int) -> Page:
        """The page at an address, of at most `room` bytes.

        Raises RetryableError when patience has ended, AccessError, InputError for what asking again would not mend,
        and RefusedError for a page that is too long or lies elsewhere.
        """
        attempt = 1
        while True:
            try:
                return self._page(address, room)
            except _Again as again:
                wait = self._pause(attempt) if again.wait is None else again.wait
                if attempt >= self._api.attempts or wait > LONGEST_WAIT:
                    raise _gave_up(again, attempt, wait) from None
            attempt += 1
            self.repeated += 1
            time.sleep(wait)

    def _pause(self, attempt: int) -> float:
        """Twice as long each time, less a random part, so that many clients do not come back at once."""
        longest = min(self._api.backoff * float(2 ** (attempt - 1)), LONGEST_WAIT)
        return longest * random.uniform(0.5, 1)  # noqa: S311 - no secret is made of it

    def _page(self, address: str, room: int) -> Page:
        answer, at = self._redirected(address, min(room, PAGE_BYTES))
        _judge(answer, self._credentials)
        if not answer.whole:
            raise _too_long(room)
        if answer.status == 204:
            return Page(at, Body(b"[]"), 0, tuple(answer.links))
        try:
            body = Body.of(answer.body, self._credentials.hide(answer.headers.get("content-type", "")))
            body.check()
        except BodyFault as fault:
            if fault.truncated:  # an answer without a length does not show that it was cut off
                raise _Again("the answer was cut off") from None
            raise
        return Page(at, body, len(answer.body), tuple(answer.links))

    def _redirected(self, address: str, longest: int) -> tuple[HttpAnswer, str]:
        start = address
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._ask(address, longest)
            target = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not target:
                return answer, address
            address = followed(target, address, start, self._credentials.shown)
        raise RefusedError(
            "the server redirects without end", why=f"{_MOST_REDIRECTS} times", remedy="check the address"
        )

    def _ask(self, address: str, longest: int) -> HttpAnswer:
        self._pace()
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"salesperf/{__version__}",
            **dict(self._api.headers),
            **self._credentials.headers,
        }
        sent = with_parameters(address, self._credentials.parameters)
        try:
            return self._http.get(sent, headers, seconds=self._api.timeout, longest=longest)
        except NoAnswerError as fault:
            raise _Again(str(fault)) from None

    def _pace(self) -> None:
        if self._api.rate_limit:
            now = time.monotonic()
            if self._next_at > now:
                time.sleep(self._next_at - now)
            self._next_at = max(now, self._next_at) + 1 / self._api.rate_limit


def _judge(answer: HttpAnswer, credentials: Credentials) -> None:
    """Raises for every answer that is no page."""
    status = answer.status
    if 200 <= status < 300:
        return
    if status in _BUSY or status >= 500:
        raise _Again(f"HTTP {status}", _asked_pause(answer.headers.get("retry-after", "")))
    if status in (401, 403):
        sent = credentials.headers or credentials.parameters
        why = "the secret was sent and not accepted" if sent else "no secret was sent"
        raise AccessError(f"HTTP {status}", why=why, remedy="check the secret, its form (auth) and its rights")
    raise InputError(
        f"HTTP {status}", why=_excerpt(answer, credentials), remedy="check the address and the contract's api"
    )


def _asked_pause(text: str) -> float | None:
    """The seconds of Retry-After: a number, or until a date."""
    if text.strip().isascii() and text.strip().isdigit():
        return float(text.strip()[:9])
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    zoned = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((zoned - datetime.now(UTC)).total_seconds(), 0.0)


def _excerpt(answer: HttpAnswer, credentials: Credentials) -> str:
    """The beginning of an error's text, where it is text for people or programs to read.

    The secret is taken out before the text is cut: a piece of it would not be found.
    """
    kind = answer.headers.get("content-type", "").lower()
    readable = "json" in kind or "text/plain" in kind
    if not readable or not answer.whole or len(answer.body) > _REASON_BYTES:
        return "the server gives no reason that can be shown"
    text = " ".join(credentials.hide(answer.body.decode("utf-8", "replace")).split())
    return credentials.hide(text)[:200] or "the server gives no reason"


def _too_long(room: int) -> RefusedError:
    if room < PAGE_BYTES:
        return RefusedError(
            "more bytes came than may be taken",
            why="maxBytes of the contract's api bounds them",
            remedy="take less at once (since, query), or raise maxBytes in the contract",
        )
    return RefusedError(
        f"the page is longer than {PAGE_BYTES >> 20} MiB",
        why="a page is held in memory",
        remedy="ask for smaller pages: --page-size PARAMETER=N",
    )


def _gave_up(again: _Again, attempts: int, wait: float) -> SalesperfError:
    if again.wait is not None and wait > LONGEST_WAIT:
        return RetryableError(
            str(again),
            why=f"the server asks to wait {wait:,.0f} s, longer than the {LONGEST_WAIT:g} s that are waited",
            remedy="run the same command again after that time",
        )
    times = f"asked {attempts} times" if attempts > 1 else "asked once"
    return RetryableError(str(again), why=times, remedy="run the same command again")
