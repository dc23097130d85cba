"""Glue's job runs, really run: StartJobRun, GetJobRun, GetJobRuns and BatchStopJobRun, states and messages as AWS's.

The jobs are those that CloudFormation made in ministack. The process of a run is made by `spark_job`.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.aws.standin.job_logs import LogStream
from tests.aws.standin.overlay import Fault, Operation
from tests.aws.standin.spark_job import Roles, SparkJobs

_OVER = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"}
_GRACE_SECONDS = 10.0
_FROM_THE_JOB = (
    "WorkerType",
    "NumberOfWorkers",
    "GlueVersion",
    "ExecutionClass",
    "MaxCapacity",
    "SecurityConfiguration",
)
_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(?:: (.*))?$")


@dataclass(slots=True)
class JobRun:
    """A run while it lives and after."""

    run_id: str
    job: Mapping[str, Any]
    arguments: Mapping[str, str]  # the run's own
    timeout_seconds: float
    started: float = field(default_factory=time.time)
    changed: float = field(default_factory=time.time)
    ended: float | None = None
    state: str = "STARTING"
    message: str = ""
    process: subprocess.Popen[bytes] | None = None
    thread: threading.Thread | None = None

    @property
    def merged(self) -> dict[str, str]:
        """The job's arguments with the run's over them."""
        return {**self.job.get("DefaultArguments", {}), **self.arguments}

    @property
    def log_prefix(self) -> str:
        """The log groups of the run are this with /output and /error."""
        return self.merged.get("--custom-logGroup-prefix", "/aws-glue/jobs").rstrip("/")

    def becomes(self, state: str, message: str = "") -> None:
        """Go on to a state."""
        self.state, self.message, self.changed = state, message, time.time()
        if state in _OVER:
            self.ended = self.changed


class GlueJobs:
    """Starts, follows and stops runs. `minute` is how many seconds a minute of a job's timeout lasts."""

    def __init__(self, glue: Any, roles: Roles, spark: SparkJobs, minute: float = 60) -> None:
        self._glue, self._roles, self._spark, self._minute = glue, roles, spark, minute
        self._runs: list[JobRun] = []
        self._lock = threading.Lock()

    def operations(self) -> dict[str, Operation]:
        """What is answered here, by X-Amz-Target."""
        return {
            "AWSGlue.GetJob": lambda asked: {"Job": _as_json(self._job(asked["JobName"]))},
            "AWSGlue.StartJobRun": self.start,
            "AWSGlue.GetJobRun": lambda asked: {"JobRun": _shown(self._found(asked["JobName"], asked["RunId"]))},
            "AWSGlue.GetJobRuns": self.page,
            "AWSGlue.BatchStopJobRun": self.stop,
        }

    def start(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """StartJobRun."""
        job = self._job(asked["JobName"])
        minutes = asked.get("Timeout") or job.get("Timeout") or 2880
        run = JobRun(f"jr_{secrets.token_hex(32)}", job, dict(asked.get("Arguments") or {}), minutes * self._minute)
        most = int(job["ExecutionProperty"]["MaxConcurrentRuns"])
        with self._lock:
            living = [each for each in self._runs if each.job["Name"] == job["Name"] and each.state not in _OVER]
            if len(living) >= most:
                raise Fault("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job['Name']}")
            self._runs.insert(0, run)
        run.thread = threading.Thread(target=self._live, args=(run,), daemon=True)
        run.thread.start()
        return {"JobRunId": run.run_id}

    def page(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """GetJobRuns: the newest first, by pages."""
        self._job(asked["JobName"])
        runs = [run for run in self._runs if run.job["Name"] == asked["JobName"]]
        first, most = int(asked.get("NextToken") or 0), int(asked.get("MaxResults") or 200)
        page: dict[str, Any] = {"JobRuns": [_shown(run) for run in runs[first : first + most]]}
        return page | ({"NextToken": str(first + most)} if len(runs) > first + most else {})

    def stop(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """BatchStopJobRun: kills the processes of the runs."""
        stopped: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for run_id in asked["JobRunIds"]:
            named = {"JobName": asked["JobName"], "JobRunId": run_id}
            try:
                _stop(self._found(asked["JobName"], run_id))
                stopped.append(named)
            except Fault as fault:
                errors.append(named | {"ErrorDetail": {"ErrorCode": fault.code, "ErrorMessage": fault.message}})
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def close(self) -> None:
        """Kill what still runs."""
        for run in self._runs:
            _end(run.process, grace=1.0)
            if run.thread:
                run.thread.join(timeout=10)

    def _job(self, name: str) -> Mapping[str, Any]:
        try:
            job = self._glue.get_job(JobName=name)["Job"]
        except self._glue.exceptions.EntityNotFoundException:
            raise Fault("EntityNotFoundException", f"Failed to find the job {name}") from None
        # CloudFormation in ministack leaves numbers as the text of the template.
        numbers = {key: int(job[key]) for key in ("Timeout", "NumberOfWorkers", "MaxRetries") if key in job}
        return {"ExecutionProperty": {"MaxConcurrentRuns": 1}, **job, **numbers}

    def _found(self, job: str, run_id: str) -> JobRun:
        for run in self._runs:
            if run.run_id == run_id and run.job["Name"] == job:
                return run
        raise Fault("EntityNotFoundException", f"Job run {run_id} of the job {job} is not found")

    def _live(self, run: JobRun) -> None:
        try:
            self._run(run)
        except Exception as fault:  # whatever it is, the run has ended by it
            _end(run.process)
            run.becomes("FAILED", f"LAUNCH ERROR | {fault}")

    def _run(self, run: JobRun) -> None:
        launch = self._spark.launch(run.job, run.run_id, run.merged)
        logs = self._roles.client("logs", run.job)
        output, error = (LogStream(logs, f"{run.log_prefix}/{end}", run.run_id) for end in ("output", "error"))
        if run.state == "STOPPING":
            run.becomes("STOPPED")
            return
        run.process = subprocess.Popen(
            launch.command, env=dict(launch.environment), cwd=launch.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        if run.state == "STARTING":
            run.becomes("RUNNING")
        else:  # stopped while it was being started
            _end(run.process)
        assert run.process.stdout and run.process.stderr
        output.follow(run.process.stdout)
        error.follow(run.process.stderr)
        late = False
        try:
            code = run.process.wait(timeout=run.timeout_seconds)
        except subprocess.TimeoutExpired:
            late = True
            _end(run.process)
            code = run.process.wait()
        output.join()
        error.join()
        _settle(run, code, late, error.last_lines)


def _stop(run: JobRun) -> None:
    if run.state in _OVER:
        raise Fault("InvalidInputException", f"Job run is in state {run.state} and cannot be stopped")
    run.becomes("STOPPING")
    threading.Thread(target=_end, args=(run.process,), daemon=True).start()


def _settle(run: JobRun, code: int, late: bool, said: list[str]) -> None:
    if late:
        run.becomes("TIMEOUT", "Job run timed out")
    elif run.state == "STOPPING":
        run.becomes("STOPPED")
    elif code == 0:
        run.becomes("SUCCEEDED")
    else:
        run.becomes("FAILED", _why(code, said))


def _why(code: int, said: list[str]) -> str:
    """Glue's message: what the script raised last, without the modules in the exception's name."""
    if "Traceback (most recent call last):" in said:
        last = max(number for number, line in enumerate(said) if line == "Traceback (most recent call last):")
        for line in said[last + 1 :]:
            if raised := _RAISED.match(line):
                return f"{raised[1].rpartition('.')[2]}: {raised[2] or ''}".rstrip(": ")
    return f"SystemExit: {code}"


def _end(process: subprocess.Popen[bytes] | None, grace: float = _GRACE_SECONDS) -> None:
    """End a run and all that it started; at once if it does not in time."""
    if process is None:
        return
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, number)
                process.wait(timeout=seconds)


def _as_json(job: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.timestamp() if isinstance(value, datetime) else value for key, value in job.items()}


def _shown(run: JobRun) -> dict[str, Any]:
    """A run as GetJobRun shows it."""
    shown: dict[str, Any] = {
        "Id": run.run_id,
        "Attempt": 0,
        "JobName": run.job["Name"],
        "StartedOn": run.started,
        "LastModifiedOn": run.changed,
        "JobRunState": run.state,
        "Arguments": dict(run.arguments),
        "PredecessorRuns": [],
        "ExecutionTime": int((run.ended or time.time()) - run.started),
        "Timeout": run.job.get("Timeout") or 2880,
        "LogGroupName": run.log_prefix,
    }
    shown |= {name: run.job[name] for name in _FROM_THE_JOB if run.job.get(name)}
    if run.ended:
        shown["CompletedOn"] = run.ended
    return shown | ({"ErrorMessage": run.message} if run.message else {})
