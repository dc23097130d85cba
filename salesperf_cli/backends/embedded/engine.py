"""The embedded engine: stages, builds and checks in one DuckDB database a run, each step on a connection of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesperf_cli.backends.embedded import duck
from salesperf_cli.backends.embedded.building import Builder
from salesperf_cli.backends.embedded.checking import DuckEvidence
from salesperf_cli.backends.embedded.shelf import Shelf
from salesperf_cli.backends.embedded.stager import Stager
from salesperf_cli.core.build import BuildRequest, BuildResult, CheckRequest, StageRequest, StageResult
from salesperf_cli.core.checking import Checker
from salesperf_cli.core.ledger import CheckRecord
from salesperf_cli.core.tables import TableName

if TYPE_CHECKING:
    import duckdb

    from salesperf_cli.backends.embedded.tables import LocalTables


class DuckEngine:
    """Implements `Engine` for one run."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: LocalTables, root: Path, scratch: Path) -> None:
        self._connection = connection
        self._tables = tables
        self._warehouse = root / "warehouse"
        self._scratch = scratch
        self._shelf = Shelf(connection, tables)
        self._cursors: set[duckdb.DuckDBPyConnection] = set()

    def stage(self, request: StageRequest) -> StageResult:
        """Read bronze files, cast, judge, de-duplicate; afterwards models can read `bronze.<table>`."""
        with self._cursor() as cursor:
            builder = Builder(cursor, self._tables, self._shelf, self._warehouse)
            result, rows = Stager(cursor, request, builder, self._scratch).stage()
            self._shelf.show_staged(request.contract, rows)
            return result

    def build(self, request: BuildRequest) -> BuildResult:
        """Run a model and commit its rows to the run's audit branch."""
        with self._cursor() as cursor:
            return Builder(cursor, self._tables, self._shelf, self._warehouse).build(request)

    def check(self, request: CheckRequest) -> tuple[CheckRecord, ...]:
        """Judge a table's candidate state by its contract's rules."""
        with self._cursor() as cursor:
            return tuple(Checker(request, DuckEvidence(cursor, request, self._shelf)).check())

    def unstage(self, table: TableName) -> None:
        """Drop the staged rows of a bronze table: no later step reads them."""
        self._shelf.drop_staged(table)

    @contextmanager
    def selecting(self, sql: str, around: Callable[[str], str]) -> Iterator[Callable[[int], list[Any]]]:
        """Run a SELECT in portable SQL over staged tables, with one of DuckDB's own around it; inside the block, the
        next rows can be fetched, at most so many at once.
        """
        from salesperf_cli.core.portable_sql import to_duckdb

        with self._cursor() as cursor:
            cursor.execute(around(to_duckdb(sql, self._shelf.columns)))
            yield cursor.fetchmany

    def interrupt(self) -> None:
        """Stop what is under way; the steps then raise. A cursor that cannot be stopped ends by itself."""
        for cursor in list(self._cursors):
            with suppress(duck.module().Error):  # why the run is given up is what must be told
                cursor.interrupt()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the run's database: temporary tables on it are the step's own."""
        cursor = self._connection.cursor()
        self._cursors.add(cursor)
        try:
            with duck.interruptible():
                duck.configure(cursor)
                yield cursor
        finally:
            self._cursors.discard(cursor)
            cursor.close()


@contextmanager
def duck_engine(
    tables: LocalTables, root: Path, run_id: str, *, memory_limit: str | None, threads: int | None
) -> Iterator[DuckEngine]:
    """An engine for one run, with a scratch folder that is removed at the end. Hold the lease."""
    shutil.rmtree(root / "_tmp" / "runs", ignore_errors=True)  # what killed runs left: no other runs now
    scratch = root / "_tmp" / "runs" / run_id
    with duck.session(scratch, memory_limit=memory_limit, threads=threads) as connection:
        tables.warm_up()  # not earlier: it would hold up the import of DuckDB, for which everything waits
        yield DuckEngine(connection, tables, root, scratch)
