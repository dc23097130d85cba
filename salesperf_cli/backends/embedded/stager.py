"""One staging from end to end: read, de-duplicate, account for every row, and set refused rows aside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded import duck, quarantine
from salesperf_cli.backends.embedded.building import Builder, Rewrite
from salesperf_cli.backends.embedded.deduplication import Distinct, distinct_rows
from salesperf_cli.backends.embedded.staging import Reader
from salesperf_cli.core.build import StageRequest, StageResult, quarantine_contract
from salesperf_cli.core.ledger import CheckRecord, FileCount, TableState
from salesperf_cli.core.portable_sql import expression_to_duckdb
from salesperf_cli.core.quarantine import Refused, collect, filled
from salesperf_cli.core.staging import DUPLICATE_KEY, file_counts, judgements, warning_records, warning_rules

if TYPE_CHECKING:
    import duckdb


class Stager:
    """Stages one bronze table."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, request: StageRequest, builder: Builder, scratch: Path
    ) -> None:
        self._connection = connection
        self._request = request
        self._contract = request.contract
        self._builder = builder
        self._reader = Reader(connection, request.contract, scratch)

    def stage(self) -> tuple[StageResult, str]:
        """Gives the result, and the relation that holds the rows to load."""
        self._reader.read(self._request.files)
        versions = {file.number: file.staged.version for file in self._reader.files}
        distinct = distinct_rows(self._connection, self._contract, self._reader.table, versions)
        counts = self._counts(distinct)
        state = (
            self._quarantine(distinct) if any(each.quarantined for each in counts) or self._request.quarantine else None
        )
        return StageResult(counts, self._warnings(distinct.relation), state), distinct.relation

    def _counts(self, distinct: Distinct) -> tuple[FileCount, ...]:
        """The accounting of each file. Every figure is counted from rows, none is the difference of others."""
        rows = self._connection.execute(
            f"SELECT _file, count(*), count(_rule) FROM {self._reader.table} GROUP BY _file"
        ).fetchall()
        read = {file: count for file, count, _ in rows}
        refused = {file: count for file, _, count in rows}
        loaded = dict(
            self._connection.execute(f"SELECT _file, count(*) FROM {distinct.relation} GROUP BY _file").fetchall()
        )
        for number, _ in self._reader.malformed:
            read[number] = read.get(number, 0) + 1
            refused[number] = refused.get(number, 0) + 1
        if distinct.conflicts:
            conflicts = self._connection.execute(f"SELECT _file, count(*) FROM {distinct.conflicts} GROUP BY _file")
            for number, count in conflicts.fetchall():
                refused[number] = refused.get(number, 0) + count
        return file_counts(
            self._contract,
            self._reader.files,
            read=read,
            loaded=loaded,
            refused=refused,
            duplicates=distinct.duplicates,
        )

    def _warnings(self, relation: str) -> tuple[CheckRecord, ...]:
        rules = warning_rules(self._contract)
        if not rules:
            return ()
        columns = {column.name: str(column.type) for column in self._contract.columns}
        counts = ", ".join(
            f"count(*) FILTER (NOT ({expression_to_duckdb(rule.expression, columns)})) AS r{at}"
            for at, rule in enumerate(rules)
        )
        found = duck.fetch_counts(self._connection, f"SELECT {counts} FROM {relation}")
        return warning_records(self._contract, [found[f"r{at}"] for at in range(len(rules))])

    # quarantine

    def _quarantine(self, distinct: Distinct) -> TableState:
        """Write the refused rows in place of what these files had in quarantine before."""
        request, contract = self._request, quarantine_contract(self._contract)
        rows = filled(collect(self._reader, self._refused(distinct)), self._reader.files)
        now = f"{request.now:%Y-%m-%d %H:%M:%S.%f}"
        quarantine.fill(self._connection, "refused", rows, run_id=request.run_id, now=now)
        kept = ""
        if request.quarantine is not None and not request.complete:
            old = self._builder.relation(contract.name, request.quarantine)
            keys = ", ".join(duck.text(file.receipt.key) for file in request.files)
            kept = f" UNION ALL BY NAME SELECT * FROM ({old}) WHERE object_key NOT IN ({keys})"
        commit, _ = self._builder.write(
            contract,
            Rewrite(f"SELECT * FROM refused{kept}", (), 0),
            parent=None,
            branch=request.branch,
            run_id=request.run_id,
        )
        listing = commit.listing
        return TableState(
            snapshot_id=commit.snapshot_id,
            metadata=commit.metadata,
            rows=listing.rows,
            bytes=listing.bytes,
            files=len(listing.files),
            fingerprint=contract.fingerprint,
            inputs={},
            columns=duck.contract_columns(contract),
        )

    def _refused(self, distinct: Distinct) -> Iterator[Refused]:
        known = judgements(self._contract)
        for number, rule, raw in self._reader.refused():
            yield number, known[rule], raw
        if distinct.conflicts:
            for number, raw in self._reader.raw_of(distinct.conflicts):
                yield number, DUPLICATE_KEY, raw
