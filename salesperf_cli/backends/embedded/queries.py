"""Runs translated queries in DuckDB over the exact files of a snapshot, with every other file out of reach.

SQL that gets here has been compiled from an allow-list; that the session can open nothing but these files is the second
lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from salesperf_cli.backends.embedded import duck
from salesperf_cli.core.athena import Translation
from salesperf_cli.core.listing import Listing
from salesperf_cli.core.tables import TableName
from salesperf_cli.errors import InputError, RetryableError

if TYPE_CHECKING:
    import duckdb


class Answer:
    """The rows of a query, fetched as they are asked for."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, columns: tuple[tuple[str, str], ...]) -> None:
        self._connection = connection
        self.columns = columns

    def fetch(self, count: int) -> list[tuple[Any, ...]]:
        """The next rows, at most `count`; none at the end."""
        with told_in_plain_words():
            return duck.stoppable(self._connection, lambda: self._connection.fetchmany(count))

    def arrow(self) -> Any:
        """All remaining rows as an Arrow table."""
        import warnings

        import duckdb  # noqa: F401 - it gives connections the method below

        with told_in_plain_words(), warnings.catch_warnings():
            # DuckDB would rather run the query again than copy its rows; bound parameters are worth the copy.
            warnings.simplefilter("ignore", UserWarning)
            return duck.stoppable(self._connection, self._connection.to_arrow_table)


@contextmanager
def answer(
    translation: Translation, listings: Mapping[str, Listing], *, memory_limit: str | None, threads: int | None
) -> Iterator[Answer]:
    """Run a query; its rows can be fetched inside the block."""
    connection = duck.module().connect()
    try:
        with duck.interruptible():
            with told_in_plain_words():
                _prepare(connection, translation, listings, memory_limit=memory_limit, threads=threads)
                duck.stoppable(connection, lambda: connection.execute(translation.sql, list(translation.parameters)))
            yield Answer(connection, tuple((column.name, column.type) for column in translation.output))
    finally:
        connection.close()


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    translation: Translation,
    listings: Mapping[str, Listing],
    *,
    memory_limit: str | None,
    threads: int | None,
) -> None:
    from salesperf_cli.backends.embedded import trino_macros

    settings = list(trino_macros.SETTINGS)
    settings.append("SET enable_progress_bar = false")
    if memory_limit:
        settings.append(f"SET memory_limit = {duck.text(memory_limit)}")
    if threads:
        settings.append(f"SET threads = {int(threads)}")
    statements = [*settings, *trino_macros.definitions(translation.macros)]
    for name in map(TableName.parse, listings):
        statements.append(f"CREATE SCHEMA IF NOT EXISTS {duck.name(name.layer)}")
        listing = listings[str(name)]
        statements.append(f"CREATE VIEW {duck.name(name.layer)}.{duck.name(name.table)} AS {duck.relation(listing)}")
    paths = ", ".join(duck.text(file.path) for listing in listings.values() for file in listing.files)
    statements.append(f"SET allowed_paths = [{paths}]")
    statements.append("SET enable_external_access = false; SET lock_configuration = true")
    for statement in statements:
        connection.execute(statement)


@contextmanager
def told_in_plain_words() -> Iterator[None]:
    """Turn the engine's own errors into ours."""
    duckdb = duck.module()
    try:
        yield
    except duckdb.OutOfMemoryException as fault:
        raise RetryableError(
            "the query needs more memory than it may use",
            why=_told(fault),
            remedy="raise memory_limit in salesperf.toml",
        ) from fault
    except duckdb.IOException as fault:
        raise RetryableError(
            "a file of a table could not be read",
            why=_told(fault),
            remedy="if it is gone for good, build the tables anew: salesperf run-batch --full-refresh --promote",
        ) from fault
    except duckdb.InternalException as fault:
        raise RetryableError("the query could not be run", why=_told(fault), remedy="run: salesperf doctor") from fault
    except duckdb.Error as fault:
        raise InputError("the query failed", why=_told(fault), remedy="correct the SQL or its data") from fault


def _told(fault: Exception) -> str:
    """The fault in one line, in Trino's words where a macro raised it."""
    from salesperf_cli.backends.embedded.trino_macros import plain_error

    return plain_error(str(fault)).strip().splitlines()[0]
