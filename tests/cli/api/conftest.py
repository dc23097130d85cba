"""A shop and servers for every test of this folder."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.api_server import Answer, Api, serving
from tests.cli.api.shop import Serve, Shop, new_shop
from tests.cli.conftest import Invoke


@pytest.fixture
def shop(invoke: Invoke, tmp_path: Path) -> Shop:
    """A project whose contract says nothing of an API yet."""
    return new_shop(invoke, tmp_path)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that end with the test."""
    with ExitStack() as stack:

        def start(answer: Answer, tls: ssl.SSLContext | None = None) -> Api:
            return stack.enter_context(serving(answer, tls))

        yield start
