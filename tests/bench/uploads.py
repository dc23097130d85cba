"""What the upload benchmark works with: a stand-in account with a lake, the AWS CLI, and the real files unzipped.

The clock and the comparison are `run`'s. Every side writes to the same bucket, and finds it empty each time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.aws.ministack import ministack, missing_ministack  # noqa: E402
from tests.aws.standin.parts import ACCOUNT, REGION  # noqa: E402

AWS_CLI = "awscli==1.46.3"
AWS_VENV = ROOT / ".venv-awscli"
TARGET = "standin"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "any", "AWS_EC2_METADATA_DISABLED": "true"}
COPIES = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from salesperf_cli.backends.aws.objects import S3Objects
from salesperf_cli.backends.aws.session import Account, AwsSession

endpoint_url, region, bucket, folder, state = sys.argv[1:]
objects = S3Objects(AwsSession(Account(region, None, endpoint_url)), bucket, Path(state))

def copy(file):
    with file.open("rb") as stream:
        objects.receive(stream, lambda sha256: f"bronze/{sha256[:16]}-{file.name}", watch=lambda block: None)

with ThreadPoolExecutor(objects.parallel) as pool:
    list(pool.map(copy, sorted(Path(folder).iterdir(), key=lambda file: -file.stat().st_size)))
"""
"""What ingest does with files, without what it does with their contracts, rows and the ledger."""


class SkippedError(Exception):
    """A part is missing; the message says which."""


@dataclass(frozen=True)
class Yard:
    """A lake on loopback and the files to bring there. `variables` are those that every side's process needs."""

    home: Path
    files: Path
    endpoint_url: str
    bucket: str
    s3: Any
    variables: Mapping[str, str]

    @property
    def copies(self) -> Sequence[str]:
        """The command line that uploads the files as ingest does, and does no more."""
        state = self.home / "uploads"
        return [sys.executable, "-c", COPIES, self.endpoint_url, REGION, self.bucket, str(self.files), str(state)]

    @property
    def ingest(self) -> Sequence[str]:
        """The command line that takes the files into the lake."""
        return [sys.executable, "-m", "salesperf_cli", "ingest", str(self.files), "--target", TARGET]

    @property
    def peer(self) -> Sequence[str]:
        """The AWS CLI's, with the settings that it comes with."""
        aws = str(AWS_VENV / "bin" / "aws")
        options = ("--recursive", "--only-show-errors", "--region", REGION, "--endpoint-url", self.endpoint_url)
        return [aws, "s3", "cp", *options, str(self.files), f"s3://{self.bucket}/bronze/"]

    def clear(self) -> None:
        """Remove what earlier runs have written, in all versions."""
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket):
            versions = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            names = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
            if names:
                self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": names})

    def check(self) -> None:
        """End the benchmark unless what was uploaded last is the files, byte by byte."""
        wanted = []
        for file in self.files.iterdir():
            with file.open("rb") as stream:
                wanted.append(_sha256(iter(lambda: stream.read(1 << 20), b"")))
        keys = [each["Key"] for each in self.s3.list_objects_v2(Bucket=self.bucket, Prefix="bronze/")["Contents"]]
        bodies = (self.s3.get_object(Bucket=self.bucket, Key=key)["Body"] for key in keys)
        if sorted(_sha256(body.iter_chunks(1 << 20)) for body in bodies) != sorted(wanted):
            raise SystemExit(f"what was uploaded is not the files: {len(keys)} objects, {len(wanted)} files")


@contextmanager
def yard(source: Path, work: Path) -> Iterator[Yard]:
    """Everything, ready; raises SkippedError where a part is missing."""
    if not source.exists():
        raise SkippedError(f"{source.name} is absent")
    if missing := missing_ministack():
        raise SkippedError(missing)
    _install_aws_cli()
    os.environ.update(CREDENTIALS)
    home, files = work / "upload-shop", work / "unzipped"
    home.mkdir()
    with zipfile.ZipFile(source) as archive:
        archive.extractall(files)
    with ministack(work / "account") as endpoint_url:
        import boto3

        s3 = boto3.client("s3", endpoint_url=endpoint_url, region_name=REGION)
        yield Yard(home, files, endpoint_url, _deployed(home, endpoint_url), s3, {"HOME": str(home)})


def _deployed(home: Path, endpoint_url: str) -> str:
    """Make the target's foundation; gives the name of the lake's bucket."""
    (home / "salesperf.toml").write_text(
        f'[targets.{TARGET}]\nregion = "{REGION}"\nendpoint_url = "{endpoint_url}"\nparameters = "parameters.json"\n'
    )
    shutil.copy(ROOT / "tests" / "infra" / "standin.json", home / "parameters.json")
    command = [sys.executable, "-m", "salesperf_cli", "deploy", "foundation", "--yes", "--target", TARGET]
    done = subprocess.run(
        command, cwd=home, env={**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"deploy failed:\n{done.stderr}")
    return str(json.loads(done.stdout)["foundation"]["LakeBucketName"])


def _install_aws_cli() -> None:
    """Make a venv that holds the AWS CLI, which pins a botocore that is not ours."""
    if (AWS_VENV / "bin" / "aws").exists():
        return
    print(f"Making {AWS_VENV.name} (some seconds, once) …", flush=True)
    pip = [str(AWS_VENV / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", AWS_CLI]
    for command in ([sys.executable, "-m", "venv", str(AWS_VENV)], pip):
        if subprocess.run(command, check=False).returncode:
            raise SkippedError("the AWS CLI cannot be installed")


def _sha256(blocks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
