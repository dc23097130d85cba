"""Building: a model's rows are written as Parquet by DuckDB, and committed to the run's audit branch.

A rebuilt partition is written whole and replaces the files that the partition had; other files stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded import duck
from salesperf_cli.backends.embedded.shelf import Shelf
from salesperf_cli.backends.embedded.tables import Commit, LocalTables
from salesperf_cli.backends.iceberg.schema import partition_name
from salesperf_cli.core.build import BuildRequest, BuildResult
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.ledger import TableState
from salesperf_cli.core.listing import Listing
from salesperf_cli.core.portable_sql import to_duckdb
from salesperf_cli.core.tables import TableName

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Which rows to write, and which files of the base they replace."""

    rows: str
    replaced: tuple[str, ...]
    partitions: int


class Builder:
    """Runs models in one session for one run."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, tables: LocalTables, shelf: Shelf, warehouse: Path
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._shelf = shelf
        self._warehouse = warehouse

    def build(self, request: BuildRequest) -> BuildResult:
        """Run the model as the request says and commit what it gives."""
        for name, state in request.inputs.items():
            self._shelf.show(name, state)
        base = self._listing(request.contract.name, request.base)
        rewrite = self._rewrite(request, base)
        # Rows of an earlier build stay only where this one replaces parts.
        parent = request.base.snapshot_id if request.base and request.mode != "full" else None
        commit, written = self.write(
            request.contract, rewrite, parent=parent, branch=request.branch, run_id=request.run_id
        )
        listing = commit.listing
        return BuildResult(
            snapshot_id=commit.snapshot_id,
            metadata=commit.metadata,
            rows=listing.rows,
            bytes=listing.bytes,
            files=len(listing.files),
            rows_written=written,
            partitions_written=rewrite.partitions,
            columns=duck.contract_columns(request.contract),
        )

    def write(
        self, contract: Contract, rewrite: Rewrite, *, parent: int | None, branch: str, run_id: str
    ) -> tuple[Commit, int]:
        """Write the rows as Parquet and commit them in place of the replaced files; gives the commit and the rows
        written.
        """
        table = self._tables.ensure(contract)
        folder = self._warehouse / contract.name.layer / contract.name.table / "data" / run_id
        files = self._copy(contract, rewrite.rows, folder, self._tables.field_ids(table))
        commit = self._tables.commit(
            table,
            contract.name,
            branch=branch,
            base=parent,
            added=[str(path) for path in files],
            removed=rewrite.replaced,
            run_id=run_id,
        )
        added = {str(path) for path in files}
        return commit, sum(file.rows for file in commit.listing.files if file.path in added)

    # what to write

    def _rewrite(self, request: BuildRequest, base: Listing | None) -> Rewrite:
        model = to_duckdb(request.model.sql, self._shelf.columns)
        columns = duck.names(request.contract.column_names)
        rows = f"SELECT {columns} FROM ({model})"
        if request.mode == "full" or base is None:
            return Rewrite(rows, (), 0)
        if request.mode == "merge":
            return self._merge(request.contract, rows, base)
        return self._touched(request, rows, base)

    def _merge(self, contract: Contract, rows: str, base: Listing) -> Rewrite:
        """New rows, and what is left of the partitions that they or the rows they replace lie in."""
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE built AS {rows}")
        old = f"({duck.relation(base)})"
        key = ", ".join(duck.name(each) for each in contract.key)
        if contract.partition is None:
            kept, replaced, partitions = old, tuple(file.path for file in base.files), 1
        else:
            value = duck.partition_text(contract.partition)
            touched = self._values(
                f"SELECT {value} FROM built UNION SELECT {value} FROM {old} SEMI JOIN built USING ({key})"
            )
            replaced = tuple(file.path for file in base.files if file.partition in touched)
            kept, partitions = f"({duck.relation(base, paths=replaced)})", len(touched)
        return Rewrite(f"FROM built UNION ALL FROM {kept} ANTI JOIN built USING ({key})", replaced, partitions)

    def _touched(self, request: BuildRequest, rows: str, base: Listing) -> Rewrite:
        partition = request.contract.partition
        assert partition is not None and request.model.touched is not None
        self._show_changes(request)
        value = duck.partition_text(partition)
        columns = self._shelf.columns
        changed = {f"changed.{name.table}": columns[str(name)] for name in request.inputs}
        query = to_duckdb(request.model.touched, {**columns, **changed})
        touched = self._values(f"SELECT DISTINCT {value} FROM ({query})")
        listed = ", ".join(duck.text(each) for each in touched if each is not None) or "NULL"
        chosen = f"{value} IN ({listed})" + (f" OR {value} IS NULL" if None in touched else "")
        replaced = tuple(file.path for file in base.files if file.partition in touched)
        return Rewrite(f"{rows} WHERE {chosen}", replaced, len(touched))

    def _values(self, sql: str) -> frozenset[str | None]:
        return frozenset(value for (value,) in self._connection.execute(sql).fetchall())

    # what models see

    def _show_changes(self, request: BuildRequest) -> None:
        """`changed.<table>` for each input: rows, old and new, in which its two snapshots differ.

        Files that both snapshots share hold the same rows, so only the others are read.
        """
        self._connection.execute("CREATE SCHEMA changed")
        for name, state in request.inputs.items():
            new, old = self._shelf.listing(name, state.snapshot_id), self._shelf.listing(name, request.previous[name])
            shared = {file.path for file in new.files} & {file.path for file in old.files}
            came, went = (
                duck.relation(each, paths=[file.path for file in each.files if file.path not in shared])
                for each in (new, old)
            )
            self._connection.execute(
                f"CREATE OR REPLACE VIEW changed.{duck.name(name.table)} AS "
                f"({came} EXCEPT ALL {went}) UNION ALL ({went} EXCEPT ALL {came})"
            )

    def _listing(self, name: TableName, state: TableState | None) -> Listing | None:
        return self._shelf.listing(name, state.snapshot_id) if state else None

    def relation(self, name: TableName, state: TableState) -> str:
        """A SELECT of a state's rows."""
        return duck.relation(self._shelf.listing(name, state.snapshot_id))

    # Parquet

    def _copy(self, contract: Contract, rows: str, folder: Path, field_ids: Mapping[str, int]) -> list[Path]:
        folder.parent.mkdir(parents=True, exist_ok=True)
        ids = ", ".join(f"{duck.name(column)}: {field_ids[column]}" for column in contract.column_names)
        options = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, FIELD_IDS {{{ids}}}"
        columns = ", ".join(
            f"CAST({duck.name(column.name)} AS {duck.sql_type(str(column.type))}) AS {duck.name(column.name)}"
            for column in contract.columns
        )
        if contract.partition is None:
            target = folder / "rows.parquet"
            folder.mkdir(exist_ok=True)
            self._connection.execute(f"COPY (SELECT {columns} FROM ({rows})) TO {duck.text(str(target))} ({options})")
            return [target]
        field = partition_name(contract.partition)
        if contract.partition.transform == "identity":
            field += "_value"  # the column itself stays in the file, and cannot name the folder too
        value = duck.partition_text(contract.partition)
        self._connection.execute(
            f"COPY (SELECT {columns}, {value} AS {duck.name(field)} FROM ({rows})) TO {duck.text(str(folder))} "
            f"({options}, PARTITION_BY ({duck.name(field)}), OVERWRITE_OR_IGNORE)"
        )
        return sorted(folder.rglob("*.parquet"))
