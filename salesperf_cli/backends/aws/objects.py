"""The lake's bucket: whole objects, created and replaced conditionally."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from salesperf_cli.backends.aws.session import AwsSession, code_of, told
from salesperf_cli.backends.ports import ReceivedObject, StoredObject
from salesperf_cli.errors import ConflictError

BLOCK = 1 << 20
_GONE = ("NoSuchKey", "404")
_TAKEN = ("PreconditionFailed", "412")
_RACED = ("ConditionalRequestConflict", "409")


class S3Objects:
    """Implements `Objects` over a bucket. `state` is a folder here, in which uploads keep account."""

    parallel = 16

    def __init__(self, session: AwsSession, bucket: str, state: Path) -> None:
        self._session = session
        self._bucket = bucket
        self._state = state

    def read(self, key: str) -> StoredObject | None:
        """The object, or None when there is none."""
        from botocore.exceptions import ClientError

        with told(f"read {key}"):
            try:
                found = self._s3.get_object(Bucket=self._bucket, Key=key)
            except ClientError as fault:
                if code_of(fault) in _GONE:
                    return None
                raise
            return StoredObject(found["Body"].read(), found["ETag"])

    def create(self, key: str, data: bytes) -> bool:
        """Write a new object; False when the key is taken."""
        return self._put(key, data, IfNoneMatch="*")

    def replace(self, key: str, data: bytes, etag: str) -> bool:
        """Replace an object that still has `etag`; False when it has changed or gone."""
        return self._put(key, data, IfMatch=etag)

    def delete(self, key: str) -> None:
        """Remove an object; none there is no error."""
        with told(f"delete {key}"):
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def keys(self, prefix: str) -> Sequence[str]:
        """All keys below `prefix`, sorted."""
        with told(f"list {prefix}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return sorted(each["Key"] for page in pages for each in page.get("Contents", ()))

    def receive(
        self, stream: BinaryIO, key_of: Callable[[str], str], *, watch: Callable[[bytes], None]
    ) -> ReceivedObject:
        """Store a stream under `key_of(sha256)`, hashing while it is copied to a file; `watch` sees each block."""
        digest, size = hashlib.sha256(), 0
        with tempfile.TemporaryFile() as copy:
            while block := stream.read(BLOCK):
                digest.update(block)
                copy.write(block)
                watch(block)
                size += len(block)
            sha256 = digest.hexdigest()
            key = key_of(sha256)
            copy.seek(0)
            created = self._put(key, copy, IfNoneMatch="*")
        if not created and self._size(key) != size:
            raise ConflictError(
                f"{key} is taken by other bytes",
                why="an object of the bronze layer is written once",
                remedy="run salesperf doctor: the stored object may be damaged",
            )
        return ReceivedObject(key, size, sha256, created)

    def open(self, key: str) -> BinaryIO:
        """A stream over an object's bytes."""
        stored = self.read(key)
        if stored is None:
            raise FileNotFoundError(key)
        return io.BytesIO(stored.data)

    def location(self, key: str) -> str:
        """The object's URL."""
        return f"s3://{self._bucket}/{key}"

    def _put(self, key: str, data: Any, **condition: str) -> bool:
        from botocore.exceptions import ClientError

        with told(f"write {key}"):
            try:
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=data, **condition)
            except ClientError as fault:
                if code_of(fault) in (*_TAKEN, *_GONE):
                    return False
                raise
        return True

    def _size(self, key: str) -> int:
        with told(f"look at {key}"):
            return int(self._s3.head_object(Bucket=self._bucket, Key=key)["ContentLength"])

    @property
    def _s3(self) -> Any:
        return self._session.client("s3")
