"""Spark's own errors in ours: what a person can act on, without a page of Java."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from salesperf_cli.errors import InputError, RetryableError, SalesperfError

_LOST = ("OutOfMemoryError", "No space left on device", "ExecutorLostFailure", "Connection refused")


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn what Spark raises inside the block into an error of ours; `doing` names the step ("build gold.t")."""
    from py4j.protocol import Py4JError
    from pyspark.errors import AnalysisException, PySparkException

    try:
        yield
    except AnalysisException as fault:
        raise InputError(
            f"Spark does not take the SQL to {doing}",
            why=_first_line(fault),
            remedy="correct the model, or tell us: it is in the portable subset and DuckDB takes it",
        ) from fault
    except (PySparkException, Py4JError) as fault:
        raise _failed(fault, doing) from fault


def _failed(fault: Exception, doing: str) -> SalesperfError:
    line = _cause(fault)
    if any(word in line for word in _LOST):
        return RetryableError(
            f"Spark could not {doing}", why=line, remedy="give it more memory or disk (memory_limit), then run again"
        )
    return InputError(f"Spark could not {doing}", why=line, remedy="add --debug to see all that Spark said")


def _first_line(fault: Exception) -> str:
    return str(fault).strip().split("\n")[0][:300]


def _cause(fault: Exception) -> str:
    """The last cause that the JVM names, where it names any: the first lines only say that a job failed."""
    lines = [line.strip() for line in str(fault).splitlines()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return causes[-1][:300] if causes else _first_line(fault)
