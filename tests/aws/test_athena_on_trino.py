"""What is sent to Athena means there what it means here: statements, values and views on a real Trino.

Trino and the storage are the stand-in account's; the tables are written by pyiceberg. Skipped where it is not made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from salesperf_cli.backends.aws.athena import AthenaQueries
from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.backends.ports import QueryProgress
from salesperf_cli.core.athena_statement import AthenaLake, statement_of
from salesperf_cli.core.serving_views import plan_views
from salesperf_cli.errors import InputError, RefusedError
from tests.athena_names import DATABASES, Catalog
from tests.aws.standin.account import standin_account
from tests.aws.standin.parts import REGION, missing_part

pytestmark = pytest.mark.slow

VIEWS = {
    "serving.paid": "-- what was paid\nSELECT order_id, price FROM gold.sales_wide WHERE price > 0; -- end",
    "serving.most": "SELECT max(price) AS price FROM serving.paid",
}
CATALOG = Catalog({"gold.sales_wide": ()}, VIEWS)
"""The tables made here."""
ROWS = 2500
NOON = dt.datetime.fromisoformat("2018-01-31 12:00:00.123")
"""Athena shows milliseconds."""


def _rows(first: int, last: int) -> pa.Table:
    """Orders by number; each tenth has neither city nor moment, each seventh an empty city."""
    numbers = range(first, last)
    city = [None if n % 10 == 0 else "" if n % 7 == 0 else f'São "{n}"\n, x' for n in numbers]
    return pa.table(
        {
            "order_id": pa.array([f"o{n:05}" for n in numbers]),
            "city": pa.array(city, pa.string()),
            "price": pa.array([Decimal(n) / 4 for n in numbers], pa.decimal128(12, 2)),
            "sold_on": pa.array([dt.date(2018, 1, 1) + dt.timedelta(n % 365) for n in numbers]),
            "sold_at": pa.array([None if n % 10 == 0 else NOON for n in numbers], pa.timestamp("us")),
        }
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AthenaQueries, dict[str, int]]]:
    """The account's queries, and the snapshot of gold.sales_wide at each release."""
    if missing := missing_part():
        pytest.skip(missing)
    with standin_account(tmp_path_factory.mktemp("account")) as account, pytest.MonkeyPatch.context() as patch:
        for name, value in account.environment.items():
            patch.setenv(name, value)
        bucket = account.client("s3").create_bucket
        for name in ("lake", "results"):
            bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        for database in DATABASES.values():
            account.client("glue").create_database(
                DatabaseInput={"Name": database, "LocationUri": f"s3://lake/warehouse/{database}"}
            )
        account.client("athena").create_work_group(
            Name="salesperf-dev",
            Configuration={
                "EnforceWorkGroupConfiguration": True,
                "BytesScannedCutoffPerQuery": 10_000_000,
                "ResultConfiguration": {"OutputLocation": "s3://results/athena/"},
            },
        )
        session = AwsSession(Account(REGION, None, account.endpoint_url))
        yield AthenaQueries(session, "salesperf-dev", DATABASES), _written(account.endpoint_url)


def _written(endpoint: str) -> dict[str, int]:
    from pyiceberg.catalog.glue import GlueCatalog

    places = {"glue.endpoint": endpoint, "s3.endpoint": endpoint, "s3.force-virtual-addressing": "false"}
    catalog = GlueCatalog("dev", **places)
    table = catalog.create_table(f"{DATABASES['gold']}.sales_wide", _rows(0, 1).schema)
    releases = {}
    for release, (first, last) in {"r1": (0, 100), "r2": (100, ROWS)}.items():
        table.append(_rows(first, last))
        snapshot = table.current_snapshot()
        assert snapshot is not None
        releases[release] = snapshot.snapshot_id
    return releases


@pytest.fixture
def queries(lake: tuple[AthenaQueries, dict[str, int]]) -> AthenaQueries:
    return lake[0]


def _quiet(progress: QueryProgress) -> None:
    """Look away."""


def _asked(queries: AthenaQueries, sql: str, snapshot: int | None = None, **values: str) -> list[tuple[Any, ...]]:
    versions = None if snapshot is None else {"gold.sales_wide": snapshot}
    statement = statement_of(sql, AthenaLake(CATALOG, DATABASES, versions, "r1"), values)
    with queries.answer(statement, _quiet) as answer:
        rows: list[tuple[Any, ...]] = []
        while more := answer.fetch(700):
            rows += more
        return rows


def test_rows_come_back_as_they_were_written_from_pages_and_from_the_file(queries: AthenaQueries) -> None:
    written = list(zip(*(column.to_pylist() for column in _rows(0, ROWS).columns), strict=True))
    assert _asked(queries, "SELECT * FROM gold.sales_wide ORDER BY order_id") == written
    assert _asked(queries, "SELECT * FROM sales_wide ORDER BY order_id LIMIT 30") == written[:30]


