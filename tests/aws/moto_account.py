"""An account that moto plays: a deployed target with an empty lake, and its jobs, stream, workgroup. Not a test module.

Made by plain boto3: what is deployed is only what the commands look for. Real templates are deployed in test_deploy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.lake import Result, in_process

REGION = "sa-east-1"
TARGET = "dev"
BUCKET = "salesperf-dev-lake"
STREAM = "salesperf-dev-sales"
WORKGROUP = "salesperf-dev"
SECRET = "shop/api"
JOBS = {"silver": "salesperf-dev-silver", "gold": "salesperf-dev-gold"}
DATABASES = {layer: f"salesperf_dev_{layer}" for layer in ("silver", "gold", "quarantine", "serving", "speed")}
OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "foundation": {
        "LakeBucketName": BUCKET,
        "LakeUri": f"s3://{BUCKET}",
        **{f"{layer.capitalize()}DatabaseName": name for layer, name in DATABASES.items()},
    },
    "batch": {
        **{f"{layer.capitalize()}JobName": name for layer, name in JOBS.items()},
        **{f"{layer.capitalize()}LogGroupPrefix": f"/aws-glue/{name}" for layer, name in JOBS.items()},
    },
    "stream": {"StreamName": STREAM},
    "serving": {"WorkGroupName": WORKGROUP},
}
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@dataclass(frozen=True)
class Shop:
    """A project in a folder, whose target `dev` lies in the account."""

    folder: Path

    def call(self, *args: str) -> Result:
        """Run a command line on the target."""
        return in_process(*args, "--target", TARGET, folder=self.folder, variables={"HOME": str(self.folder)})

    def done(self, *args: str) -> Result:
        """Run a command line that must succeed."""
        result = self.call(*args)
        assert result.exit_code == 0, f"{args}: exit {result.exit_code}\n{result.stderr}"
        return result


def new_shop(folder: Path, **settings: str) -> Shop:
    """A project whose target has these settings."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"[targets.{TARGET}]", *(f"{name} = {json.dumps(value)}" for name, value in settings.items())]
    (folder / "salesperf.toml").write_text("\n".join([*lines, ""]))
    return Shop(folder)


def client(service: str, endpoint_url: str | None = None) -> Any:
    """A client of the account, not the product's. Its session is its own: boto3's would keep the credentials."""
    return boto3.Session().client(service, region_name=REGION, endpoint_url=endpoint_url)


def deploy(endpoint_url: str | None = None) -> None:
    """Make the target: stacks with outputs, and what they name."""

    def made(service: str) -> Any:
        return client(service, endpoint_url)

    for name, outputs in OUTPUTS.items():
        topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}
        template = {"Resources": {"Topic": topic}, "Outputs": {key: {"Value": value} for key, value in outputs.items()}}
        made("cloudformation").create_stack(StackName=f"salesperf-{TARGET}-{name}", TemplateBody=json.dumps(template))
    made("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for database in DATABASES.values():
        made("glue").create_database(DatabaseInput={"Name": database})
    for job in JOBS.values():
        made("glue").create_job(
            Name=job, Role="arn:aws:iam::123456789012:role/job", Command={"Name": "glueetl"},
            ExecutionProperty={"MaxConcurrentRuns": 1},
        )  # fmt: skip
    results = {"ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/athena/"}}
    made("athena").create_work_group(Name=WORKGROUP, Configuration=results)
    made("kinesis").create_stream(StreamName=STREAM, ShardCount=1)
    made("secretsmanager").create_secret(Name=SECRET, SecretString="hush")


@contextmanager
def nobody_else(home: Path) -> Iterator[pytest.MonkeyPatch]:
    """The stand-in's credentials, and none of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        for name in KEYS:
            patch.setenv(name, "testing")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, str(home / "none"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield patch
