"""Every verb under its documented policy alone, on a stand-in account that refuses the rest; and nothing for nothing.

What wants real jobs and a real Athena is in test_permissions_end_to_end.
"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.core.deploy.packages import function
from salesperf_cli.core.ledger import Ledger, Vacuum
from salesperf_cli.core.permissions.verbs import VERBS
from tests.aws.authority.asked import Need
from tests.aws.authority.ground import WORLD, Ground, ground_at, role_policies
from tests.aws.authority.policies import allows
from tests.aws.authority.reasons import END_TO_END, NEVER, OF_ROLES, unexplained
from tests.aws.authority.scenarios import SCENARIOS
from tests.aws.landed_events import landed
from tests.aws.ministack import ministack, missing_ministack
from tests.aws.standin.parts import REGION
from tests.proxy import Answer, Exchange, proxy_before

ALSO_HELD = ("deploy", "destroy", "cost prices", "cost actual")
"""Verbs with a test of their own."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, credentials: None) -> Iterator[Ground]:
    """A target that was deployed under the policy of `deploy`, with received files and a release."""
    if missing := missing_ministack():
        pytest.skip(missing)
    home = tmp_path_factory.mktemp("held")
    with ministack(home / "account") as store, ground_at(home / "shop", store) as ground:
        with ground.under("deploy") as record:
            ground.shop.done("deploy", "--dry-run")
            ground.shop.done("deploy", "--yes")
            ground.key_is_made()
            ground.shop.done("deploy", "--yes")
        ground.deployed = record
        ground.shop.done("sample", "files", "--orders", "40", "--seed", "3")
        ground.shop.done("ingest", "files")
        ground.release()
        ground.spend_yesterday()
        Ledger(ground.lake.objects).add_vacuum(Vacuum(1, datetime.now(UTC), "run", (), ()))
        yield ground


# -- the proof


IN_EVERY_RUN = ("doctor", "ingest", "withdraw", "tail", "promote", "releases", "cost diff", "permissions")
"""Every client and every kind of resource is among them; the rest is slow only because there is so much of it."""


def _each_verb() -> Iterator[object]:
    for verb in SCENARIOS:
        yield verb if verb in IN_EVERY_RUN else pytest.param(verb, marks=pytest.mark.slow)


@pytest.mark.parametrize("verb", list(_each_verb()))
def test_a_verb_needs_all_of_its_policy_and_nothing_else(ground: Ground, verb: str) -> None:
    with ground.under(verb) as record:
        SCENARIOS[verb](ground)
    assert record.denied == []
    assert verb in END_TO_END or unexplained(record.unused(), NEVER) == set()


def test_a_target_is_deployed_under_the_policy_of_deploy(ground: Ground) -> None:
    assert ground.deployed is not None
    assert ground.deployed.denied == []
    assert unexplained(ground.deployed.unused(), NEVER) == set()


@pytest.mark.slow
def test_a_target_is_taken_down_under_the_policy_of_destroy(tmp_path: Path, credentials: None) -> None:
    if missing := missing_ministack():
        pytest.skip(missing)
    with ministack(tmp_path / "account") as store, ground_at(tmp_path / "shop", store) as ground:
        ground.shop.done("deploy", "--yes")
        lake = ground.resources.of("foundation", "LakeBucketName")
        results = ground.resources.of("foundation", "ResultsBucketName")
        for bucket in (lake, results):
            ground.client("s3").put_object(Bucket=bucket, Key="one", Body=b"1")
        with ground.under("destroy") as record:
            ground.shop.done("destroy", "--delete-data", "--confirm", "salesperf-standin", "--yes")
    assert record.denied == []
    assert unexplained(record.unused(), NEVER) == set()


@pytest.mark.parametrize(
    ("verb", "line"),
    [
        ("cost actual", "cost actual --yes"),
        pytest.param("cost prices", "cost prices refresh --yes", marks=pytest.mark.slow),
    ],
)
def test_prices_and_bills_are_asked_for_under_their_policies(
    tmp_path: Path, credentials: None, verb: str, line: str
) -> None:
    def answers(exchange: Exchange) -> None:
        exchange.read()
        said = {"PriceList": [], "FormatVersion": "aws_v1", "ResultsByTime": []}
        exchange.answer(Answer(200, (("Content-Type", "application/x-amz-json-1.1"),), json.dumps(said).encode()))

    with proxy_before("http://127.0.0.1:1", answers) as store, ground_at(tmp_path / "shop", store) as ground:
        with ground.under_actions(verb) as record:
            assert ground.shop.call(*line.split()).exit_code in (0, 2)  # 2: the Price List has nothing for the book
        assert record.denied == [] and record.unused() == set()
        with ground.under_actions("cost diff"):
            refused = ground.shop.call(*line.split())
    assert refused.exit_code == 4
    assert VERBS[verb].actions[0] in " ".join(refused.stderr.split())


