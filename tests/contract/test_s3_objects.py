"""What a bucket needs beyond what `Objects` promises: lost answers, cut bodies, uploads that go on after a kill."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from salesperf_cli.backends.aws import content
from salesperf_cli.backends.aws.objects import RACES, S3Objects
from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.errors import AccessError, ConflictError, RetryableError
from tests.aws.standin.parts import REGION
from tests.contract.proxy import Fault, Proxy, proxy_before

PART = 128 << 10
"""Small, to be quick; S3 itself wants 5 MiB."""
PARTS = 5
LARGE = random.Random(6).randbytes((PARTS - 1) * PART + 17)
KEY = "bronze/a.csv"


@pytest.fixture(scope="module")
def proxied(aws: AwsSession) -> Iterator[tuple[Proxy, AwsSession]]:
    """A proxy, and a session that goes through it."""
    assert aws.endpoint_url
    with proxy_before(aws.endpoint_url) as running:
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


def _receive(objects: S3Objects, file: Path, stored: Callable[[int], None] | None = None) -> bool:
    with file.open("rb") as stream:
        return objects.receive(stream, lambda _: KEY, watch=lambda _: None, stored=stored).created


def _parts_sent(proxy: Proxy) -> list[int]:
    return sorted(each.part for each in proxy.requests if each.operation == "UploadPart" and each.part)


def _unfinished(aws: AwsSession, bucket: str) -> list[Any]:
    return list(aws.client("s3").list_multipart_uploads(Bucket=bucket).get("Uploads", []))


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
    from concurrent.futures import ThreadPoolExecutor

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
    _receive(objects, file)
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
    _receive(objects, file)

    proxy.faults.append(Fault("GetObject", cuts_after=300_000))
    with objects.open(KEY) as stream:
        objects.delete(KEY)
        objects.create(KEY, b"other")
        with pytest.raises(ConflictError, match="changed while it was read"):
            stream.read()


# uploads in parts


def test_parts_are_checked_and_make_one_object(
    objects: S3Objects, proxy: Proxy, aws: Any, bucket: str, file: Path
) -> None:
    counted: list[int] = []
    assert _receive(objects, file, counted.append)
    assert _parts_sent(proxy) == list(range(1, PARTS + 1))
    assert sum(counted) == len(LARGE)
    assert _journals(objects) == [] and _unfinished(aws, bucket) == []


def test_a_small_object_takes_one_request(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    file.write_bytes(LARGE[:PART])
    assert _receive(objects, file)
    assert proxy.passed == {"PutObject": 1}


def test_what_is_there_already_is_not_sent(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    _receive(objects, file)
    proxy.requests.clear()
    assert not _receive(objects, file)
    assert set(proxy.passed) == {"HeadObject"}


def test_an_upload_that_failed_sends_only_what_is_missing(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    proxy.faults.append(Fault("UploadPart", parts=(4,), status=403, code="AccessDenied"))
    with pytest.raises(AccessError):
        _receive(objects, file)
    assert _journals(objects)
    came = set(_parts_sent(proxy)) - {4}
    proxy.requests.clear()
    counted: list[int] = []
    assert _receive(objects, file, counted.append)
    assert _parts_sent(proxy)[0] >= 1 and not came.intersection(_parts_sent(proxy)) and 4 in _parts_sent(proxy)
    assert proxy.passed["CreateMultipartUpload"] == 0 and sum(counted) == len(LARGE)
    assert objects.open(KEY).read() == LARGE


def test_a_journal_whose_last_line_was_cut_still_counts(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    proxy.faults.append(Fault("CompleteMultipartUpload", status=403, code="AccessDenied"))
    with pytest.raises(AccessError):
        _receive(objects, file)
    journal = _journals(objects)[0]
    journal.write_bytes(journal.read_bytes()[:-5])
    proxy.requests.clear()
    assert _receive(objects, file)
    assert len(_parts_sent(proxy)) == 1
    assert objects.open(KEY).read() == LARGE


def test_a_journal_of_no_sense_is_begun_anew(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    proxy.faults.append(Fault("CompleteMultipartUpload", status=403, code="AccessDenied"))
    with pytest.raises(AccessError):
        _receive(objects, file)
    _journals(objects)[0].write_bytes(b"{}\n\xff\0\n")
    assert _receive(objects, file)
    assert objects.open(KEY).read() == LARGE


def test_an_upload_that_the_bucket_has_forgotten_is_begun_anew(
    objects: S3Objects, proxy: Proxy, aws: AwsSession, bucket: str, file: Path
) -> None:
    proxy.faults.append(Fault("UploadPart", parts=(4,), status=403, code="AccessDenied"))
    with pytest.raises(AccessError):
        _receive(objects, file)
    for each in _unfinished(aws, bucket):
        aws.client("s3").abort_multipart_upload(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"])
    counted: list[int] = []
    assert _receive(objects, file, counted.append)
    assert objects.open(KEY).read() == LARGE and sum(counted) == len(LARGE)


@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "InvalidPart", "NoSuchUpload"])
def test_an_upload_that_cannot_be_completed_is_begun_anew(
    objects: S3Objects, proxy: Proxy, aws: AwsSession, bucket: str, file: Path, code: str
) -> None:
    proxy.faults.append(Fault("CompleteMultipartUpload", status=409, code=code))
    assert _receive(objects, file)
    assert objects.open(KEY).read() == LARGE
    assert _unfinished(aws, bucket) == [] and _journals(objects) == []


def test_an_upload_that_never_completes_is_given_up(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    proxy.faults.append(Fault("CompleteMultipartUpload", times=100, status=409, code="ConditionalRequestConflict"))
    with pytest.raises(RetryableError) as given_up:
        _receive(objects, file)
    assert given_up.value.why == "S3 has lost its upload 3 times"


def test_a_completion_whose_answer_was_lost_is_one(
    objects: S3Objects, proxy: Proxy, aws: AwsSession, bucket: str, file: Path
) -> None:
    proxy.faults.append(Fault("CompleteMultipartUpload", loses_answer=True))
    proxy.faults.append(Fault("CompleteMultipartUpload", status=404, code="NoSuchUpload"))
    _receive(objects, file)
    assert proxy.passed["CreateMultipartUpload"] == 1
    assert objects.open(KEY).read() == LARGE and _journals(objects) == []


def test_whoever_comes_second_pays_for_no_parts(
    objects: S3Objects, proxy: Proxy, aws: AwsSession, bucket: str, file: Path
) -> None:
    s3 = aws.client("s3")
    proxy.faults.append(
        Fault("CompleteMultipartUpload", meanwhile=lambda: s3.put_object(Bucket=bucket, Key=KEY, Body=LARGE))
    )
    assert not _receive(objects, file)
    assert _unfinished(aws, bucket) == [] and _journals(objects) == []


def test_a_part_that_s3_is_too_busy_for_is_sent_again(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    proxy.faults.append(Fault("UploadPart", parts=(2,), status=503, code="SlowDown"))
    assert _receive(objects, file)
    assert _parts_sent(proxy).count(2) == 2
    assert objects.open(KEY).read() == LARGE


@pytest.mark.parametrize("change", ["overwritten", "shortened"])
@pytest.mark.parametrize("size", [1_000, len(LARGE)])
def test_a_file_that_changes_after_its_hash_was_taken_is_not_stored(
    objects: S3Objects, file: Path, change: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)  # boto3's pauses before it tries again
    file.write_bytes(LARGE[:size])

    def key_of(_: str) -> str:
        with file.open("r+b") as other:
            if change == "overwritten":
                other.seek(size // 2)
                other.write(b"?" * 20)
            else:
                other.truncate(size // 2)
        return KEY

    with file.open("rb") as stream, pytest.raises(RetryableError, match="changed while it was uploaded"):
        objects.receive(stream, key_of, watch=lambda _: None)
    assert objects.keys("") == []


def test_two_who_send_the_same_file_at_once_do_not_disturb_each_other(
    objects: S3Objects, proxy: Proxy, aws: AwsSession, bucket: str, file: Path
) -> None:
    won: list[bool] = []
    both = [threading.Thread(target=lambda: won.append(_receive(objects, file))) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(won) == [False, True]
    assert objects.open(KEY).read() == LARGE
    assert _unfinished(aws, bucket) == [] and _journals(objects) == []


def test_a_stop_does_not_wait_for_the_parts_under_way(
    objects: S3Objects, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "PART", 8 << 20)
    file = tmp_path / "b.csv"
    file.write_bytes(bytes(16 << 20))
    proxy.faults.append(Fault("UploadPart", times=2, is_slow=True))  # each would take 2.6 seconds
    begun = time.monotonic()

    def stop(_: int) -> None:
        if time.monotonic() > begun + 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _receive(objects, file, stop)
    assert time.monotonic() < begun + 1.5
    assert objects.keys("") == []


def test_abandoned_journals_are_swept(objects: S3Objects, tmp_path: Path) -> None:
    old, young = tmp_path / "uploads" / "old.ndjson", tmp_path / "uploads" / "young.ndjson"
    old.parent.mkdir(parents=True)
    for each in (old, young):
        each.write_bytes(b"")
    os.utime(old, (time.time() - 8 * 86_400,) * 2)
    objects.receive(io.BytesIO(b""), lambda _: "a", watch=lambda _: None)
    assert not old.exists() and young.exists()


SENDER = """
import sys
from pathlib import Path
from salesperf_cli.backends.aws.objects import S3Objects
from salesperf_cli.backends.aws.session import Account, AwsSession
endpoint_url, bucket, state, file, key = sys.argv[1:]
objects = S3Objects(AwsSession(Account("sa-east-1", None, endpoint_url)), bucket, Path(state))
with open(file, "rb") as stream:
    print(objects.receive(stream, lambda _: key, watch=lambda _: None).created)
