"""Puts a workspace together from the settings: the pipeline, the target's backend, the ledger.

Besides `app`, the only module that knows both sides: core, and who implements its ports.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.core.ledger import Ledger
from salesperf_cli.core.pipeline import Pipeline, load_pipeline
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from salesperf_cli.backends.embedded.backend import LocalBackend
    from salesperf_cli.backends.spark.session import LocalSpark
    from salesperf_cli.backends.spark.side_by_side import BothEngines
    from salesperf_cli.config import Settings
    from salesperf_cli.environment import Environment


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a command works with."""

    settings: Settings
    pipeline: Pipeline
    backend: LocalBackend
    ledger: Ledger


def open_workspace(world: Environment, engine: str = "duckdb") -> Workspace:
    """The workspace of this invocation, its runs on `engine`; raises InputError when something cannot be had."""
    settings = world.settings
    if not settings.is_local:
        raise InputError(
            f"the target {settings.target} lies on AWS",
            why="this version works on the local target",
            remedy="leave --target out",
        )
    backend = _local_backend(settings, engine)
    return Workspace(settings, load_pipeline(settings.pipeline), backend, Ledger(backend.objects))


@contextmanager
def open_both_engines(workspace: Workspace) -> Iterator[BothEngines]:
    """DuckDB and Spark over the workspace's bronze files, writing to a scratch lake that is removed at the end."""
    import shutil
    import tempfile

    from salesperf_cli.backends.spark.side_by_side import both_engines

    spark = _local_spark(workspace.settings)
    home = workspace.backend.root / "_tmp" / "verify"
    home.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=home))
    try:
        with both_engines(workspace.backend.objects, scratch, spark) as engines:
            yield engines
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _local_backend(settings: Settings, engine: str) -> LocalBackend:
    if engine == "spark":
        from salesperf_cli.backends.spark.backend import SparkBackend

        return SparkBackend(settings.lake, _local_spark(settings))
    from salesperf_cli.backends.embedded.backend import LocalBackend

    return LocalBackend(settings.lake, memory_limit=settings.memory_limit, threads=settings.threads)


def _local_spark(settings: Settings) -> LocalSpark:
    from salesperf_cli.backends.spark.session import LocalSpark

    home = settings.lake / "_tmp" / "spark"
    return LocalSpark(home, settings.spark_jars or "", settings.memory_limit, settings.threads)
