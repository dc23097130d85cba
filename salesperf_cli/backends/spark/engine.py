"""The Spark engine: stages, builds and checks in one Spark session a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from salesperf_cli.backends.spark import quarantine
from salesperf_cli.backends.spark.building import Builder
from salesperf_cli.backends.spark.catalog import IcebergTables
from salesperf_cli.backends.spark.checking import SparkEvidence
from salesperf_cli.backends.spark.deduplication import Distinct
from salesperf_cli.backends.spark.faults import told
from salesperf_cli.backends.spark.reading import Reader
from salesperf_cli.backends.spark.staging import Stager
from salesperf_cli.backends.spark.views import Views
from salesperf_cli.core.build import BuildRequest, BuildResult, CheckRequest, StageRequest, StageResult
from salesperf_cli.core.checking import Checker
from salesperf_cli.core.ledger import CheckRecord
from salesperf_cli.core.quarantine import collect, filled
from salesperf_cli.core.tables import TableName

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from salesperf_cli.backends.ports import Objects
    from salesperf_cli.backends.spark.scratch import Scratch


class SparkEngine:
    """Implements `Engine` for one run."""

    def __init__(self, spark: SparkSession, tables: IcebergTables, objects: Objects, scratch: Scratch) -> None:
        self._spark = spark
        self._objects = objects
        self._scratch = scratch
        self._tables = tables
        self._views = Views(spark, self._tables)
        self._staged: dict[TableName, Distinct] = {}

    def stage(self, request: StageRequest) -> StageResult:
        """Read bronze files, cast, judge, de-duplicate; afterwards models can read `bronze.<table>`."""
        with told(f"read {request.contract.name}"):
            return self._stage(request)

    def build(self, request: BuildRequest) -> BuildResult:
        """Run a model and commit its rows to the run's audit branch."""
        with told(f"build {request.contract.name}"):
            return Builder(self._spark, self._tables, self._views).build(request)

    def check(self, request: CheckRequest) -> tuple[CheckRecord, ...]:
        """Judge a table's candidate state by its contract's rules."""
        with told(f"audit {request.contract.name}"):
            return tuple(Checker(request, SparkEvidence(self._tables, self._views, request)).check())

    def unstage(self, table: TableName) -> None:
        """Drop the staged rows of a bronze table: no later step reads them."""
        self._views.drop_staged(table)
        if distinct := self._staged.pop(table, None):
            distinct.drop()

    def interrupt(self) -> None:
        """Stop what is under way; the steps then raise."""
        self._spark.sparkContext.cancelAllJobs()

    def close(self) -> None:
        """Let go of everything that Spark keeps."""
        for table in list(self._staged):
            self.unstage(table)
        self._scratch.clear()

    def _stage(self, request: StageRequest) -> StageResult:
        reader = Reader(self._spark, request.contract, self._objects.open, self._scratch)
        stager = Stager(reader, request)
        distinct = stager.stage()
        counts, state = stager.counts(), None
        if any(each.quarantined for each in counts) or request.quarantine:
            refused = filled(collect(reader, stager.refused()), reader.files)
            state = quarantine.write(self._spark, self._tables, request, refused)
        self._staged[request.contract.name] = distinct
        self._views.show_staged(request.contract, distinct.rows.drop("_file"))
        return StageResult(counts, stager.warnings(), state)


@contextmanager
def spark_engine(
    spark: SparkSession, tables: IcebergTables, objects: Objects, scratch: Scratch
) -> Iterator[SparkEngine]:
    """An engine for one run, with a scratch that is cleared at the end. Hold the lease."""
    engine = SparkEngine(spark, tables, objects, scratch)
    try:
        yield engine
    finally:
        engine.close()
