"""Staging on Spark: rows of text are cast and judged, and every file is accounted for.

Each column is cast only where the text has the shape that all engines agree on (`core/text_shapes`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from salesperf_cli.backends.spark.catalog import sql_type
from salesperf_cli.backends.spark.deduplication import Distinct, distinct_rows
from salesperf_cli.backends.spark.reading import Reader, damaged_originals
from salesperf_cli.core.build import StageRequest
from salesperf_cli.core.ledger import CheckRecord, FileCount
from salesperf_cli.core.portable_sql import expression_to_spark
from salesperf_cli.core.quarantine import Refused
from salesperf_cli.core.staging import (
    DUPLICATE_KEY,
    ReadFile,
    error_rules,
    file_counts,
    judgements,
    needs_record_reader,
    warning_records,
    warning_rules,
)
from salesperf_cli.core.tables import Column as ContractColumn
from salesperf_cli.core.text_shapes import ISO_FORMATS, java_format, shape

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


NAMED_ONE_BY_ONE = 3
"""How many files that Spark cannot read are learnt one at a time; then all that are left are read record by record."""


@dataclass(frozen=True, slots=True)
class FileTally:
    """What Spark's reader found in one file: rows, rows that a rule refused, and whether it stumbled."""

    rows: int
    refused: int
    corrupt: bool


