"""Partitions by their texts (`2017-01`), as listings write them: a row's partition, and the rows of given
partitions.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from salesperf_cli.backends.spark.catalog import sql_type
from salesperf_cli.core.contracts import Contract

if TYPE_CHECKING:
    from pyspark.sql import Column

_JAVA = {"day": "yyyy-MM-dd", "month": "yyyy-MM", "year": "yyyy"}


def partition_text(contract: Contract) -> Column:
    """A row's partition as listings write it."""
    from pyspark.sql import functions as sf

    assert contract.partition is not None
    column = sf.col(f"`{contract.partition.column}`")
    if contract.partition.transform == "identity":
        return column.cast("string")
    return sf.date_format(column, _JAVA[contract.partition.transform])


def rows_of(contract: Contract, partitions: Iterable[str | None]) -> Column:
    """The rows that lie in these partitions, said of the column itself, so that whole files can be told by it."""
    from pyspark.sql import functions as sf

    partition = contract.partition
    assert partition is not None
    column, kind = sf.col(f"`{partition.column}`"), str(contract.column(partition.column).type)
    chosen = set(partitions)
    named = sorted(each for each in chosen if each is not None)
    within = sf.lit(False)
    if partition.transform == "identity":
        if named:
            within = column.isin([sf.lit(each).cast(sql_type(kind)) for each in named])
    else:
        for first, after in _ranges(named):
            within = within | ((column >= _moment(first, kind)) & (column < _moment(after, kind)))
    return within | column.isNull() if None in chosen else within


def _ranges(periods: Iterable[str]) -> list[tuple[date, date]]:
    """Periods as half-open ranges, neighbours joined: an expression over a thousand days would be too deep."""
    joined: list[tuple[date, date]] = []
    for period in periods:
        first, after = _range(period)
        if joined and joined[-1][1] == first:
            joined[-1] = (joined[-1][0], after)
        else:
            joined.append((first, after))
    return joined


def _range(period: str) -> tuple[date, date]:
    numbers = [int(each) for each in period.split("-")]
    if len(numbers) == 1:
        return date(numbers[0], 1, 1), date(numbers[0] + 1, 1, 1)
    if len(numbers) == 2:
        year, month = numbers
        return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
    first = date(*numbers)
    return first, date.fromordinal(first.toordinal() + 1)


def _moment(day: date, kind: str) -> Column:
    from pyspark.sql import functions as sf

    return sf.expr(f"DATE '{day}'" if kind == "date" else f"TIMESTAMP_NTZ '{day} 00:00:00'")
