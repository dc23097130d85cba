"""The embedded engine: stages, builds and checks in one DuckDB session a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from salesperf_cli.backends.embedded import duck, quarantine
from salesperf_cli.backends.embedded.building import Builder, Rewrite
from salesperf_cli.backends.embedded.checking import Checker
from salesperf_cli.backends.embedded.deduplication import Distinct, distinct_rows
from salesperf_cli.backends.embedded.staging import Judgement, Reader, judgements, warning_rules
from salesperf_cli.backends.embedded.tables import LocalTables
from salesperf_cli.core.build import BuildRequest, BuildResult, CheckRequest, StageRequest, StageResult, quarantine_contract
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.ledger import CheckRecord, FileCount, TableState
from salesperf_cli.core.portable_sql import expression_to_duckdb
from salesperf_cli.core.tables import TableName

DUPLICATE_KEY = Judgement("duplicate_key", "another row of the same delivery has this key and other values")


class DuckEngine:
    """Implements `Engine` for one run."""

    def __init__(self, connection: Any, tables: LocalTables, root: Path, scratch: Path) -> None:
        self._connection = connection
        self._tables = tables
        self._scratch = scratch
        self._builder = Builder(connection, tables, root / "warehouse")
        for schema in ("staged", "bronze", "quarantine"):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")

    # staging

    def stage(self, request: StageRequest) -> StageResult:
        """Read bronze files, cast, judge, de-duplicate; afterwards models can read `bronze.<table>`."""
        reader = Reader(self._connection, request.contract, self._scratch)
        reader.read(request.files)
        versions = {file.number: file.staged.version for file in reader.files}
        distinct = distinct_rows(self._connection, request.contract, reader.table, versions)
        columns = duck.names(request.contract.column_names)
        self._connection.execute(
            f"CREATE OR REPLACE VIEW bronze.{duck.name(request.contract.name.table)} AS SELECT {columns} FROM {distinct.relation}"
        )
        counts = self._counts(request.contract, reader, distinct)
        state = self._quarantine(request, reader, distinct, any(count.quarantined for count in counts))
        return StageResult(counts, self._warnings(request.contract, distinct.relation), state)

    def _counts(self, contract: Contract, reader: Reader, distinct: Distinct) -> tuple[FileCount, ...]:
        """The accounting of each file. Every figure is counted from rows, none is the difference of others."""
        rows = self._connection.execute(
            f"SELECT _file, count(*), count(_rule) FROM {reader.table} GROUP BY _file"
        ).fetchall()
        read = {file: count for file, count, _ in rows}
        refused = {file: count for file, _, count in rows}
        loaded = dict(self._connection.execute(f"SELECT _file, count(*) FROM {distinct.relation} GROUP BY _file").fetchall())
        for number, _ in reader.malformed:
            read[number] = read.get(number, 0) + 1
            refused[number] = refused.get(number, 0) + 1
        if distinct.conflicts:
            conflicts = self._connection.execute(f"SELECT _file, count(*) FROM {distinct.conflicts} GROUP BY _file")
            for number, count in conflicts.fetchall():
                refused[number] = refused.get(number, 0) + count
        return tuple(
            FileCount(
                table=contract.name.table,
                key=file.staged.receipt.key,
                name=file.staged.receipt.name,
                read=read.get(file.number, 0),
                loaded=loaded.get(file.number, 0),
                quarantined=refused.get(file.number, 0),
                duplicates=distinct.duplicates.get(file.number, 0),
            )
            for file in reader.files
        )

    def _warnings(self, contract: Contract, relation: str) -> tuple[CheckRecord, ...]:
        rules = warning_rules(contract)
        if not rules:
            return ()
        counts = ", ".join(
            f"count(*) FILTER (NOT ({expression_to_duckdb(rule.expression)})) AS r{at}" for at, rule in enumerate(rules)
        )
        found = duck.fetch_counts(self._connection, f"SELECT {counts} FROM {relation}")
        return tuple(
            CheckRecord(
                str(contract.name), rule.name, "warning", found[f"r{at}"] == 0, found[f"r{at}"],
                f"{found[f'r{at}']:,} rows: {rule.description or rule.expression}",
            )
            for at, rule in enumerate(rules)
        )  # fmt: skip

    def _quarantine(
        self, request: StageRequest, reader: Reader, distinct: Distinct, any_refused: bool
    ) -> TableState | None:
        """Write the refused rows in place of what these files had in quarantine before."""
        if not any_refused and request.quarantine is None:
            return None
        contract = quarantine_contract(request.contract)
        rows = quarantine.collect(reader, self._refused(request.contract, reader, distinct))
        quarantine.fill(
            self._connection, "refused", rows, reader, run_id=request.run_id, now=f"{request.now:%Y-%m-%d %H:%M:%S.%f}"
        )
        kept = ""
        if request.quarantine is not None:
            old = duck.relation(self._tables.listing(contract.name, request.quarantine.snapshot_id))
            keys = ", ".join(duck.text(file.receipt.key) for file in request.files)
            kept = f" UNION ALL BY NAME SELECT * FROM ({old}) WHERE object_key NOT IN ({keys})"
        commit, _ = self._builder.write(
            contract, Rewrite(f"SELECT * FROM refused{kept}", (), 0), parent=None, branch=request.branch, run_id=request.run_id
        )
        listing = commit.listing
        return TableState(
            commit.snapshot_id, commit.metadata, listing.rows, listing.bytes, len(listing.files), contract.fingerprint, {},
            duck.contract_columns(contract),
        )  # fmt: skip

    def _refused(
        self, contract: Contract, reader: Reader, distinct: Distinct
    ) -> Iterator[tuple[int, Judgement, tuple[str | None, ...]]]:
        known = judgements(contract)
        for number, rule, raw in reader.refused():
            yield number, known[rule], raw
        if distinct.conflicts:
            for number, raw in reader.raw_of(distinct.conflicts):
                yield number, DUPLICATE_KEY, raw

    # building and checking

    def build(self, request: BuildRequest) -> BuildResult:
        """Run a model and commit its rows to the run's audit branch."""
        return self._builder.build(request)

    def check(self, request: CheckRequest) -> tuple[CheckRecord, ...]:
        """Judge a table's candidate state by its contract's rules."""

        def show(name: TableName) -> bool:
            state = request.tables.get(name)
            if state is None:
                return False
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name.layer}")
            listing = self._tables.listing(name, state.snapshot_id)
            self._connection.execute(f"CREATE OR REPLACE VIEW {name} AS {duck.relation(listing)}")
            return True

        def newest_released(name: TableName, column: str) -> Any:
            if request.base is None:
                return None
            listing = self._tables.listing(name, request.base.snapshot_id)
            row = self._connection.execute(
                f"SELECT CAST(max({duck.name(column)}) AS TIMESTAMP) FROM ({duck.relation(listing)})"
            ).fetchone()
            return row[0] if row else None

        return tuple(Checker(self._connection, request, show, newest_released).check())


@contextmanager
def duck_engine(
    tables: LocalTables, root: Path, run_id: str, *, memory_limit: str | None, threads: int | None
) -> Iterator[DuckEngine]:
    """An engine for one run, with a scratch folder that is removed at the end."""
    scratch = root / "_tmp" / "runs" / run_id
    with duck.session(scratch, memory_limit=memory_limit, threads=threads) as connection:
        yield DuckEngine(connection, tables, root, scratch)
