"""What deploy and destroy do when something is wrong or in the way: refused early, told, taken back, found again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.backends.aws.stacks import CloudFormationStacks, resource_change
from salesperf_cli.core.deploy.conditions import filled, made_resources
from salesperf_cli.core.deploy.packages import wheel
from salesperf_cli.core.deploy.parameters import settled
from salesperf_cli.core.deploy.plan import DeployRequest, Proposer
from salesperf_cli.core.deploy.stacks import StackEvent, StackState
from salesperf_cli.core.deploy.templates import ORDER, Template, imports_of, load_template
from salesperf_cli.core.deploy.walk import Deployer, Pace
from salesperf_cli.errors import RetryableError
from tests.aws.conftest import STANDIN_PARAMETERS, Shop, new_shop
from tests.aws.ministack import ministack, missing_ministack
from tests.aws.standin.parts import REGION
from tests.infra import templates as expected

PREFIX = "salesperf-standin"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def _client(shop: Shop, service: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=shop.endpoint_url)


def _statuses(shop: Shop) -> dict[str, str]:
    found = _client(shop, "cloudformation").describe_stacks()["Stacks"]
    return {each["StackName"].rsplit("-", 1)[1]: each["StackStatus"] for each in found}


# -- all five


def test_all_five_stacks_are_made_and_only_what_stands_alone_is_taken_down(shop: Shop) -> None:
    outputs = shop.done("deploy", "--yes")
    assert tuple(outputs) == ORDER
    assert set(_statuses(shop).values()) == {"CREATE_COMPLETE"}
    protected = _client(shop, "cloudformation").describe_stacks(StackName=f"{PREFIX}-foundation")["Stacks"][0]
    assert protected["EnableTerminationProtection"] is True
    assert {stack["kind"] for stack in shop.done("deploy", "--yes")["stacks"]} == {"unchanged"}

    refused = shop.call("destroy", "stream", "--yes")
    assert refused.exit_code == 2 and f"{PREFIX}-observe needs {PREFIX}-stream" in refused.stderr
    refused = shop.call("destroy", "foundation", "--yes")
    assert refused.exit_code == 3 and "holds all data" in refused.stderr
    gone = shop.done("destroy", "stream", "observe", "--yes")
    assert gone["stacks"] == [f"{PREFIX}-observe", f"{PREFIX}-stream"]
    assert set(_statuses(shop)) == {"foundation", "batch", "serving"}
    assert [each["kind"] for each in gone["kept"]] == ["bucket"] * 5 + ["key"] + ["database"] * 5
    assert all(each["cost"] for each in gone["kept"])
    assert gone["kept"][4]["name"].startswith(f"{PREFIX}-logs")  # the others write their access logs to it

    shop.done("deploy", "--yes")
    shop.done("destroy", "--delete-data", "--confirm", PREFIX, "--yes")
    assert _statuses(shop) == {}
    again = shop.call("destroy", "--delete-data")
    assert again.exit_code == 0 and "nothing to delete" in again.stderr


def test_changed_parameters_are_told_at_the_values_they_reach_with_what_would_be_replaced(shop: Shop) -> None:
    shop.set_parameters({"AlarmEmail": "one@example.com"})
    shop.done("deploy", "--yes")
    shop.set_parameters({"AlarmEmail": "two@example.com", "StreamRetentionHours": "48"})
    told = shop.call("deploy", "--dry-run")
    assert "  ~ Stream  AWS::Kinesis::Stream\n      RetentionPeriodHours: 24 → 48" in told.stderr
    assert "Endpoint: one@example.com → two@example.com (may need a new resource)\n" in told.stderr
    assert "! EmailSubscription (AWS::SNS::Subscription) may be replaced" in told.stderr
    stacks = {stack["stack"]: stack for stack in told.document["stacks"]}
    (change,) = stacks[f"{PREFIX}-observe"]["changes"]
    assert change["properties"][0]["before"] == "one@example.com"
    shop.set_parameters({})
    told = shop.call("deploy", "--dry-run")
    assert "  AlarmEmail: one@example.com → nothing\n" in told.stderr  # what left the file has its default again
    assert set(_statuses(shop).values()) == {"CREATE_COMPLETE"}


def test_what_was_changed_by_other_means_is_told_first(shop: Shop) -> None:
    shop.done("deploy", "foundation", "batch", "--yes")
    _client(shop, "logs").delete_log_group(logGroupName=f"/aws-glue/jobs/{PREFIX}-gold/error")
    told = shop.call("deploy", "batch", "--dry-run")
    assert "GoldErrorLog deleted by other means" in told.stderr
    assert told.document["stacks"][0]["drift"] == ["GoldErrorLog deleted"]
    assert shop.done("deploy", "batch", "--dry-run", "--no-drift")["stacks"][0]["drift"] == []


# -- refused before anything is made


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory, credentials: None) -> Iterator[Shop]:
    """A project whose account stays empty."""
    if missing := missing_ministack():
        pytest.skip(missing)
    home = tmp_path_factory.mktemp("untouched")
    with ministack(home / "account") as endpoint_url:
        yield new_shop(home / "shop", endpoint_url)


@pytest.mark.parametrize(
    ("parameters", "what", "remedy"),
    [
        ({"SilverWorker": "3"}, "sets SilverWorker, which no template knows", "did you mean SilverWorkers?"),
        ({"WheelKey": "wheels/mine.whl"}, "sets WheelKey", "remove it from the file"),
        ({"SilverWorkers": "1"}, "SilverWorkers cannot be '1'", "correct it"),
        ({"JobTimeoutMinutes": "soon"}, "JobTimeoutMinutes cannot be 'soon'", "correct it"),
        ({"GlueVersion": "4.0"}, "GlueVersion cannot be '4.0'", "correct it"),
        ({"SpeedStartDate": "yesterday"}, "SpeedStartDate cannot be 'yesterday'", "correct it"),
        ({"Environment": "prod"}, "belongs to another target: Environment is prod there, standin here", "leave it out"),
    ],
)
def test_a_wrong_parameter_is_refused_before_the_first_stack(
    untouched: Shop, parameters: dict[str, str], what: str, remedy: str
) -> None:
    untouched.set_parameters(parameters)
    refused = untouched.call("deploy", "--yes")
    assert refused.exit_code == 2
    told = " ".join(refused.stderr.split())  # lines are wrapped
    assert what in told and remedy in told
    assert _statuses(untouched) == {}


def test_alarms_of_the_stream_need_it_unless_nobody_watches_it(shop: Shop) -> None:
    shop.done("deploy", "foundation", "--yes")
    refused = shop.call("deploy", "observe", "--yes")
    assert refused.exit_code == 2 and "or set WatchStream to false" in refused.stderr
    shop.set_parameters({"WatchStream": "false"})
    assert "AlarmNamePrefix" in shop.done("deploy", "observe", "--yes")["observe"]


# -- failures and interruptions


def test_after_a_failure_no_proposal_stays_behind(shop: Shop) -> None:
    database = shop.done("deploy", "foundation", "--yes")["foundation"]["SpeedDatabaseName"]
    glue = _client(shop, "glue")
    glue.create_table(DatabaseName=database, TableInput={"Name": "sale_events"})  # somebody has taken the name
    failed = shop.call("deploy", "stream", "serving", "--yes")
    assert failed.exit_code == 5 and "SaleEvents (AWS::Glue::Table): " in failed.stderr
    assert _statuses(shop) == {"foundation": "CREATE_COMPLETE", "stream": "ROLLBACK_COMPLETE"}
    dry = shop.call("deploy", "stream", "--dry-run")
    assert "in place of one that failed" in dry.stderr
    assert dry.document["stacks"][0]["kind"] == "later"
    glue.delete_table(DatabaseName=database, Name="sale_events")
    shop.done("deploy", "stream", "serving", "--yes")
    assert set(_statuses(shop).values()) == {"CREATE_COMPLETE"}


class _Hand:
    """Notes what it hears; on the terminal's first line of a resource, somebody presses Ctrl-C where that is asked."""

    def __init__(self, *, presses: bool = False) -> None:
        self.heard: list[str] = []
        self._presses = presses

    def uploaded(self, key: str, size: int, *, new: bool) -> None:
        self.heard.append(f"uploaded {key}")

    def begins(self, stack: str, doing: str) -> None:
        self.heard.append(f"{doing} {stack}")

    def happened(self, stack: str, event: StackEvent) -> None:
        if self._presses:
            raise KeyboardInterrupt

    def ended(self, stack: str, status: str) -> None:
        self.heard.append(f"{status} {stack}")

    def left(self, stack: str) -> None:
        self.heard.append(f"left {stack}")


