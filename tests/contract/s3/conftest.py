"""A bucket of the stand-in, seen through a proxy that does to requests what a test says."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesperf_cli.backends.aws import content
from salesperf_cli.backends.aws.objects import S3Objects
from salesperf_cli.backends.aws.session import Account, AwsSession
from tests.aws.standin.parts import REGION
from tests.contract.s3.faults import Proxy, s3_proxy_before
from tests.contract.s3.sending import LARGE, PART


@pytest.fixture(scope="module")
def proxied(aws: AwsSession) -> Iterator[tuple[Proxy, AwsSession]]:
    """A proxy, and a session that goes through it."""
    assert aws.endpoint_url
    with s3_proxy_before(aws.endpoint_url) as running:
        yield running, AwsSession(Account(REGION, None, running.endpoint_url))


@pytest.fixture
def proxy(proxied: tuple[Proxy, AwsSession]) -> Proxy:
    """The proxy, with nothing noted yet and nothing wrong."""
    proxied[0].requests.clear()
    proxied[0].faults.clear()
    return proxied[0]


@pytest.fixture
def bucket(aws: AwsSession) -> str:
    name = f"lake-{uuid.uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


@pytest.fixture
def objects(
    proxied: tuple[Proxy, AwsSession], proxy: Proxy, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> S3Objects:
    """The bucket, seen through the proxy."""
    monkeypatch.setattr(content, "PART", PART)
    return S3Objects(proxied[1], bucket, tmp_path / "uploads")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(LARGE)
    return path
