"""What a network or S3 does to chosen requests, and a note of every one that passes. Not a test module."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

from tests.proxy import Answer, Exchange, proxy_before


@dataclass(frozen=True, slots=True)
class Request:
    """A request as S3's documentation names it, its part's number, and its Range header."""

    operation: str
    part: int | None
    range: str | None


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests of an operation.

    With a `status` the store is not asked. `loses_answer`: it is asked, and the connection ends before the answer.
    `cuts_after`: only so many bytes of the body arrive. `is_slow`: what is sent passes at 3 MB/s. `meanwhile` runs
    before the store is asked.
    """

    operation: str
    times: int = 1
    status: int | None = None
    code: str = ""
    loses_answer: bool = False
    cuts_after: int | None = None
    is_slow: bool = False
    meanwhile: Callable[[], object] = lambda: None
    parts: tuple[int, ...] = ()

    def meets(self, request: Request) -> bool:
        """Whether this is what happens to a request."""
        return self.operation == request.operation and (not self.parts or request.part in self.parts)


@dataclass
class Proxy:
    """A running proxy: its address, what has passed, and what is to go wrong."""

    endpoint_url: str = ""
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def passed(self) -> Counter[str]:
        """How often each operation was asked for."""
        return Counter(each.operation for each in self.requests)

    def note(self, request: Request) -> Fault | None:
        """Take account of a request; gives what is to happen to it."""
        with self.lock:
            self.requests.append(request)
            for fault in self.faults:
                if fault.times and fault.meets(request):
                    fault.times -= 1
                    return fault
        return None

    def behave(self, exchange: Exchange) -> None:
        """Let a request through, or do to it what is to happen."""
        fault = self.note(_request(exchange.command, exchange.path, exchange.headers.get("Range")))
        body = exchange.read(pause=0.02 if fault and fault.is_slow else 0)
        if fault is None:
            exchange.answer(exchange.ask(body))
            return
        fault.meanwhile()
        if fault.status:
            text = f"<Error><Code>{fault.code}</Code><Message>told by the proxy</Message></Error>".encode()
            exchange.answer(Answer(fault.status, (("Content-Type", "application/xml"),), text))
            return
        answer = exchange.ask(body)
        if not fault.loses_answer:
            exchange.answer(replace(answer, body=answer.body[: fault.cuts_after]))
        if fault.loses_answer or fault.cuts_after is not None:
            exchange.hang_up()


@contextmanager
def s3_proxy_before(store: str) -> Iterator[Proxy]:
    """A proxy before the store at an address."""
    proxy = Proxy()
    with proxy_before(store, proxy.behave) as proxy.endpoint_url:
        yield proxy


def _request(method: str, path: str, range_: str | None) -> Request:
    query = parse_qs(urlsplit(path).query, keep_blank_values=True)
    part = int(query["partNumber"][0]) if "partNumber" in query else None
    if "uploadId" in query:
        operation = {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}[method]
    elif "uploads" in query:
        operation = "CreateMultipartUpload"
    elif "list-type" in query:
        operation = "ListObjectsV2"
    else:
        operation = {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}[method]
    return Request(operation, part, range_)
