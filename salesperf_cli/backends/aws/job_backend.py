"""What a Glue job works with: the lake in S3 and the Glue catalog, and the Spark session that Glue has started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from salesperf_cli.backends.aws.objects import S3Objects
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.backends.aws.tables import GlueTables

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from salesperf_cli.backends.spark.engine import SparkEngine
    from salesperf_cli.core.tables import TableName


class JobCatalog:
    """Implements `Pointers` where Spark and pyiceberg use the same catalog: each sees what the other commits."""

    def __init__(self, spark: SparkSession, catalog: str, tables: GlueTables) -> None:
        self._spark = spark
        self._catalog = catalog
        self._tables = tables

    def name(self, name: TableName) -> str:
        """What a table is called in the session, quoted."""
        return f"`{self._catalog}`.`{self._tables.namespace(name.layer)}`.`{name.table}`"

    def take(self, name: TableName) -> None:
        """Have Spark look at the table anew: it keeps what it once loaded."""
        self._spark.sql(f"REFRESH TABLE {self.name(name)}")

    def give(self, name: TableName, branch: str) -> None:
        """Nothing to do: what Spark committed is in the catalog."""


class JobBackend:
    """Implements `BatchBackend` inside a Glue job.

    `catalog` is the name under which the job's `--conf` sets up Iceberg's Glue catalog; `databases` gives the Glue
    database of each layer.
    """

    engine_name = "spark"

    def __init__(self, session: AwsSession, lake: str, catalog: str, databases: Mapping[str, str]) -> None:
        self._catalog = catalog
        bucket = lake.removeprefix("s3://").strip("/")
        self.objects = S3Objects(session, bucket, Path(gettempdir()) / "salesperf-uploads")
        self.tables = GlueTables(session, self.objects, f"s3://{bucket}", databases)

    @contextmanager
    def engine(self, run_id: str) -> Iterator[SparkEngine]:
        """An engine for one run, on the session that is there."""
        from pyspark.sql import SparkSession

        from salesperf_cli.backends.spark.catalog import IcebergTables
        from salesperf_cli.backends.spark.engine import spark_engine
        from salesperf_cli.backends.spark.scratch import ObjectsScratch
        from salesperf_cli.backends.spark.session import configure

        spark = SparkSession.builder.getOrCreate()
        configure(spark)
        tables = IcebergTables(spark, self.tables, JobCatalog(spark, self._catalog, self.tables))
        scratch = ObjectsScratch(self.objects, f"_tmp/runs/{run_id}")
        with spark_engine(spark, tables, self.objects, scratch) as engine:
            yield engine
