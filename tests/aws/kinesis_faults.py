"""A proxy before a stand-in that does to PutRecords what Kinesis and networks do, by a seed. Not a test module.

Everything else passes through. Throttles come for whole calls and for single entries; replies get lost.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_OWN = ("connection", "transfer-encoding", "date", "server", "content-length")
_SLOW_DOWN = {"__type": "ProvisionedThroughputExceededException", "message": "Rate exceeded for shard"}


@dataclass
class Faults:
    """How often what happens, of one; and how often it did."""

    endpoint_url: str
    seed: int
    throttle: float = 0.15
    entry: float = 0.1
    lost_reply: float = 0.15
    happened: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    dice: random.Random = field(default_factory=random.Random)

    def happens(self, name: str) -> bool:
        with self.lock:
            if self.dice.random() >= getattr(self, name):
                return False
            self.happened[name] += 1
            return True


@contextmanager
def faults_before(store: str, seed: int) -> Iterator[Faults]:
    """A proxy before the stand-in at an address."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.store = urlsplit(store).netloc
    server.faults = Faults(f"http://127.0.0.1:{server.server_address[1]}", seed, dice=random.Random(seed))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.faults
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    store: str
    faults: Faults

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.headers.get("X-Amz-Target", "").endswith(".PutRecords"):
            self._answer(*self._ask(body))
            return
        faults = self.server.faults
        if faults.happens("throttle"):
            self._answer(400, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(_SLOW_DOWN).encode())
            return
        asked = json.loads(body)
        kept = [not faults.happens("entry") for _ in asked["Records"]]
        asked["Records"] = [each for each, keep in zip(asked["Records"], kept, strict=True) if keep]
        status, headers, found = self._ask(json.dumps(asked).encode()) if any(kept) else (200, [], b'{"Records": []}')
        if faults.happens("lost_reply"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._answer(status, headers, _merged(found, kept) if status == 200 else found)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(self.server.store, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("expect", *_OWN)}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _merged(found: bytes, kept: list[bool]) -> bytes:
    """The answer with the refused entries in their places."""
    taken = iter(json.loads(found)["Records"])
    refused = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard"}
    records = [next(taken) if keep else refused for keep in kept]
    return json.dumps({"FailedRecordCount": kept.count(False), "Records": records}).encode()