class Stager:
    """Stages one bronze table with a reader."""

    def __init__(self, reader: Reader, request: StageRequest) -> None:
        self._reader = reader
        self._request = request
        self._contract = request.contract
        self._types = {column.name: str(column.type) for column in request.contract.columns}

    def stage(self) -> Distinct:
        """Read, judge and de-duplicate; afterwards the accounting and the refused rows can be asked for."""
        self._reader.take(self._request.files)
        damaged = {file.number for file in self._reader.files if _needs_record_reader(file)}
        for attempt in count():
            self._reader.split(damaged)
            judged = self._judged(self._reader.raw_rows())
            typed = judged.select("_file", "_rule", "_corrupt", *self._columns()).persist()
            damaged, self._tally = self._tallied(typed, each_alone=attempt < NAMED_ONE_BY_ONE)
            if not damaged:
                break
            typed.unpersist()
        self._all = judged
        versions = {file.number: file.staged.version for file in self._reader.files}
        self._distinct = distinct_rows(self._contract, typed, versions)
        return self._distinct

    def counts(self) -> tuple[FileCount, ...]:
        """The accounting of each file. Every figure is counted from rows, none is the difference of others."""
        read = {number: tally.rows for number, tally in self._tally.items()}
        refused = {number: tally.refused for number, tally in self._tally.items()}
        for number, _ in self._reader.malformed:
            read[number] = read.get(number, 0) + 1
            refused[number] = refused.get(number, 0) + 1
        for number, conflicts in self._distinct.conflicts.items():
            refused[number] = refused.get(number, 0) + conflicts
        return file_counts(
            self._contract,
            self._reader.files,
            read=read,
            loaded=self._distinct.loaded,
            refused=refused,
            duplicates=self._distinct.duplicates,
        )

    def warnings(self) -> tuple[CheckRecord, ...]:
        """How many loaded rows break each rule that only warns."""
        from pyspark.sql import functions as sf

        rules = warning_rules(self._contract)
        if not rules:
            return ()
        broken = [sf.count_if(~self._rule(rule.expression)) for rule in rules]
        (row,) = self._distinct.rows.agg(*broken).collect()
        return warning_records(self._contract, [int(each) for each in row])

    def refused(self) -> Iterator[Refused]:
        """Rows that break a rule, and rows that contradict another under the same key."""
        known = judgements(self._contract)
        raw = [f"_raw_{at}" for at in range(len(self._contract.columns))]
        if any(tally.refused for tally in self._tally.values()):
            broken = self._all.where("_rule IS NOT NULL").select("_file", "_rule", *raw)
            for row in broken.toLocalIterator():
                yield row[0], known[row[1]], tuple(row[2:])
        if self._distinct.conflicts:
            accepted = self._all.where("_rule IS NULL")
            for row in self._distinct.contradicting(accepted, raw).toLocalIterator():
                yield row[0], DUPLICATE_KEY, tuple(row[1:])

    # mechanics

    def _tallied(self, typed: DataFrame, *, each_alone: bool) -> tuple[set[int], dict[int, FileTally]]:
        """Read everything once; gives the CSV files that Spark stumbled over, and what each file holds.

        Spark stops at the first file that it cannot read at all and names it: `each_alone` takes that one, else all.
        """
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException
        from pyspark.sql import functions as sf

        figures = typed.groupBy("_file").agg(sf.count(sf.lit(1)), sf.count("_rule"), sf.max("_corrupt"))
        try:
            tally = {row[0]: FileTally(row[1], row[2], row[3]) for row in figures.collect()}
        except (PySparkException, Py4JJavaError) as fault:
            if "TextParsingException" not in (told := str(fault)):
                raise
            damaged = damaged_originals(self._reader, told if each_alone else "")
            if not damaged:
                raise
            return damaged, {}
        return {number for number, each in tally.items() if each.corrupt}, tally

    def _judged(self, rows: DataFrame) -> DataFrame:
        """The rows with their typed columns and the number of the first rule that each breaks (`_rule`)."""
        from pyspark.sql import functions as sf

        casts = [
            self._cast(column, f"_raw_{at}").alias(column.name) for at, column in enumerate(self._contract.columns)
        ]
        typed = rows.select("*", *casts)
        tests = []
        for at, column in enumerate(self._contract.columns):
            if shape(column.type, column.format) is not None:
                untyped = sf.col(f"_raw_{at}").isNotNull() & sf.col(f"`{column.name}`").isNull()
                tests.append((untyped, at))
        first = len(self._contract.columns)
        tests += [(~self._rule(rule.expression), first + at) for at, rule in enumerate(error_rules(self._contract))]
        numbers = [sf.when(broken, sf.lit(number)) for broken, number in tests]
        return typed.withColumn("_rule", sf.coalesce(*numbers, sf.lit(None).cast("int")))

    def _rule(self, expression: str) -> Column:
        from pyspark.sql import functions as sf

        return sf.expr(f"({expression_to_spark(expression, self._types)})")

    def _cast(self, column: ContractColumn, raw: str) -> Column:
        from pyspark.sql import functions as sf

        value, type_ = sf.col(raw), column.type
        if type_.kind == "string":
            return value
        assert self._contract.source is not None
        separator = self._contract.source.dialect.decimal_separator
        text = raw
        if separator != "." and type_.kind in ("decimal", "double"):
            text = f"replace(replace({raw}, '.', 'x'), '{separator}', '.')"
        if type_.kind in ISO_FORMATS:
            format_ = java_format(column.format or ISO_FORMATS[type_.kind])
            cast_ = sf.try_to_timestamp(value, sf.lit(format_)).cast(sql_type(type_.kind))
        else:
            cast_ = sf.expr(f"try_cast({text} AS {type_})")
        if type_.kind == "double":
            finite = ~sf.isnan(cast_) & (sf.abs(cast_) != sf.lit(float("inf")))
            # Zero has one sign: engines group -0.0 with 0.0, and each keeps another of them.
            cast_ = sf.when(cast_ == 0, sf.lit(0.0)).when(finite, cast_)
        return sf.when(sf.expr(text).rlike(rf"^(?:{shape(type_, column.format)})\z"), cast_)

    def _columns(self) -> list[str]:
        return [f"`{name}`" for name in self._contract.column_names]


def _needs_record_reader(file: ReadFile) -> bool:
    # Where there is one column only, an empty line is an empty record to Spark.
    return needs_record_reader(file) or (file.form == "csv" and len(file.header) == 1)
