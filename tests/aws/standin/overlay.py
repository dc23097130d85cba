"""The one address of the stand-in account: what our own services answer, they answer; ministack gets all the rest.

Requests pass unchanged and streamed, chunked ones too. Nothing here knows Glue or Athena: see `account`.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

Operation = Callable[[dict[str, Any]], dict[str, Any]]
"""Answers the parsed body of a request in AWS's JSON protocol, or raises Fault."""

_BLOCK = 256 * 1024
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "expect", "proxy-connection", "te", "upgrade"}
_IDLE_SECONDS = 2.0  # ministack closes a connection that is quiet for five


class Fault(Exception):  # noqa: N818 (it is what AWS calls it)
    """An error as AWS answers it: its code, and its words."""

    def __init__(self, code: str, message: str, **more: str) -> None:
        super().__init__(message)
        self.code, self.message, self.more = code, message, more


class Overlay:
    """An HTTP server on loopback in front of ministack.

    It listens on `port`, ministack on `behind`. `operations` are ours, by X-Amz-Target (`AWSGlue.StartJobRun`);
    `about` is what `GET /_standin` tells.
    """

    def __init__(self, port: int, behind: int, operations: Mapping[str, Operation], about: Mapping[str, str]) -> None:
        class Handler(_Handler):
            upstream_port = behind
            ours = operations
            told = about

        self._server = _Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = _BLOCK
    upstream_port: int
    ours: Mapping[str, Operation]
    told: Mapping[str, str]

    def setup(self) -> None:
        super().setup()
        self._upstream: http.client.HTTPConnection | None = None
        self._used = 0.0

    def finish(self) -> None:
        super().finish()
        if self._upstream:
            self._upstream.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name is the library's)
        """No log: a test looks at answers."""

    def handle_expect_100(self) -> bool:
        on = super().handle_expect_100()
        self.wfile.flush()  # the client waits for it before it sends the body
        return on

    def _any(self) -> None:
        operation = self.ours.get(self.headers.get("X-Amz-Target", ""))
        if operation:
            self._answer(operation)
        elif self.path == "/_standin":
            self._send_json(200, dict(self.told))
        else:
            self._pass_on()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_PATCH = _any  # noqa: N815 (the library's)

    def _answer(self, operation: Operation) -> None:
        body = b"".join(self._body())
        try:
            status, answer = 200, operation(json.loads(body or b"{}"))
        except Fault as fault:
            status, answer = 400, {"__type": fault.code, "message": fault.message, "Message": fault.message}
            answer |= fault.more
        except Exception as error:  # a fault of ours must reach the test
            status, answer = 500, {"__type": "InternalServerException", "message": f"the stand-in failed: {error!r}"}
        self._send_json(status, answer)

    def _send_json(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("x-amzn-RequestId", str(uuid4()))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _pass_on(self) -> None:
        upstream = self._connection()
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                upstream.putheader(name, value)
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        if chunked:
            upstream.putheader("Transfer-Encoding", "chunked")
        upstream.endheaders()
        for block in self._body():
            upstream.send(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if chunked:
            upstream.send(b"0\r\n\r\n")
        self._pass_back(upstream.getresponse())
        self._used = time.monotonic()

    def _connection(self) -> http.client.HTTPConnection:
        if self._upstream and time.monotonic() - self._used > _IDLE_SECONDS:
            self._upstream.close()
            self._upstream = None
        if self._upstream is None:
            self._upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=300)
        return self._upstream

    def _body(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline() not in (b"\r\n", b"\n", b""):
                """Trailers are not passed on: none of our clients sends any outside aws-chunked."""
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left and (block := self.rfile.read(min(left, _BLOCK))):
            left -= len(block)
            yield block

    def _pass_back(self, response: http.client.HTTPResponse) -> None:
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        empty = self.command == "HEAD" or response.status in (204, 304)
        chunked = not empty and response.getheader("Content-Length") is None
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while block := response.read1(_BLOCK):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        response.close()  # read to its end: the connection is free for the next request
