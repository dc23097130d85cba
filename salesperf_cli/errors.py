"""What can go wrong, said so that a person can go on: what, why, what to do next, and the exit code.

One tree of exceptions, one table of exit codes. How an error is printed lives in `output`, not here.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The process exit codes, documented in docs/reference/exit-codes.md.

    DEFECT is EX_SOFTWARE of sysexits.h; READER_GONE is what a shell reports for `salesperf … | head`.
    """

    DONE = 0
    USAGE = 2
    REFUSED = 3
    PERMISSION = 4
    RETRYABLE = 5
    CONFLICT = 6
    DEFECT = 70
    INTERRUPTED = 130
    READER_GONE = 141


class SalesperfError(Exception):
    """A failure that the user can understand and act on.

    `what` is one line, `why` one line, `remedy` the next command or step. `detail` holds further lines (a column diff,
    failing rules) that are printed between why and remedy.
    """

    exit_code: ExitCode = ExitCode.USAGE

    def __init__(self, what: str, *, why: str = "", remedy: str = "", detail: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy
        self.detail = detail


class InputError(SalesperfError):
    """Wrong usage, configuration or input: nothing was changed."""

    exit_code = ExitCode.USAGE


class RefusedError(SalesperfError):
    """A quality rule, a guard or a budget said no."""

    exit_code = ExitCode.REFUSED


class AccessError(SalesperfError):
    """Not logged in, or not allowed."""

    exit_code = ExitCode.PERMISSION


class RetryableError(SalesperfError):
    """Partly done or worth trying again; says what landed and how to resume."""

    exit_code = ExitCode.RETRYABLE


class ConflictError(SalesperfError):
    """Somebody else changed the same thing in between."""

    exit_code = ExitCode.CONFLICT
