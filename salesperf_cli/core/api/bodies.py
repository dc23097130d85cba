"""Reads a page's body: the records, each as one line of compact JSON, and the way to the next page.

Numbers, escapes and the order of keys stay as they were written: values are cut out of the text, not made anew.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^\s=;,]+\s*=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s\";,]*))*)\s*(?:,|$)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\";,]+))", re.IGNORECASE)
_NEXT_NAMES = (
    "next", "next_page", "nextPage", "next_url", "nextUrl", "next_link", "nextLink", "@odata.nextLink", "next_cursor",
    "nextCursor", "next_page_token", "nextPageToken", "next_token", "nextToken", "cursor", "has_more", "hasMore",
)  # fmt: skip
_NEXT_PATHS = tuple(
    f"{place}{name}" for place in ("", "links.", "_links.", "paging.", "pagination.", "meta.") for name in _NEXT_NAMES
)


class BodyFault(Exception):  # noqa: N818 - a fault that the caller turns into an error of ours
    """A body that is not what the contract says; `truncated` when it only seems to lack its end."""

    def __init__(self, why: str, *, truncated: bool = False) -> None:
        super().__init__(why)
        self.truncated = truncated


@dataclass(frozen=True, slots=True)
class Body:
    """The JSON text of a page."""

    text: bytes

    @classmethod
    def of(cls, data: bytes, content_type: str) -> Body:
        """The body of an answer; raises BodyFault for what is not JSON in UTF-8."""
        kind = content_type.partition(";")[0].strip().lower()
        if kind and kind not in ("application/json", "text/json") and not kind.endswith("+json"):
            raise BodyFault(f"it is {kind} and not JSON")
        text = data.removeprefix(codecs.BOM_UTF8).strip()
        try:
            text.decode("utf-8")
        except UnicodeDecodeError as fault:
            truncated = fault.reason == "unexpected end of data" and fault.end == len(text)
            raise BodyFault("it is not text in UTF-8", truncated=truncated) from fault
        return cls(text)

    def check(self) -> None:
        """Raises BodyFault when the text is not JSON."""
        _decode(self.text)

    def records(self, path: str | None) -> list[bytes]:
        """The records at a path, each a compact JSON object; raises BodyFault when no list of objects is there.

        Without a path (None) the body is the list, or an object in which one list stands.
        """
        if path is None:
            path = self._only_list()
        found, reached = self._walk(path)
        where = f"at {path}" if path else "in the body"
        if found is None:
            raise BodyFault(f"there is nothing {where}: {reached}")
        if bytes(found) == b"null":
            return []
        if not bytes(found).startswith(b"["):
            raise BodyFault(f"{_kind(bytes(found))} stands {where}, and no list of records{self._hint(found, path)}")
        return [_record(number, bytes(raw), where) for number, raw in enumerate(_list(found), start=1)]

    def value(self, path: str) -> str | None:
        """The text or number at a path; None when nothing, null, false or an empty text stands there."""
        found, _ = self._walk(path)
        text = b"" if found is None else bytes(found)
        if text in (b"", b"null", b"false", b'""'):
            return None
        if text[:1] in (b"{", b"[", b"t"):
            raise BodyFault(f"{_kind(text)} stands at {path}, and no text or number")
        return str(msgspec.json.decode(text, type=str)) if text.startswith(b'"') else text.decode()

    def _walk(self, path: str) -> tuple[msgspec.Raw | None, str]:
        """What stands at a path, and where there is nothing: how far one gets."""
        found, so_far, rest = _decode(self.text), "the body", path
        while rest:
            if not bytes(found).startswith(b"{"):
                return None, f"{so_far} is {_kind(bytes(found))}"
            fields = _fields(found)
            # A name may hold dots itself, such as `@odata.nextLink`.
            name = rest if rest in fields else rest.partition(".")[0]
            if name not in fields:
                return None, f"{so_far} holds {', '.join(list(fields)[:12]) or 'nothing'}"
            found, so_far, rest = fields[name], name, rest[len(name) + 1 :]
        return found, ""

    def _only_list(self) -> str:
        found = _decode(self.text)
        if not bytes(found).startswith(b"{"):
            return ""
        lists = _lists(found)
        if len(lists) == 1:
            return lists[0]
        told = f"lists stand at {', '.join(lists)}" if lists else f"it holds {', '.join(list(_fields(found))[:12])}"
        raise BodyFault(f"it does not tell where the records are: {told}")

    def refuse_next(self) -> None:
        """Raises BodyFault when the body names a next page, though nothing was said of paging."""
        for path in _NEXT_PATHS:
            at, _ = self._walk(path)
            text = b"" if at is None else bytes(at)
            if text not in (b"", b"null", b"false", b'""', b"{}", b"[]"):
                raise BodyFault(f"it seems to name a next page at {path}, and nothing is said of paging")

    def _hint(self, found: msgspec.Raw, path: str) -> str:
        if not bytes(found).startswith(b"{"):
            return ""
        named = ", ".join(f"{path}.{name}" if path else name for name in _lists(found)[:5])
        return f"; lists stand at {named}" if named else ""


def next_link(headers: Iterable[str]) -> str | None:
    """The target of rel="next" in the values of Link headers (RFC 8288)."""
    for value in headers:
        for link, parameters in _LINK.findall(value):
            found = _REL.search(parameters)
            if found and "next" in (found.group(1) or found.group(2) or "").lower().split():
                return str(link)
    return None


def field_text(record: bytes, name: str) -> str | None:
    """A field of a record as text, a number as it was written; None where it is missing, null or nested."""
    raw = _fields(msgspec.Raw(record)).get(name)
    text = b"" if raw is None else bytes(raw)
    if text.startswith(b'"'):
        return str(msgspec.json.decode(text, type=str))
    return None if text[:1] in (b"", b"n", b"{", b"[", b"t", b"f") else text.decode()


def _record(number: int, raw: bytes, where: str) -> bytes:
    if not raw.startswith(b"{"):
        raise BodyFault(f"{_kind(raw)} stands {where} as number {number}, and no object")
    with _bounded():
        return msgspec.json.format(raw, indent=-1)


@contextmanager
def _bounded() -> Iterator[None]:
    """Tells of lists and objects that stand in one another beyond what can be read."""
    try:
        yield
    except RecursionError:
        raise BodyFault("its lists and objects are nested too deeply to be read") from None


def _decode(text: bytes) -> msgspec.Raw:
    try:
        with _bounded():
            return msgspec.json.decode(text, type=msgspec.Raw)
    except msgspec.DecodeError as fault:
        raise BodyFault(f"it is not JSON: {fault}", truncated="truncated" in str(fault)) from fault


def _lists(raw: msgspec.Raw) -> list[str]:
    return [name for name, value in _fields(raw).items() if bytes(value).startswith(b"[")]


def _list(raw: msgspec.Raw) -> list[msgspec.Raw]:
    with _bounded():
        return msgspec.json.decode(raw, type=list[msgspec.Raw])


def _fields(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    with _bounded():
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])


def _kind(text: bytes) -> str:
    kinds = {b"{": "an object", b"[": "a list", b'"': "a text", b"n": "null", b"t": "true", b"f": "false"}
    return kinds.get(text[:1], "a number")
