"""DuckDB sessions: limits, quoting, and relations over the files of a snapshot."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from salesperf_cli.core.listing import Listing
from salesperf_cli.core.tables import Partition

if TYPE_CHECKING:
    import duckdb

    from salesperf_cli.core.contracts import Contract

T = TypeVar("T")
DEFAULT_MEMORY_LIMIT = "1GB"
"""What does not fit is spilled to disk: a million orders stay under 1.5 GB. `memory_limit` in salesperf.toml raises
it.
"""

_TYPES = {"string": "VARCHAR", "int": "INTEGER", "long": "BIGINT", "bigint": "BIGINT"}
_HUMAN = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


def module() -> Any:
    """DuckDB's extension module.

    The wrappers around it in the package `duckdb`, which we can do without, take five sixths of that package's import:
    a third of a query's time. Importing the package later adds them to the very same classes.
    """
    try:
        import _duckdb
    except ImportError:  # the module is not part of DuckDB's documented interface
        import duckdb

        return duckdb
    return _duckdb


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt after Ctrl-C, in whose place DuckDB raises a RuntimeError of its own."""
    try:
        yield
    except RuntimeError as fault:
        if str(fault) == "Query interrupted":
            raise KeyboardInterrupt from fault
        raise


def stoppable(connection: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """What `work` on a connection gives; it is done in a thread of its own, so that Ctrl-C stops it at once.

    DuckDB itself looks for signals between tasks only, and one task of a cross join can take hours.
    """
    import threading
    from concurrent.futures import Future

    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as fault:
            future.set_exception(fault)

    threading.Thread(target=run, daemon=True).start()
    try:
        return future.result()
    except KeyboardInterrupt:
        connection.interrupt()
        future.exception()  # the connection must not be closed under it
        raise


@contextmanager
def session(scratch: Path, *, memory_limit: str | None, threads: int | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory database that spills to `scratch`, which is removed at the end."""
    scratch.mkdir(parents=True, exist_ok=True)
    connection = module().connect()
    try:
        with interruptible():
            connection.execute(f"SET temp_directory = {text(str(scratch))}")
            connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
            connection.execute("SET enable_progress_bar = false")
            connection.execute("SET preserve_insertion_order = false")  # rows of a table have no order
            connection.execute("SET parquet_metadata_cache = true")  # files of a table never change
            connection.execute(f"SET memory_limit = {text(memory_limit or DEFAULT_MEMORY_LIMIT)}")
            if threads:
                connection.execute(f"SET threads = {int(threads)}")
            configure(connection)
            yield connection
    finally:
        connection.close()
        shutil.rmtree(scratch, ignore_errors=True)


def configure(connection: duckdb.DuckDBPyConnection) -> None:
    """What each connection to a session needs to be told anew."""
    connection.execute("SET TimeZone = 'UTC'")


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A quoted identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def names(identifiers: Iterable[str], *, prefix: str = "") -> str:
    """Quoted identifiers, comma-separated."""
    return ", ".join(prefix + name(each) for each in identifiers)


def sql_type(type_: str) -> str:
    """The DuckDB type of a contract's or a listing's type."""
    return _TYPES.get(type_, type_.upper())


def relation(listing: Listing, *, paths: Iterable[str] | None = None) -> str:
    """A SELECT over the files of a listing (or those of them in `paths`), in the listing's columns."""
    chosen = [file.path for file in listing.files] if paths is None else list(paths)
    columns = names(column for column, _ in listing.columns)
    if not chosen:
        return empty(listing.columns)
    if listing.form == "ndjson":
        return _landed(listing, chosen)
    return f"SELECT {columns} FROM read_parquet([{', '.join(map(text, chosen))}], hive_partitioning = false)"


def _landed(listing: Listing, paths: list[str]) -> str:
    """A SELECT over landed events: the columns in the objects' lines, and those that their paths say."""
    place = ("landed_date", "landed_hour")
    columns = ", ".join(
        f"{text(each)}: {text(sql_type(type_))}" for each, type_ in listing.columns if each not in place
    )
    formats = "timestampformat = '%Y-%m-%d %H:%M:%S', dateformat = '%Y-%m-%d'"
    own = names(each for each, _ in listing.columns if each not in place)
    said = "regexp_extract(filename, '/landed_{0}=([0-9-]+)/', 1)"
    return (
        f"SELECT {own}, {said.format('date')} AS landed_date, CAST({said.format('hour')} AS INTEGER) AS landed_hour "
        f"FROM read_json([{', '.join(map(text, paths))}], format = 'newline_delimited', compression = 'gzip', "
        f"columns = {{{columns}}}, {formats}, filename = true, hive_partitioning = false)"
    )


def empty(columns: Iterable[tuple[str, str]]) -> str:
    """A SELECT of no rows with these columns."""
    nulls = ", ".join(f"CAST(NULL AS {sql_type(type_)}) AS {name(column)}" for column, type_ in columns)
    return f"SELECT {nulls} WHERE false"


def contract_columns(contract: Contract) -> tuple[tuple[str, str], ...]:
    """A contract's columns as (name, type)."""
    return tuple((column.name, str(column.type)) for column in contract.columns)


def partition_text(partition: Partition) -> str:
    """An expression that gives a row's partition as listings write it (`2017-01`)."""
    column = name(partition.column)
    if partition.transform == "identity":
        return f"CAST({column} AS VARCHAR)"
    return f"strftime({column}, '{_HUMAN[partition.transform]}')"


def fetch_counts(connection: duckdb.DuckDBPyConnection, sql: str) -> Mapping[str, int]:
    """The one row of an aggregate query, by column name."""
    cursor = connection.execute(sql)
    row = cursor.fetchone()
    assert row is not None and cursor.description is not None
    return {column[0]: int(value or 0) for column, value in zip(cursor.description, row, strict=True)}
