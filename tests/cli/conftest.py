"""Runs commands in process, each with streams, variables and a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from tests.lake import Result, in_process


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
        return in_process(
            *args,
            folder=cwd or tmp_path,
            variables={"HOME": str(tmp_path), **(env or {})},
            stdin=stdin,
            stdin_tty=tty,
            stdout_tty=tty,
            stderr_tty=tty,
            width=width,
            clock=lambda: now,
        )

    return call
