"""What a bucket needs beyond what `Objects` promises: lost answers, races, bodies that arrive cut."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from salesperf_cli.backends.aws.objects import RACES, S3Objects
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.errors import AccessError, ConflictError, RetryableError
from tests.contract.s3.faults import Fault, Proxy
from tests.contract.s3.sending import KEY, LARGE, receive

# lost answers and races


def test_who_created_an_object_and_did_not_hear_so_has_created_it(objects: S3Objects, proxy: Proxy) -> None:
    proxy.faults.append(Fault("PutObject", loses_answer=True))
    assert objects.create("_ledger/leases/batch.json", b"mine")
    assert proxy.passed["PutObject"] == 2
    assert not objects.create("_ledger/leases/batch.json", b"mine")


def test_who_replaced_an_object_and_did_not_hear_so_has_replaced_it(objects: S3Objects, proxy: Proxy) -> None:
    objects.create("a", b"one")
    stored = objects.read("a")
    assert stored
    proxy.faults.append(Fault("PutObject", loses_answer=True))
    assert objects.replace("a", b"two", stored.etag)
    assert not objects.replace("a", b"three", stored.etag)


def test_a_write_that_meets_another_is_sent_again(objects: S3Objects, proxy: Proxy) -> None:
    proxy.faults.append(Fault("PutObject", times=2, status=409, code="ConditionalRequestConflict"))
    assert objects.create("a", b"one")
    assert proxy.passed["PutObject"] == 3


def test_a_write_that_always_meets_another_is_given_up(
    objects: S3Objects, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    proxy.faults.append(Fault("PutObject", times=100, status=409, code="ConditionalRequestConflict"))
    with pytest.raises(RetryableError, match="cannot write a just now"):
        objects.create("a", b"one")
    assert proxy.passed["PutObject"] == RACES


@pytest.mark.parametrize("operation", ["PutObject", "GetObject", "HeadObject", "ListObjectsV2", "DeleteObject"])
def test_what_is_not_allowed_is_said_and_not_tried_again(objects: S3Objects, proxy: Proxy, operation: str) -> None:
    uses: dict[str, Callable[[], object]] = {
        "PutObject": lambda: objects.create("a", b""),
        "GetObject": lambda: objects.read("a"),
        "HeadObject": lambda: objects.receive(io.BytesIO(LARGE), lambda _: "a", watch=lambda _: None),
        "ListObjectsV2": lambda: objects.keys(""),
        "DeleteObject": lambda: objects.delete("a"),
    }
    proxy.faults.append(Fault(operation, status=403, code="AccessDenied"))
    with pytest.raises(AccessError, match="not allowed to"):
        uses[operation]()
    assert proxy.passed[operation] == 1


# reading


def test_a_list_of_many_pages_is_read_to_its_end(objects: S3Objects, aws: AwsSession, bucket: str) -> None:
    keys = [f"runs/{number:05d}.json" for number in range(1_010)]
    s3 = aws.client("s3")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b""), keys))
    assert objects.keys("runs/") == keys


def test_a_small_object_that_arrives_cut_is_read_again(objects: S3Objects, proxy: Proxy) -> None:
    objects.create("a", b"0123456789")
    proxy.faults.append(Fault("GetObject", times=2, cuts_after=4))
    stored = objects.read("a")
    assert stored and stored.data == b"0123456789"
    proxy.faults.append(Fault("GetObject", times=100, cuts_after=4))
    with pytest.raises(RetryableError, match="cannot read a to its end"):
        objects.read("a")


def test_a_stream_goes_on_where_the_connection_broke(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    receive(objects, file)
    proxy.faults.append(Fault("GetObject", cuts_after=300_000))
    proxy.faults.append(Fault("GetObject", cuts_after=100_000))
    with objects.open(KEY) as stream:
        assert stream.read(1_000) + stream.read() == LARGE
    ranges = [each.range for each in proxy.requests if each.operation == "GetObject"]
    assert ranges[0] is None and len(ranges) == 3
    assert ranges[1] and ranges[2] and ranges[1] != ranges[2]


def test_a_stream_that_breaks_again_and_again_is_given_up(objects: S3Objects, proxy: Proxy) -> None:
    objects.create("a", b"0123456789")
    proxy.faults.append(Fault("GetObject", times=100, cuts_after=0))
    with objects.open("a") as stream, pytest.raises(RetryableError, match="cannot read a to its end"):
        stream.read()


def test_an_object_that_changes_while_it_is_read_is_a_conflict(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    receive(objects, file)

    proxy.faults.append(Fault("GetObject", cuts_after=300_000))
    with objects.open(KEY) as stream:
        objects.delete(KEY)
        objects.create(KEY, b"other")
        with pytest.raises(ConflictError, match="changed while it was read"):
            stream.read()
