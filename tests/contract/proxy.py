"""A proxy before the stand-in's S3: it notes every request, and does to chosen ones what a network or S3 can do."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_OWN = ("connection", "transfer-encoding", "date", "server", "content-length")
_Answer = tuple[int, list[tuple[str, str]], int, bytes]


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

    endpoint_url: str
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


@contextmanager
def proxy_before(store: str) -> Iterator[Proxy]:
    """A proxy before the store at an address."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.store = urlsplit(store).netloc
    server.proxy = Proxy(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.proxy
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    store: str
    proxy: Proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _pass_on(self) -> None:
        fault = self.server.proxy.note(_request(self.command, self.path, self.headers.get("Range")))
        length = int(self.headers.get("Content-Length") or 0)
        body = self._read_slowly(length) if fault and fault.is_slow else self.rfile.read(length)
        if len(body) < length:
            return
        if fault is None:
            self._answer(*self._ask(body))
            return
        fault.meanwhile()
        if fault.status:
            text = f"<Error><Code>{fault.code}</Code><Message>told by the proxy</Message></Error>".encode()
            self._answer(fault.status, [("Content-Type", "application/xml")], len(text), text)
            return
        status, headers, length, found = self._ask(body)
        if not fault.loses_answer:
            self._answer(status, headers, length, found[: fault.cuts_after])
        if fault.loses_answer or fault.cuts_after is not None:
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _read_slowly(self, length: int) -> bytes:
        body = bytearray()
        while block := self.rfile.read(min(64 << 10, length - len(body))):
            body += block
            time.sleep(0.02)
        return bytes(body)

    def _ask(self, body: bytes) -> _Answer:
        upstream = http.client.HTTPConnection(self.server.store, timeout=30)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            found = answer.read()
        finally:
            upstream.close()
        return answer.status, answer.getheaders(), int(answer.headers.get("Content-Length") or len(found)), found

    def _answer(self, status: int, headers: list[tuple[str, str]], length: int, body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


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
