"""The stand-in account is true to AWS where the product relies on it: jobs really run, queries are really answered.

Plain boto3 and pyathena: none of the product's code takes part.
"""

from __future__ import annotations

import functools
import io
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.aws.job_scripts import ARRIVED, CONF, FAILS, LAKE, PACKED, SLEEPS, WRITES
from tests.aws.standin.account import StandInAccount, standin_account
from tests.aws.standin.parts import ACCOUNT, REGION, missing_part

pytestmark = pytest.mark.slow

RESULTS, WORKGROUP = "some-results", "asking"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandInAccount]:
    if missing := missing_part():
        pytest.skip(missing)
    # A minute of a timeout lasts three seconds.
    with standin_account(tmp_path_factory.mktemp("account"), minute=3) as running:
        s3, glue = running.client("s3"), running.client("glue")
        for bucket in (LAKE, RESULTS):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        glue.create_database(DatabaseInput={"Name": "shop"})
        running.client("athena").create_work_group(
            Name=WORKGROUP,
            Configuration={
                "EnforceWorkGroupConfiguration": True,
                "BytesScannedCutoffPerQuery": 10_000_000,
                "ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/athena/"},
            },
        )
        yield running


Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def sales(account: StandInAccount) -> dict[str, Any]:
    """The run that wrote shop.sales."""
    account.client("s3").put_object(Bucket=LAKE, Key="bronze/sales/one.csv", Body=ARRIVED)
    _make_job(account, "writes", WRITES)
    run = _ended(account, "writes", _start(account, "writes", {"--from": f"s3://{LAKE}/bronze/sales/"}))
    assert run["JobRunState"] == "SUCCEEDED", (run, _log(account, run, "error"))
    return run


@pytest.fixture(scope="module")
def connection(account: StandInAccount) -> Any:
    import pyathena

    return pyathena.connect(
        endpoint_url=account.endpoint_url, region_name=REGION, aws_access_key_id=ACCOUNT, aws_secret_access_key="none",
        work_group=WORKGROUP, schema_name="shop", poll_interval=0.1,
    )  # fmt: skip


@pytest.fixture
def ask(connection: Any, sales: dict[str, Any]) -> Ask:
    def asked(sql: str, **more: Any) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = connection.cursor().execute(sql, **more).fetchall()
        return rows

    return asked


def _make_job(account: StandInAccount, name: str, script: str, **arguments: str) -> None:
    account.client("s3").put_object(Bucket=LAKE, Key=f"artifacts/{name}.py", Body=script.encode())
    given = {f"--{argument.replace('_', '-')}": value for argument, value in arguments.items()}
    account.client("glue").create_job(
        Name=name, Role=f"arn:aws:iam::{ACCOUNT}:role/job", GlueVersion="5.1", WorkerType="G.1X", NumberOfWorkers=2,
        Timeout=60, ExecutionProperty={"MaxConcurrentRuns": 1},
        Command={"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": f"s3://{LAKE}/artifacts/{name}.py"},
        DefaultArguments={"--conf": CONF, "--custom-logGroup-prefix": f"/aws-glue/jobs/{name}", **given},
    )  # fmt: skip


def _start(account: StandInAccount, job: str, arguments: dict[str, str], **more: Any) -> str:
    started: str = account.client("glue").start_job_run(JobName=job, Arguments=arguments, **more)["JobRunId"]
    return started


def _run(account: StandInAccount, job: str, run_id: str) -> dict[str, Any]:
    run: dict[str, Any] = account.client("glue").get_job_run(JobName=job, RunId=run_id)["JobRun"]
    return run


def _until(done: Callable[[], bool], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "it does not come to an end"
        time.sleep(0.2)


def _ended(account: StandInAccount, job: str, run_id: str) -> dict[str, Any]:
    _until(lambda: _run(account, job, run_id)["JobRunState"] not in ("STARTING", "RUNNING", "STOPPING"))
    return _run(account, job, run_id)


def _log(account: StandInAccount, run: dict[str, Any], end: str) -> list[str]:
    logs = account.client("logs")
    events = logs.get_log_events(logGroupName=f"{run['LogGroupName']}/{end}", logStreamName=run["Id"])["events"]
    return [event["message"] for event in events]


def test_it_says_which_engines_answer(account: StandInAccount) -> None:
    assert account.engines() == {"glue": "spark 3.5.6", "athena": "trino 476"}


def test_objects_pass_through_whole_with_their_headers(account: StandInAccount) -> None:
    s3 = account.client("s3")
    body = os.urandom(20_000_001)
    s3.upload_fileobj(io.BytesIO(body), LAKE, "objects/a b/ã.bin", ExtraArgs={"Metadata": {"made-by": "test"}})
    head = s3.head_object(Bucket=LAKE, Key="objects/a b/ã.bin")
    assert (head["ContentLength"], head["Metadata"]) == (len(body), {"made-by": "test"})
    assert s3.get_object(Bucket=LAKE, Key="objects/a b/ã.bin")["Body"].read() == body
    part = s3.get_object(Bucket=LAKE, Key="objects/a b/ã.bin", Range="bytes=5-9")
    assert (part["Body"].read(), part["ResponseMetadata"]["HTTPStatusCode"]) == (body[5:10], 206)
    with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=LAKE, Key="objects/a b/ã.bin", Body=b"", IfNoneMatch="*")


