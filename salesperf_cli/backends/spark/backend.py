"""The local target with Spark as its engine: the lake's objects and tables stay what they are."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded.backend import LocalBackend

if TYPE_CHECKING:
    from pathlib import Path

    from salesperf_cli.backends.spark.engine import SparkEngine
    from salesperf_cli.backends.spark.session import LocalSpark


class SparkBackend(LocalBackend):
    """Implements `Backend` over the lake folder `root`: runs go through Spark, questions through DuckDB as ever."""

    engine_name = "spark"

    def __init__(self, root: Path, spark: LocalSpark) -> None:
        super().__init__(root, memory_limit=spark.memory, threads=spark.threads)
        self._spark = spark

    @contextmanager
    def engine(self, run_id: str) -> Iterator[SparkEngine]:  # type: ignore[override]  # both are an `Engine`
        """An engine for one run."""
        from salesperf_cli.backends.spark.catalog import IcebergTables
        from salesperf_cli.backends.spark.engine import spark_engine
        from salesperf_cli.backends.spark.run_catalog import RunCatalog
        from salesperf_cli.backends.spark.scratch import FolderScratch
        from salesperf_cli.backends.spark.session import local_session

        self.tables.warm_up()
        runs = self.root / "_tmp" / "runs"
        shutil.rmtree(runs, ignore_errors=True)  # what killed runs left: no other runs now
        scratch = runs / run_id
        with local_session(self.root, scratch, self._spark) as session:
            tables = IcebergTables(session, self.tables, RunCatalog(session, self.tables))
            with spark_engine(session, tables, self.objects, FolderScratch(scratch)) as engine:
                yield engine
