"""The Glue job: builds and audits a layer of a lake; ledger, receipts and run ids are those of `salesperf run-batch`.

    spark-submit run_layer.py --layer silver --lake s3://bucket --pipeline olist [--promote true]

Glue 5.1 (Spark 3.5.6) and 6.0 (Spark 4.1.1); without Glue the same line runs on a folder. The package comes as a wheel,
what it needs in --additional-python-modules. Exit codes are those of the command line.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesperf_cli.backends.aws.session import AwsSession
    from salesperf_cli.backends.ports import BatchBackend
    from salesperf_cli.core.batch import BatchPlan, BuildStep, CheckStep, StageStep, Step
    from salesperf_cli.core.build import BuildResult, StageResult
    from salesperf_cli.core.ledger import CheckRecord, Ledger, RunRecord
    from salesperf_cli.core.operations import BatchOutcome
    from salesperf_cli.core.pipeline import Pipeline

OPTIONAL = ("pipeline", "promote", "tables", "full-refresh", "run-id", "then", "catalog", "silver-database",
            "gold-database", "quarantine-database", "metrics-namespace")  # fmt: skip


@dataclass(frozen=True, slots=True)
class LayerWorkspace:
    """What an operation works with."""

    pipeline: Pipeline
    backend: BatchBackend
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
    from salesperf_cli.backends.aws.job_arguments import job_arguments
    from salesperf_cli.core.job_outcome import leave_fault
    from salesperf_cli.core.ledger import new_run_id
    from salesperf_cli.errors import SalesperfError

    given = job_arguments(argv, ("layer", "lake"), OPTIONAL)
    run_id = given.get("run-id") or new_run_id(_now())
    backend = None
    try:
        backend = _backend(given)
        outcome = _run(given, backend, run_id)
    except SalesperfError as error:
        _log(f"{error.what}: {error.why}. {error.remedy}")
        if backend is not None:
            leave_fault(backend.objects, run_id, given["layer"], error)
        return int(error.exit_code)
    if outcome is None:
        _log("everything is up to date")
    else:
        run = outcome.run
        _log(f"run {run.run_id}: {run.status}" + (f", {outcome.release.name}" if outcome.release else ""))
        _tell(given, run)
        if run.failures:
            return 3
    _go_on(given, run_id)
    return 0


def _run(given: Mapping[str, str], backend: BatchBackend, run_id: str) -> BatchOutcome | None:
    from salesperf_cli.core.batch import BatchRequest
    from salesperf_cli.core.ledger import Ledger
    from salesperf_cli.core.operations import run_batch
    from salesperf_cli.core.pipeline import load_pipeline
    from salesperf_cli.core.promotion import layers_of

    workspace = LayerWorkspace(load_pipeline(_pipeline(given)), backend, Ledger(backend.objects))
    tables = tuple(filter(None, given.get("tables", "").split(",")))
    request = BatchRequest(layers_of(given["layer"]), tables, given.get("full-refresh") == "true")
    # A job that another follows leaves the publishing to it: a release is of all layers together.
    promote = given.get("promote") == "true" and not given.get("then")
    return run_batch(workspace, request, LogReporter(), promote=promote, clock=_now, run_id=run_id)


def _backend(given: Mapping[str, str]) -> BatchBackend:
    """The backend of a lake by its address."""
    lake = given["lake"]
    if lake.startswith("s3://"):
        from salesperf_cli.backends.aws.job_backend import JobBackend

        databases = {layer: given.get(f"{layer}-database", layer) for layer in ("silver", "gold", "quarantine")}
        return JobBackend(_session(), lake, given.get("catalog", "lake"), databases)
    from salesperf_cli.backends.spark.backend import SparkBackend
    from salesperf_cli.backends.spark.session import LocalSpark

    root = Path(lake).resolve()
    return SparkBackend(root, LocalSpark(root / "_tmp" / "spark", "", None, None))


def _pipeline(given: Mapping[str, str]) -> str:
    """The pipeline's name or folder; a zipped one in S3 is unpacked first."""
    name = given.get("pipeline", "olist")
    if not name.startswith("s3://"):
        return name
    from salesperf_cli.backends.aws.pipelines import unpacked

    return str(unpacked(_session(), name))


def _tell(given: Mapping[str, str], run: RunRecord) -> None:
    """Put the run's figures into CloudWatch, where the job was given a namespace."""
    if not (namespace := given.get("metrics-namespace")) or not run.files:
        return
    from salesperf_cli.backends.aws.metrics import CloudWatchMetrics

    loaded, quarantined = (sum(getattr(file, figure) for file in run.files) for figure in ("loaded", "quarantined"))
    fault = CloudWatchMetrics(_session(), namespace).put({"RowsLoaded": loaded, "RowsQuarantined": quarantined})
    if fault:
        _log(f"figures were not told to CloudWatch: {fault}")


def _go_on(given: Mapping[str, str], run_id: str) -> None:
    """Start the job that comes next, where there is one, under the same run id."""
    if not (then := given.get("then")):
        return
    handed = {"--run-id": run_id, "--promote": given.get("promote", "false")}
    job = _session().client("glue").start_job_run(JobName=then, Arguments=handed)["JobRunId"]
    _log(f"started {then}, job run {job}")


def _session() -> AwsSession:
    from salesperf_cli.backends.aws.session import Account, AwsSession

    return AwsSession(Account(None, None, None))


def _now() -> datetime:
    return datetime.now(UTC)


def _log(text: str) -> None:
    print(f"{_now():%H:%M:%S} {text}", flush=True)


if __name__ == "__main__":
    if code := main(sys.argv):
        sys.exit(code)
