"""Uploads in parts: what is sent, what is sent again, and that a killed or failed one goes on where it was."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from salesperf_cli.backends.aws import content
from salesperf_cli.backends.aws.objects import S3Objects
from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.errors import AccessError, RetryableError
from tests.aws.standin.parts import REGION
from tests.contract.s3.faults import Fault, Proxy
from tests.contract.s3.sending import KEY, LARGE, PART, PARTS, receive


def _parts_sent(proxy: Proxy) -> list[int]:
    return sorted(each.part for each in proxy.requests if each.operation == "UploadPart" and each.part)


def _unfinished(aws: AwsSession, bucket: str) -> list[Any]:
    return list(aws.client("s3").list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def _journals(objects: S3Objects) -> list[Path]:
    return sorted(objects._state.iterdir())


def test_parts_are_checked_and_make_one_object(
    objects: S3Objects, proxy: Proxy, aws: Any, bucket: str, file: Path
) -> None:
    counted: list[int] = []
    assert receive(objects, file, counted.append)
    assert _parts_sent(proxy) == list(range(1, PARTS + 1))
    assert sum(counted) == len(LARGE)
    assert _journals(objects) == [] and _unfinished(aws, bucket) == []


def test_a_small_object_takes_one_request(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    file.write_bytes(LARGE[:PART])
    assert receive(objects, file)
    assert proxy.passed == {"PutObject": 1}


def test_what_is_there_already_is_not_sent(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    receive(objects, file)
    proxy.requests.clear()
    assert not receive(objects, file)
    assert set(proxy.passed) == {"HeadObject"}


def test_an_upload_that_failed_sends_only_what_is_missing(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    proxy.faults.append(Fault("UploadPart", parts=(4,), status=403, code="AccessDenied"))
    with pytest.raises(AccessError):
        receive(objects, file)
    assert _journals(objects)
    came = set(_parts_sent(proxy)) - {4}
    proxy.requests.clear()
    counted: list[int] = []
    assert receive(objects, file, counted.append)
    assert _parts_sent(proxy) == sorted(set(range(1, PARTS + 1)) - came)
    assert proxy.passed["CreateMultipartUpload"] == 0 and sum(counted) == len(LARGE)
    assert objects.open(KEY).read() == LARGE


def test_a_journal_whose_last_line_was_cut_still_counts(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    proxy.faults.append(Fault("CompleteMultipartUpload", status=403, code="AccessDenied"))
    with pytest.raises(AccessError):
        receive(objects, file)
    journal = _journals(objects)[0]
    journal.write_bytes(journal.read_bytes()[:-5])
    proxy.requests.clear()
    assert receive(objects, file)
    assert len(_parts_sent(proxy)) == 1
    assert objects.open(KEY).read() == LARGE


def test_a_journal_of_no_sense_is_begun_anew(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    proxy.faults.append(Fault("CompleteMultipartUpload", status=403, code="AccessDenied"))
    with pytest.raises(AccessError):
        receive(objects, file)
    _journals(objects)[0].write_bytes(b"{}\n\xff\0\n")
    assert receive(objects, file)
    assert objects.open(KEY).read() == LARGE


def test_an_upload_that_the_bucket_has_forgotten_is_begun_anew(
    objects: S3Objects, proxy: Proxy, aws: AwsSession, bucket: str, file: Path
) -> None:
    proxy.faults.append(Fault("UploadPart", parts=(4,), status=403, code="AccessDenied"))
    with pytest.raises(AccessError):
        receive(objects, file)
    for each in _unfinished(aws, bucket):
        aws.client("s3").abort_multipart_upload(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"])
    counted: list[int] = []
    assert receive(objects, file, counted.append)
    assert objects.open(KEY).read() == LARGE and sum(counted) == len(LARGE)


@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "InvalidPart", "NoSuchUpload"])
def test_an_upload_that_cannot_be_completed_is_begun_anew(
    objects: S3Objects, proxy: Proxy, aws: AwsSession, bucket: str, file: Path, code: str
) -> None:
    proxy.faults.append(Fault("CompleteMultipartUpload", status=409, code=code))
    assert receive(objects, file)
    assert objects.open(KEY).read() == LARGE
    assert _unfinished(aws, bucket) == [] and _journals(objects) == []


def test_an_upload_that_never_completes_is_given_up(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    proxy.faults.append(Fault("CompleteMultipartUpload", times=100, status=409, code="ConditionalRequestConflict"))
    with pytest.raises(RetryableError) as given_up:
        receive(objects, file)
    assert given_up.value.why == "S3 has lost its upload 3 times"


def test_a_completion_whose_answer_was_lost_is_one(
    objects: S3Objects, proxy: Proxy, aws: AwsSession, bucket: str, file: Path
) -> None:
    proxy.faults.append(Fault("CompleteMultipartUpload", loses_answer=True))
    proxy.faults.append(Fault("CompleteMultipartUpload", status=404, code="NoSuchUpload"))
    receive(objects, file)
    assert proxy.passed["CreateMultipartUpload"] == 1
    assert objects.open(KEY).read() == LARGE and _journals(objects) == []


def test_whoever_comes_second_pays_for_no_parts(
    objects: S3Objects, proxy: Proxy, aws: AwsSession, bucket: str, file: Path
) -> None:
    s3 = aws.client("s3")
    proxy.faults.append(
        Fault("CompleteMultipartUpload", meanwhile=lambda: s3.put_object(Bucket=bucket, Key=KEY, Body=LARGE))
    )
    assert not receive(objects, file)
    assert _unfinished(aws, bucket) == [] and _journals(objects) == []


def test_a_part_that_s3_is_too_busy_for_is_sent_again(objects: S3Objects, proxy: Proxy, file: Path) -> None:
    proxy.faults.append(Fault("UploadPart", parts=(2,), status=503, code="SlowDown"))
    assert receive(objects, file)
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
    both = [threading.Thread(target=lambda: won.append(receive(objects, file))) for _ in range(2)]
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
        receive(objects, file, stop)
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
    data = random.Random(7).randbytes(8 * content.PART)
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
