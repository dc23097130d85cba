"""The Glue job: builds and audits a layer of a lake; ledger, receipts and run ids are those of `salesperf run-batch`.

    spark-submit run_layer.py --layer silver --lake s3://bucket --pipeline olist [--promote true]

Glue 5.1 (Spark 3.5.6) and 6.0 (Spark 4.1.1); without Glue the same line runs on a folder. The package comes as a wheel
in --extra-py-files, what it needs in --additional-python-modules. Exit codes are those of the command line.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent))  # glue_arguments.py lies beside this file

from glue_arguments import job_arguments

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Backend
    from salesperf_cli.core.batch import BatchPlan, BuildStep, CheckStep, StageStep, Step
    from salesperf_cli.core.build import BuildResult, StageResult
    from salesperf_cli.core.ledger import CheckRecord, Ledger
    from salesperf_cli.core.pipeline import Pipeline

OPTIONAL = ("pipeline", "promote", "tables", "full-refresh", "catalog", "silver-database", "gold-database",
            "quarantine-database", "metrics-namespace")  # fmt: skip


@dataclass(frozen=True, slots=True)
class LayerWorkspace:
    """What an operation works with."""

    pipeline: Pipeline
    backend: Backend
    ledger: Ledger


class LogReporter:
    """Tells the job's log how a run goes on."""

    def planned(self, plan: BatchPlan) -> None:
        """The plan is made."""
        _log(f"plan: {len(plan.steps)} steps on release {plan.base.name}, bronze version {plan.bronze_version}")

    def started(self, step: Step) -> None:
        """A step begins; its end is told."""

    def staged(self, step: StageStep, result: StageResult) -> None:
        """Files were read."""
        read, loaded = (sum(getattr(file, figure) for file in result.files) for figure in ("read", "loaded"))
        _log(f"{step.table}: {len(result.files)} files, {read:,} rows read, {loaded:,} loaded")

    def built(self, step: BuildStep, result: BuildResult) -> None:
        """A table was built."""
        _log(f"{step.table}: {result.rows:,} rows ({step.mode}), snapshot {result.snapshot_id}")

    def checked(self, step: CheckStep, checks: tuple[CheckRecord, ...]) -> None:
        """A layer was judged."""
        failed = [check for check in checks if not check.passed]
        _log(f"{step.layer}: {len(checks) - len(failed)} of {len(checks)} rules hold")
        for check in failed:
            _log(f"{check.severity}: {check.table} {check.rule}: {check.message}")


def main(argv: Sequence[str]) -> int:
    """Run the job; gives its exit code."""
    from salesperf_cli.core.batch import BatchRequest
    from salesperf_cli.core.ledger import Ledger
    from salesperf_cli.core.operations import run_batch
    from salesperf_cli.core.pipeline import load_pipeline
    from salesperf_cli.core.promotion import layers_of
    from salesperf_cli.errors import SalesperfError

    given = job_arguments(argv, ("layer", "lake"), OPTIONAL)
    try:
        backend = _backend(given["lake"])
        workspace = LayerWorkspace(load_pipeline(given.get("pipeline", "olist")), backend, Ledger(backend.objects))
        tables = tuple(filter(None, given.get("tables", "").split(",")))
        request = BatchRequest(layers_of(given["layer"]), tables, given.get("full-refresh") == "true")
        promote = given.get("promote") == "true"
        outcome = run_batch(workspace, request, LogReporter(), promote=promote, clock=lambda: datetime.now(UTC))
    except SalesperfError as error:
        _log(f"{error.what}: {error.why}. {error.remedy}")
        return int(error.exit_code)
    if outcome is None:
        _log("everything is up to date")
        return 0
    _log(f"run {outcome.run.run_id}: {outcome.run.status}" + (f", {outcome.release.name}" if outcome.release else ""))
    return 3 if outcome.run.failures else 0


def _backend(lake: str) -> Backend:
    """The backend of a lake by its address."""
    from salesperf_cli.errors import InputError

    if "://" in lake:
        raise InputError(
            f"the lake {lake} lies on AWS", why="this version knows lakes in folders", remedy="give --lake a folder"
        )
    from salesperf_cli.backends.spark.backend import SparkBackend
    from salesperf_cli.backends.spark.session import LocalSpark

    root = Path(lake).resolve()
    return SparkBackend(root, LocalSpark(root / "_tmp" / "spark", "", None, None))


def _log(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