def test_a_job_reads_files_and_writes_an_iceberg_table(account: StandInAccount, sales: dict[str, Any]) -> None:
    assert sales["ExecutionTime"] > 0
    assert sales["CompletedOn"] > sales["StartedOn"]
    assert sales["Arguments"] == {"--from": f"s3://{LAKE}/bronze/sales/"}
    assert "ErrorMessage" not in sales
    assert _log(account, sales, "output") == ["3 rows"]
    table = account.client("glue").get_table(DatabaseName="shop", Name="sales")["Table"]
    assert table["Parameters"]["table_type"] == "ICEBERG"
    runs = account.client("glue").get_job_runs(JobName="writes")["JobRuns"]
    assert [run["Id"] for run in runs] == [sales["Id"]]


def test_a_job_that_fails_tells_why(account: StandInAccount) -> None:
    account.client("s3").put_object(Bucket=LAKE, Key="artifacts/helper.py", Body=b"WORD = 'no such month'")
    _make_job(account, "fails", FAILS, extra_py_files=f"s3://{LAKE}/artifacts/helper.py")
    run = _ended(account, "fails", _start(account, "fails", {}))
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "ValueError: no such month")
    assert _log(account, run, "output") == ["before"]
    assert "ValueError: no such month" in _log(account, run, "error")


def test_a_job_finds_packages_only_by_its_arguments(account: StandInAccount) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        wheel.writestr("brought/__init__.py", "")
        wheel.writestr("brought/words.txt", "installed")
    account.client("s3").put_object(Bucket=LAKE, Key="artifacts/brought-1-py3-none-any.whl", Body=packed.getvalue())
    _make_job(account, "packed", PACKED, additional_python_modules=f"s3://{LAKE}/artifacts/brought-1-py3-none-any.whl")
    run = _ended(account, "packed", _start(account, "packed", {}))
    assert _log(account, run, "output") == ["installed"]
    assert run["ErrorMessage"] == "ModuleNotFoundError: No module named 'salesperf_cli'"


def test_an_exit_code_of_a_job_is_told(account: StandInAccount) -> None:
    _make_job(account, "exits", "import sys\nsys.exit(6)")
    run = _ended(account, "exits", _start(account, "exits", {}))
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "SystemExit: 6")


def test_a_job_runs_once_at_a_time_and_can_be_stopped_and_be_late(account: StandInAccount) -> None:
    glue = account.client("glue")
    _make_job(account, "sleeps", SLEEPS)
    run_id = _start(account, "sleeps", {"--seconds": "120"})
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        _start(account, "sleeps", {"--seconds": "1"})
    _until(lambda: _log_of(account, "sleeps", run_id) == ["asleep"])  # told while it runs
    stopped = glue.batch_stop_job_run(JobName="sleeps", JobRunIds=[run_id, "jr_none"])
    assert [each["JobRunId"] for each in stopped["SuccessfulSubmissions"]] == [run_id]
    assert [each["ErrorDetail"]["ErrorCode"] for each in stopped["Errors"]] == ["EntityNotFoundException"]
    assert _ended(account, "sleeps", run_id)["JobRunState"] == "STOPPED"
    late = _ended(account, "sleeps", _start(account, "sleeps", {"--seconds": "120"}, Timeout=1))
    assert late["JobRunState"] == "TIMEOUT"


def _log_of(account: StandInAccount, job: str, run_id: str) -> list[str]:
    run = _run(account, job, run_id)
    return _log(account, run, "output") if run["JobRunState"] == "RUNNING" else []


def test_a_job_that_is_not_there_is_told(account: StandInAccount) -> None:
    glue = account.client("glue")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        _start(account, "nothing", {})


def test_a_query_reads_what_the_job_wrote(ask: Ask) -> None:
    assert ask("SELECT id, sold_at, price, note FROM sales ORDER BY id") == [
        (1, datetime(2018, 1, 5, 10), Decimal("10.50"), 'a "b"'),  # noqa: DTZ001 (the lake's carry no zone)
        (2, datetime(2018, 1, 6, 11, 30), Decimal("1.25"), None),  # noqa: DTZ001
        (3, datetime(2018, 2, 1), Decimal("7.25"), None),  # noqa: DTZ001
    ]


