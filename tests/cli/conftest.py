"""Runs commands in process, each with streams, variables and a folder of its own."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from salesperf_cli.app import run
from salesperf_cli.environment import Environment


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str
    stdout_bytes: bytes


class Invoke(Protocol):
    def __call__(
        self,
        *args: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        tty: bool = False,
        width: int = 80,
        stdin: str = "",
        now: datetime = ...,
    ) -> Result: ...


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline="", write_through=True)


def _content(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


@pytest.fixture
def invoke(tmp_path: Path) -> Invoke:
    """`invoke("config", "show", cwd=…, env=…, tty=True)` as the shell would call it."""

    def call(
        *args: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        tty: bool = False,
        width: int = 80,
        stdin: str = "",
        now: datetime = datetime(2018, 9, 1, 12, tzinfo=UTC),
    ) -> Result:
        stdout, stderr = _stream(), _stream()
        world = Environment(
            stdin=_stream(stdin),
            stdout=stdout,
            stderr=stderr,
            variables={"HOME": str(tmp_path), **(env or {})},
            cwd=cwd or tmp_path,
            stdin_tty=tty,
            stdout_tty=tty,
            stderr_tty=tty,
            width=width,
            clock=lambda: now,
        )
        code = run(list(args), world)
        out = _content(stdout)
        return Result(int(code), out.decode(), _content(stderr).decode(), out)

    return call
