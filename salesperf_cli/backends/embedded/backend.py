"""The local target's parts, put together over one lake folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded.objects import FolderObjects
from salesperf_cli.backends.embedded.tables import LocalTables
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

    from salesperf_cli.backends.embedded.engine import DuckEngine
    from salesperf_cli.backends.embedded.queries import Answer
    from salesperf_cli.backends.embedded.stream import EmbeddedStream
    from salesperf_cli.core.athena import Translation
    from salesperf_cli.core.listing import Listing


class LocalBackend:
    """Implements `Backend` over the lake folder `root`."""

    engine_name = "duckdb"

    def __init__(self, root: Path, *, memory_limit: str | None, threads: int | None) -> None:
        if "#" in str(root) or "?" in str(root):  # Iceberg's clients take paths for URLs and would cut them there
            raise InputError(
                f"the lake cannot lie in {root}",
                why="tables cannot be kept below a folder with # or ? in its name",
                remedy="rename the folder, or set another lake in salesperf.toml",
            )
        self.root = root
        self.objects = FolderObjects(root)
        self.tables = LocalTables(root)
        self._memory_limit = memory_limit
        self._threads = threads

    @contextmanager
    def engine(self, run_id: str) -> Iterator[DuckEngine]:
        """An engine for one run."""
        from salesperf_cli.backends.embedded.engine import duck_engine

        with duck_engine(
            self.tables, self.root, run_id, memory_limit=self._memory_limit, threads=self._threads
        ) as engine:
            yield engine

    def stream(self, table: str, contract: bytes) -> EmbeddedStream:
        """The stream of a table's events; `contract` is the one that the function judges by."""
        from salesperf_cli.backends.embedded.function import handler
        from salesperf_cli.backends.embedded.stream import EmbeddedStream, write_object

        folder = self.root / "_stream" / table
        return EmbeddedStream(folder, handler(contract, write_object(self.root), folder / "function.log"))

    def landing_since(self, table: str) -> datetime | None:
        """From now on nothing lands that arrived before this moment."""
        from salesperf_cli.backends.embedded.stream import landing_since

        return landing_since(self.root / "_stream" / table)

    def expect_question(self) -> None:
        """Begin to load the engine while the question is being compiled: both take a third of a query's time.

        The process waits for it at its end: to stop amid an import of C code aborts.
        """
        from salesperf_cli.backends.embedded import duck

        threading.Thread(target=duck.module).start()

    @contextmanager
    def answer(self, translation: Translation, listings: Mapping[str, Listing]) -> Iterator[Answer]:
        """Run a query; its rows can be fetched inside the block."""
        from salesperf_cli.backends.embedded.queries import answer

        with answer(translation, listings, memory_limit=self._memory_limit, threads=self._threads) as rows:
            yield rows
