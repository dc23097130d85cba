"""Quarantine: refused rows become a table of the session, from which the quarantine table is written.

A staging replaces what its files had in quarantine before, so that running it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded import duck
from salesperf_cli.core.quarantine import FilledRow

if TYPE_CHECKING:
    import duckdb

_COLUMNS = ("rule", "reason", "file", "line", "record", "object_key")


def fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[FilledRow], *, run_id: str, now: str) -> int:
    """Create `table` in the session with the rows in the quarantine's columns; gives how many there are."""
    import pyarrow

    columns: dict[str, list[object]] = {name: [] for name in _COLUMNS}
    for row in rows:
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    types = {name: pyarrow.int64() if name == "line" else pyarrow.string() for name in columns}
    refused = pyarrow.table({name: pyarrow.array(values, types[name]) for name, values in columns.items()})
    connection.register("refused_rows", refused)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT *, {duck.text(run_id)} AS run_id, "
        f"CAST({duck.text(now)} AS TIMESTAMP) AS quarantined_at FROM refused_rows"
    )
    connection.unregister("refused_rows")
    return int(refused.num_rows)
