"""What is written of an API, in a contract's custom property `api` or as flags, validated and made a description.

No secret may be written there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from salesperf_cli.core.api.addresses import check, is_credential
from salesperf_cli.core.api.description import Api, Auth, PageSize, Paging, PagingKind, Since
from salesperf_cli.core.odcs import Part
from salesperf_cli.errors import InputError

_NEEDED: dict[str, tuple[str, ...]] = {
    "none": (),
    "linkHeader": (),
    "nextLink": ("path",),
    "cursor": ("path", "parameter"),
    "page": ("parameter",),
    "offset": ("parameter",),
}
_ALSO: dict[str, tuple[str, ...]] = {"page": ("first", "total"), "offset": ("first", "total")}
_CONNECTION = ("host", "content-length", "transfer-encoding", "connection", "accept-encoding", "user-agent")


class ApiPaging(Part):
    """`paging` of the custom property `api`."""

    kind: Literal["none", "linkHeader", "nextLink", "cursor", "page", "offset"]
    path: str | None = None
    parameter: str | None = None
    first: Annotated[int, Field(ge=0)] | None = None
    total: str | None = None


class ApiPageSize(Part):
    """`pageSize` of the custom property `api`."""

    parameter: Annotated[str, Field(min_length=1)]
    value: Annotated[int, Field(ge=1)]


class ApiAuth(Part):
    """`auth` of the custom property `api`."""

    kind: Literal["bearer", "header", "basic", "query"] = "bearer"
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$")] | None = None
    prefix: str = ""
    secret: Annotated[str, Field(min_length=1)]
    field: str = ""


class ApiSince(Part):
    """`since` of the custom property `api`."""

    parameter: Annotated[str, Field(min_length=1)]
    column: str
    start: str | int | None = None


class ApiForm(Part):
    """The custom property `api` of a bronze table."""

    url: str | None = None
    records: str | None = None
    paging: ApiPaging | None = None
    pageSize: ApiPageSize | None = None
    parameters: dict[str, str | bool | int] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    auth: ApiAuth | None = None
    since: ApiSince | None = None
    rateLimit: Annotated[float, Field(gt=0)] | None = None
    maxPages: Annotated[int, Field(ge=1)] = 10_000
    maxBytes: Annotated[int, Field(ge=1)] = 4 << 30
    timeout: Annotated[float, Field(gt=0, le=600)] = 30
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    backoff: Annotated[float, Field(gt=0, le=60)] = 0.5


class _Property(Part):
    """Gives the faults of a description their place below `api`."""

    api: ApiForm


def read_api(value: object, columns: tuple[str, ...]) -> Api:
    """The description in a contract's custom property; raises pydantic's ValidationError, or ValueError."""
    form = _Property.model_validate({"api": value}).api
    if held := [name for name in (*form.parameters, *form.headers) if is_credential(name)]:
        raise ValueError(f"api: {held[0]} looks like a credential: name the secret in api.auth, never write it")
    if wrong := [name for name, text in form.headers.items() if not _is_sendable(name, text)]:
        raise ValueError(f"api.headers: {wrong[0]} cannot be sent")
    api = Api(
        url=form.url or "",
        records=form.records,
        paging=_paging(form.paging) if form.paging else None,
        page_size=PageSize(form.pageSize.parameter, form.pageSize.value) if form.pageSize else None,
        parameters=tuple((name, _text(each)) for name, each in form.parameters.items()),
        headers=tuple(form.headers.items()),
        auth=_auth(form.auth) if form.auth else None,
        since=_since(form.since, columns) if form.since else None,
        rate_limit=form.rateLimit,
        max_pages=form.maxPages,
        max_bytes=form.maxBytes,
        timeout=form.timeout,
        attempts=form.attempts,
        backoff=form.backoff,
    )
    if api.url:
        try:
            check(api.url, api.hidden)
        except InputError as fault:
            raise ValueError(f"api.url: {fault.what}") from None
    return api


def _is_sendable(name: str, text: str) -> bool:
    plain = (name + text).isascii() and (name + text).isprintable() and not set(name) & set(' :()<>@,;"/[]?={}')
    return plain and bool(name) and name.lower() not in _CONNECTION


def _text(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _paging(form: ApiPaging) -> Paging:
    needed, given = _NEEDED[form.kind], form.model_dump(exclude={"kind"}, exclude_none=True)
    if missing := [name for name in needed if not given.get(name)]:
        raise ValueError(f"api.paging: the kind {form.kind} needs {' and '.join(missing)}")
    if idle := [name for name in given if name not in (*needed, *_ALSO.get(form.kind, ()))]:
        raise ValueError(f"api.paging: the kind {form.kind} has no use for {' and '.join(idle)}")
    return paging_of(form.kind, **given)


def paging_of(
    kind: PagingKind, *, path: str = "", parameter: str = "", first: int | None = None, total: str = ""
) -> Paging:
    """Paging whose first page has the usual number: pages from 1, offsets from 0."""
    return Paging(kind, path, parameter, first if first is not None else int(kind != "offset"), total)


def _auth(form: ApiAuth) -> Auth:
    if (form.kind in ("header", "query")) != bool(form.name):
        raise ValueError(f"api.auth: the kind {form.kind} {'has no use for' if form.name else 'needs'} name")
    if form.prefix and form.kind != "header":
        raise ValueError(f"api.auth: the kind {form.kind} has no use for prefix")
    if form.kind == "header" and not _is_sendable(form.name or "", form.prefix):
        raise ValueError(f"api.auth: the header {form.name} cannot be sent")
    return Auth(form.kind, form.name or "", form.prefix, form.secret, form.field)


def _since(form: ApiSince, columns: tuple[str, ...]) -> Since:
    if form.column not in columns:
        raise ValueError(f"api.since.column: there is no column {form.column}")
    return Since(form.parameter, form.column, "" if form.start is None else str(form.start))


def typed_paging(text: str) -> Paging:
    """Paging as it is typed, such as `nextLink:paging.next`; raises InputError."""
    kind, *rest = text.split(":")
    if kind in _NEEDED and len(rest) == len(_NEEDED[kind]) and all(rest):
        return _paging(ApiPaging.model_validate({"kind": kind, **dict(zip(_NEEDED[kind], rest, strict=True))}))
    raise InputError(
        f"--paging does not take {text!r}",
        why="it is a kind with what that kind needs, separated by colons",
        remedy="none, linkHeader, nextLink:PATH, cursor:PATH:PARAMETER, page:PARAMETER or offset:PARAMETER",
    )


def typed_page_size(text: str) -> PageSize:
    """A page size as it is typed, such as `per_page=100`; raises InputError."""
    name, _, number = text.partition("=")
    if name and number.isascii() and number.isdigit() and int(number):
        return PageSize(name, int(number))
    raise InputError(
        f"--page-size does not take {text!r}", why="it is PARAMETER=N", remedy="for example: --page-size per_page=100"
    )
