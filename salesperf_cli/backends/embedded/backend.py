"""The local target's parts, put together over one lake folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded.objects import FolderObjects
from salesperf_cli.backends.embedded.tables import LocalTables

if TYPE_CHECKING:
    from salesperf_cli.backends.embedded.engine import DuckEngine
    from salesperf_cli.backends.embedded.queries import Answer
    from salesperf_cli.core.athena import Translation
    from salesperf_cli.core.listing import Listing


class LocalBackend:
    """Implements `Backend` over the lake folder `root`."""

    engine_name = "duckdb"

    def __init__(self, root: Path, *, memory_limit: str | None, threads: int | None) -> None:
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

    @contextmanager
    def answer(self, translation: Translation, listings: Mapping[str, Listing]) -> Iterator[Answer]:
        """Run a query; its rows can be fetched inside the block."""
        from salesperf_cli.backends.embedded.queries import answer

        with answer(translation, listings, memory_limit=self._memory_limit, threads=self._threads) as rows:
            yield rows
