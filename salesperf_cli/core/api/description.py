"""What an API is like, as a bronze contract describes it: where records stand, how pages follow, how to log in.

Declarative only: the YAML form and its validation live in `form`, the behaviour in the modules beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PagingKind = Literal["none", "linkHeader", "nextLink", "cursor", "page", "offset"]
AuthKind = Literal["bearer", "header", "basic", "query"]

MOST_PAGES = 10_000
MOST_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class Paging:
    """How the next page is found. `path` leads to the next link or cursor in the body, `total` to the count of all
    records; `parameter` carries the cursor, the page's number (from `first`) or the offset.
    """

    kind: PagingKind
    path: str = ""
    parameter: str = ""
    first: int = 1
    total: str = ""

    def __str__(self) -> str:
        words = {
            "none": "one page",
            "linkHeader": "Link header",
            "nextLink": f"next link at {self.path}",
            "cursor": f"cursor {self.parameter} from {self.path}",
            "page": f"page number {self.parameter}",
            "offset": f"offset {self.parameter}",
        }
        return words[self.kind]


@dataclass(frozen=True, slots=True)
class PageSize:
    """The query parameter that says how many records a page holds, and its value."""

    parameter: str
    value: int


@dataclass(frozen=True, slots=True)
class Auth:
    """In which form the secret is sent, and what it is called in Secrets Manager. `name` is that of the header or
    parameter, `prefix` stands before the secret in a header; `field` picks one field of a secret that is a JSON object.
    """

    kind: AuthKind
    name: str = ""
    prefix: str = ""
    secret: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Since:
    """The query parameter that asks for what is new: the largest value of `column` of the last ingest, at first
    `start` (empty: the parameter is left out).
    """

    parameter: str
    column: str
    start: str = ""


@dataclass(frozen=True, slots=True)
class Api:
    """An API that a bronze table is loaded from. `rate_limit` is in requests a second; `paging` None is undeclared:
    a Link header is followed, and a body that names a next page in another way is refused.
    """

    url: str = ""
    records: str | None = None
    paging: Paging | None = None
    page_size: PageSize | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    auth: Auth | None = None
    since: Since | None = None
    rate_limit: float | None = None
    max_pages: int = MOST_PAGES
    max_bytes: int = MOST_BYTES
    timeout: float = 30
    """Seconds of silence after which a server is asked again."""
    attempts: int = 5
    backoff: float = 0.5
    """Seconds before the second attempt; each further pause is twice as long."""

    @property
    def hidden(self) -> tuple[str, ...]:
        """The parameters whose values are never shown, whatever they are called."""
        return (self.auth.name,) if self.auth and self.auth.name else ()
