"""Building on Spark: a model's rows replace the partitions that the request names, in one commit on the audit
branch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesperf_cli.backends.spark.catalog import IcebergTables, contract_columns, sql_type
from salesperf_cli.backends.spark.partitions import partition_text, rows_of
from salesperf_cli.backends.spark.views import Views
from salesperf_cli.core.build import BuildRequest, BuildResult
from salesperf_cli.core.listing import Listing
from salesperf_cli.core.tables import TableName

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Which rows to write, and which rows of the base they replace."""

    rows: DataFrame
    replaced: Column
    partitions: int


class Builder:
    """Runs models in one session for one run."""

    def __init__(self, spark: SparkSession, tables: IcebergTables, views: Views) -> None:
        self._spark = spark
        self._tables = tables
        self._views = views

    def build(self, request: BuildRequest) -> BuildResult:
        """Run the model as the request says and commit what it gives."""
        for name, state in request.inputs.items():
            self._views.show(name, state)
        # Rows of an earlier build stay only where this one replaces parts.
        base = request.base.snapshot_id if request.base and request.mode != "full" else None
        with self._rewrite(request) as rewrite:
            commit = self._tables.commit(
                request.contract,
                rewrite.rows,
                base=base,
                branch=request.branch,
                replaced=rewrite.replaced,
                run_id=request.run_id,
            )
        return BuildResult(
            snapshot_id=commit.snapshot_id,
            metadata=commit.metadata,
            rows=commit.listing.rows,
            bytes=commit.listing.bytes,
            files=len(commit.listing.files),
            rows_written=commit.rows_written,
            partitions_written=rewrite.partitions,
            columns=contract_columns(request.contract),
        )

    @contextmanager
    def _rewrite(self, request: BuildRequest) -> Iterator[Rewrite]:
        from pyspark.sql import functions as sf

        model = self._views.query(request.model.sql)
        rows = model.select(*(f"`{name}`" for name in request.contract.column_names))
        if request.mode == "full" or request.base is None:
            yield Rewrite(rows, sf.lit(True), 0)
        elif request.mode == "merge":
            built = rows.persist()
            try:
                yield self._merge(request, built)
            finally:
                built.unpersist()
        else:
            yield self._touched(request, rows)

    def _merge(self, request: BuildRequest, built: DataFrame) -> Rewrite:
        """New rows, and what is left of the partitions that they or the rows they replace lie in."""
        from pyspark.sql import functions as sf

        assert request.base is not None
        contract = request.contract
        old = self._tables.rows(contract.name, request.base.snapshot_id)
        key, replaced, partitions = list(contract.key), sf.lit(True), 1
        if contract.partition is not None:
            text = partition_text(contract).alias("partition")
            met = old.join(built.select(*key), key, "left_semi")
            touched = _values(built.select(text).union(met.select(text)))
            replaced, partitions = rows_of(contract, touched), len(touched)
        kept = old.where(replaced).join(built.select(*key), key, "left_anti")
        return Rewrite(built.unionByName(kept), replaced, partitions)

    def _touched(self, request: BuildRequest, rows: DataFrame) -> Rewrite:
        contract = request.contract
        assert contract.partition is not None and request.model.touched is not None
        query = self._views.query(request.model.touched, self._changes(request))
        touched = _values(query.select(partition_text(contract).alias("partition")))
        replaced = rows_of(contract, touched)
        return Rewrite(rows.where(replaced), replaced, len(touched))

    def _changes(self, request: BuildRequest) -> dict[TableName, DataFrame]:
        """`changed.<table>` for each input: rows, old and new, in which its two snapshots differ.

        Files that both snapshots share hold the same rows, so only the others are read.
        """
        changes = {}
        for name, state in request.inputs.items():
            new = self._tables.listing(name, state.snapshot_id)
            old = self._tables.listing(name, request.previous[name])
            shared = {file.path for file in new.files} & {file.path for file in old.files}
            came, went = self._files(new, shared), self._files(old, shared)
            changes[name] = came.exceptAll(went).unionAll(went.exceptAll(came))
        return changes

    def _files(self, listing: Listing, without: set[str]) -> DataFrame:
        schema = ", ".join(f"`{name}` {sql_type(type_)}" for name, type_ in listing.columns)
        paths = [file.path for file in listing.files if file.path not in without]
        if not paths:
            return self._spark.createDataFrame([], schema)
        return self._spark.read.schema(schema).option("recursiveFileLookup", True).parquet(*paths)


def _values(partitions: DataFrame) -> frozenset[str | None]:
    return frozenset(row[0] for row in partitions.distinct().collect())
