"""Budgets as they are met: `deploy`, `run-batch`, `query` and `replay` on a target with a monthly_budget.

Deployments and streams are a stand-in account's; jobs run in threads here and Athena is played, as in their own tests.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from salesperf_cli import factory
from salesperf_cli.backends.aws.athena import AthenaQueries
from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.commands.cost.spending import ReplayCosts
from salesperf_cli.commands.replay import _run
from salesperf_cli.core import job_runs
from salesperf_cli.core.cost.accuracy import CostLedger, CostRecord
from salesperf_cli.core.cost.budget import Limits
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.replay import Figures
from salesperf_cli.core.sample import write_sample
from salesperf_cli.environment import Environment
from salesperf_cli.factory import AwsWorkspace
from tests.athena_names import DATABASES
from tests.aws.conftest import Shop, credentials, shop  # noqa: F401  (fixtures)
from tests.aws.played_athena import Play, column, page, served, state
from tests.cli.thread_jobs import ThreadJobs, workspace_of
from tests.lake import Lake, received_lake

COUNT = "SELECT count(price) AS items FROM gold.sales_wide"


def with_budget(folder: Path, budget: str, target: str = 'region = "sa-east-1"') -> None:
    (folder / "salesperf.toml").write_text(f"[targets.dev]\n{target}\nmonthly_budget = {budget}\n")


# Jobs and queries: the lake and its ledger are on this machine


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return received_lake(tmp_path / "shop")


@pytest.fixture
def jobs(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> ThreadJobs:
    """The target dev lies in the lake here, and its jobs run in threads."""
    jobs = ThreadJobs(workspace_of(lake))
    backend: Any = SimpleNamespace(objects=lake.backend.objects, tables=lake.backend.tables, jobs=jobs)

    def opened(world: Environment) -> AwsWorkspace:
        return AwsWorkspace(world.settings, load_pipeline("olist"), backend, lake.ledger)

    monkeypatch.setattr(factory, "open_workspace", opened)
    monkeypatch.setattr(job_runs, "Waiting", partial(job_runs.Waiting, poll_seconds=0.05))
    return jobs


def records(lake: Lake) -> list[CostRecord]:
    return list(CostLedger(lake.backend.objects).records())


def test_a_run_that_would_exceed_the_budget_starts_no_job(lake: Lake, jobs: ThreadJobs) -> None:
    with_budget(lake.folder, "0.05")
    refused = lake.call("run-batch", "--target", "dev")
    assert refused.exit_code == 3 and jobs.started == {} and records(lake) == []
    # 2 DPU × 120 s a layer; no parameter file names dev otherwise than FLEX, $0.45 a DPU-hour: $0.03 each.
    assert "predicted cost: silver $0.03" in refused.stderr
    words = " ".join(refused.stderr.split())
    assert "it would cost $0.0605; $0.05 is left of $0.05 this month for dev: 0 operations came to $0.00" in words
    assert "add --over-budget" in words

    told = lake.call("run-batch", "--dry-run", "--target", "dev")
    assert told.exit_code == 0 and "over budget: it would cost $0.0605" in " ".join(told.stderr.split())

    gone_on = lake.call("run-batch", "--over-budget", "--target", "dev")
    assert gone_on.exit_code == 0, gone_on.stderr
    begun = [each for each in records(lake) if each.is_open]
    ended = [each for each in records(lake) if not each.is_open]
    assert [each.layer for each in begun] == [each.layer for each in ended] == ["silver", "gold"]
    assert {(each.outcome, each.seconds, each.billed_usd is None) for each in ended} == {("succeeded", 1, False)}
    assert all(each.over_budget.startswith("it would cost $0.0605; ") for each in ended)


def test_one_run_has_a_limit_of_its_own(lake: Lake, jobs: ThreadJobs) -> None:
    with_budget(lake.folder, "100")
    refused = lake.call("run-batch", "--max-cost", "0.01", "--target", "dev")
    assert refused.exit_code == 3 and "--max-cost is $0.01" in refused.stderr and jobs.started == {}


def test_here_a_run_costs_nothing_and_no_budget_refuses_it(lake: Lake) -> None:
    (lake.folder / "salesperf.toml").write_text("[targets.local]\nmonthly_budget = 0\n")
    assert lake.call("run-batch", "--promote", "--max-cost", "0").exit_code == 0
    assert lake.call("query", COUNT, "--max-cost", "0").exit_code == 0


@pytest.fixture
def play(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """What the lake publishes can be asked through a played Athena, as the target dev."""
    lake.done("run-batch", "--promote")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    said = page([column("items", "bigint")], [["items"], ["40"]])
    play = Play(executions=[state("RUNNING"), state("SUCCEEDED", scanned=4096)], pages=[said])
    with served(play) as address:
        session = AwsSession(Account("sa-east-1", None, address))
        queries = AthenaQueries(session, "salesperf-dev", DATABASES, pause=lambda seconds: None)
        backend: Any = SimpleNamespace(objects=lake.backend.objects, tables=lake.backend.tables, queries=queries)

        def opened(world: Environment) -> AwsWorkspace:
            return AwsWorkspace(world.settings, load_pipeline("olist"), backend, lake.ledger)

        monkeypatch.setattr(factory, "open_workspace", opened)
        yield play


def test_queries_are_added_up_until_nothing_is_left(lake: Lake, play: Play) -> None:
    with_budget(lake.folder, "0.0001")  # one query of 10 MB for $0.0000858
    typed = ("query", COUNT, "--target", "dev", "-o", "csv")
    assert lake.call(*typed).exit_code == 0
    asked = len(play.asked)
    refused = lake.call(*typed)
    assert refused.exit_code == 3 and len(play.asked) == asked, "Athena was not asked"
    words = " ".join(refused.stderr.split())
    assert "it would cost $0.000086; $0.000014 is left of $0.0001 this month for dev: 1 operation came to" in words
    anyway = lake.call(*typed, "--over-budget")
    assert anyway.exit_code == 0 and "! over budget, as you said:" in anyway.stderr
    assert [bool(each.over_budget) for each in records(lake)] == [False, True]
    shown = lake.call("cost", "accuracy", "--target", "dev", "-o", "table")
    assert "1 of these went over a budget" in shown.stdout


def test_a_query_that_cannot_be_estimated_is_stopped_where_its_limit_lies_and_entered(lake: Lake, play: Play) -> None:
    with_budget(lake.folder, "100")
    play.executions = [state("RUNNING", scanned=1 << 30), state("CANCELLED")]
    stopped = lake.call("query", "SELECT rand() FROM gold.sales_wide", "--max-cost", "0.001", "--target", "dev")
    assert stopped.exit_code == 3
    assert "the query was stopped at $0.008789: it may cost $0.001" in stopped.stderr
    (entered,) = records(lake)
    assert (entered.predicted_usd, str(entered.billed_usd)) == (None, "0.0087890625")


def test_an_interrupted_replay_is_entered_with_what_it_had_sent(lake: Lake) -> None:
    class Interrupted:
        def run(self, reporter: Any) -> None:
            reporter.look(Figures(read=1200, acknowledged=1000, resent=0, rate=10.0, lag=0.0, shards=1))
            raise KeyboardInterrupt

    streams = [io.StringIO() for _ in range(3)]
    world = Environment(*streams, variables=lake.variables, cwd=lake.folder)
    costs = ReplayCosts(world, lake.backend.objects, Limits())
    assert costs.predicted(2000).endswith(" for 2,000 events of 450 bytes, besides the stream's hours")
    with pytest.raises(KeyboardInterrupt):
        _run(world, Interrupted(), costs)  # type: ignore[arg-type]  # all of a replay that is asked for
    (entry,) = records(lake)
    assert entry.basis == "1000 events of 450 bytes"
    assert entry.predicted_usd is not None and entry.billed_usd == entry.predicted_usd / 2


# Deployments and replays: a stand-in account


def test_a_deployment_above_the_budget_changes_nothing_until_somebody_means_it(shop: Shop) -> None:  # noqa: F811
    file = shop.folder / "salesperf.toml"
    file.write_text(file.read_text() + "monthly_budget = 1.00\n")
    refused = shop.call("deploy", "foundation", "stream", "--yes")
    assert refused.exit_code == 3
    words = " ".join(refused.stderr.split())
    assert words.index("salesperf-standin-foundation: new") < words.index("a month of standin: $")
    assert words.index("a month of standin: $") < words.index("would exceed the budget")
    assert "above the $1.00 that standin may cost" in words and "raise monthly_budget" in words
    assert shop.call("status").exit_code == 2, "nothing is deployed"

    dry = shop.call("deploy", "foundation", "stream", "--dry-run")
    assert dry.exit_code == 0 and "! over budget: " in dry.stderr

    done = shop.call("deploy", "foundation", "stream", "--yes", "--over-budget")
    assert done.exit_code == 0, done.stderr
    found = shop.done("cost", "accuracy", "-o", "json")
    (entry,) = found["records"]
    assert entry["kind"] == "deploy" and entry["basis"] == "a month of foundation, stream"
    assert "above the $1.00" in entry["over_budget"] and entry["billed_usd"] is None

    same = shop.done("cost", "diff", "deployed", "deployed", "-o", "json")
    assert same["changes"] == []
    more = shop.done("cost", "diff", "deployed", "local", "-o", "json")
    assert {each["kind"] for each in more["changes"]} == {"added"}, "batch, serving and observe come"

    write_sample(shop.folder / "files", 30, 5, False)
    file.write_text(file.read_text().replace("1.00", "0.0000001"))
    stopped = shop.call("replay", "files")
    assert stopped.exit_code == 3 and "the replay would exceed the budget" in stopped.stderr
    sent = json.loads(shop.call("replay", "files", "--over-budget").stdout)["acknowledged"]
    (entry,) = [each for each in shop.done("cost", "accuracy", "-o", "json")["records"] if each["kind"] == "replay"]
    assert entry["basis"] == f"{sent} events of 450 bytes"
    assert entry["predicted_usd"] == entry["billed_usd"] and float(entry["billed_usd"]) > 0
    assert entry["over_budget"].startswith("it would cost ")
