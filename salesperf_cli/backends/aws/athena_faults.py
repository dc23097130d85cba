"""What Athena says of a query that did not end well, as an error of ours: its own reason, and the user's line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from salesperf_cli.errors import AccessError, InputError, RefusedError, RetryableError, SalesperfError

if TYPE_CHECKING:
    from pyathena.model import AthenaQueryExecution

    from salesperf_cli.core.athena_statement import Statement

_PLACE = re.compile(r"\bline (\d+):(\d+)")
_MAYBE_NOT_ALLOWED = re.compile(r" or requester is not authorized to access requested resources", re.I)
"""What Athena adds to the message that a name is not found, whatever the reason."""
_CUT_OFF = re.compile(r"bytes scanned limit", re.I)
_NOT_ALLOWED = re.compile(r"access ?denied|permission|not authorized|unauthorized|status code: 403|kms:\w+", re.I)
_NOT_THERE = re.compile(r"TABLE_NOT_FOUND|VIEW_IS_STALE|(?:table|view) .* does not exist", re.I)
_BUSY = re.compile(
    r"exhausted resources|timed? ?out|internal[_ ]error|slow ?down|throttl|too many requests|rate exceeded|"
    r"service unavailable|try again|insufficient_resources|cluster_out_of_memory",
    re.I,
)
_SYSTEM = 1
"""Athena's error category for faults of its own (API reference, AthenaError)."""


def failure(statement: Statement, execution: AthenaQueryExecution) -> SalesperfError:
    """The error for a query that ended as FAILED or CANCELLED."""
    reason = " ".join((execution.state_change_reason or execution.error_message or "").split())
    if _CUT_OFF.search(reason):
        return RefusedError(
            "Athena stopped the query at the limit of the workgroup",
            why=f"{reason} ({execution.data_scanned_in_bytes or 0:,} bytes were scanned, and are charged)",
            remedy="name fewer columns, filter by the partition column, or deploy with a higher BytesCutoff",
        )
    if execution.state == execution.STATE_CANCELLED:
        return RetryableError(
            "the query was cancelled", why=reason or "somebody else stopped it", remedy="run the same command again"
        )
    is_athenas = execution.error_category == _SYSTEM or bool(execution.retryable)
    return _of_reason(statement, reason, is_athenas)


def refused_at_once(statement: Statement, reason: str) -> SalesperfError:
    """The error for a statement that Athena did not take."""
    return _of_reason(statement, " ".join(reason.split()), False)


def _of_reason(statement: Statement, reason: str, is_athenas: bool) -> SalesperfError:
    if _NOT_ALLOWED.search(_MAYBE_NOT_ALLOWED.sub("", reason)):
        return AccessError(
            "Athena was not allowed to run the query",
            why=reason,
            remedy="ask for that permission, or use another profile",
        )
    if is_athenas or _BUSY.search(reason):
        return RetryableError(
            "Athena could not finish the query",
            why=reason,
            remedy="run the same command again; if it stays so, read fewer columns or rows",
        )
    place = _PLACE.search(reason)
    detail = statement.shown_at(int(place[1]), int(place[2])) if place else ()
    return InputError("the query failed", why=reason or "Athena gave no reason", remedy=_remedy(reason), detail=detail)


def _remedy(reason: str) -> str:
    if _NOT_THERE.search(reason):
        return "SHOW TABLES IN gold lists tables; salesperf publish-views makes the views"
    return "correct the SQL or its data"