@pytest.mark.parametrize(
    ("declared", "text", "value"),
    [
        ("string", "O'Brien -- ? ; \n 'ü'", "O'Brien -- ? ; \n 'ü'"),
        ("string", "", ""),
        ("int", "-5", -5),
        ("bigint", "9007199254740993", 9007199254740993),
        ("double", "1e-9", 1e-9),
        ("double", "inf", float("inf")),
        ("decimal(12,2)", "-12.50", Decimal("-12.50")),
        ("decimal(12,2)", "12", Decimal("12")),
        ("boolean", "true", True),
        ("date", "2018-01-31", dt.date(2018, 1, 31)),
        ("timestamp", "2018-01-31 12:00:00.123", NOON),
    ],
)
def test_a_parameter_arrives_as_the_value_that_was_given(
    queries: AthenaQueries, declared: str, text: str, value: object
) -> None:
    assert _asked(queries, f"-- why? :v\n-- param: v {declared}\nSELECT :v AS v, ':v' AS w", v=text) == [(value, ":v")]


def test_parameters_stand_in_where_having_and_limit(queries: AthenaQueries) -> None:
    sql = """SELECT sold_on, count(*) FROM gold.sales_wide WHERE price >= :least AND city <> :city
             GROUP BY 1 HAVING count(*) > :few ORDER BY 1 LIMIT :n"""
    rows = _asked(queries, sql, least="1.25", city="it's", few="1", n="3")
    assert [row[0] for row in rows] == [dt.date(2018, 1, 1), dt.date(2018, 1, 2), dt.date(2018, 1, 3)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM gold.sales_wide",
        "SELECT count(gold.sales_wide.order_id) FROM gold.sales_wide",
        "SELECT count(*) FROM sales_wide AS gold WHERE gold.price >= 0",
        "WITH gold AS (SELECT * FROM gold.sales_wide) SELECT count(gold.price) FROM gold",
        "WITH sales_wide AS (SELECT * FROM sales_wide) SELECT count(*) FROM sales_wide",
        "SELECT count(*) FROM gold.sales_wide w WHERE EXISTS (SELECT 1 FROM gold.sales_wide x WHERE x.price = w.price)",
    ],
)
def test_as_of_reads_what_was_published_then(queries: AthenaQueries, lake: Any, sql: str) -> None:
    assert _asked(queries, sql) == [(ROWS,)]
    assert _asked(queries, sql, snapshot=lake[1]["r1"]) == [(100,)]


def test_views_are_made_in_order_and_read_as_of_then_too(queries: AthenaQueries, lake: Any) -> None:
    steps = plan_views(VIEWS, [], DATABASES)
    for _ in range(2):  # made, and replaced
        for step in steps:
            queries.run(step.statement)
    assert _asked(queries, "SELECT price FROM serving.most") == [(Decimal("624.75"),)]
    assert _asked(queries, "SELECT serving.most.price FROM serving.most", snapshot=lake[1]["r1"]) == [
        (Decimal("24.75"),)
    ]


def test_show_and_describe_answer(queries: AthenaQueries) -> None:
    assert _asked(queries, "SHOW TABLES IN gold") == [("sales_wide",)]
    described = [row[:2] for row in _asked(queries, "DESCRIBE gold.sales_wide")]
    assert ("order_id", "varchar") in described
    assert ("price", "decimal(12,2)") in described


def test_a_failure_shows_the_users_line(queries: AthenaQueries) -> None:
    with pytest.raises(InputError) as told:
        _asked(queries, "SELECT order_id\nFROM gold.sales_wide WHERE nothing = 1")
    assert "COLUMN_NOT_FOUND" in told.value.why
    assert told.value.detail == ("FROM gold.sales_wide WHERE nothing = 1", " " * 27 + "^")
    with pytest.raises(InputError, match="the query failed") as told:
        _asked(queries, "SELECT %% FROM gold.sales_wide")
    assert told.value.detail[0] == "SELECT %% FROM gold.sales_wide"


def test_a_query_that_is_stopped_ends(queries: AthenaQueries) -> None:
    statement = statement_of(
        "SELECT count(*) FROM sales_wide a, sales_wide b, sales_wide c WHERE a.price > b.price - c.price",
        AthenaLake(CATALOG, DATABASES),
    )

    def enough(progress: QueryProgress) -> None:
        if progress.seconds > 0.5:
            raise RefusedError("enough")

    with pytest.raises(RefusedError, match="enough"), queries.answer(statement, enough):
        pass
    client = queries._session.client("athena")
    newest = client.list_query_executions(WorkGroup="salesperf-dev")["QueryExecutionIds"][0]
    for _ in range(100):
        state = client.get_query_execution(QueryExecutionId=newest)["QueryExecution"]["Status"]["State"]
        if state == "CANCELLED":
            return
        queries._pause(0.1)
    raise AssertionError(state)
