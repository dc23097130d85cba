"""Window functions that are no aggregates."""

from __future__ import annotations

from salesperf_cli.core.athena.calls import Call
from salesperf_cli.core.athena.context import Typed, mismatch
from salesperf_cli.core.athena.registry import Function
from salesperf_cli.core.athena.trino_types import BIGINT, DOUBLE


def _ranking(call: Call) -> Typed:
    call.count(0)
    if call.nulls:
        mismatch(f"{call.name} takes no IGNORE NULLS", call.node)
    return Typed(call.aggregate(call.name), DOUBLE if call.name in ("percent_rank", "cume_dist") else BIGINT)


def _ntile(call: Call) -> Typed:
    call.count(1)
    return Typed(call.aggregate("ntile", call.value(0, BIGINT).sql), BIGINT)


def _shifted(call: Call) -> Typed:
    given = call.count(1, 3)
    value = call.value(0)
    arguments = [value.sql]
    if given > 1:
        arguments.append(call.value(1, BIGINT).sql)
    if given > 2:
        arguments.append(call.value(2, value.type).sql)
    arguments[-1] += call.nulls
    return Typed(call.aggregate(call.name, *arguments), value.type)


def _edge(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    return Typed(call.aggregate(call.name, value.sql + call.nulls), value.type)


def _nth(call: Call) -> Typed:
    call.count(2)
    value = call.value(0)
    return Typed(call.aggregate("nth_value", value.sql, call.value(1, BIGINT).sql + call.nulls), value.type)


FUNCTIONS = (
    *(
        Function(name, _ranking, kind="window")
        for name in ("row_number", "rank", "dense_rank", "percent_rank", "cume_dist")
    ),
    Function("ntile", _ntile, kind="window"),
    *(Function(name, _shifted, "with IGNORE NULLS", "window") for name in ("lag", "lead")),
    *(Function(name, _edge, "with IGNORE NULLS", "window") for name in ("first_value", "last_value")),
    Function("nth_value", _nth, "with IGNORE NULLS", "window"),
)
