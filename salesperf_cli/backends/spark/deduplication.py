"""Of rows that are the same, one is loaded: the rules of `backends/embedded/deduplication`, asked of Spark.

Nulls come last in every order here, as they do there, so that the same row wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesperf_cli.core.contracts import Contract

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True, slots=True)
class Distinct:
    """The outcome: the loaded rows (with `_file`), and by file number how many are loaded, duplicates, or in
    conflict.
    """

    contract: Contract
    typed: DataFrame
    rows: DataFrame
    loaded: Mapping[int, int]
    duplicates: Mapping[int, int]
    conflicts: Mapping[int, int]
    conflicting: DataFrame | None

    def contradicting(self, accepted: DataFrame, raw: Sequence[str]) -> DataFrame:
        """`_file` and `raw` fields of the rows in conflict, one for each; `accepted` holds them with all their
        copies.
        """
        from pyspark.sql import Window
        from pyspark.sql import functions as sf

        assert self.conflicting is not None
        columns = ["_file", *self.contract.column_names]
        wrong = self.conflicting.select(*(_column(name).alias(f"_wrong_{at}") for at, name in enumerate(columns)))
        same = sf.lit(True)
        for at, name in enumerate(columns):
            same = same & _column(name).eqNullSafe(sf.col(f"_wrong_{at}"))
        # Copies of a refused row are duplicates: they are counted, not set aside once more.
        copies = Window.partitionBy(*map(_column, columns)).orderBy(*map(_last, raw))
        found = accepted.join(wrong, same, "left_semi").withColumn("_copy", sf.row_number().over(copies))
        return found.where("_copy = 1").select("_file", *raw)

    def drop(self) -> None:
        """Let go of what Spark keeps of the rows."""
        for frame in (self.rows, self.conflicting, self.typed):
            if frame is not None:
                frame.unpersist()


def distinct_rows(contract: Contract, typed: DataFrame, versions: Mapping[int, int]) -> Distinct:
    """De-duplicate the accepted rows of `typed`; `versions` gives each file's ingest version."""
    from pyspark.sql import functions as sf

    columns = [_column(name) for name in contract.column_names]
    accepted = typed.where("_rule IS NULL").select("_file", *columns)
    by_file = _count(accepted)
    if not contract.key:
        rows = accepted.groupBy(*columns).agg(sf.min("_file").alias("_file")).persist()
        loaded = _count(rows)
        return Distinct(contract, typed, rows, loaded, _missing(by_file, loaded), {}, None)
    if accepted.select(*map(_column, contract.key)).distinct().count() == sum(by_file.values()):
        return Distinct(contract, typed, accepted, by_file, {}, {}, None)
    return _ranked(contract, typed, accepted, by_file, versions)


def _ranked(
    contract: Contract, typed: DataFrame, accepted: DataFrame, by_file: Mapping[int, int], versions: Mapping[int, int]
) -> Distinct:
    from pyspark.sql import Window
    from pyspark.sql import functions as sf

    key = Window.partitionBy(*map(_column, contract.key))
    pairs = [sf.lit(part) for pair in versions.items() for part in pair]
    newest, content = sf.desc("_version"), [_last(name) for name in contract.column_names]
    copies = Window.partitionBy(*map(_column, contract.column_names), sf.col("_version")).orderBy("_file")
    ranked = (
        accepted.withColumn("_version", sf.element_at(sf.create_map(*pairs), sf.col("_file")))
        .withColumn("_rank", sf.row_number().over(key.orderBy(newest, *content, _last("_file"))))
        # Equal rows share a value's number: ties of a row number may fall otherwise in another window.
        .withColumn("_value", sf.dense_rank().over(key.orderBy(newest, *content)))
        .withColumn("_latest", sf.max("_version").over(key))
        .withColumn("_copy", sf.row_number().over(copies))
    )
    plain = ["_file", *map(_column, contract.column_names)]
    rows = ranked.where("_rank = 1").select(*plain).persist()
    conflicting = ranked.where("_value > 1 AND _version = _latest AND _copy = 1").select(*plain).persist()
    loaded, conflicts = _count(rows), _count(conflicting)
    duplicates = {file: count - conflicts.get(file, 0) for file, count in _missing(by_file, loaded).items()}
    return Distinct(contract, typed, rows, loaded, duplicates, conflicts, conflicting)


def _column(name: str) -> Column:
    from pyspark.sql import functions as sf

    return sf.col(f"`{name}`")


def _last(name: str) -> Column:
    return _column(name).asc_nulls_last()


def _missing(accepted: Mapping[int, int], kept: Mapping[int, int]) -> dict[int, int]:
    """How many accepted rows of each file are not among the kept ones."""
    return {file: count - kept.get(file, 0) for file, count in accepted.items()}


def _count(rows: DataFrame) -> dict[int, int]:
    return {row[0]: row[1] for row in rows.groupBy("_file").count().collect()}