def _request(*names: str) -> DeployRequest:
    entries = json.loads(STANDIN_PARAMETERS.read_text("utf-8"))
    values = {each["ParameterKey"]: each["ParameterValue"] for each in entries}
    return DeployRequest(tuple(_template(name) for name in names), values, None, "salesperf", "standin")


def _template(name: str) -> Template:
    return load_template(expected.INFRA, name)


def _deployer(stacks: Any, hand: _Hand) -> Deployer:
    def no_bucket(name: str) -> Any:
        raise AssertionError(f"nothing is uploaded to {name}")

    return Deployer(stacks, no_bucket, hand, Pace(sleep=lambda seconds: None))


def test_when_following_is_interrupted_aws_goes_on_and_the_next_deploy_finds_it(shop: Shop) -> None:
    hand = _Hand(presses=True)
    stacks = CloudFormationStacks(AwsSession(Account(REGION, None, shop.endpoint_url)))
    request = _request("foundation")
    with pytest.raises(KeyboardInterrupt):
        _deployer(stacks, hand).deploy(Proposer(stacks, request).propose(), request)
    assert hand.heard == [f"making {PREFIX}-foundation", f"left {PREFIX}-foundation"]
    after = shop.call("deploy", "foundation", "--yes")
    assert after.exit_code == 0, after.stderr
    assert _statuses(shop) == {"foundation": "CREATE_COMPLETE"}