"""


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 4, 7])
def test_a_killed_upload_goes_on_with_the_parts_that_are_missing(
    proxy: Proxy, bucket: str, tmp_path: Path, after: int
) -> None:
    data = random.Random(7).randbytes(64 << 20)
    file = tmp_path / "b.csv"
    file.write_bytes(data)
    state = tmp_path / "state"
    command = [sys.executable, "-c", SENDER, proxy.endpoint_url, bucket, str(state), str(file), KEY]
    slow = Fault("UploadPart", times=1_000, parts=tuple(range(after + 1, 9)), meanwhile=lambda: time.sleep(3))
    proxy.faults.append(slow)
    process = subprocess.Popen(command)
    try:
        until = time.monotonic() + 30
        while sum(path.read_bytes().count(b'"etag"') for path in state.glob("*.ndjson")) < after:
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    slow.times = 0
    time.sleep(3.2)  # the proxy still passes on what it was given
    proxy.requests.clear()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["True"]
    assert _parts_sent(proxy) == list(range(after + 1, 9))
    assert proxy.passed["CreateMultipartUpload"] == 0
    session = AwsSession(Account(REGION, None, proxy.endpoint_url))
    stored: BinaryIO = S3Objects(session, bucket, state).open(KEY)
    assert stored.read() == data
    assert list(state.iterdir()) == []


def _journals(objects: S3Objects) -> list[Path]:
    return sorted(objects._state.iterdir())
