"""deploy and destroy on a stand-in account: what is shown is what is then done, and data goes only when it is meant."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest

from salesperf_cli import __version__
from salesperf_cli.backends.aws.stacks import resource_change
from salesperf_cli.core.deploy.packages import packages_for, wheel
from salesperf_cli.core.deploy.templates import differences
from tests.aws.conftest import Shop
from tests.aws.standin.parts import ACCOUNT, REGION

STACKS = ("foundation", "batch", "serving")


def _client(shop: Shop, service: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=shop.endpoint_url)


def _kinds(document: dict[str, Any]) -> dict[str, str]:
    return {stack["stack"].rsplit("-", 1)[1]: stack["kind"] for stack in document["stacks"]}


def _objects(shop: Shop, bucket: str) -> list[str]:
    listed = _client(shop, "s3").list_objects_v2(Bucket=bucket)
    keys = (each["Key"] for each in listed.get("Contents", ()))
    return sorted(key for key in keys if not key.startswith("_ledger/costs/"))  # each deployment enters its month


def test_a_target_is_made_changed_and_taken_down(shop: Shop) -> None:
    dry = shop.done("deploy", *STACKS, "--dry-run")
    assert _kinds(dry) == {"foundation": "create", "batch": "later", "serving": "later"}
    assert _client(shop, "cloudformation").describe_stacks()["Stacks"] == []  # a dry run leaves nothing behind

    outputs = shop.done("deploy", *STACKS, "--yes")
    assert outputs["batch"]["SilverJobName"] == "salesperf-standin-silver"
    artifacts = outputs["foundation"]["ArtifactsBucketName"]
    assert _objects(shop, artifacts) == sorted(dry["packages"])

    stacks = {each["stack"]: each for each in shop.done("status")["stacks"]}
    assert stacks["salesperf-standin-batch"]["status"] == "CREATE_COMPLETE"
    assert stacks["salesperf-standin-batch"]["version"] == __version__
    assert stacks["salesperf-standin-observe"]["status"] == "not deployed"
    checks = {each["name"]: each for each in shop.done("doctor")["checks"]}
    assert checks["account"]["found"].startswith("arn:aws:")
    assert checks["stacks"]["remedy"] == "salesperf deploy --target standin"

    again = shop.call("deploy", *STACKS, "--yes")
    assert again.exit_code == 0 and "Everything is as it should be" in again.stderr
    assert set(_kinds(again.document).values()) == {"unchanged"}

    shop.set_parameters({"SilverWorkers": "3"})
    changed = shop.call("deploy", *STACKS, "--dry-run")
    assert _kinds(changed.document) == {"foundation": "unchanged", "batch": "update", "serving": "unchanged"}
    assert "  SilverWorkers: 2 → 3\n" in changed.stderr
    assert "~ SilverJob  AWS::Glue::Job" in changed.stderr
    shop.done("deploy", "batch", "--yes")
    job = _client(shop, "glue").get_job(JobName="salesperf-standin-silver")["Job"]
    assert int(job["NumberOfWorkers"]) == 3

    lake = outputs["foundation"]["LakeBucketName"]
    _client(shop, "s3").put_object(Bucket=lake, Key="bronze/orders/one.csv", Body=b"a\n1\n")
    gone = shop.done("destroy", "--yes")
    assert [name.rsplit("-", 1)[1] for name in gone["stacks"]] == ["serving", "batch"]
    assert _objects(shop, lake) == ["bronze/orders/one.csv"]

    refused = shop.call("destroy", "--delete-data", "--confirm", "salesperf-prod", "--yes")
    assert refused.exit_code == 2 and "the name does not agree" in refused.stderr
    assert _objects(shop, lake) == ["bronze/orders/one.csv"]
    shop.done("destroy", "--delete-data", "--confirm", "salesperf-standin", "--yes")
    assert _client(shop, "s3").list_buckets()["Buckets"] == []
    assert _client(shop, "glue").get_databases()["DatabaseList"] == []
    assert shop.call("status").exit_code == 2


def test_a_failed_stack_names_the_first_failing_resource_and_can_be_made_again(shop: Shop) -> None:
    taken = f"salesperf-standin-lake-{ACCOUNT}-{REGION}"
    s3 = _client(shop, "s3")
    s3.create_bucket(Bucket=taken, CreateBucketConfiguration={"LocationConstraint": REGION})
    failed = shop.call("deploy", "foundation", "--yes")
    assert failed.exit_code == 5
    assert "salesperf-standin-foundation was not changed: ROLLBACK_COMPLETE" in failed.stderr
    assert "LakeBucket (AWS::S3::Bucket): Resource of type 'AWS::S3::Bucket'" in failed.stderr
    s3.delete_bucket(Bucket=taken)
    assert shop.done("deploy", "foundation", "--yes")["foundation"]["LakeBucketName"] == taken


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("deploy", "kitchen", "--yes"), "there is no template 'kitchen'"),
        (("deploy", "batch", "--yes"), "batch needs the stack salesperf-standin-foundation"),
        (("deploy", "foundation"), "needs a yes"),
    ],
)
def test_what_cannot_be_deployed_is_refused_before_anything_is_made(
    shop: Shop, arguments: tuple[str, ...], what: str
) -> None:
    refused = shop.call(*arguments)
    assert refused.exit_code == 2 and what in refused.stderr
    assert _client(shop, "cloudformation").describe_stacks()["Stacks"] == []


def test_a_parameter_file_that_is_none_is_refused_with_its_form(shop: Shop) -> None:
    (shop.folder / "standin.json").write_text('{"SilverWorkers": 3}')
    refused = shop.call("deploy", "foundation", "--yes")
    assert refused.exit_code == 2 and '"ParameterKey"' in refused.stderr


def test_packages_are_the_same_bit_for_bit_and_named_by_their_content(tmp_path: Path) -> None:
    declared = {"ScriptKey", "WheelKey", "PipelineKey"}
    pipeline = tmp_path / "corner"
    pipeline.mkdir()
    (pipeline / "pipeline.yaml").write_text("name: corner\n")
    first, again = packages_for(declared, pipeline), packages_for(declared, pipeline)
    assert first == again
    (pipeline / "pipeline.yaml").write_text("name: other\n")
    changed = packages_for(declared, pipeline)
    assert [one.key == other.key for one, other in zip(first, changed, strict=True)] == [True, True, False]


def test_the_wheel_can_be_imported_from_as_it_is_and_brings_its_pipeline(tmp_path: Path) -> None:
    import subprocess
    import sys

    file = tmp_path / "salesperf.whl"
    file.write_bytes(wheel())
    names = zipfile.ZipFile(BytesIO(file.read_bytes())).namelist()
    assert "salesperf_cli/_pipelines/olist/pipeline.yaml" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("salesperf_cli/_infra")]
    code = (
        f"import sys; sys.path.insert(0, {str(file)!r})\n"
        "from salesperf_cli.core.pipeline import load_pipeline\n"
        "import salesperf_cli; assert '.whl' in salesperf_cli.__file__, salesperf_cli.__file__\n"
        "print(len(load_pipeline('olist').models()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 14


def test_two_templates_differ_by_value_and_path() -> None:
    before = {"Properties": {"Timeout": 60, "Command": {"Name": "glueetl"}, "Tags": ["a"]}}
    after = {"Properties": {"Timeout": 90, "Command": {"Name": "glueetl"}, "Tags": ["a", {"Ref": "B"}]}}
    assert [(each.path, each.before, each.after) for each in differences(before, after)] == [
        ("Properties.Timeout", "60", "90"),
        ("Properties.Tags[1]", None, json.dumps({"Ref": "B"})),
    ]


def test_a_change_is_read_with_its_values_and_with_what_it_replaces() -> None:
    # The form of AWS's own answers, which the stand-in gives without values.
    told = {
        "Action": "Modify", "LogicalResourceId": "Stream", "ResourceType": "AWS::Kinesis::Stream",
        "Replacement": "Conditional",
        "Details": [
            {"Target": {"Attribute": "Properties", "Name": "ShardCount", "RequiresRecreation": "Never",
                        "Path": "/Properties/ShardCount", "BeforeValue": "1", "AfterValue": "2"}},
            {"Target": {"Attribute": "Properties", "Name": "Name", "RequiresRecreation": "Always",
                        "Path": "/Properties/Name", "BeforeValue": "a", "AfterValue": "b"}},
        ],
    }  # fmt: skip
    change = resource_change(told)
    assert (change.action, change.name, change.replaces, change.destroys) == ("modify", "Stream", "maybe", True)
    assert [(each.path, each.before, each.after, each.replaces) for each in change.properties] == [
        ("ShardCount", "1", "2", "no"),
        ("Name", "a", "b", "yes"),
    ]