def test_ctrl_c_says_how_to_look_again_and_ends_with_130(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from salesperf_cli.commands.stack_talk import StackTalk

    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StackTalk, "happened", press)
    left = shop.call("deploy", "foundation", "--yes")
    assert left.exit_code == 130
    assert f"AWS goes on with {PREFIX}-foundation" in left.stderr
    assert "salesperf status --target standin" in left.stderr


class _PlayedStack:
    """A stack whose states are given: the stand-in is done before one can look. An event comes with each new state."""

    def __init__(self, *statuses: str) -> None:
        self._statuses = list(statuses)
        self._told: list[StackEvent] = []

    def state(self, name: str) -> StackState | None:
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if not self._told or self._told[-1].status != status:
            self._told.append(StackEvent(str(len(self._told)), NOW, name, "AWS::CloudFormation::Stack", status, ""))
        return StackState(name, status)

    def events(self, name: str, after: str | None) -> list[StackEvent]:
        return self._told[int(after) + 1 if after is not None else 0 :]

    def delete(self, name: str) -> None:
        """Nothing more is needed: the states are given."""

    def invalid(self, name: str) -> list[StackEvent]:
        return []


def test_what_aws_is_still_at_is_followed_to_its_end_before_anything_is_proposed() -> None:
    hand = _Hand()
    stack = _PlayedStack("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    _deployer(stack, hand).wait_for(["dev-batch"])
    assert hand.heard == ["waiting for dev-batch"]
    assert stack.state("dev-batch") == StackState("dev-batch", "UPDATE_COMPLETE")


def test_a_status_from_before_a_call_is_not_taken_for_its_end() -> None:
    stack = _PlayedStack("UPDATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_FAILED")
    with pytest.raises(RetryableError, match="DELETE_FAILED"):
        _deployer(stack, _Hand()).delete("dev-batch")


def test_a_package_that_somebody_removed_is_brought_back(shop: Shop) -> None:
    bucket = shop.done("deploy", "foundation", "batch", "--yes")["foundation"]["ArtifactsBucketName"]
    s3 = _client(shop, "s3")
    key = next(each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"] if "run_layer" in each["Key"])
    s3.delete_object(Bucket=bucket, Key=key)
    again = shop.call("deploy", "batch", "--yes")
    assert again.exit_code == 0 and f"uploaded {key}" in again.stderr
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] > 0


def test_deleting_data_takes_every_version_and_goes_on_where_it_was_stopped(shop: Shop) -> None:
    outputs = shop.done("deploy", "foundation", "--yes")["foundation"]
    s3, lake = _client(shop, "s3"), outputs["LakeBucketName"]
    for text in (b"one", b"two"):
        s3.put_object(Bucket=lake, Key="bronze/orders/a.csv", Body=text)
    s3.delete_object(Bucket=lake, Key="bronze/orders/a.csv")
    listed = s3.list_object_versions(Bucket=lake)
    versions = len(listed["Versions"]) + len(listed["DeleteMarkers"])
    assert versions >= 3
    s3.delete_bucket(Bucket=outputs["ResultsBucketName"])  # as an interrupted removal leaves it
    _client(shop, "glue").delete_database(Name=outputs["GoldDatabaseName"])
    done = shop.call("destroy", "--delete-data", "--confirm", PREFIX, "--yes")
    assert done.exit_code == 0, done.stderr
    assert f"deleted bucket {lake}\n  {versions} object versions" in done.stderr
    assert s3.list_buckets()["Buckets"] == [] and _statuses(shop) == {}
    assert [each["kind"] for each in done.document["kept"]] == ["key"]


def test_a_stack_that_somebody_protects_is_not_unprotected(shop: Shop) -> None:
    shop.done("deploy", "foundation", "serving", "--yes")
    cloudformation = _client(shop, "cloudformation")
    cloudformation.update_termination_protection(StackName=f"{PREFIX}-serving", EnableTerminationProtection=True)
    refused = shop.call("destroy", "--yes")
    assert refused.exit_code == 2 and "TerminationProtection is enabled" in refused.stderr
    assert set(_statuses(shop)) == {"foundation", "serving"}


# -- templates, read as CloudFormation would


def test_each_template_imports_from_the_stacks_that_are_known_to_come_before() -> None:
    exporters = {output: template.name for template in expected.load_all() for output in template.outputs}
    for template in expected.load_all():
        wanted = {
            exporters[str(node["Fn::ImportValue"]).rsplit("-", 1)[1].rstrip("'}")]
            for node in expected.walk(template.body)
            if isinstance(node, dict) and "Fn::ImportValue" in node
        }
        assert set(imports_of(template.name, {})) == wanted


def test_every_template_is_short_enough_to_be_sent_whole() -> None:
    assert {name: size for name in ORDER if (size := len(_template(name).text.encode())) > 51_200} == {}


@pytest.mark.parametrize("given", [{}, expected.EVERYTHING_ON, expected.parameter_file("dev")], ids=str)
def test_the_resources_told_from_a_template_are_those_that_its_conditions_leave(given: dict[str, str]) -> None:
    values = {**given, **expected.UPLOADED}
    for template in expected.load_all():
        ours = _template(template.name)
        left = expected.Resolver(template, values).template()["Resources"]
        made = made_resources(ours, settled(ours, values))
        assert made == {name: resource["Type"] for name, resource in left.items()}


def test_parameters_are_filled_into_what_a_template_writes() -> None:
    text = """
Conditions: {Big: !Equals [!Ref Size, "9"]}
Resources:
  Thing:
    Type: AWS::SNS::Topic
    Properties: {A: !Ref Size, B: !Sub "${Size}-${Other.Arn}", C: !If [Big, !Ref Other, !Ref AWS::NoValue]}
"""
    template = Template("thing", text)
    resource = template.body["Resources"]["Thing"]
    assert filled(template, resource, {"Size": "9"})["Properties"] == {
        "A": "9", "B": "9-${Other.Arn}", "C": {"Ref": "Other"},
    }  # fmt: skip
    assert filled(template, resource, {"Size": "1"})["Properties"] == {"A": "1", "B": "1-${Other.Arn}"}


@pytest.mark.parametrize(
    ("told", "fate"),
    [
        ({"Action": "Remove", "PolicyAction": "Delete"}, "is deleted"),
        ({"Action": "Remove", "PolicyAction": "Retain"}, "leaves the stack, but is kept"),
        ({"Action": "Modify", "Replacement": "True", "PolicyAction": "ReplaceAndRetain"},
         "is replaced; the old one is kept"),
        ({"Action": "Modify", "Replacement": "Conditional"}, "may be replaced"),
        ({"Action": "Modify", "Replacement": "False"}, ""),
    ],
)  # fmt: skip
def test_what_becomes_of_a_resource_is_told_as_its_policies_say(told: dict[str, str], fate: str) -> None:
    change = resource_change({"LogicalResourceId": "Lake", "ResourceType": "AWS::S3::Bucket", **told})
    assert change.fate == fate
    assert change.destroys is bool(fate)


# -- the wheel


@pytest.mark.slow
def test_pip_installs_the_wheel_as_it_is(tmp_path: Path) -> None:
    from salesperf_cli import __version__

    file = tmp_path / f"salesperf-{__version__}-py3-none-any.whl"
    file.write_bytes(wheel())
    home = tmp_path / "home"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(home), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code = "from salesperf_cli.resources import shipped_folder; print(shipped_folder('glue_scripts/olist'))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=True,
                           env={"PYTHONPATH": str(home), "PATH": "/usr/bin:/bin"})  # fmt: skip
    assert Path(shown.stdout.strip()) == home / "salesperf_cli" / "_pipelines" / "olist"
