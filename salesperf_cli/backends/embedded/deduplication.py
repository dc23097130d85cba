"""Of rows that are the same, one is loaded. Which one is decided by content and ingest version, never by chance.

With a key: the row of the latest ingest wins; equal rows, and rows that a later ingest replaced, are duplicates; a
different row of the same ingest under the same key is refused, since nothing says which of the two is true. Without a
key: rows equal in every column are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded import duck
from salesperf_cli.backends.embedded.shelf import staged
from salesperf_cli.core.contracts import Contract

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Distinct:
    """The outcome: the relation of loaded rows (with `_file`), duplicates a file, and the table of conflicting rows,
    if any.
    """

    relation: str
    duplicates: Mapping[int, int]
    conflicts: str | None


def distinct_rows(
    connection: duckdb.DuckDBPyConnection, contract: Contract, typed: str, versions: Mapping[int, int]
) -> Distinct:
    """De-duplicate the accepted rows of the table `typed`; `versions` gives each file's ingest version."""
    accepted = f"(FROM {typed} WHERE _rule IS NULL)"
    target = staged("distinct", contract.name)
    if not contract.key:
        columns = duck.names(contract.column_names)
        connection.execute(
            f"CREATE OR REPLACE TABLE {target} AS "
            + (
                f"SELECT {columns}, min(_file) AS _file FROM {accepted} GROUP BY {columns}"
                if len(versions) > 1
                else f"SELECT DISTINCT {columns}, _file FROM {accepted}"
            )
        )
        return Distinct(target, _missing(connection, accepted, target), None)
    key = duck.names(contract.key)
    all_rows, keys = connection.execute(
        f"SELECT (SELECT count(*) FROM {accepted}), (SELECT count(*) FROM (SELECT DISTINCT {key} FROM {accepted}))"
    ).fetchone() or (0, 0)
    if all_rows == keys:
        return Distinct(f"(SELECT * EXCLUDE (_rule) FROM {accepted})", {}, None)
    return _ranked(connection, contract, accepted, target, versions)


def _ranked(
    connection: duckdb.DuckDBPyConnection, contract: Contract, accepted: str, target: str, versions: Mapping[int, int]
) -> Distinct:
    key, columns = duck.names(contract.key), duck.names(contract.column_names)
    version = "CASE _file " + " ".join(f"WHEN {file} THEN {at}" for file, at in versions.items()) + " END"
    ranked, conflicts = staged("ranked", contract.name), staged("conflicts", contract.name)
    connection.execute(
        f"CREATE OR REPLACE TABLE {ranked} AS WITH versioned AS (SELECT * EXCLUDE (_rule), {version} AS _version "
        f"FROM {accepted}) SELECT *, "
        f"row_number() OVER (PARTITION BY {key} ORDER BY _version DESC, {columns}, _file) AS _rank, "
        # Equal rows share a value's number: ties of a row number may fall otherwise in another window.
        f"dense_rank() OVER (PARTITION BY {key} ORDER BY _version DESC, {columns}) AS _value, "
        f"max(_version) OVER (PARTITION BY {key}) AS _latest, "
        f"row_number() OVER (PARTITION BY {columns}, _version ORDER BY _file) AS _copy FROM versioned"
    )
    connection.execute(f"CREATE OR REPLACE TABLE {target} AS SELECT {columns}, _file FROM {ranked} WHERE _rank = 1")
    connection.execute(
        f"CREATE OR REPLACE TABLE {conflicts} AS SELECT {columns}, _file FROM {ranked} "
        "WHERE _value > 1 AND _version = _latest AND _copy = 1"
    )
    connection.execute(f"DROP TABLE {ranked}")
    refused = _count(connection, conflicts)
    missing = _missing(connection, accepted, target)
    duplicates = {file: count - refused.get(file, 0) for file, count in missing.items()}
    return Distinct(target, duplicates, conflicts if refused else None)


def _missing(connection: duckdb.DuckDBPyConnection, accepted: str, kept: str) -> Mapping[int, int]:
    """How many accepted rows of each file are not among the kept ones."""
    left = _count(connection, kept)
    return {file: count - left.get(file, 0) for file, count in _count(connection, accepted).items()}


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[int, int]:
    return dict(connection.execute(f"SELECT _file, count(*) FROM {relation} GROUP BY _file").fetchall())
