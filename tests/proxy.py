"""A proxy on loopback before a store that speaks HTTP; what it does to each request is the caller's. Not a test module.

with proxy_before(store, lambda exchange: exchange.answer(exchange.ask(exchange.read()))) as endpoint_url: …
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_OWN = ("connection", "transfer-encoding", "date", "server", "content-length")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; `length` is that of the body as the header names it, where that is not all that is sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    length: int | None = None


class Exchange(BaseHTTPRequestHandler):
    """A request that came, its body not yet read, and what can be done with it."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def read(self, pause: float = 0) -> bytes:
        """The body; with a pause in seconds after each 64 KiB. Raises ConnectionError when the client goes before."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        length, body = int(self.headers.get("Content-Length") or 0), bytearray()
        while len(body) < length and (block := self.rfile.read(min(64 << 10, length - len(body)))):
            body += block
            time.sleep(pause)
        if len(body) < length:
            raise ConnectionAbortedError
        return bytes(body)

    def ask(self, body: bytes) -> Answer:
        """What the store answers to the request with a body."""
        upstream = http.client.HTTPConnection(self.server.store, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("expect", *_OWN)}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            found = answer.read()
        finally:
            upstream.close()
        length = int(answer.headers.get("Content-Length") or len(found))
        return Answer(answer.status, tuple(answer.getheaders()), found, length)

    def answer(self, answer: Answer) -> None:
        """Send an answer."""
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            """Trailers are not passed on."""

    def hang_up(self) -> None:
        """End the connection, whatever was promised."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _pass_on(self) -> None:
        self.server.behave(self)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    store: str
    behave: Callable[[Exchange], None]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away or was killed is no news here."""


@contextmanager
def proxy_before(store: str, behave: Callable[[Exchange], None]) -> Iterator[str]:
    """A proxy before the store at an address; gives its own."""
    server = _Server(("127.0.0.1", 0), Exchange)
    server.store, server.behave = urlsplit(store).netloc, behave
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
