"""A project folder with a lake, as tests use it: commands in process on real files, tables read from their Parquet.

No assertions about behaviour live here, except those by which two lakes or tables are compared.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

import salesperf_cli
from salesperf_cli.app import run
from salesperf_cli.backends.embedded.backend import LocalBackend
from salesperf_cli.core.ledger import Ledger, Release, RunRecord, TableState
from salesperf_cli.core.listing import Listing
from salesperf_cli.core.tables import TableName
from salesperf_cli.environment import Environment

PACKAGE = Path(salesperf_cli.__file__).parent
TABLES = (
    "silver.category_translation", "silver.customers", "silver.geolocation", "silver.order_items",
    "silver.order_payments", "silver.order_reviews", "silver.orders", "silver.products", "silver.sale_events",
    "silver.sellers", "gold.customer_rfm", "gold.delivery_performance", "gold.sales_ahead", "gold.sales_monthly",
    "gold.sales_wide", "gold.seller_scorecard",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str
    stdout_bytes: bytes

    @property
    def document(self) -> Any:
        """Standard output, read as JSON."""
        return json.loads(self.stdout)


def in_process(*args: str, folder: Path, variables: Mapping[str, str], stdin: str = "", **world: Any) -> Result:
    """Run a command line in process, in a folder. `world`: what else its Environment is, such as its clock or width."""
    streams = [
        io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline="", write_through=True) for text in (stdin, "", "")
    ]
    code = run(list(args), Environment(*streams, variables=variables, cwd=folder, **world))
    _, stdout, stderr = (_content(each) for each in streams)
    return Result(int(code), stdout.decode(), stderr.decode(), stdout)


@dataclass(frozen=True)
class Lake:
    """A project in `folder`. Nothing is cached between calls but the backend, which holds no state of the ledger."""

    folder: Path
    pipeline: Path | None = None

    # commands

    def call(self, *args: str) -> Result:
        """Run a command line in process, in the project's folder."""
        return in_process(*args, folder=self.folder, variables=self.variables)

    def done(self, *args: str) -> Any:
        """Run a command line that must succeed; gives its document (None where it printed none)."""
        result = self.call(*args)
        assert result.exit_code == 0, f"{args}: exit {result.exit_code}\n{result.stderr}"
        return result.document if result.stdout else None

    def start(self, *args: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command line as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "salesperf_cli", *args],
            cwd=self.folder,
            env={**os.environ, **self.variables, "PYTHONPATH": str(PACKAGE.parent)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    @property
    def variables(self) -> dict[str, str]:
        """The environment of commands."""
        chosen = {"SALESPERF_PIPELINE": str(self.pipeline)} if self.pipeline else {}
        return {"HOME": str(self.folder), **chosen}

    # what is in the lake

    @property
    def root(self) -> Path:
        """The lake's folder."""
        return self.folder / "lake"

    @cached_property
    def backend(self) -> LocalBackend:
        """The lake's objects and tables."""
        return LocalBackend(self.root, memory_limit=None, threads=None)

    @property
    def ledger(self) -> Ledger:
        """The lake's ledger."""
        return Ledger(self.backend.objects)

    @property
    def release(self) -> Release:
        """What is published."""
        return self.ledger.current_release()

    @property
    def run(self) -> RunRecord:
        """The last run."""
        last = self.ledger.last_run()
        assert last is not None
        return last

    def listing(self, table: str, state: TableState | None = None) -> Listing:
        """The files of a table as published, or in another state."""
        chosen = state or self.release.tables[table]
        return self.backend.tables.listing(TableName.parse(table), chosen.snapshot_id)

    def files(self, table: str) -> dict[str | None, list[str]]:
        """The paths of a published table's files by partition."""
        found: dict[str | None, list[str]] = {}
        for file in self.listing(table).files:
            found.setdefault(file.partition, []).append(file.path)
        return found

    def read(self, table: str, state: TableState | None = None) -> pa.Table:
        """The rows of a table as published (or in another state)."""
        with duckdb.connect() as connection:
            return _rows(connection, self.listing(table, state))

    def published(self) -> dict[str, pa.Table]:
        """All published tables that have rows, quarantine aside."""
        states = {name: state for name, state in sorted(self.release.tables.items()) if state.rows}
        with duckdb.connect() as connection:
            return {
                name: _rows(connection, self.listing(name, state))
                for name, state in states.items()
                if not name.startswith("quarantine.")
            }

    def bytes_published(self) -> dict[str, str]:
        """The SHA-256 of every published data file."""
        return {
            file.path: hashlib.sha256(Path(file.path).read_bytes()).hexdigest()
            for name in self.release.tables
            for file in self.listing(name).files
        }

    def quarantine(self, table: str) -> list[dict[str, Any]]:
        """The published quarantine rows of a source, by file and line."""
        state = self.release.tables.get(f"quarantine.{table}")
        if state is None or not state.rows:
            return []
        rows = self.read(f"quarantine.{table}").to_pylist()
        return sorted(rows, key=lambda row: (row["file"], row["line"] or 0, row["record"]))


def new_lake(folder: Path, pipeline: Path | None = None) -> Lake:
    """An empty project in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    lake = Lake(folder, pipeline)
    lake.done("init", ".")
    return lake


def received_lake(folder: Path) -> Lake:
    """Sixty orders, received and not built."""
    lake = new_lake(folder)
    lake.done("sample", "files", "--orders", "60", "--seed", "4")
    lake.done("ingest", "files")
    return lake


def small_lake(folder: Path) -> Lake:
    """Sixty orders, published."""
    lake = received_lake(folder)
    lake.done("run-batch", "--promote")
    return lake


def query(sql: str, **tables: pa.Table) -> list[tuple[Any, ...]]:
    """Ask Arrow tables in DuckDB's SQL."""
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.execute(sql).fetchall()


def assert_same_rows(name: str, left: pa.Table, right: pa.Table) -> None:
    """Both tables hold the same rows, doubles within 1e-12 relative: a sum in another order ends in other last bits."""
    if left.equals(right):
        return
    if left.num_rows == right.num_rows == 0:  # an engine may write a file for no rows, or none
        assert left.schema.names == right.schema.names, name
        return
    assert left.schema.names == right.schema.names, name
    assert left.schema.types == right.schema.types, name
    counts = query(
        "SELECT (SELECT count(*) FROM (FROM l EXCEPT ALL FROM r)), (SELECT count(*) FROM (FROM r EXCEPT ALL FROM l))",
        l=left,
        r=right,
    )[0]
    if counts == (0, 0):
        return
    doubles = [at for at, type_ in enumerate(left.schema.types) if pa.types.is_floating(type_)]
    assert doubles, f"{name}: {counts[0]} rows only left, {counts[1]} only right"
    for mine, other in zip(_sorted(left, doubles), _sorted(right, doubles), strict=True):
        for at, (a, b) in enumerate(zip(mine, other, strict=True)):
            same = a == b or (at in doubles and None not in (a, b) and math.isclose(a, b, rel_tol=1e-12))
            assert same, f"{name}.{left.schema.names[at]}: {a!r} and {b!r} in {mine}"


def assert_same_tables(left: dict[str, pa.Table], right: dict[str, pa.Table]) -> None:
    """Both lakes publish the same tables with the same rows."""
    assert sorted(left) == sorted(right)
    for name, table in left.items():
        assert_same_rows(name, table, right[name])


def assert_accounted(record: RunRecord) -> None:
    """read = loaded + quarantined + duplicates, for every file of a run."""
    for file in record.files:
        assert file.read == file.loaded + file.quarantined + file.duplicates, file


def counts(record: RunRecord, table: str) -> tuple[int, int, int, int]:
    """(read, loaded, quarantined, duplicates) of a source in a run, all its files together."""
    files = [file for file in record.files if file.table == table]
    return (
        sum(file.read for file in files),
        sum(file.loaded for file in files),
        sum(file.quarantined for file in files),
        sum(file.duplicates for file in files),
    )


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """A plain CSV file; None is an empty field."""
    import csv

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a clean CSV file."""
    import csv

    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def _rows(connection: duckdb.DuckDBPyConnection, listing: Listing) -> pa.Table:
    if not listing.files:
        return pa.table({name: pa.nulls(0) for name, _ in listing.columns})
    columns = ", ".join(f'"{name}"' for name, _ in listing.columns)
    sql = f"SELECT {columns} FROM read_parquet(?, hive_partitioning = false)"
    return connection.sql(sql, params=[[file.path for file in listing.files]]).to_arrow_table()


def _sorted(table: pa.Table, doubles: list[int]) -> list[tuple[Any, ...]]:
    rows = [tuple(row.values()) for row in table.to_pylist()]
    return sorted(rows, key=lambda row: [(each is None, str(each)) for at, each in enumerate(row) if at not in doubles])


def _content(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()
