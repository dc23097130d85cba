"""The allow-list on real Spark: every edge case must give there what it gives on DuckDB.

Run it in Spark's own venv, which needs only pyspark and pytest: `pytest --noconftest -m spark
tests/spark/test_portable_sql_on_spark.py`. Spark 4 runs with ANSI on, its default.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from edge_cases import EdgeCase, QueryCase, Row, edge_cases, fixtures, query_cases, same, same_rows, typed

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    pyspark_sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed; see the extra `spark`")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("Spark needs Java 17 and there is none")
    os.environ["TZ"] = "UTC"  # collect() gives timestamps in the zone of this process
    time.tzset()
    session = (
        pyspark_sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.legacy.timeParserPolicy", "CORRECTED")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def _rows(columns: tuple[tuple[str, str], ...], rows: tuple[Row, ...]) -> list[Row]:
    return [tuple(typed(value, kind) for value, (_, kind) in zip(row, columns, strict=True)) for row in rows]


def _evaluate(spark: Any, cases: list[EdgeCase]) -> dict[int, list[Any]]:
    """All cases over the same column types in one query: each looks only at its own rows."""
    columns = cases[0].columns
    data = [(number, *row) for number, case in enumerate(cases) for row in _rows(columns, case.inputs)]
    schema = "case_ int, " + ", ".join(f"{name} {kind}" for name, kind in columns)
    spark.createDataFrame(data, schema).createOrReplaceTempView("cases")
    asked = (f"CASE WHEN case_ = {number} THEN {case.sql} END" for number, case in enumerate(cases))
    results: dict[int, list[Any]] = defaultdict(list)
    for row in spark.sql(f"SELECT case_, {', '.join(asked)} FROM cases").collect():
        results[row[0]].append(row[row[0] + 1])
    return results


def test_spark_gives_the_expected_value_for_every_expression(spark: Any) -> None:
    by_columns = defaultdict(list)
    for case in edge_cases():
        by_columns[case.columns].append(case)
    wrong = []
    for cases in by_columns.values():
        results = _evaluate(spark, cases)
        for number, case in enumerate(cases):
            for row, actual in zip(case.rows, results[number], strict=True):
                if not same(actual, row[-1]):
                    wrong.append(f"{case.sql} of {row[:-1]} is {actual!r}, not {row[-1]!r}")
    assert wrong == []


def test_spark_gives_the_expected_rows_for_every_query(spark: Any) -> None:
    for fixture in fixtures():
        schema = ", ".join(f"{name} {kind}" for name, kind in fixture.columns)
        frame = spark.createDataFrame(_rows(fixture.columns, fixture.rows), schema).coalesce(1).cache()
        frame.createOrReplaceTempView(fixture.table.partition(".")[2])

    def actual(case: QueryCase) -> list[Row]:
        return [tuple(row) for row in spark.sql(case.sql.replace("bronze.", "")).collect()]

    wrong = [case.name for case in query_cases() if not same_rows(actual(case), list(case.rows))]
    assert wrong == []
