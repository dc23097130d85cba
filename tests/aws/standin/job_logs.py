"""Carries what a job says into CloudWatch Logs, line by line, as Glue does: `<prefix>/output` and `<prefix>/error`."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import IO, Any

_EVERY_SECONDS = 0.3
_AT_ONCE = 500
_LONGEST = 200_000  # bytes; CloudWatch takes 256 KiB an event


class LogStream:
    """A stream of a log group, made where it is not there; `follow` reads a pipe to its end."""

    def __init__(self, logs: Any, group: str, stream: str) -> None:
        self._logs, self._group, self._stream = logs, group, stream
        self._lines: queue.SimpleQueue[tuple[int, str] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self.last_lines: list[str] = []
        """The last few hundred lines, for the run's error message."""
        for make in (self._make_group, self._make_stream):
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                make()

    def follow(self, pipe: IO[bytes]) -> None:
        """Send each line of `pipe` until it ends."""
        self._threads = [threading.Thread(target=self._read, args=(pipe,), daemon=True),
                         threading.Thread(target=self._send, daemon=True)]  # fmt: skip
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until all is sent."""
        for thread in self._threads:
            thread.join(timeout=30)

    def _make_group(self) -> None:
        self._logs.create_log_group(logGroupName=self._group)

    def _make_stream(self) -> None:
        self._logs.create_log_stream(logGroupName=self._group, logStreamName=self._stream)

    def _read(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            text = line.decode("utf-8", "replace").rstrip("\r\n")[:_LONGEST]
            self.last_lines = [*self.last_lines[-300:], text]
            if text:  # CloudWatch takes no empty message
                self._lines.put((int(time.time() * 1000), text))
        self._lines.put(None)

    def _send(self) -> None:
        ended = False
        while not ended:
            batch: list[dict[str, Any]] = []
            until = time.monotonic() + _EVERY_SECONDS
            while len(batch) < _AT_ONCE and not ended and (left := until - time.monotonic()) > 0:
                with contextlib.suppress(queue.Empty):
                    line = self._lines.get(timeout=left)
                    ended = line is None
                    if line is not None:
                        batch.append({"timestamp": line[0], "message": line[1]})
            if batch:
                self._logs.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=batch)
