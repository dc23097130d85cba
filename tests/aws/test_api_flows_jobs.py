"""Glue job runs as moto's state manager moves them along: what run-batch makes of each end, and of a stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.glue.models import FakeJobRun, glue_backends
from moto.moto_api import state_manager

from salesperf_cli.backends.aws.jobs import GlueJobs
from salesperf_cli.backends.aws.resources import Resources, StackNames
from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.core.job_runs import Waiting
from salesperf_cli.errors import ConflictError, InputError, RetryableError
from tests.aws.moto_account import JOBS, REGION, Shop, client, deploy, new_shop, nobody_else
from tests.lake import in_process

OUT_OF_MEMORY = "Command Failed due to Out of Memory"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A deployed target with five orders in its lake."""
    home = tmp_path_factory.mktemp("account")
    with nobody_else(home), mock_aws():
        deploy()
        shop = new_shop(home / "shop", region=REGION)
        in_process("sample", "files", "--orders", "5", "--seed", "4", folder=shop.folder, variables={"HOME": str(home)})
        shop.done("ingest", "files")
        yield shop


@pytest.fixture
def shop(account: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The target, where each look at a job finds it one state further; nobody waits between two looks."""
    monkeypatch.setattr("salesperf_cli.core.job_runs.Waiting", partial(Waiting, poll_seconds=0))
    state_manager.set_transition("glue::job_run", {"progression": "manual", "times": 1})
    yield account
    state_manager.unset_transition("glue::job_run")
    for job in glue_backends[DEFAULT_ACCOUNT_ID][REGION].jobs.values():
        job.job_runs.clear()  # what still runs would be in the way of the next test


@pytest.fixture
def jobs() -> GlueJobs:
    """The jobs as the product sees them."""
    session = AwsSession(Account(REGION, None, None))
    return GlueJobs(session, Resources(session, StackNames("salesperf", "dev")))


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has job runs pass through states of their own, which moto knows nothing of, and say a last word."""

    begin, tell = FakeJobRun.__init__, FakeJobRun.as_dict

    def ends(*states: str, word: str = "") -> None:
        def begun(run: FakeJobRun, *args: Any, **more: Any) -> None:
            begin(run, *args, **more)
            run._transitions = list(zip(("STARTING", *states), states, strict=False))

        def told(run: FakeJobRun) -> dict[str, Any]:
            return tell(run) | ({"ErrorMessage": word} if word else {})

        monkeypatch.setattr(FakeJobRun, "__init__", begun)
        monkeypatch.setattr(FakeJobRun, "as_dict", told)

    return ends


def test_a_job_is_seen_starting_running_and_at_its_end(shop: Shop, jobs: GlueJobs) -> None:
    job = jobs.start("silver", {"run-id": "r"})
    runs = [jobs.run("silver", job) for _ in range(3)]
    assert [each.state for each in runs] == ["running", "succeeded", "succeeded"]
    assert [each.ended for each in runs] == [False, True, True]
    assert runs[-1].seconds == 123 and runs[-1].message == ""
    (given,) = (run["Arguments"] for run in client("glue").get_job_runs(JobName=JOBS["silver"])["JobRuns"])
    assert given == {"--run-id": "r"}


@pytest.mark.parametrize(
    ("state", "seen", "is_over"),
    [
        ("WAITING", "starting", False),
        ("RUNNING", "running", False),
        ("STOPPING", "stopping", False),
        ("SUCCEEDED", "succeeded", True),
        ("FAILED", "failed", True),
        ("ERROR", "failed", True),
        ("EXPIRED", "failed", True),
        ("STOPPED", "stopped", True),
        ("TIMEOUT", "timeout", True),
        ("A_STATE_OF_NEXT_YEAR", "running", False),
    ],
)
def test_each_state_of_glue_is_one_of_ours(
    shop: Shop, jobs: GlueJobs, ends: Callable[..., None], state: str, seen: str, is_over: bool
) -> None:
    ends(state)
    run = jobs.run("gold", jobs.start("gold", {}))
    assert (run.state, run.ended) == (seen, is_over)


@pytest.mark.parametrize(
    ("end", "word", "what", "why"),
    [
        ("FAILED", OUT_OF_MEMORY, "the silver job failed", OUT_OF_MEMORY),
        ("STOPPED", "", "the silver job was stopped", "its state is stopped"),
        ("TIMEOUT", "", "the silver job failed", "its state is timeout, and it left no word"),
    ],
)
def test_a_run_whose_job_ends_badly_is_worth_another_try_and_publishes_nothing(
    shop: Shop, ends: Callable[..., None], end: str, word: str, what: str, why: str
) -> None:
    ends("RUNNING", end, word=word)
    found = shop.call("run-batch", "--promote")
    assert found.exit_code == 5
    assert what in found.stderr and why in found.stderr
    assert "what is published is unchanged" in found.stderr and "run the same command again" in found.stderr
    assert "The silver job was started: jr_" in found.stderr and "gold job" not in found.stderr, "gold was not begun"
    assert shop.done("status").document["release"] is None


def test_jobs_that_end_well_and_have_built_nothing_are_no_success(shop: Shop) -> None:
    found = shop.call("run-batch")
    assert found.stderr.count("succeeded") == 2, "silver, then gold"
    assert found.exit_code == 5 and "the jobs ended well, and nothing was built" in found.stderr
    assert "up to date" not in found.stderr


def test_what_a_job_prints_is_followed(shop: Shop, ends: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    logs, group = client("logs"), f"/aws-glue/{JOBS['silver']}/output"
    logs.create_log_group(logGroupName=group)
    said = iter(["reading bronze.orders", "building silver.orders"])

    def print_a_line(self: GlueJobs, layer: str, job: str) -> Any:
        if (line := next(said, None)) and not logs.describe_log_streams(logGroupName=group)["logStreams"]:
            logs.create_log_stream(logGroupName=group, logStreamName=job)
        if line:
            event = {"timestamp": int(time.time() * 1000), "message": line + "\n"}
            logs.put_log_events(logGroupName=group, logStreamName=job, logEvents=[event])
        return look(self, layer, job)

    look = GlueJobs.run
    monkeypatch.setattr(GlueJobs, "run", print_a_line)
    ends("RUNNING", "FAILED")
    found = shop.call("run-batch")
    assert [line.strip() for line in found.stderr.splitlines() if line.startswith("  silver")] == [
        "silver  reading bronze.orders", "silver  building silver.orders"
    ]  # fmt: skip


def test_a_second_run_of_a_job_is_a_conflict(shop: Shop, jobs: GlueJobs, ends: Callable[..., None]) -> None:
    ends("RUNNING")
    jobs.start("silver", {})
    with pytest.raises(ConflictError, match="the job salesperf-dev-silver runs already"):
        jobs.start("silver", {})
    found = shop.call("run-batch")
    assert found.exit_code == 6 and "wait until it has ended" in found.stderr


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], dict[str, Any]]:
    """The requests to stop a job, which moto does not know, and what is answered."""
    asked: list[str] = []
    answer: dict[str, Any] = {}
    create = AwsSession.client

    def stop(params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        asked.append(bytes(params["body"]).decode())
        return SimpleNamespace(status_code=200), answer

    def watched(self: AwsSession, service: str) -> Any:
        made = create(self, service)
        made.meta.events.register("before-call.glue.BatchStopJobRun", stop, unique_id="stop")
        return made

    monkeypatch.setattr(AwsSession, "client", watched)
    return asked, answer


def _interrupted(_: float) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("flags", "stopped", "told"),
    [
        ((), 0, "goes on without this terminal, as run 2"),
        (("--stop-on-interrupt",), 1, "was asked to stop; what is published is unchanged"),
    ],
)
def test_an_interrupt_stops_the_job_when_that_was_asked(
    shop: Shop, ends: Callable[..., None], stops: tuple[list[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch,
    flags: tuple[str, ...], stopped: int, told: str,
) -> None:  # fmt: skip
    ends("RUNNING")
    monkeypatch.setattr("salesperf_cli.core.job_runs.Waiting", partial(Waiting, sleep=_interrupted))
    found = shop.call("run-batch", *flags)
    assert found.exit_code == 130
    assert told in " ".join(found.stderr.split())
    assert len(stops[0]) == stopped and all(JOBS["silver"] in each and "jr_" in each for each in stops[0])


def test_a_job_that_cannot_be_stopped_is_told_as_such(
    shop: Shop, jobs: GlueJobs, stops: tuple[list[str], dict[str, Any]]
) -> None:
    jobs.stop("silver", "jr_1")
    detail = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
    stops[1]["Errors"] = [{"JobName": JOBS["silver"], "JobRunId": "jr_1", "ErrorDetail": detail}]
    with pytest.raises(RetryableError, match="cannot stop the silver job just now"):
        jobs.stop("silver", "jr_1")


def test_a_job_run_or_a_job_that_is_gone_is_told_with_what_makes_it(shop: Shop, jobs: GlueJobs) -> None:
    with pytest.raises(InputError, match="it is not there") as gone:
        jobs.run("silver", "jr_nobody")
    assert "salesperf deploy" in gone.value.remedy
    client("glue").delete_job(JobName=JOBS["gold"])
    try:
        with pytest.raises(InputError, match="cannot start the job salesperf-dev-gold: it is not there"):
            jobs.start("gold", {})
    finally:
        client("glue").create_job(Name=JOBS["gold"], Role="r", Command={"Name": "glueetl"})
