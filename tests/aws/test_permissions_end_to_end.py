"""Permissions where jobs really run and a real engine answers: commands in their caller's name, jobs under their roles.

One journey under policies, looked at from several sides: a job takes minutes. Spark's clients ask under the role of
their job, Trino and Athena's results in the caller's name (tests/aws/standin says what stands in for what).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.core.ledger import Ledger, Vacuum
from salesperf_cli.core.permissions.verbs import VERBS
from tests.aws.authority.authority import Authority, Record
from tests.aws.authority.ground import WORLD, Ground, role_policies
from tests.aws.authority.reasons import END_TO_END, IN_TEST_PERMISSIONS, NEVER, OF_ROLES, unexplained
from tests.aws.conftest import new_shop
from tests.aws.standin.account import StandInAccount, standin_account
from tests.aws.standin.parts import REGION, missing_part
from tests.lake import Result

pytestmark = pytest.mark.slow
PATIENCE = 1_200
"""Seconds until two jobs must have ended; alone on a machine they take two minutes."""


@dataclass
class Journey:
    """A target on which commands run under their policies; what each verb and each role was seen to use is kept."""

    ground: Ground
    account: StandInAccount
    seen: dict[str, list[Record]] = field(default_factory=dict)
    roles: dict[str, Record] = field(default_factory=dict)
    failed: Result | None = None

    def call(self, *words: str) -> Result:
        """Run a command under the policy of its verb."""
        with self.ground.under(words[0]) as record:
            result = self.ground.shop.call(*words)
        self.seen.setdefault(words[0], []).append(record)
        return result

    def done(self, *words: str) -> Any:
        """The same of one that must succeed; gives its document."""
        result = self.call(*words)
        assert result.exit_code == 0, f"{words}: exit {result.exit_code}\n{result.stderr}\n{self.refusals()}"
        return result.document if result.stdout else None

    def refusals(self) -> list[str]:
        """What anybody was denied."""
        records = [*(each for several in self.seen.values() for each in several), *self.roles.values()]
        return [f"{record.who.rpartition(':')[2]}: {need}" for record in records for need in record.denied]

    def hold_roles(self) -> None:
        """Have every role that a job has act under the policies that the stack gave it."""
        for name, policies in role_policies(self.account.client("iam")).items():
            self.roles[name] = self.ground.authority.acts(name, name, *policies)

    def role(self, logical: str) -> Record:
        """What a role of the foundation was seen to use."""
        return next(record for name, record in self.roles.items() if f"-{logical}-" in name)


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory, credentials: None) -> Iterator[Journey]:
    if missing := missing_part():
        pytest.skip(missing)
    home, authority = tmp_path_factory.mktemp("journey"), Authority(WORLD)
    with (
        standin_account(home / "account", guard=authority) as account,
        authority.before(account.endpoint_url) as address,
    ):
        ground = Ground(new_shop(home / "shop", address), authority, account.endpoint_url)
        ground.set_budget()
        ground.shop.done("deploy", "--yes")
        ground.key_is_made()
        journey = Journey(ground, account)
        journey.hold_roles()
        _travel(journey)
        yield journey


def _travel(journey: Journey) -> None:
    ground, shop = journey.ground, journey.ground.shop
    shop.done("sample", "first", "--orders", "60", "--seed", "3")
    shop.done("sample", "more", "--orders", "20", "--seed", "4")
    _spoil(shop.folder / "first" / "olist_orders_dataset.csv")
    shop.done("ingest", "first")
    _run_as_scheduled(journey)
    for _ in range(2):  # made, then replaced
        journey.done("publish-views")
    with ground.authority.freely():
        shop.done("ingest", "more")
        shop.done("replay", "more", "--verify")
    ground.spend_yesterday()
    _age_views(ground)
    assert journey.done("run-batch", "--promote")["release"] == "r2"
    journey.failed = _run_without_code(journey)
    Ledger(ground.lake.objects).add_vacuum(Vacuum(1, datetime.now(UTC), "none", (), ()))
    # First what the live view does not read, so that its days are worked out anew; then what it does.
    for tables in (
        ("gold.seller_scorecard", "quarantine.orders"),
        ("silver.orders", "gold.sales_wide", "quarantine.orders"),
    ):
        with ground.authority.freely():
            run = ground.leave_audited_run(tables)
        question = f"SELECT count(*) AS n FROM {tables[0]}"
        journey.done("query", question, "--as-of", run, "-o", "json")
        journey.done("promote", "all")
    ground.spend_yesterday()
    for table in ("gold.sales_wide", "quarantine.orders", "silver.orders", "speed.sale_events", "serving.sales_live"):
        journey.done("query", f"SELECT count(*) AS n FROM {table}", "-o", "json")
    journey.done("query", "SHOW TABLES IN gold", "-o", "json")
    journey.done("query", "SELECT count(*) AS n FROM gold.sales_wide", "--as-of", "r1", "-o", "json")
    many = "SELECT w.order_id, n FROM gold.sales_wide w CROSS JOIN UNNEST(sequence(1, 40)) AS t(n)"
    assert journey.call("query", many, "-o", "csv").exit_code == 0
    ground.leave_cut_off_promotion()
    journey.done("publish-views")
    journey.done("rollback", "all", "--to", "r3")  # to which the live view was bounded


def _age_views(ground: Ground) -> None:
    """The live view as it was made weeks ago."""
    ledger = Ledger(ground.lake.objects)
    ledger.write_views(dict.fromkeys(ledger.views(), "2026-01-01"))


def _spoil(orders: Path) -> None:
    """One more order, whose time is none: it goes to quarantine."""
    header, first, *rest = orders.read_text("utf-8").splitlines()
    bad = first.split(",")
    at = header.replace('"', "").split(",").index("order_purchase_timestamp")
    bad[0], bad[at] = f'"{"e" * 32}"', '"noon"'
    orders.write_text("\n".join([header, first, *rest, ",".join(bad)]) + "\n", "utf-8")


def _run_as_scheduled(journey: Journey) -> None:
    """The one call that the schedule makes (infra/batch.yaml, Schedule), under its role."""
    import boto3

    key = next(name for name in journey.roles if "-ScheduleRole-" in name)
    glue = boto3.client(
        "glue", region_name=REGION, endpoint_url=journey.ground.shop.endpoint_url, aws_access_key_id=key,
        aws_secret_access_key="none",
    )  # fmt: skip
    then = {"--then": "salesperf-standin-gold", "--promote": "true"}
    glue.start_job_run(JobName="salesperf-standin-silver", Arguments=then)
    until, objects = time.monotonic() + PATIENCE, journey.ground.lake.objects
    # The job lets go of the lease a moment after its release can be seen.
    while not Ledger(objects).releases() or objects.read("_ledger/leases/batch.json"):
        assert time.monotonic() < until and not journey.refusals(), f"nothing is released; {journey.refusals()}"
        time.sleep(2)


def _run_without_code(journey: Journey) -> Result:
    """A run whose silver job may not fetch its own code."""
    name = next(each for each in journey.roles if "-SilverJobRole-" in each)
    held = journey.roles[name]
    less = [
        {**each, "Statement": [one for one in each["Statement"] if one["Sid"] != "FetchCode"]}
        for each in held.policies or ()
    ]
    journey.ground.authority.acts(name, name, *less)
    try:
        return journey.call("run-batch", "silver", "--full-refresh")
    finally:
        journey.ground.authority.acts_again(name, held)


@pytest.mark.parametrize("verb", END_TO_END)
def test_a_verb_that_needs_jobs_or_athena_needs_all_of_its_policy_and_nothing_else(journey: Journey, verb: str) -> None:
    records = journey.seen[verb]
    assert [need for record in records for need in record.denied] == []
    unused = set.intersection(*(record.unused() for record in records))
    assert unexplained(unused, {**NEVER, **dict.fromkeys(IN_TEST_PERMISSIONS)}) == set()


@pytest.mark.parametrize("role", ["SilverJobRole", "GoldJobRole"])
def test_a_job_needs_all_of_its_role_and_nothing_else(journey: Journey, role: str) -> None:
    record = journey.role(role)
    assert record.denied == []
    assert unexplained(record.unused(), {**NEVER, **OF_ROLES}) == set()


def test_nobody_asked_for_what_the_authority_does_not_know(journey: Journey) -> None:
    journey.ground.authority.assert_known()


def test_a_schedule_needs_all_of_its_role_and_nothing_else(journey: Journey) -> None:
    record = journey.role("ScheduleRole")
    assert record.denied == []
    assert {sid for sid, _ in record.unused()} == {"ReadOwnSchedule"}  # which EventBridge Scheduler does


def test_a_job_whose_role_may_not_fetch_its_code_is_told_so_in_the_words_of_aws(journey: Journey) -> None:
    assert journey.failed is not None and journey.failed.exit_code == 5
    assert "the silver job failed" in journey.failed.stderr
    assert "is not authorized to perform: s3:GetObject" in " ".join(journey.failed.stderr.split())


def test_every_verb_is_held_to_its_policy_here_or_by_itself() -> None:
    from tests.aws.authority.scenarios import SCENARIOS
    from tests.aws.test_permissions import ALSO_HELD

    asks_aws = {name for name, verb in VERBS.items() if verb.grants}
    assert asks_aws == {*SCENARIOS, *ALSO_HELD}
