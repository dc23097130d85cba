"""`query` and `publish-views` as they are typed, on a target whose questions Athena answers.

Files and ledger are a real lake's on this machine, Athena is played: what is shown here is the command.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from salesperf_cli import factory
from salesperf_cli.backends.aws.athena import AthenaQueries
from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.environment import Environment
from salesperf_cli.factory import AwsWorkspace
from tests.athena_names import DATABASES
from tests.aws.played_athena import Play, column, page, served, state
from tests.lake import Lake, small_lake

COUNT = "SELECT customer_state, count(*) AS items FROM gold.sales_wide WHERE price > :least GROUP BY 1"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return small_lake(tmp_path_factory.mktemp("asked"))


@pytest.fixture
def play(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """The lake's commands ask the play from now on."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    said = page(
        [column("customer_state", "varchar"), column("items", "bigint")],
        [["customer_state", "items"], ["SP", "40"], ["RJ", None]],
    )
    play = Play(executions=[state("RUNNING"), state("SUCCEEDED", scanned=4096)], pages=[said])
    with served(play) as address:
        session = AwsSession(Account("sa-east-1", None, address))
        queries = AthenaQueries(session, "salesperf-dev", DATABASES, pause=lambda seconds: None)
        backend: Any = SimpleNamespace(
            objects=lake.backend.objects,
            tables=lake.backend.tables,
            queries=queries,
            landing_since=lake.backend.landing_since,
        )

        def opened(world: Environment) -> AwsWorkspace:
            return AwsWorkspace(world.settings, load_pipeline(world.settings.pipeline), backend, lake.ledger)

        monkeypatch.setattr(factory, "open_workspace", opened)
        yield play


def _sent(play: Play) -> list[dict[str, Any]]:
    return [body for action, body in play.asked if action == "StartQueryExecution"]


def test_an_answer_has_the_same_form_as_locally(lake: Lake, play: Play) -> None:
    result = lake.call("query", COUNT, "--param", "least=10.5")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "customer_state,items\nSP,40\nRJ,\n"
    assert _sent(play)[0]["QueryString"] == COUNT.replace("gold.", '"salesperf_dev_gold".').replace(":least", "?")
    assert _sent(play)[0]["ExecutionParameters"] == ["10.5"]
    before, after = result.stderr.strip().split("\n")
    assert before.startswith("about ")
    assert before.endswith(" bytes to scan, $0.000086 (sa-east-1)")
    assert after.startswith("2 rows, ")
    assert after.endswith(" s, 4,096 bytes scanned, 10,485,760 charged; $0.000086 (sa-east-1)")


def test_other_forms_limits_and_files_work_as_locally(lake: Lake, play: Play) -> None:
    typed = ("query", COUNT, "--param", "least=1")
    assert lake.done(*typed, "-o", "json", "--limit", "1") == [{"customer_state": "SP", "items": 40}]
    assert lake.call(*typed, "--out", "answer.parquet").exit_code == 0
    import pyarrow.parquet as parquet

    assert parquet.read_table(lake.folder / "answer.parquet").to_pylist()[1] == {"customer_state": "RJ", "items": None}


def test_an_estimate_runs_nothing_and_is_what_the_local_target_says(
    lake: Lake, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ("query", COUNT, "--param", "least=1", "--estimate", "-o", "json")
    there = lake.done(*typed)
    assert play.asked == []
    monkeypatch.undo()
    assert there == lake.done(*typed)


def test_what_cannot_be_compiled_here_is_sent_and_only_its_estimate_is_unknown(lake: Lake, play: Play) -> None:
    sql = "SELECT rand() FROM gold.sales_wide"
    result = lake.call("query", sql)
    assert result.exit_code == 0
    assert "the scan cannot be estimated: " in result.stderr
    assert len(_sent(play)) == 1
    refused = lake.call("query", sql, "--estimate")
    assert refused.exit_code == 2
    assert "run it with --max-scan" in refused.stderr


def test_as_of_names_the_releases_snapshots(lake: Lake, play: Play) -> None:
    lake.call("query", "SELECT count(*) FROM gold.sales_wide w", "--as-of", "r1")
    snapshot = lake.release.tables["gold.sales_wide"].snapshot_id
    (table,) = (body["QueryString"] for body in _sent(play))
    assert table == f'SELECT count(*) FROM "salesperf_dev_gold".sales_wide FOR VERSION AS OF {snapshot} w'


def test_as_of_is_refused_for_a_view_over_landed_events_which_have_no_versions(lake: Lake, play: Play) -> None:
    refused = lake.call("query", "SELECT count(*) FROM serving.sales_live", "--as-of", "r1")
    assert refused.exit_code == 2 and "speed.sale_events" in refused.stderr
    assert _sent(play) == []


def test_a_scan_beyond_the_limit_ends_with_code_3(lake: Lake, play: Play) -> None:
    assert lake.call("query", COUNT, "--param", "least=1", "--max-scan", "1B").exit_code == 3
    assert _sent(play) == []
    play.executions = [state("RUNNING", scanned=2 << 20)]
    assert lake.call("query", "SELECT rand() FROM gold.sales_wide", "--max-scan", "1MB").exit_code == 3
    assert play.actions()[-1] == "StopQueryExecution"


def test_ctrl_c_stops_the_query_and_ends_with_code_130(lake: Lake, play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: AthenaQueries, query_id: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(AthenaQueries, "_look", interrupted)
    assert lake.call("query", COUNT, "--param", "least=1").exit_code == 130
    assert play.asked[-1] == ("StopQueryExecution", {"QueryExecutionId": "q-1"})


def test_anything_but_reading_never_reaches_athena(lake: Lake, play: Play) -> None:
    assert lake.call("query", "DROP TABLE gold.sales_wide").exit_code == 2
    assert play.asked == []


def test_views_are_made_in_the_serving_database(lake: Lake, play: Play) -> None:
    play.executions = [state("SUCCEEDED", kind="DDL")]
    plan = lake.done("publish-views", "--dry-run", "-o", "json")
    assert not plan["published"]
    assert play.asked == []
    report = lake.done("publish-views", "-o", "json")
    assert report == plan | {"published": True}
    assert [body["QueryString"] for body in _sent(play)] == [view["statement"] for view in report["views"]]
    assert all('CREATE OR REPLACE VIEW "salesperf_dev_serving"."' in view["statement"] for view in report["views"])


def test_a_view_that_cannot_be_made_is_named(lake: Lake, play: Play) -> None:
    play.executions = [state("FAILED", kind="DDL", StateChangeReason="TABLE_NOT_FOUND: line 3:6: no such table")]
    result = lake.call("publish-views", "-o", "json")
    assert result.exit_code == 2
    assert "the view serving.sales_live cannot be made: the query failed" in result.stderr
    assert "TABLE_NOT_FOUND: line 3:6: no such table" in result.stderr


def test_on_the_local_target_there_is_nothing_to_make(lake: Lake) -> None:
    result = lake.call("publish-views", "-o", "json")
    assert result.exit_code == 0
    assert not json.loads(result.stdout)["published"]
    assert "Nothing to make" in result.stderr
