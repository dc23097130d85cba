"""Runs statements in an Athena workgroup: submit, poll, stop, and the answer's rows.

Of pyathena it takes the model of a query's execution and the converters of values. Its cursors are left aside: they
poll at a fixed pace, tell nothing on the way, leave no say in when to stop, and find results on S3 by a key of their
own making.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from salesperf_cli.backends.aws.athena_faults import failure, refused_at_once
from salesperf_cli.backends.aws.athena_results import AthenaAnswer, ResultPages
from salesperf_cli.backends.aws.faults import code_of, told
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.backends.ports import QueryCost, QueryProgress

if TYPE_CHECKING:
    from pyathena.model import AthenaQueryExecution

    from salesperf_cli.core.athena_statement import Statement

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.1, 2.0, 1.5
"""Seconds between two looks at a query, and by how much each wait is longer than the one before."""

DEFAULT_LAYER = "gold"
"""The layer whose database a statement is sent to: names without one are looked for there."""


class AthenaQueries:
    """Implements `Queries` in one workgroup, whose settings say where results go and when a query is cut off.

    `databases` gives the catalog database of each layer.
    """

    def __init__(
        self,
        session: AwsSession,
        workgroup: str,
        databases: Mapping[str, str],
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.databases = databases
        self._session = session
        self._workgroup = workgroup
        self._pause = pause

    @property
    def region(self) -> str:
        """The region whose prices hold."""
        return self._session.region

    @contextmanager
    def answer(
        self, statement: Statement, watch: Callable[[QueryProgress], None], *, reuse_minutes: int = 0
    ) -> Iterator[AthenaAnswer]:
        """Run a query; its rows can be fetched inside the block.

        Raises InputError, RefusedError (the workgroup's limit), AccessError or RetryableError with Athena's own reason.
        Whatever ends the wait early, Ctrl-C too, stops the query.
        """
        query_id = self._start(statement, reuse_minutes)
        try:
            execution, seconds = self._wait(query_id, watch)
        except BaseException:
            self._stop(query_id)
            raise
        if execution.state != execution.STATE_SUCCEEDED:
            raise failure(statement, execution)
        pages = ResultPages(self._session.client("athena"), query_id)
        is_reused = bool(execution.reused_previous_result)
        scanned = execution.data_scanned_in_bytes or 0
        cost = QueryCost(query_id, seconds, scanned, not is_reused and _is_charged(execution, scanned), is_reused)
        with AthenaAnswer.opened(self._session, pages, execution, cost) as answer:
            yield answer

    def run(self, statement: Statement) -> None:
        """Run a statement whose answer is of no interest, such as CREATE VIEW; raises as `answer` does."""
        with self.answer(statement, _unwatched):
            pass

    def _start(self, statement: Statement, reuse_minutes: int) -> str:
        request: dict[str, Any] = {
            "QueryString": statement.sql,
            "QueryExecutionContext": {"Catalog": "AwsDataCatalog", "Database": self.databases[DEFAULT_LAYER]},
            "WorkGroup": self._workgroup,
        }
        if statement.parameters:
            request["ExecutionParameters"] = list(statement.parameters)
        if reuse_minutes:
            reuse = {"Enabled": True, "MaxAgeInMinutes": reuse_minutes}
            request["ResultReuseConfiguration"] = {"ResultReuseByAgeConfiguration": reuse}
        from botocore.exceptions import ClientError

        with told("start the query"):
            try:
                return str(self._session.client("athena").start_query_execution(**request)["QueryExecutionId"])
            except ClientError as fault:
                if code_of(fault) == "InvalidRequestException":
                    raise refused_at_once(statement, str(fault.response["Error"].get("Message", ""))) from fault
                raise

    def _wait(self, query_id: str, watch: Callable[[QueryProgress], None]) -> tuple[AthenaQueryExecution, float]:
        """The query's end and the seconds until then."""
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            execution = self._look(query_id)
            seconds = time.monotonic() - began
            if execution.state in execution.TERMINAL_STATES:
                return execution, seconds
            watch(QueryProgress(str(execution.state), seconds, execution.data_scanned_in_bytes or 0))
            self._pause(pause)
            pause = min(pause * GROWTH, LONGEST_PAUSE)

    def _look(self, query_id: str) -> AthenaQueryExecution:
        from pyathena.model import AthenaQueryExecution

        with told("follow the query"):
            return AthenaQueryExecution(self._session.client("athena").get_query_execution(QueryExecutionId=query_id))

    def _stop(self, query_id: str) -> None:
        with suppress(Exception):  # what ended the wait is told; that the query could not be stopped comes second
            self._session.client("athena").stop_query_execution(QueryExecutionId=query_id)


def _is_charged(execution: AthenaQueryExecution, scanned: int) -> bool:
    """DDL is free, and so is what only looks into the catalog (https://aws.amazon.com/athena/pricing/)."""
    return execution.statement_type == "DML" or scanned > 0


def _unwatched(progress: QueryProgress) -> None:
    """Nobody looks on."""
