"""Glue jobs: started, looked at, stopped, and their logs in CloudWatch read as they grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from salesperf_cli.backends.aws.faults import code_of, told
from salesperf_cli.backends.aws.resources import Resources
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.backends.ports import JobRun
from salesperf_cli.errors import ConflictError

_STATES: Mapping[str, str] = {
    "STARTING": "starting",
    "WAITING": "starting",
    "RUNNING": "running",
    "STOPPING": "stopping",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "ERROR": "failed",
    "EXPIRED": "failed",
    "STOPPED": "stopped",
    "TIMEOUT": "timeout",
}
"""Glue's states (API reference, JobRun.JobRunState) in ours."""


class GlueJobs:
    """Implements `Jobs` over the jobs of the batch stack."""

    def __init__(self, session: AwsSession, resources: Resources) -> None:
        self._session = session
        self._resources = resources

    def start(self, layer: str, arguments: Mapping[str, str]) -> str:
        """Start the layer's job with arguments besides its own; gives the job run's id."""
        from botocore.exceptions import ClientError

        name = self._name(layer)
        given = {f"--{key}": value for key, value in arguments.items()}
        with told(f"start the job {name}"):
            try:
                return str(self._glue.start_job_run(JobName=name, Arguments=given)["JobRunId"])
            except ClientError as fault:
                if code_of(fault) == "ConcurrentRunsExceededException":
                    raise ConflictError(
                        f"the job {name} runs already",
                        why="one run a layer at a time",
                        remedy="wait until it has ended (salesperf status), then run the command again",
                    ) from fault
                raise

    def run(self, layer: str, job: str) -> JobRun:
        """How a job run stands."""
        with told(f"look at the {layer} job"):
            run = self._glue.get_job_run(JobName=self._name(layer), RunId=job)["JobRun"]
        state = _STATES.get(run["JobRunState"], "running")
        return JobRun(
            state=cast(Literal["starting", "running", "stopping", "succeeded", "failed", "stopped", "timeout"], state),
            message=str(run.get("ErrorMessage") or ""),
            seconds=int(run.get("ExecutionTime") or 0),
        )

    def stop(self, layer: str, job: str) -> None:
        """Ask a job run to stop. The call succeeds where Glue refuses the single run, so that is looked at, too."""
        from botocore.exceptions import ClientError

        with told(f"stop the {layer} job"):
            answer = self._glue.batch_stop_job_run(JobName=self._name(layer), JobRunIds=[job])
            for refused in answer.get("Errors", ()):
                detail = refused.get("ErrorDetail", {})
                said = {"Code": detail.get("ErrorCode", ""), "Message": detail.get("ErrorMessage", "")}
                raise ClientError({"Error": said}, "BatchStopJobRun")

    def log(self, layer: str, job: str, after: str | None) -> tuple[Sequence[str], str | None]:
        """The lines that a job run has printed after a place, and the place reached.

        CloudWatch gives the same place again at the end of what there is.
        """
        from botocore.exceptions import ClientError

        group = self._resources.of("batch", f"{layer.capitalize()}LogGroupPrefix") + "/output"
        asked: dict[str, Any] = {"logGroupName": group, "logStreamName": job, "startFromHead": True}
        lines: list[str] = []
        while True:
            with told(f"read the log of the {layer} job"):
                try:
                    page = self._session.client("logs").get_log_events(
                        **asked, **({"nextToken": after} if after else {})
                    )
                except ClientError as fault:
                    if code_of(fault) == "ResourceNotFoundException":  # nothing printed yet
                        return lines, after
                    raise
            lines += [event["message"].rstrip("\n") for event in page["events"]]
            if page["nextForwardToken"] == after:
                return lines, after
            after = page["nextForwardToken"]

    @property
    def _glue(self) -> Any:
        return self._session.client("glue")

    def _name(self, layer: str) -> str:
        return self._resources.of("batch", f"{layer.capitalize()}JobName")
