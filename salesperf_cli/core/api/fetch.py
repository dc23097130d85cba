"""Walks the pages of an API and lays their records in one NDJSON file, which is then a source like any other.

All pages or none: what stops the walk leaves nothing behind that could be loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesperf_cli.core.api.addresses import followed, with_parameters
from salesperf_cli.core.api.asking import Asker, Credentials, Page
from salesperf_cli.core.api.bodies import BodyFault, field_text, next_link
from salesperf_cli.core.api.request import ApiRequest
from salesperf_cli.core.ledger import Watermark
from salesperf_cli.core.sources import SourceFile
from salesperf_cli.core.text_shapes import ISO_FORMATS, strptime_format
from salesperf_cli.errors import InputError, RefusedError, RetryableError, SalesperfError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Http
    from salesperf_cli.core.tables import Column


@dataclass(frozen=True, slots=True)
class FetchedApi:
    """What came from one API. Addresses are shown without secrets.

    `since` is the value that was asked from, `until` the one that the next ingest asks from. `next` is the page that
    would follow: only a dry run, which takes one page, has it.
    """

    address: str
    table: str
    paging: str
    pages: int
    records: int
    bytes: int
    repeated: int
    since: str | None
    until: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The report, and the file of records: None when the API had nothing new."""

    report: FetchedApi
    source: SourceFile | None


def fetch(
    request: ApiRequest,
    http: Http,
    credentials: Credentials,
    file: Path,
    *,
    advance: Callable[[int], None],
    only_first: bool = False,
) -> Fetched:
    """Take all pages (or the first) into `file`; `advance` is told how many records each page held.

    Raises RetryableError, AccessError, InputError or RefusedError, each of which says which page failed.
    """
    if credentials.hide(request.first) != request.first:
        raise InputError(
            "the address holds the secret itself",
            why="it would stand in the ledger, and it stands in the shell's history",
            remedy="leave it out: --secret sends it, in the form that the contract's auth says",
        )
    asker = Asker(http, request.api, credentials)
    walk = _Walk(request, asker, credentials)
    highest = _Highest(request)
    with file.open("wb") as stream:
        for records in walk.pages():
            stream.writelines(record + b"\n" for record in records)
            highest.watch(records)
            advance(len(records))
            if only_first:
                break
    until = highest.text
    shown = credentials.shown(request.first)
    report = FetchedApi(
        address=shown,
        table=request.table,
        paging=str(request.paging),
        pages=walk.taken,
        records=walk.records,
        bytes=file.stat().st_size,
        repeated=asker.repeated,
        since=request.since,
        until=until,
        next=credentials.shown(walk.next) if walk.next else None,
    )
    if not walk.records and request.since is not None:
        return Fetched(report, None)
    watermark = Watermark(request.source, request.since, until) if until is not None else None
    return Fetched(
        report, SourceFile(file, None, file.name, report.bytes, "ndjson", False, origin=shown, watermark=watermark)
    )


