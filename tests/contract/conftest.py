"""Both targets for one suite: the embedded one in a folder, and the AWS one on a stand-in."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.backends.iceberg.tables import CatalogTables
from salesperf_cli.backends.ports import Objects
from tests.aws.ministack import ministack, missing_ministack
from tests.aws.standin.parts import ACCOUNT, REGION

TARGETS = ("embedded", "aws")
NewTables = Callable[[], CatalogTables]


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An AwsSession in a stand-in account."""
    if missing := missing_ministack():
        pytest.skip(missing)
    from salesperf_cli.backends.aws.session import Account, AwsSession

    with ministack(tmp_path_factory.mktemp("ministack")) as endpoint_url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "none")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield AwsSession(Account(REGION, None, endpoint_url))


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    """Each target in turn."""
    return str(request.param)


@pytest.fixture
def new_objects(target: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Objects]:
    """Makes clients of one and the same empty bucket: each as another process would have it."""
    if target == "embedded":
        from salesperf_cli.backends.embedded.objects import FolderObjects

        return lambda: FolderObjects(tmp_path / "lake")
    from salesperf_cli.backends.aws.objects import S3Objects

    session = request.getfixturevalue("aws")
    bucket = f"lake-{uuid.uuid4().hex[:12]}"
    session.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return lambda: S3Objects(session, bucket, tmp_path / "uploads")


@pytest.fixture
def objects(new_objects: Callable[[], Objects]) -> Objects:
    """An empty bucket."""
    return new_objects()


@pytest.fixture
def new_tables(target: str, new_objects: Callable[[], Objects], request: Any, tmp_path: Path) -> NewTables:
    """Makes clients of one and the same catalog, whose files lie in the bucket of `new_objects`."""
    if target == "embedded":
        from salesperf_cli.backends.embedded.tables import LocalTables

        return lambda: LocalTables(tmp_path / "lake")
    from salesperf_cli.backends.aws.tables import GlueTables

    session, objects = request.getfixturevalue("aws"), new_objects()
    bucket = objects.location("")
    databases = {layer: f"{layer}_{uuid.uuid4().hex[:8]}" for layer in ("silver", "gold", "quarantine")}
    for database in databases.values():
        session.client("glue").create_database(DatabaseInput={"Name": database})
    return lambda: GlueTables(session, objects, bucket, databases)


@pytest.fixture
def tables(new_tables: NewTables) -> CatalogTables:
    """An empty catalog."""
    return new_tables()
