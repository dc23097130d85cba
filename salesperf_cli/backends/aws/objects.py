"""The lake's bucket: whole objects, created and replaced conditionally. Encryption is what the bucket says.

How a large object is sent is in `uploads`, how one is read to its end in `downloads`.
"""

from __future__ import annotations

import io
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, cast

from salesperf_cli.backends.aws.content import BLOCK, Content, PartBody, known
from salesperf_cli.backends.aws.downloads import GONE, Download, read_whole
from salesperf_cli.backends.aws.faults import code_of, told
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.backends.aws.storage import raise_first
from salesperf_cli.backends.aws.upload_journal import journal_of, sweep
from salesperf_cli.backends.aws.uploads import RACED, TAKEN, Place, Upload
from salesperf_cli.backends.keys import checked_key, checked_prefix, taken_by_others
from salesperf_cli.backends.ports import ObjectEntry, ReceivedObject, StoredObject
from salesperf_cli.errors import RetryableError, SalesperfError

PARTS_AT_ONCE = 8
DELETED_AT_ONCE = 1000
"""The most that one DeleteObjects call takes (Amazon S3 API Reference, DeleteObjects)."""
RACES = 10
"""How often a write is sent again that S3 refuses because another is under way: it cannot say yet who wins."""
WRITER = "writer"


class S3Objects:
    """Implements `Objects` over a bucket. `state` is a folder here, in which uploads keep account."""

    parallel = 16
    """Small files spend their time waiting for answers."""

    def __init__(self, session: AwsSession, bucket: str, state: Path) -> None:
        self._session = session
        self._bucket = bucket
        self._state = state
        # Sends the parts of all uploads, so that many files at once do not multiply the connections.
        self._pool = ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="upload")

    def read(self, key: str) -> StoredObject | None:
        """The object, or None when there is none."""
        found = read_whole(self._s3, self._bucket, checked_key(key))
        return StoredObject(*found) if found else None

    def create(self, key: str, data: bytes) -> bool:
        """Write a new object; False when the key is taken."""
        return self._put(self._place(key), lambda: data, IfNoneMatch="*")

    def replace(self, key: str, data: bytes, etag: str) -> bool:
        """Replace an object that still has `etag`; False when it has changed or gone."""
        return self._put(self._place(key), lambda: data, IfMatch=etag)

    def delete(self, key: str) -> None:
        """Remove an object; none there is no error."""
        with told(f"delete {key}"):
            self._s3.delete_object(**self._place(key).named)

    def keys(self, prefix: str) -> Sequence[str]:
        """All keys below `prefix`, sorted."""
        folder = checked_prefix(prefix)
        with told(f"list {prefix}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=folder)
            return sorted(each["Key"] for page in pages for each in page.get("Contents", ()))

    def entries(self, prefix: str) -> Sequence[ObjectEntry]:
        """What `keys` gives, each with size and age."""
        folder = checked_prefix(prefix)
        with told(f"list {prefix}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=folder)
            found = [
                ObjectEntry(each["Key"], each["Size"], each["LastModified"])
                for page in pages
                for each in page.get("Contents", ())
            ]
        return sorted(found, key=lambda each: each.key)

    def delete_all(self, keys: Sequence[str]) -> None:
        """Remove many objects, a thousand a request."""
        named = [{"Key": checked_key(key)} for key in keys]
        with told(f"delete {len(keys)} objects"):
            for at in range(0, len(named), DELETED_AT_ONCE):
                batch = {"Objects": named[at : at + DELETED_AT_ONCE], "Quiet": True}
                raise_first(self._s3.delete_objects(Bucket=self._bucket, Delete=batch))

    def receive(
        self,
        stream: BinaryIO,
        key_of: Callable[[str], str],
        *,
        watch: Callable[[bytes], None],
        stored: Callable[[int], None] | None = None,
    ) -> ReceivedObject:
        """Store a stream under `key_of(sha256)`: read it, then send it. Killed and called again, it goes on."""
        self._state.mkdir(parents=True, exist_ok=True)
        sweep(self._state)
        with known(stream, self._state, watch) as content:
            place = self._place(key_of(content.sha256))
            created = self._send(place, content, stored or (lambda _: None))
        if not created and place.size() != content.size:
            raise taken_by_others(place.key)
        return ReceivedObject(place.key, content.size, content.sha256, created)

    def open(self, key: str) -> BinaryIO:
        """A stream over an object's bytes."""
        return cast(BinaryIO, io.BufferedReader(Download(self._s3, self._bucket, checked_key(key)), BLOCK))

    def location(self, key: str) -> str:
        """The object's URL."""
        return f"s3://{self._bucket}/{checked_key(key) if key else ''}"

    def _send(self, place: Place, content: Content, stored: Callable[[int], None]) -> bool:
        """Whether this made the object. `stored` is told of all bytes in either case."""
        if len(content.parts) == 1:
            created = self._put_whole(place, content)
        elif place.size() is not None:  # only asked for what takes long to send; the write decides
            created = False
        else:
            with journal_of(self._state, self._bucket, place.key, content.sha256) as journal:
                return Upload(place, content, journal, self._pool, stored).send()
        stored(content.size)
        return created

    def _put_whole(self, place: Place, content: Content) -> bool:
        """Send a content of one part, read from its file on the way: many at once do not fill the memory."""
        whole, nobody = content.parts[0], threading.Event()
        try:
            return self._put(
                place, lambda: PartBody(content, whole, nobody), IfNoneMatch="*", ChecksumCRC32=content.crc32
            )
        except SalesperfError:
            content.check(whole)
            raise

    def _put(self, place: Place, body: Callable[[], bytes | PartBody], **condition: str) -> bool:
        from botocore.exceptions import ClientError

        writer = secrets.token_hex(8)
        with told(f"write {place.key}"):
            for race in range(RACES):
                try:
                    self._s3.put_object(**place.named, Body=body(), Metadata={WRITER: writer}, **condition)
                except ClientError as fault:
                    if code_of(fault) in TAKEN:
                        return self._writer(place) == writer
                    if code_of(fault) in GONE:
                        return False
                    if code_of(fault) not in RACED:
                        raise
                    time.sleep(secrets.randbelow(20 << race) / 1000)
                else:
                    return True
        raise RetryableError(
            f"cannot write {place.key} just now",
            why=f"others wrote to it at the same moment, {RACES} times",
            remedy="run the same command again",
        )

    def _writer(self, place: Place) -> str | None:
        """Who wrote an object: boto3 repeats a write whose answer was lost, and then finds the key taken by itself."""
        from botocore.exceptions import ClientError

        try:
            written = self._s3.head_object(**place.named)["Metadata"].get(WRITER)
        except ClientError as fault:
            if code_of(fault) in GONE:
                return None
            raise
        return str(written)

    def _place(self, key: str) -> Place:
        return Place(self._s3, self._bucket, checked_key(key))

    @property
    def _s3(self) -> Any:
        return self._session.client("s3")
