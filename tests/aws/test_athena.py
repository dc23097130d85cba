"""Athena as the product uses it: against moto where moto can show it, else against a server of few lines on loopback.

The server plays a script of what Athena says next; the requests, and how answers are read, are boto3's and ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from salesperf_cli.backends.aws.athena import LONGEST_PAUSE, AthenaQueries
from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.backends.ports import QueryProgress
from salesperf_cli.commands.query_athena import statistics
from salesperf_cli.core.athena_question import AthenaQuestion, scan_guard
from salesperf_cli.core.query import Estimate, ScanPrice
from salesperf_cli.errors import AccessError, InputError, RefusedError, RetryableError, SalesperfError
from tests.athena_names import DATABASES
from tests.aws.asking import WORKGROUP, asked, quiet, rows_of
from tests.aws.played_athena import Play, column, page, state

# submitting and waiting


def test_a_statement_goes_to_the_workgroup_with_its_parameters(queries: AthenaQueries, play: Play) -> None:
    statement = asked("SELECT n FROM gold.sales_wide WHERE city = :city LIMIT :n", city="São João d'Aliança", n="3")
    with queries.answer(statement, quiet, reuse_minutes=15) as answer:
        assert answer.columns == (("n", "integer"),)
    action, body = play.asked[0]
    assert (action, body["WorkGroup"]) == ("StartQueryExecution", WORKGROUP)
    assert body["QueryString"] == 'SELECT n FROM "salesperf_dev_gold".sales_wide WHERE city = ? LIMIT ?'
    assert body["ExecutionParameters"] == ["'São João d''Aliança'", "3"]
    assert body["QueryExecutionContext"] == {"Catalog": "AwsDataCatalog", "Database": "salesperf_dev_gold"}
    assert body["ResultReuseConfiguration"]["ResultReuseByAgeConfiguration"]["MaxAgeInMinutes"] == 15


def test_waits_grow_from_a_tenth_of_a_second_to_two(queries: AthenaQueries, play: Play, pauses: list[float]) -> None:
    play.executions = [state("QUEUED"), *[state("RUNNING", scanned=n << 20) for n in range(12)], state("SUCCEEDED")]
    seen: list[QueryProgress] = []
    with queries.answer(asked(), seen.append):
        pass
    assert pauses[:2] == [0.1, pytest.approx(0.15)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    assert [each.state for each in seen[:2]] == ["QUEUED", "RUNNING"]
    assert seen[-1].bytes_scanned == 11 << 20
    assert "StopQueryExecution" not in play.actions()


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), RefusedError("enough"), ValueError("a defect")])
def test_whatever_ends_the_wait_stops_the_query(queries: AthenaQueries, play: Play, fault: BaseException) -> None:
    play.executions = [state("RUNNING")]

    def interrupted(progress: QueryProgress) -> None:
        raise fault

    with pytest.raises(type(fault)), queries.answer(asked(), interrupted):
        pass
    assert play.asked[-1] == ("StopQueryExecution", {"QueryExecutionId": "q-1"})


def test_a_login_that_expires_on_the_way_is_told_and_the_query_stopped(queries: AthenaQueries, play: Play) -> None:
    play.executions = [state("RUNNING"), {"__type": "ExpiredTokenException", "Message": "The token is expired"}]
    with pytest.raises(AccessError, match="not logged in"):
        rows_of(queries)
    assert play.actions()[-1] == "StopQueryExecution"


def test_a_scan_beyond_the_limit_is_stopped_on_the_way(queries: AthenaQueries, play: Play) -> None:
    play.executions = [state("RUNNING", scanned=n << 29) for n in range(9)]
    watch = scan_guard(AthenaQuestion(asked(), None, "no estimate"), "1GB")
    limit = pytest.raises(RefusedError, match="1,610,612,736 bytes, the limit is 1,073,741,824")
    with limit, queries.answer(asked(), watch):
        pass
    assert play.actions()[-1] == "StopQueryExecution"


def test_a_scan_expected_beyond_the_limit_is_not_begun() -> None:
    estimate = Estimate(2 << 30, 3, 5, "sa-east-1", 0.1)
    with pytest.raises(RefusedError, match="would scan 2,147,483,648 bytes"):
        scan_guard(AthenaQuestion(asked(), estimate), "1GB")


# ends that are none

MAYBE = " or requester is not authorized to access requested resources"


@pytest.mark.parametrize(
    ("reason", "more", "kind", "code"),
    [
        ("COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved", {}, InputError, 2),
        (f"COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved{MAYBE}", {}, InputError, 2),
        ("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.d.t' does not exist", {}, InputError, 2),
        ("DIVISION_BY_ZERO: Division by zero", {}, InputError, 2),
        ("Query exhausted resources at this scale factor", {}, RetryableError, 5),
        ("INTERNAL_ERROR_QUERY_ENGINE", {}, RetryableError, 5),
        ("Something went wrong", {"AthenaError": {"ErrorCategory": 1}}, RetryableError, 5),
        ("Something went wrong", {"AthenaError": {"ErrorCategory": 2, "Retryable": True}}, RetryableError, 5),
        ("Access Denied (Service: Amazon S3; Status Code: 403)", {}, AccessError, 4),
        ("Insufficient permissions to execute the query.", {}, AccessError, 4),
        ("", {}, InputError, 2),
    ],
)
def test_a_query_that_fails_is_told_in_athenas_own_words(
    queries: AthenaQueries, play: Play, reason: str, more: dict[str, Any], kind: type[SalesperfError], code: int
) -> None:
    play.executions = [state("FAILED", StateChangeReason=reason, **more)]
    with pytest.raises(kind) as told:
        rows_of(queries)
    assert reason in told.value.why
    assert told.value.exit_code == code
    assert told.value.remedy


def test_the_users_line_is_shown_with_a_failure(queries: AthenaQueries, play: Play) -> None:
    typed = "SELECT order_id\nFROM gold.sales_wide w WHERE w.nothing = 1"
    sent = asked(typed).sql.split("\n")[1]
    reason = f"COLUMN_NOT_FOUND: line 2:{sent.index('w.nothing') + 1}: Column 'w.nothing' cannot be resolved"
    play.executions = [state("FAILED", StateChangeReason=reason)]
    with pytest.raises(InputError) as told:
        rows_of(queries, asked(typed))
    line = typed.split("\n")[1]
    assert told.value.detail == (line, " " * line.index("w.nothing") + "^")


def test_the_workgroups_limit_is_a_refusal_that_tells_what_was_scanned(queries: AthenaQueries, play: Play) -> None:
    reason = "Query cancelled! : Bytes scanned limit was exceeded"
    play.executions = [state("CANCELLED", scanned=10_737_418_240, StateChangeReason=reason)]
    with pytest.raises(RefusedError) as told:
        rows_of(queries)
    assert told.value.exit_code == 3
    assert told.value.why == f"{reason} (10,737,418,240 bytes were scanned, and are charged)"


def test_a_query_that_somebody_else_stopped_can_be_asked_again(queries: AthenaQueries, play: Play) -> None:
    play.executions = [state("RUNNING"), state("CANCELLED")]
    with pytest.raises(RetryableError, match="the query was cancelled"):
        rows_of(queries)


def test_a_statement_that_is_not_taken_is_told_with_its_line(queries: AthenaQueries, play: Play) -> None:
    play.start = {"__type": "InvalidRequestException", "Message": "line 1:8: mismatched input '%'"}
    with pytest.raises(InputError) as told:
        rows_of(queries, asked("SELECT % FROM x"))
    assert told.value.detail == ("SELECT % FROM x", "       ^")
    assert play.actions() == ["StartQueryExecution"]


@pytest.mark.parametrize(("code", "kind"), [("AccessDeniedException", AccessError), ("NoSuchThing", InputError)])
def test_a_start_that_aws_refuses_is_told(queries: AthenaQueries, play: Play, code: str, kind: type[Exception]) -> None:
    play.start = {"__type": code, "Message": "no"}
    with pytest.raises(kind, match="start the query"):
        rows_of(queries)


# what it costs


@pytest.mark.parametrize(
    ("execution", "told"),
    [
        (state("SUCCEEDED", scanned=73_138), "73,138 bytes scanned, 10,485,760 charged; $0.000086 (sa-east-1)"),
        (state("SUCCEEDED", scanned=20_000_000), "20,000,000 bytes scanned, 20,971,520 charged; $0.000172 (sa-east-1)"),
        (state("SUCCEEDED", kind="DDL"), "0 bytes scanned; free"),
        (state("SUCCEEDED", kind="UTILITY"), "0 bytes scanned; free"),
        (state("SUCCEEDED", kind="UTILITY", scanned=5), "5 bytes scanned, 10,485,760 charged; $0.000086 (sa-east-1)"),
    ],
)  # fmt: skip
def test_the_bill_is_told_as_athena_makes_it(queries: AthenaQueries, play: Play, execution: Any, told: str) -> None:
    play.executions = [execution]
    with queries.answer(asked(), quiet) as answer:
        assert statistics(1, answer.cost, ScanPrice(queries.region, 9.0)).endswith(f" s, {told}")


def test_an_answer_used_again_is_free(queries: AthenaQueries, play: Play) -> None:
    said = state("SUCCEEDED")
    said["QueryExecution"]["Statistics"]["ResultReuseInformation"] = {"ReusedPreviousResult": True}
    play.executions = [said]
    with queries.answer(asked(), quiet, reuse_minutes=60) as answer:
        assert statistics(2, answer.cost, ScanPrice(queries.region, 9.0)).endswith(
            "0 bytes scanned; an earlier answer, free"
        )


def test_an_unknown_price_is_said_to_be_unknown(queries: AthenaQueries) -> None:
    with queries.answer(asked(), quiet) as answer:
        assert statistics(1, answer.cost, ScanPrice("mars-north-1", None)).endswith(
            "10,485,760 charged; unpriced region"
        )


# moto


@pytest.fixture
def in_moto() -> Iterator[Callable[[list[dict[str, Any]]], AthenaQueries]]:
    """Queries against moto, which gives the answers that are queued."""
    import moto
    from moto.athena.models import QueryResults, athena_backends

    with moto.mock_aws():
        session = AwsSession(Account("sa-east-1", None, None))
        session.client("s3").create_bucket(
            Bucket="results", CreateBucketConfiguration={"LocationConstraint": "sa-east-1"}
        )
        session.client("athena").create_work_group(
            Name=WORKGROUP, Configuration={"ResultConfiguration": {"OutputLocation": "s3://results/athena/"}}
        )

        def queued(answers: list[dict[str, Any]]) -> AthenaQueries:
            backend = athena_backends["123456789012"]["sa-east-1"]
            for each in answers:
                found = each["ResultSet"]
                backend.query_results_queue.append(
                    QueryResults(found["Rows"], found["ResultSetMetadata"]["ColumnInfo"])
                )
            return AthenaQueries(session, WORKGROUP, DATABASES, pause=lambda seconds: None)

        yield queued


def test_moto_takes_what_is_sent_and_its_rows_are_read(in_moto: Callable[..., AthenaQueries]) -> None:
    answer = page([column("state", "varchar"), column("orders", "bigint")], [["state", "orders"], ["SP", "41746"]])
    queries = in_moto([answer, answer])
    statement = asked("SELECT state, count(*) AS orders FROM gold.sales_wide WHERE price > :least", least="1.5")
    assert rows_of(queries, statement) == [("SP", 41746)]
    with queries.answer(statement, quiet) as second:
        assert second.arrow().to_pylist() == [{"state": "SP", "orders": 41746}]


def test_a_workgroup_that_is_not_there_is_told(in_moto: Callable[..., AthenaQueries]) -> None:
    queries = in_moto([])
    queries._workgroup = "another"
    with pytest.raises(InputError, match="the query failed") as told:
        rows_of(queries)
    assert "WorkGroup does not exist" in told.value.why