def test_a_query_is_told_with_its_cost_and_its_file(
    account: StandInAccount, connection: Any, sales: dict[str, Any]
) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT note, price FROM shop.sales WHERE id < 3 ORDER BY id;")
    assert cursor.data_scanned_in_bytes > 0
    assert [column[:2] for column in cursor.description] == [("note", "varchar"), ("price", "decimal")]
    assert cursor.output_location == f"s3://{RESULTS}/athena/{cursor.query_id}.csv"
    stored = account.client("s3").get_object(Bucket=RESULTS, Key=f"athena/{cursor.query_id}.csv")["Body"].read()
    assert stored == b'"note","price"\n"a ""b""","10.50"\n,"1.25"\n'
    athena = account.client("athena")
    told = athena.get_query_execution(QueryExecutionId=cursor.query_id)["QueryExecution"]
    assert (told["StatementType"], told["WorkGroup"]) == ("DML", WORKGROUP)
    rows = athena.get_query_runtime_statistics(QueryExecutionId=cursor.query_id)["QueryRuntimeStatistics"]["Rows"]
    assert rows["OutputRows"] == 2


def test_the_arrow_cursor_reads_the_result_file(
    account: StandInAccount, connection: Any, sales: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyarrow import fs

    # pyathena gives its endpoint to Athena alone, and this cursor's file system cannot be told of any.
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", account.endpoint_url)
    here = functools.partial(fs.S3FileSystem, endpoint_override=account.endpoint_url)
    monkeypatch.setattr(fs, "S3FileSystem", here)
    from pyathena.arrow.cursor import ArrowCursor

    table = connection.cursor(ArrowCursor).execute("SELECT id, price FROM sales ORDER BY id").as_arrow()
    assert table.to_pydict() == {"id": [1, 2, 3], "price": ["10.50", "1.25", "7.25"]}  # it gives decimals as text


def test_parameters_are_bound(ask: Ask) -> None:
    assert ask(
        "SELECT id FROM sales WHERE sold_at >= ? AND coalesce(note, '') <> ? ORDER BY id",
        parameters=["TIMESTAMP '2018-01-06 00:00:00'", "'it''s'"], paramstyle="qmark",
    ) == [(2,), (3,)]  # fmt: skip


def test_a_table_is_read_as_of_an_earlier_version(ask: Ask) -> None:
    versions = ask('SELECT snapshot_id FROM "sales$snapshots" ORDER BY committed_at')
    counts = [ask(f"SELECT count(*) FROM sales FOR VERSION AS OF {version}")[0][0] for (version,) in versions]
    assert counts == [2, 3]
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    assert ask(f"SELECT count(*) FROM sales FOR TIMESTAMP AS OF TIMESTAMP '{now}'") == [(3,)]


def test_a_view_is_made_and_replaced_and_told_of(account: StandInAccount, ask: Ask) -> None:
    view = (
        "CREATE OR REPLACE VIEW shop.monthly AS SELECT date_trunc('month', sold_at) AS month, {} FROM sales GROUP BY 1"
    )
    ask(view.format("count(*) AS orders"))
    ask(view.format("sum(price) AS revenue"))
    assert ask("SELECT revenue FROM monthly ORDER BY month") == [(Decimal("11.75"),), (Decimal("7.25"),)]
    told = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'monthly' ORDER BY 1"
    assert ask(told) == [("month", "timestamp(6)"), ("revenue", "decimal(38,2)")]
    stored = account.client("glue").get_table(DatabaseName="shop", Name="monthly")["Table"]
    assert stored["TableType"] == "VIRTUAL_VIEW"
    assert stored["ViewOriginalText"].startswith("/* Presto View: ")
    assert sorted(ask("SHOW TABLES")) == [("monthly",), ("sales",)]


def test_values_of_every_type_have_athenas_text(connection: Any, sales: dict[str, Any]) -> None:
    cursor = connection.cursor()
    cursor.execute(
        "SELECT true a, 1e10 b, REAL '1.5' c, DATE '2018-01-01' d, ARRAY[1, NULL] e, MAP(ARRAY['k'], ARRAY[2]) f,"
        " CAST(ROW(1, 'x') AS ROW(n INTEGER, t VARCHAR)) g, X'0aff' h, '' i, NULL j"
    )
    types = [column[1] for column in cursor.description]
    assert types == ["boolean", "double", "float", "date", "array", "map", "row", "varbinary", "varchar", "unknown"]
    page = cursor.connection.client.get_query_results(QueryExecutionId=cursor.query_id)["ResultSet"]["Rows"][1]
    assert [value.get("VarCharValue") for value in page["Data"]] == [
        "true", "1.0E10", "1.5", "2018-01-01", "[1, null]", "{k=2}", "{n=1, t=x}", "0a ff", "", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT zz FROM sales", "COLUMN_NOT_FOUND: line 1:8: Column 'zz' cannot be resolved or requester is not"),
        ("SELECT 1 FROM nope", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.shop.nope' does not exist"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
    ],
)
def test_a_query_that_fails_is_told_in_athenas_words(ask: Ask, sql: str, message: str) -> None:
    with pytest.raises(Exception, match=message.replace("(", "\\(")):
        ask(sql)


def test_a_query_that_cannot_be_parsed_is_refused_at_once(account: StandInAccount) -> None:
    athena = account.client("athena")
    with pytest.raises(
        athena.exceptions.InvalidRequestException, match="line 1:1: mismatched input 'SELCT'"
    ) as refused:
        athena.start_query_execution(QueryString="SELCT 1", WorkGroup=WORKGROUP)
    assert refused.value.response["AthenaErrorCode"] == "MALFORMED_QUERY"


def test_a_query_over_the_cutoff_is_cancelled(account: StandInAccount, ask: Ask) -> None:
    # 3 million random numbers: 24 MB
    ask(
        "CREATE TABLE big WITH (location = 's3://a-lake/warehouse/big') AS SELECT random() AS r"
        " FROM UNNEST(sequence(1, 3000)) CROSS JOIN UNNEST(sequence(1, 1000))"
    )
    execution = _finished(account, "SELECT sum(r) FROM shop.big")
    assert execution["Status"]["State"] == "CANCELLED"
    assert execution["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    assert execution["Statistics"]["DataScannedInBytes"] > 10_000_000
    assert ask("SELECT count(*) FROM big") == [(3_000_000,)]  # read from the files' ends alone


def test_a_query_is_cancelled(account: StandInAccount, sales: dict[str, Any]) -> None:
    athena = account.client("athena")
    endless = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), UNNEST(sequence(1, 10000)) b(y),"
    query_id = athena.start_query_execution(
        QueryString=endless + " UNNEST(sequence(1, 1000)) c(z) WHERE x + y = z", WorkGroup=WORKGROUP
    )["QueryExecutionId"]
    with pytest.raises(athena.exceptions.InvalidRequestException, match="Query has not yet finished"):
        athena.get_query_results(QueryExecutionId=query_id)
    athena.stop_query_execution(QueryExecutionId=query_id)
    _until(lambda: _state(account, query_id) == "CANCELLED", 20)


def test_a_result_is_used_again_where_that_is_asked_for(account: StandInAccount, sales: dict[str, Any]) -> None:
    reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}
    first, second = (
        _finished(account, "SELECT max(id) FROM shop.sales", ResultReuseConfiguration=reuse) for _ in range(2)
    )
    assert first["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] is False
    assert second["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] is True
    assert second["Statistics"]["DataScannedInBytes"] == 0
    assert second["ResultConfiguration"] == first["ResultConfiguration"]


def test_a_table_of_json_files_is_read_by_its_projected_partitions(account: StandInAccount, ask: Ask) -> None:
    account.client("s3").put_object(
        Bucket=LAKE, Key="speed/landed_date=2018-01-05/a.json", Body=b'{"id": "e1", "n": 2}\n'
    )
    account.client("glue").create_table(
        DatabaseName="shop",
        TableInput={
            "Name": "events",
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": "landed_date", "Type": "string"}],
            "Parameters": {
                "projection.enabled": "true",
                "projection.landed_date.type": "date",
                "projection.landed_date.format": "yyyy-MM-dd",
                "projection.landed_date.range": "2018-01-01,2018-01-31",
                "storage.location.template": f"s3://{LAKE}/speed/landed_date=${{landed_date}}/",
            },
            "StorageDescriptor": {
                "Location": f"s3://{LAKE}/speed/",
                "Columns": [{"Name": "id", "Type": "string"}, {"Name": "n", "Type": "int"}],
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
            },
        },
    )
    assert ask("SELECT id, n, landed_date FROM events WHERE landed_date >= '2018-01-04'") == [("e1", 2, "2018-01-05")]


def _state(account: StandInAccount, query_id: str) -> str:
    execution = account.client("athena").get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    return str(execution["Status"]["State"])


def _finished(account: StandInAccount, sql: str, **more: Any) -> dict[str, Any]:
    athena = account.client("athena")
    query_id = athena.start_query_execution(QueryString=sql, WorkGroup=WORKGROUP, **more)["QueryExecutionId"]
    _until(lambda: _state(account, query_id) in ("SUCCEEDED", "FAILED", "CANCELLED"))
    execution: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    return execution