class _Walk:
    """Goes from page to page until there is none, within bounds."""

    def __init__(self, request: ApiRequest, asker: Asker, credentials: Credentials) -> None:
        self._request = request
        self._api = request.api
        self._asker = asker
        self._credentials = credentials
        self._asked = {request.first}
        self._last = b""
        self._promised: int | None = None
        self.taken = self.records = self.bytes = 0
        self.next: str | None = request.first

    def pages(self) -> Iterator[list[bytes]]:
        """The records of each page."""
        while self.next:
            if self.taken == self._api.max_pages:
                raise self._on_page(_too_many(self._api.max_pages))
            with self._told():
                page = self._asker.page(self.next, self._api.max_bytes - self.bytes)
                records = page.body.records(self._api.records)
                self.records += len(records)
                following = self._following(page, records)
            self.taken += 1
            self.bytes += page.bytes
            self.next = following
            yield records

    def _following(self, page: Page, records: list[bytes]) -> str | None:
        paging, found = self._request.paging, None
        match paging.kind:
            case "nextLink":
                found = self._linked(page.body.value(paging.path), page)
            case "linkHeader":
                found = self._linked(next_link(page.links), page)
                if self._api.paging is None and not found:
                    page.body.refuse_next()
            case "cursor":
                cursor = page.body.value(paging.path)
                found = self._with(cursor) if cursor is not None else None
            case "page" | "offset":
                found = self._counted(page, records)
        if found in self._asked:
            raise _in_a_circle("it leads to a page that was taken already")
        if found:
            self._asked.add(found)
        return found

    def _linked(self, link: str | None, page: Page) -> str | None:
        return followed(link, page.address, self._request.first, self._credentials.shown) if link else None

    def _counted(self, page: Page, records: list[bytes]) -> str | None:
        paging = self._request.paging
        total = page.body.value(paging.total) if paging.total else None
        if total is not None and total.isdecimal():
            self._promised = int(total)
        if self._promised is not None and self.records >= self._promised:
            return None
        # Only an empty page ends the walk: a short one may be a server that gives less than it is asked for.
        if not records:
            if self._promised is not None and paging.first <= 1:  # whoever begins later does not take all
                raise _too_few(self._promised, self.records)
            return None
        digest = hashlib.sha256(b"\n".join(records)).digest()
        if digest == self._last:
            raise _in_a_circle("it holds the same records as the page before: the server does not heed its parameter")
        self._last = digest
        by_page = paging.kind == "page"
        return self._with(paging.first + (self.taken + 1 if by_page else self.records))

    def _with(self, value: object) -> str:
        return with_parameters(self._request.first, [(self._request.paging.parameter, str(value))])

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors inside say which page they are about, and hold no secret."""
        try:
            yield
        except SalesperfError as fault:
            raise self._on_page(fault) from None
        except BodyFault as fault:
            wrong = InputError(
                "its body is not what the contract says",
                why=str(fault),
                remedy="check the contract's api (records, paging), or --records and --paging",
            )
            raise self._on_page(wrong) from None

    def _on_page(self, fault: SalesperfError) -> SalesperfError:
        hide, shown = self._credentials.hide, self._credentials.shown
        return type(fault)(
            f"page {self.taken + 1} of {shown(self._request.first)}: {hide(fault.what)}",
            why=hide(f"{fault.why}; nothing was loaded"),
            remedy=hide(fault.remedy),
            detail=(f"that page is {shown(self.next)}",) if self.next and self.taken else (),
        )


class _Highest:
    """The largest value of the column by which an API tells what is new."""

    def __init__(self, request: ApiRequest) -> None:
        since = request.api.since
        self._column = request.contract.column(since.column) if since else None
        self.text: str | None = request.since
        self._key = self._comparable(request.since)

    def watch(self, records: list[bytes]) -> None:
        """See a page's records; what has not the column's type is left out: it is the rules' affair."""
        if self._column is None:
            return
        for record in records:
            text = field_text(record, self._column.name)
            key = self._comparable(text)
            if key is not None and (self._key is None or key > self._key):
                self.text, self._key = text, key

    def _comparable(self, text: str | None) -> Any:
        if not text or self._column is None:
            return None
        try:
            return _value(text, self._column)
        except (ValueError, InvalidOperation):
            return None


def _value(text: str, column: Column) -> Any:
    """A text as what its column holds, to be compared."""
    kind = column.type.kind
    if kind in ("int", "bigint"):
        return int(text)
    if kind in ("decimal", "double"):
        number = Decimal(text)
        return number if number.is_finite() else None
    if kind in ("date", "timestamp"):
        return datetime.strptime(text, strptime_format(column.format or ISO_FORMATS[kind]))  # noqa: DTZ007 - none has one
    return text


def _too_many(most: int) -> RefusedError:
    return RefusedError(
        f"there are more than {most:,} pages",
        why="maxPages of the contract's api bounds them",
        remedy="ask for larger pages (--page-size), or raise --max-pages",
    )


def _too_few(promised: int, came: int) -> RetryableError:
    return RetryableError(
        f"the API says that there are {promised:,} record(s), and {came:,} came",
        why="it gave an empty page before the end",
        remedy="run the same command again; where that figure counts something else, leave total out of api.paging",
    )


def _in_a_circle(why: str) -> RefusedError:
    return RefusedError(
        "the paging goes in a circle", why=why, remedy="check paging in the contract's api, or --paging KIND"
    )
