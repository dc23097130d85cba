"""Athena's query executions on a real Trino: states, statistics, the bytes cutoff, result reuse, messages as AWS's.

Types and result files are in `results`, Trino's protocol in `trino`. Workgroups are ministack's.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.aws.standin.overlay import Fault, Operation
from tests.aws.standin.results import Results, as_data, as_rows
from tests.aws.standin.statements import Statement, read_statement
from tests.aws.standin.trino import Page, Trino

_OVER = {"SUCCEEDED", "FAILED", "CANCELLED"}
_MALFORMED = re.compile(r"mismatched input|extraneous input|no viable alternative|backquoted|missing .+ at ")
_NOT_ALLOWED_OR = " or requester is not authorized to access requested resources"
_STARTS_WITHIN = 60.0  # the first query waits for Trino


@dataclass(slots=True)
class Execution:
    """A query while it lives and after."""

    query_id: str
    statement: Statement
    parameters: tuple[str, ...]
    context: Mapping[str, str]
    workgroup: str
    location: str
    cutoff: int | None
    asked: Mapping[str, Any]
    submitted: float = field(default_factory=time.time)
    ended: float | None = None
    state: str = "QUEUED"
    reason: str = ""
    system_fault: bool = False
    reused: bool = False
    stop_asked: bool = False
    results: Results = field(default_factory=lambda: Results((), ()))
    update_count: int | None = None
    stats: Mapping[str, Any] = field(default_factory=dict)
    begun: threading.Event = field(default_factory=threading.Event)
    malformed: str = ""

    @property
    def scanned(self) -> int:
        """Bytes read from S3."""
        return 0 if self.reused else int(self.stats.get("physicalInputBytes") or 0)

    def becomes(self, state: str, reason: str = "") -> None:
        """Go on to a state."""
        self.reason = reason
        if state in _OVER:
            self.ended = time.time()
        self.state = state


class Athena:
    """Starts queries and tells about them. `athena` and `s3` are clients of ministack."""

    def __init__(self, trino: Trino, athena: Any, s3: Any) -> None:
        self._trino, self._athena, self._s3 = trino, athena, s3
        self._executions: dict[str, Execution] = {}
        self._by_token: dict[str, str] = {}

    def operations(self) -> dict[str, Operation]:
        """What is answered here, by X-Amz-Target."""
        return {
            "AmazonAthena.GetWorkGroup": lambda asked: {"WorkGroup": self._workgroup(asked["WorkGroup"])},
            "AmazonAthena.StartQueryExecution": self.start,
            "AmazonAthena.GetQueryExecution": lambda asked: {"QueryExecution": _shown(self._found(asked))},
            "AmazonAthena.BatchGetQueryExecution": self.several,
            "AmazonAthena.ListQueryExecutions": self.page,
            "AmazonAthena.GetQueryResults": self.rows,
            "AmazonAthena.StopQueryExecution": self.stop,
            "AmazonAthena.GetQueryRuntimeStatistics": lambda asked: {
                "QueryRuntimeStatistics": _runtime(self._found(asked))
            },
        }

    def start(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """StartQueryExecution; a query that cannot be parsed is refused here, as Athena does."""
        token = str(asked.get("ClientRequestToken") or uuid4())
        if token in self._by_token:
            return {"QueryExecutionId": self._by_token[token]}
        execution = self._execution(asked)
        earlier = self._reusable(execution)
        if earlier:
            execution.results, execution.location, execution.reused = earlier.results, earlier.location, True
            execution.becomes("SUCCEEDED")
        else:
            threading.Thread(target=self._live, args=(execution,), daemon=True).start()
            execution.begun.wait(_STARTS_WITHIN)
        if execution.malformed:
            raise Fault("InvalidRequestException", execution.malformed, AthenaErrorCode="MALFORMED_QUERY")
        self._executions[execution.query_id] = execution
        self._by_token[token] = execution.query_id
        return {"QueryExecutionId": execution.query_id}

    def several(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """BatchGetQueryExecution."""
        found = [self._executions[each] for each in asked["QueryExecutionIds"] if each in self._executions]
        missing = [{"QueryExecutionId": each} for each in asked["QueryExecutionIds"] if each not in self._executions]
        return {"QueryExecutions": [_shown(each) for each in found], "UnprocessedQueryExecutionIds": missing}

    def page(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ListQueryExecutions: the newest first, by pages."""
        workgroup = asked.get("WorkGroup") or "primary"
        ids = [each.query_id for each in reversed(self._executions.values()) if each.workgroup == workgroup]
        first, most = int(asked.get("NextToken") or 0), int(asked.get("MaxResults") or 50)
        more = {"NextToken": str(first + most)} if len(ids) > first + most else {}
        return {"QueryExecutionIds": ids[first : first + most], **more}

    def rows(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """GetQueryResults: the first page of a SELECT opens with the header."""
        execution = self._found(asked)
        if execution.state != "SUCCEEDED":
            finished = execution.state in _OVER
            said = "Query did not finish successfully. Final query state: " if finished else (
                "Query has not yet finished. Current state: "
            )  # fmt: skip
            raise Fault("InvalidRequestException", said + execution.state)
        results = execution.results
        rows = (results.names, *results.rows) if execution.statement.gives_rows else results.rows
        first, most = int(asked.get("NextToken") or 0), int(asked.get("MaxResults") or 1000)
        answer: dict[str, Any] = {
            "ResultSet": {"Rows": as_data(rows[first : first + most]), "ResultSetMetadata": results.metadata()},
            "UpdateCount": execution.update_count or 0,
        }
        return answer | ({"NextToken": str(first + most)} if len(rows) > first + most else {})

    def stop(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """StopQueryExecution."""
        self._found(asked).stop_asked = True
        return {}

    def _execution(self, asked: Mapping[str, Any]) -> Execution:
        name = str(asked.get("WorkGroup") or "primary")
        settings = self._workgroup(name).get("Configuration", {})
        given = (asked.get("ResultConfiguration") or {}).get("OutputLocation")
        of_the_workgroup = (settings.get("ResultConfiguration") or {}).get("OutputLocation")
        enforced = settings.get("EnforceWorkGroupConfiguration") and of_the_workgroup
        location = of_the_workgroup if enforced else given or of_the_workgroup
        if not location:
            raise Fault(
                "InvalidRequestException",
                "No output location provided. An output location is required either through the Workgroup result"
                " configuration setting or as an API input.",
                AthenaErrorCode="INVALID_INPUT",
            )
        statement = read_statement(str(asked["QueryString"]))
        query_id = str(uuid4())
        file = f"{location.rstrip('/')}/{query_id}.{'csv' if statement.gives_rows else 'txt'}"
        parameters = tuple(asked.get("ExecutionParameters") or ())
        context = dict(asked.get("QueryExecutionContext") or {})
        cutoff = settings.get("BytesScannedCutoffPerQuery")
        return Execution(query_id, statement, parameters, context, name, file, cutoff, asked)

    def _workgroup(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._athena.get_work_group(WorkGroup=name)["WorkGroup"]
        except self._athena.exceptions.InvalidRequestException:
            raise Fault("InvalidRequestException", f"WorkGroup {name} is not found.") from None
        if found.get("State") == "DISABLED":
            raise Fault("InvalidRequestException", f"WorkGroup {name} is disabled.")
        settings = found.setdefault("Configuration", {})
        if settings.get("BytesScannedCutoffPerQuery"):  # CloudFormation in ministack leaves it as text
            settings["BytesScannedCutoffPerQuery"] = int(settings["BytesScannedCutoffPerQuery"])
        if isinstance(made := found.get("CreationTime"), datetime):
            found["CreationTime"] = made.timestamp()
        return found

    def _found(self, asked: Mapping[str, Any]) -> Execution:
        execution = self._executions.get(asked["QueryExecutionId"])
        if execution is None:
            raise Fault("InvalidRequestException", f"QueryExecution {asked['QueryExecutionId']} was not found")
        return execution

    def _reusable(self, execution: Execution) -> Execution | None:
        """An earlier run of the same question whose result is young enough, where reuse is asked for."""
        wanted = (execution.asked.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration") or {}
        if not wanted.get("Enabled") or not execution.statement.gives_rows:
            return None
        oldest = execution.submitted - 60 * int(wanted.get("MaxAgeInMinutes", 60))
        for earlier in reversed(self._executions.values()):
            young = earlier.state == "SUCCEEDED" and not earlier.reused and earlier.submitted >= oldest
            if young and _question(earlier) == _question(execution):
                return earlier
        return None

    def _live(self, execution: Execution) -> None:
        try:
            self._run(execution)
        except Exception as fault:  # whatever it is, the query has ended by it
            execution.system_fault = True
            execution.becomes("FAILED", f"INTERNAL_ERROR: {fault!r}")
        finally:
            execution.begun.set()

    def _run(self, execution: Execution) -> None:
        columns: tuple[Mapping[str, Any], ...] = ()
        rows: list[tuple[str | None, ...]] = []
        database = execution.context.get("Database")
        with closing(self._trino.run(execution.statement.sql, execution.parameters, database)) as pages:
            for page in pages:
                execution.stats = page.stats
                if page.error:
                    _fail(execution, page.error)
                    return
                if execution.stop_asked or _over_the_cutoff(execution):
                    break
                _goes_on(execution, page)
                columns = page.columns or columns
                rows.extend(as_rows(columns, page.rows))
                execution.update_count = page.update_count
        if execution.stop_asked or _over_the_cutoff(execution):
            reason = "Query cancelled by user" if execution.stop_asked else "Bytes scanned limit was exceeded"
            execution.becomes("CANCELLED", reason)
            return
        results = Results(columns, tuple(rows)) if execution.statement.shows else Results((), ())
        bucket, _, key = execution.location.removeprefix("s3://").partition("/")
        body = results.csv() if execution.statement.gives_rows else results.text()
        self._s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/octet-stream")
        execution.results = results
        execution.becomes("SUCCEEDED")


def _goes_on(execution: Execution, page: Page) -> None:
    if page.state not in ("QUEUED", "WAITING_FOR_RESOURCES", "DISPATCHING"):
        execution.begun.set()
        if execution.state == "QUEUED":
            execution.becomes("RUNNING")


def _over_the_cutoff(execution: Execution) -> bool:
    return execution.cutoff is not None and execution.scanned > execution.cutoff


def _fail(execution: Execution, error: Mapping[str, Any]) -> None:
    name, message = error["errorName"], error["message"]
    if name == "SYNTAX_ERROR" and _MALFORMED.search(message):
        execution.malformed = message
    if name == "COLUMN_NOT_FOUND":
        message += _NOT_ALLOWED_OR
    execution.system_fault = error.get("errorType") != "USER_ERROR"
    execution.becomes("FAILED", f"{name}: {message}")


def _question(execution: Execution) -> tuple[object, ...]:
    return execution.statement.sql, execution.parameters, execution.workgroup, tuple(sorted(execution.context.items()))


def _shown(execution: Execution) -> dict[str, Any]:
    """An execution as GetQueryExecution shows it."""
    status: dict[str, Any] = {"State": execution.state, "SubmissionDateTime": execution.submitted}
    if execution.ended:
        status["CompletionDateTime"] = execution.ended
    if execution.reason:
        status["StateChangeReason"] = execution.reason
    if execution.state == "FAILED":
        status["AthenaError"] = {
            "ErrorCategory": 1 if execution.system_fault else 2,
            "ErrorType": 1 if execution.system_fault else 1006,
            "Retryable": False,
            "ErrorMessage": execution.reason,
        }
    return {
        "QueryExecutionId": execution.query_id,
        "Query": execution.asked["QueryString"],
        "StatementType": execution.statement.kind,
        "SubstatementType": execution.statement.verb,
        "ResultConfiguration": {"OutputLocation": execution.location},
        "ResultReuseConfiguration": execution.asked.get("ResultReuseConfiguration") or {},
        "QueryExecutionContext": dict(execution.context),
        "ExecutionParameters": list(execution.parameters),
        "WorkGroup": execution.workgroup,
        "EngineVersion": {
            "SelectedEngineVersion": "Athena engine version 3",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
        "Status": status,
        "Statistics": {
            **_timeline(execution),
            "DataScannedInBytes": execution.scanned,
            "ResultReuseInformation": {"ReusedPreviousResult": execution.reused},
        },
    }


def _timeline(execution: Execution) -> dict[str, int]:
    stats = {} if execution.reused else execution.stats
    return {
        "QueryQueueTimeInMillis": int(stats.get("queuedTimeMillis") or 0),
        "QueryPlanningTimeInMillis": int(stats.get("planningTimeMillis") or 0),
        "EngineExecutionTimeInMillis": int(stats.get("elapsedTimeMillis") or 0),
        "TotalExecutionTimeInMillis": int(((execution.ended or time.time()) - execution.submitted) * 1000),
        "ServiceProcessingTimeInMillis": 0,
    }


def _runtime(execution: Execution) -> dict[str, Any]:
    """QueryRuntimeStatistics, without the stages."""
    return {
        "Timeline": _timeline(execution),
        "Rows": {
            "InputRows": int(execution.stats.get("processedRows") or 0),
            "InputBytes": execution.scanned,
            "OutputRows": len(execution.results.rows),
            "OutputBytes": len(execution.results.csv()),
        },
    }
