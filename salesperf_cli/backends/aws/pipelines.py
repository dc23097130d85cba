"""A pipeline folder that travels as a zip in S3: unpacked beside the job that reads it."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from salesperf_cli.backends.aws.faults import told
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.errors import InputError


def unpacked(session: AwsSession, url: str) -> Path:
    """The folder made from the zip at `s3://bucket/key`. Raises InputError when it holds no pipeline."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    with told(f"read the pipeline {url}"):
        data = session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    folder = Path(tempfile.mkdtemp(prefix="salesperf-pipeline-"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)  # zipfile keeps every member inside the folder
    for found in sorted(folder.rglob("pipeline.yaml")):
        return found.parent
    raise InputError(f"{url} holds no pipeline", why="there is no pipeline.yaml in it", remedy="deploy again")
