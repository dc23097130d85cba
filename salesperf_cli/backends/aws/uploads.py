"""Sends a content in parts, several at once; a killed upload goes on where it stopped.

It goes straight to its key, whose hash is known by then, and not to a place from which S3 would copy it: content that
the lake has already costs no upload, a large object is not written twice, and no half of one is ever under a key.
S3 checks every part against the checksum of the bytes that were hashed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from salesperf_cli.backends.aws.content import Content, Part, PartBody
from salesperf_cli.backends.aws.faults import code_of, told
from salesperf_cli.backends.aws.upload_journal import Journal, Sent
from salesperf_cli.errors import RetryableError

BEGINNINGS = 3
HEARTBEAT = 0.5
"""Seconds after which whoever waits is asked whether it still does."""
TAKEN = ("PreconditionFailed", "412")
RACED = ("ConditionalRequestConflict", "409")
_UNKNOWN_PARTS = ("InvalidPart", "InvalidPartOrder")


class _UploadGoneError(Exception):
    """S3 no longer has the upload, or wants it to be begun anew."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is to be, and the client that puts it there."""

    s3: Any
    bucket: str
    key: str

    @property
    def named(self) -> dict[str, str]:
        """The object as requests name it."""
        return {"Bucket": self.bucket, "Key": self.key}

    def size(self) -> int | None:
        """The size of the object that is there, or None."""
        from botocore.exceptions import ClientError

        with told(f"look at {self.key}"):
            try:
                return int(self.s3.head_object(**self.named)["ContentLength"])
            except ClientError as fault:
                if code_of(fault) in ("404", "NoSuchKey"):
                    return None
                raise


class Upload:
    """One content on its way to one key. `stored` is told of every part that has arrived."""

    def __init__(
        self, place: Place, content: Content, journal: Journal, pool: Executor, stored: Callable[[int], None]
    ) -> None:
        self._place = place
        self._content = content
        self._journal = journal
        self._pool = pool
        self._stored = stored
        self._counted: set[int] = set()

    def send(self) -> bool:
        """Send what is missing and make the object; False when the key is taken."""
        for _ in range(BEGINNINGS):
            try:
                self._send_parts()
                created = self._complete()
            except _UploadGoneError:
                self._journal.forget()
            else:
                self._journal.end()
                return created
        raise RetryableError(
            f"cannot write {self._place.key} just now",
            why=f"S3 has lost its upload {BEGINNINGS} times",
            remedy="run the same command again",
        )

    def _begin(self) -> None:
        with told(f"write {self._place.key}"):
            begun = self._place.s3.create_multipart_upload(
                **self._place.named, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
            )
        self._journal.begin(begun["UploadId"])

    def _send_parts(self) -> None:
        if self._journal.upload_id is None:
            self._begin()
        missing = []
        for part in self._content.parts:
            sent = self._journal.sent.get(part.number)
            if sent and sent.crc32 == part.crc32:
                self._count(part)
            else:
                missing.append(part)
        stopped = threading.Event()
        under_way = {self._pool.submit(self._send_part, part, stopped): part for part in missing}
        try:
            self._follow(under_way)
        except BaseException:
            # The file is closed when this ends: nobody may still read from it. What has arrived in the meantime counts.
            stopped.set()
            for each in under_way:
                each.cancel()
            for each in wait(under_way).done:
                if not each.cancelled() and each.exception() is None:
                    self._journal.add(each.result())
            raise

    def _follow(self, under_way: dict[Future[Sent], Part]) -> None:
        pending = set(under_way)
        while pending:
            done, pending = wait(pending, HEARTBEAT, FIRST_COMPLETED)
            for each in done:
                self._journal.add(each.result())
                self._count(under_way.pop(each))
            self._stored(0)

    def _count(self, part: Part) -> None:
        if part.number not in self._counted:
            self._counted.add(part.number)
            self._stored(part.size)

    def _send_part(self, part: Part, stopped: threading.Event) -> Sent:
        from botocore.exceptions import BotoCoreError, ClientError

        with told(f"write {self._place.key}"):
            try:
                answer = self._place.s3.upload_part(
                    **self._place.named, UploadId=self._journal.upload_id, PartNumber=part.number,
                    Body=PartBody(self._content, part, stopped), ChecksumCRC32=part.crc32,
                )  # fmt: skip
            except (ClientError, BotoCoreError) as fault:
                if code_of(fault) == "NoSuchUpload":
                    raise _UploadGoneError from fault
                self._content.check(part)
                raise
        return Sent(part.number, part.crc32, answer["ETag"])

    def _complete(self) -> bool:
        from botocore.exceptions import ClientError

        sent = [self._journal.sent[part.number] for part in self._content.parts]
        parts = [{"PartNumber": each.number, "ETag": each.etag, "ChecksumCRC32": each.crc32} for each in sent]
        with told(f"write {self._place.key}"):
            try:
                made = self._place.s3.complete_multipart_upload(
                    **self._place.named,
                    UploadId=self._journal.upload_id,
                    MultipartUpload={"Parts": parts},
                    IfNoneMatch="*",
                )
            except ClientError as fault:
                return self._incomplete(fault)
        self._verify(made)
        return True

    def _incomplete(self, fault: Exception) -> bool:
        """What a refusal to make the object means: the key is taken (False), begin anew, or an error."""
        code = code_of(fault)
        if code not in (*TAKEN, *RACED, *_UNKNOWN_PARTS, "NoSuchUpload"):
            raise fault
        self._abort()
        # An upload may also be gone because it was completed, and the answer was lost or came to a process now killed.
        if code in TAKEN or self._place.size() is not None:
            return False
        raise _UploadGoneError from fault

    def _abort(self) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        # The bucket forgets unfinished uploads by itself; this only spares the cost until then.
        with suppress(ClientError, BotoCoreError):
            self._place.s3.abort_multipart_upload(**self._place.named, UploadId=self._journal.upload_id)

    def _verify(self, made: dict[str, Any]) -> None:
        """Compare the checksum of the whole object where the store gives one: not all do, and not all take one."""
        found = made.get("ChecksumCRC32")
        if made.get("ChecksumType") == "FULL_OBJECT" and found and found != self._content.crc32:
            self._journal.end()
            with told(f"remove {self._place.key}, which has arrived damaged"):
                self._place.s3.delete_object(**self._place.named)
            raise RetryableError(
                f"{self._place.key} has arrived damaged",
                why=f"the object's CRC32 is {found}, that of the file {self._content.crc32}; it was removed",
                remedy="run the same command again",
            )
