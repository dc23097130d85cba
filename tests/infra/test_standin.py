"""Deploys all stacks on ministack, in order, and deletes them again: names, outputs, exports and retention.

The stand-in checks no permission and drops encryption and lifecycle rules; those are for the linters. It runs from
an environment of its own (`make standin`), as its own process, on loopback, and sees nothing of ours.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.core.templates.parameters import read_parameters
from tests.aws.ministack import ministack, missing_ministack
from tests.infra import templates
from tests.infra.templates import ACCOUNT, ORDER, REGION

pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parent
PREFIX = "salesperf-standin"
HANDLER = "def handle(event, context):\n    return {'batchItemFailures': []}\n"

Clients = Callable[[str], Any]


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    if missing := missing_ministack():
        pytest.skip(missing)
    import boto3

    with ministack(tmp_path_factory.mktemp("ministack")) as endpoint_url:
        yield lambda service: boto3.client(
            service,
            region_name=REGION,
            endpoint_url=endpoint_url,
            aws_access_key_id=ACCOUNT,  # ministack takes an access key of twelve digits for the account
            aws_secret_access_key="none",
        )


def _wait_for(done: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "the stand-in does not answer"
        time.sleep(0.1)


def _stack(clients: Clients, name: str) -> dict[str, Any] | None:
    cloudformation = clients("cloudformation")
    try:
        stacks = cloudformation.describe_stacks(StackName=f"{PREFIX}-{name}")["Stacks"]
    except cloudformation.exceptions.ClientError:
        return None
    return None if not stacks or stacks[0]["StackStatus"] == "DELETE_COMPLETE" else stacks[0]


def _outputs(clients: Clients, name: str) -> dict[str, str]:
    stack = _stack(clients, name)
    assert stack
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _settled(clients: Clients, name: str) -> bool:
    stack = _stack(clients, name)
    return stack is None or not stack["StackStatus"].endswith("IN_PROGRESS")


def _given() -> dict[str, str]:
    optional = {"ScheduleExpression": "cron(0 5 * * ? *)", "AlarmEmail": "somebody@example.com"}
    return {**read_parameters(HERE / "standin.json"), **templates.UPLOADED, **optional}


def _upload_the_function(clients: Clients) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", HANDLER)
    bucket = _outputs(clients, "foundation")["ArtifactsBucketName"]
    clients("s3").put_object(Bucket=bucket, Key=templates.UPLOADED["FunctionKey"], Body=packed.getvalue())


def _create(clients: Clients, template: templates.Template) -> None:
    given = {name: value for name, value in _given().items() if name in template.parameters}
    clients("cloudformation").create_stack(
        StackName=f"{PREFIX}-{template.name}",
        TemplateBody=(templates.INFRA / f"{template.name}.yaml").read_text("utf-8"),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    _wait_for(lambda: _settled(clients, template.name))


@pytest.fixture(scope="module")
def deployed(clients: Clients) -> Clients:
    for template in templates.load_all():
        _create(clients, template)
        stack = _stack(clients, template.name)
        assert stack and stack["StackStatus"] == "CREATE_COMPLETE", _failures(clients, template.name)
        if template.name == "foundation":
            _upload_the_function(clients)
    return clients


def _failures(clients: Clients, name: str) -> list[str]:
    events = clients("cloudformation").describe_stack_events(StackName=f"{PREFIX}-{name}")["StackEvents"]
    return [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
        for event in events
        if event["ResourceStatus"].endswith("FAILED")
    ]


def test_every_stack_gives_the_outputs_and_exports_that_its_conditions_leave(deployed: Clients) -> None:
    exported = {
        e["Name"]
        for page in deployed("cloudformation").get_paginator("list_exports").paginate()
        for e in page["Exports"]
    }
    for template in templates.load_all():
        expected = templates.Resolver(template, _given()).template()["Outputs"]
        outputs = _outputs(deployed, template.name)
        assert outputs.keys() == expected.keys()
        assert all(outputs.values())
        assert {f"{PREFIX}-{name}" for name in outputs} <= exported


def test_the_jobs_get_their_arguments_filled_in(deployed: Clients) -> None:
    job = deployed("glue").get_job(JobName=_outputs(deployed, "batch")["SilverJobName"])["Job"]
    lake = _outputs(deployed, "foundation")["LakeUri"]
    assert job["DefaultArguments"]["--lake"] == lake
    assert job["DefaultArguments"]["--silver-database"] == "salesperf_standin_silver"
    assert f"warehouse={lake}/warehouse " in job["DefaultArguments"]["--conf"]
    wheel = job["DefaultArguments"]["--extra-py-files"]
    assert wheel.endswith("salesperf.whl")
    assert job["DefaultArguments"]["--additional-python-modules"] == wheel  # and nothing else, where nothing is named
    assert job["Role"] == _outputs(deployed, "foundation")["SilverJobRoleArn"]


def test_the_schedule_starts_the_silver_job_and_names_the_gold_job(deployed: Clients) -> None:
    batch = _outputs(deployed, "batch")
    schedule = deployed("scheduler").get_schedule(GroupName=batch["ScheduleGroupName"], Name=batch["ScheduleName"])
    assert json.loads(schedule["Target"]["Input"]) == {
        "JobName": batch["SilverJobName"],
        "Arguments": {"--then": batch["GoldJobName"], "--promote": "true"},
    }


def test_the_mapping_leads_from_the_stream_to_the_function_and_failures_to_the_bucket(deployed: Clients) -> None:
    stream, foundation = _outputs(deployed, "stream"), _outputs(deployed, "foundation")
    mapping = deployed("lambda").get_event_source_mapping(UUID=stream["EventSourceId"])
    assert mapping["EventSourceArn"] == stream["StreamArn"]
    assert mapping["FunctionArn"].endswith(f":function:{stream['FunctionName']}")
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == foundation["FailuresBucketArn"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_speed_table_projects_its_partitions(deployed: Clients) -> None:
    foundation, stream = _outputs(deployed, "foundation"), _outputs(deployed, "stream")
    table = deployed("glue").get_table(DatabaseName=foundation["SpeedDatabaseName"], Name=stream["SpeedTableName"])[
        "Table"
    ]
    template = table["Parameters"]["storage.location.template"]
    assert template == foundation["SpeedUri"] + "landed_date=${landed_date}/landed_hour=${landed_hour}/"


def test_a_bucket_refuses_plain_http_by_its_policy(deployed: Clients) -> None:
    bucket = _outputs(deployed, "foundation")["LakeBucketName"]
    policy = json.loads(deployed("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    statements = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert statements["TlsOnly"]["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def test_deploying_the_same_again_changes_nothing(deployed: Clients) -> None:
    cloudformation = deployed("cloudformation")
    for template in templates.load_all():
        given = {name: value for name, value in _given().items() if name in template.parameters}
        with pytest.raises(cloudformation.exceptions.ClientError, match="No updates are to be performed"):
            cloudformation.update_stack(
                StackName=f"{PREFIX}-{template.name}",
                TemplateBody=(templates.INFRA / f"{template.name}.yaml").read_text("utf-8"),
                Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
                Capabilities=["CAPABILITY_IAM"],
            )


def test_when_all_stacks_are_deleted_the_data_is_still_there(deployed: Clients) -> None:  # the last test of the file
    foundation = _outputs(deployed, "foundation")
    deployed("s3").put_object(Bucket=foundation["LakeBucketName"], Key="bronze/orders/kept.csv", Body=b"kept")
    for name in reversed(ORDER):
        deployed("cloudformation").delete_stack(StackName=f"{PREFIX}-{name}")
        _wait_for(lambda name=name: _settled(deployed, name))  # type: ignore[misc]
        assert _stack(deployed, name) is None, _failures(deployed, name)
    kept = deployed("s3").get_object(Bucket=foundation["LakeBucketName"], Key="bronze/orders/kept.csv")
    assert kept["Body"].read() == b"kept"
    buckets = {bucket["Name"] for bucket in deployed("s3").list_buckets()["Buckets"]}
    assert buckets == {value for key, value in foundation.items() if key.endswith("BucketName")}
    databases = {database["Name"] for database in deployed("glue").get_databases()["DatabaseList"]}
    assert databases == {value for key, value in foundation.items() if key.endswith("DatabaseName")}
    assert deployed("kms").describe_key(KeyId=foundation["KeyArn"])["KeyMetadata"]["KeyState"] == "Enabled"
    assert deployed("kinesis").list_streams()["StreamNames"] == []
    assert deployed("lambda").list_functions()["Functions"] == []