REFUSED = (
    ("ingest files/olist_orders_dataset.csv", "doctor", "s3:ListBucket"),
    ("withdraw olist_customers_dataset.csv", "releases", "s3:GetObject"),
    ("promote all", "status", "s3:PutObject"),
    ("tail --stream --from-start --limit 1", "replay", "kinesis:ListShards"),
    ("deploy batch --yes --no-drift", "cost diff", "cloudformation:CreateChangeSet"),
)
REFUSED_AS_WELL = (
    ("withdraw olist_customers_dataset.csv", "status", "s3:PutObject"),
    ("run-batch", "status", "s3:GetObject"),
    ("replay files --limit 1", "doctor", "s3:ListBucket"),
    ("replay files --limit 1", "run-batch", "kinesis:PutRecords"),
    ("rollback all", "status", "s3:PutObject"),
    ("vacuum --keep-releases 1 --keep-days 0 --grace 0 --yes", "promote", "s3:PutObject"),
    ("releases", "doctor", "s3:ListBucket"),
    ("publish-views", "status", "s3:PutObject"),
    ("query SELECT+1+AS+one", "cost query", "cloudformation:DescribeStacks"),
    ("status", "doctor", "s3:ListBucket"),
    ("status", "releases", "s3:GetObject"),
    ("cost diff deployed dev", "status", "cloudformation:GetTemplate"),
    ("destroy observe --yes", "status", "cloudformation:DescribeStackEvents"),
)
"""A command, the verb under whose policy it is typed, and the action that it lacks first."""


@pytest.mark.parametrize(
    ("line", "other", "action"), [*REFUSED, *(pytest.param(*each, marks=pytest.mark.slow) for each in REFUSED_AS_WELL)]
)
def test_under_the_policy_of_another_verb_a_command_ends_with_code_4_and_names_the_action(
    ground: Ground, line: str, other: str, action: str
) -> None:
    with ground.under(other) as record:
        refused = ground.shop.call(*(word.replace("+", " ") for word in line.split()))
    assert refused.exit_code == 4, refused.stderr
    assert record.denied[0].action == action
    assert action in " ".join(refused.stderr.split())


def test_a_table_that_cannot_be_read_is_told_as_a_matter_of_permission_by_everyclient_of(ground: Ground) -> None:
    ground.release()
    policy = ground.policy("status")
    for sid, action in (("SeeTables", "glue:GetTable"), ("ReadMetadata", "s3:GetObject")):
        less = {**policy, "Statement": [each for each in policy["Statement"] if each["Sid"] != sid]}
        with ground.authority.under(less) as record:
            refused = ground.shop.call("status")
        assert refused.exit_code == 4, refused.stderr
        assert record.denied[0].action == action  # by boto3 in pyiceberg, then by Arrow's client in C++
        assert "ask for that permission" in refused.stderr


def test_a_store_that_must_not_be_listed_says_forbidden_of_what_is_missing(ground: Ground) -> None:
    policy = ground.policy("status")
    less = {**policy, "Statement": [each for each in policy["Statement"] if each["Sid"] != "FindObjects"]}
    with ground.authority.under(less):
        assert ground.shop.call("status").exit_code == 4


# -- the function's role


def test_the_function_lands_events_under_its_role(ground: Ground, tmp_path: Path) -> None:
    with ground.authority.freely():
        ground.shop.done("replay", "files", "--limit", "1", "--verify")
    name, policies = next(
        (name, found) for name, found in role_policies(ground.client("iam")).items() if "-SpeedFunctionRole-" in name
    )
    record = ground.authority.acts(name, name, *policies)
    assert _call_function(ground, tmp_path, name) == {"batchItemFailures": []}
    ground.authority.assert_known()
    assert record.denied == []
    assert unexplained(record.unused(), OF_ROLES) == set()
    ground.authority.acts(name, name)
    assert _call_function(ground, tmp_path, name)["batchItemFailures"], "nothing is landed without a right to"


_CALL = "import json, sys, handler; sys.stderr.write(json.dumps(handler.handle(json.load(sys.stdin), None)))"


def _call_function(ground: Ground, folder: Path, key: str) -> Any:
    """What the function, as it is deployed, makes of a landed event sent again and of one that breaks its contract."""
    with zipfile.ZipFile(io.BytesIO(function())) as archive:
        archive.extractall(folder)
    said = [json.dumps(landed(ground.store)[0]), '{"event_id": "of nothing"}']
    records = [
        {
            "eventID": f"shardId-000000000000:{at}",
            "kinesis": {
                "data": base64.b64encode(text.encode()).decode(), "sequenceNumber": str(at), "partitionKey": "k",
                "approximateArrivalTimestamp": 1_790_000_000.0,
            },
        }
        for at, text in enumerate(said)
    ]  # fmt: skip
    deployed = ground.client("lambda").get_function_configuration(FunctionName="salesperf-standin-speed")
    done = subprocess.run(
        [sys.executable, "-c", _CALL],
        cwd=folder, input=json.dumps({"Records": records}), capture_output=True, text=True, check=True,
        env={
            **deployed["Environment"]["Variables"], "PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": key,
            "AWS_ENDPOINT_URL": ground.shop.endpoint_url, "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": REGION,
        },
    )  # fmt: skip
    return json.loads(done.stderr)


def test_the_schedule_may_start_the_silver_job_alone(ground: Ground) -> None:
    found = role_policies(ground.client("iam"))
    (policies,) = (each for name, each in found.items() if "-ScheduleRole-" in name)
    for layer, allowed in (("silver", True), ("gold", False)):
        job = WORLD.arn("glue", f"job/salesperf-standin-{layer}")
        assert allows(policies, Need("glue:StartJobRun", job)) is allowed
