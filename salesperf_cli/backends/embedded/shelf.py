"""What a session can read by name: snapshots as `silver.orders`, staged sources as `bronze.orders`.

Views belong to the whole session and change under a lock, since steps run side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded import duck
from salesperf_cli.core.tables import TableName

if TYPE_CHECKING:
    import duckdb

    from salesperf_cli.backends.embedded.tables import LocalTables
    from salesperf_cli.core.contracts import Contract
    from salesperf_cli.core.ledger import TableState
    from salesperf_cli.core.listing import Listing

Schema = Mapping[str, Mapping[str, str]]


class Shelf:
    """The readable tables of one session."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: LocalTables) -> None:
        self._connection = connection
        self._tables = tables
        self._lock = Lock()
        self._shown: dict[TableName, int] = {}
        self._columns: dict[str, Mapping[str, str]] = {}
        for schema in ("staged", "bronze", "silver", "gold"):
            connection.execute(f"CREATE SCHEMA {schema}")

    @property
    def columns(self) -> Schema:
        """The columns, name to type, of every table that is readable: what a translation needs to know."""
        return dict(self._columns)

    def listing(self, name: TableName, snapshot_id: int) -> Listing:
        """What a snapshot consists of."""
        return self._tables.listing(name, snapshot_id)

    def show(self, name: TableName, state: TableState) -> None:
        """Make a snapshot readable under the table's name."""
        with self._lock:
            if self._shown.get(name) == state.snapshot_id:
                return
            listing = self._tables.listing(name, state.snapshot_id)
            self._connection.execute(f"CREATE OR REPLACE VIEW {qualified(name)} AS {duck.relation(listing)}")
            self._columns[str(name)] = dict(state.columns)
            self._shown[name] = state.snapshot_id

    def show_staged(self, contract: Contract, rows: str) -> None:
        """Make a staged source readable as `bronze.<table>`."""
        columns = duck.names(contract.column_names)
        with self._lock:
            self._connection.execute(
                f"CREATE OR REPLACE VIEW {qualified(contract.name)} AS SELECT {columns} FROM {rows}"
            )
            self._columns[str(contract.name)] = {column.name: str(column.type) for column in contract.columns}

    def drop_staged(self, table: TableName) -> None:
        """Drop the view and every staged table behind it."""
        with self._lock:
            self._connection.execute(f"DROP VIEW IF EXISTS {qualified(table)}")
            for kind in STAGED_KINDS:
                self._connection.execute(f"DROP TABLE IF EXISTS {staged(kind, table)}")


STAGED_KINDS = ("typed", "distinct", "ranked", "conflicts")


def staged(kind: str, table: TableName) -> str:
    """The name of a staged table: the typed rows of a source, or what de-duplication made of them."""
    return f"staged.{duck.name(f'{kind} {table.table}')}"


def qualified(name: TableName) -> str:
    """A table's quoted name in the session."""
    return f"{duck.name(name.layer)}.{duck.name(name.table)}"
