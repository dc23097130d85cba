"""Quarantine on Spark: refused rows are written in place of what their files had in quarantine before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from salesperf_cli.backends.spark.catalog import IcebergTables
from salesperf_cli.core.build import StageRequest, quarantine_contract
from salesperf_cli.core.ledger import TableState
from salesperf_cli.core.quarantine import FilledRow

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SCHEMA = "rule string, reason string, file string, line bigint, record string, object_key string"


def write(spark: SparkSession, tables: IcebergTables, request: StageRequest, rows: Iterable[FilledRow]) -> TableState:
    """Commit the quarantine table's new state to the run's branch."""
    from pyspark.sql import functions as sf

    contract = quarantine_contract(request.contract)
    refused = _frame(spark, request, rows)
    if request.quarantine is not None and not request.complete:
        keys = [file.receipt.key for file in request.files]
        old = tables.rows(contract.name, request.quarantine.snapshot_id)
        refused = refused.unionByName(old.where(~sf.col("object_key").isin(keys)))
    commit = tables.commit(
        contract, refused, base=None, branch=request.branch, replaced=sf.lit(True), run_id=request.run_id
    )
    return commit.state(contract)


def _frame(spark: SparkSession, request: StageRequest, rows: Iterable[FilledRow]) -> DataFrame:
    from pyspark.sql import functions as sf

    now = sf.lit(f"{request.now:%Y-%m-%d %H:%M:%S.%f}").cast("timestamp_ntz")
    frame = spark.createDataFrame(list(rows), _SCHEMA)
    return frame.withColumn("run_id", sf.lit(request.run_id)).withColumn("quarantined_at", now)
