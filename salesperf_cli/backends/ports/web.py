"""Servers that are asked over HTTP, and the secrets that are sent to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class NoAnswerError(Exception):
    """Nothing came back, or not all of it: no connection, a time-out, a connection that broke off.

    Its text says which, and holds nothing of what was sent.
    """


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server answered. Names of headers are in lower case; `links` are the values of all its Link headers;
    `whole` is False when the body was longer than asked for and is left off there.
    """

    status: int
    headers: Mapping[str, str]
    links: Sequence[str]
    body: bytes
    whole: bool = True


class Http(Protocol):
    """Asks servers over HTTP: certificates are verified, redirects are answers like any other, nothing is repeated."""

    def get(self, address: str, headers: Mapping[str, str], *, seconds: float, longest: int) -> HttpAnswer:
        """The answer, its body inflated and at most `longest` bytes; `seconds` is the longest silence.

        Raises NoAnswerError, and InputError when the server does not prove who it is.
        """


class Secrets(Protocol):
    """Where secrets are kept. What is read is sent, and never shown."""

    def read(self, name: str) -> str:
        """A secret; raises InputError when there is none of that name, AccessError when it may not be read."""
