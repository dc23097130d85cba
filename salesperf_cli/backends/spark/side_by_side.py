"""DuckDB and Spark on one scratch lake, for comparing what they make of the same files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.backends.embedded import duck
from salesperf_cli.backends.embedded.comparing import DuckComparer
from salesperf_cli.backends.embedded.engine import duck_engine
from salesperf_cli.backends.embedded.tables import LocalTables
from salesperf_cli.backends.spark.catalog import IcebergTables
from salesperf_cli.backends.spark.engine import spark_engine
from salesperf_cli.backends.spark.run_catalog import RunCatalog
from salesperf_cli.backends.spark.scratch import FolderScratch
from salesperf_cli.backends.spark.session import LocalSpark, local_session
from salesperf_cli.core.verification import Side

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects


@dataclass(frozen=True, slots=True)
class BothEngines:
    """The two sides, and who compares them."""

    left: Side
    right: Side
    comparer: DuckComparer


@contextmanager
def both_engines(objects: Objects, scratch: Path, spark: LocalSpark) -> Iterator[BothEngines]:
    """Engines that read bronze from `objects` and write to `scratch` alone, which the caller removes."""
    tables = LocalTables(scratch)
    with ExitStack() as stack:
        session = stack.enter_context(local_session(scratch, scratch / "spark", spark))
        iceberg = IcebergTables(session, tables, RunCatalog(session, tables))
        on_duckdb = stack.enter_context(
            duck_engine(tables, scratch, "left", memory_limit=spark.memory, threads=spark.threads)
        )
        on_spark = stack.enter_context(spark_engine(session, iceberg, objects, FolderScratch(scratch / "spark")))
        asking = stack.enter_context(duck.session(scratch / "asking", memory_limit=spark.memory, threads=spark.threads))
        yield BothEngines(Side(on_duckdb, "duckdb"), Side(on_spark, "spark"), DuckComparer(asking, tables))
