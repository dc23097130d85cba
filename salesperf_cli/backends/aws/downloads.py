"""Reads an object from beginning to end, going on where a connection broke: boto3 repeats requests, not bodies."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from salesperf_cli.backends.aws.faults import code_of, told
from salesperf_cli.errors import ConflictError, RetryableError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ATTEMPTS = 5
GONE = ("NoSuchKey", "404")


def read_whole(s3: Any, bucket: str, key: str) -> tuple[bytes, str] | None:
    """A small object's bytes and etag, or None when there is none; read again when they came cut or damaged."""
    from botocore.exceptions import ClientError

    fault: Exception | None = None
    for _ in range(ATTEMPTS):
        try:
            with told(f"read {key}"):
                try:
                    found = s3.get_object(Bucket=bucket, Key=key)
                except ClientError as refused:
                    if code_of(refused) in GONE:
                        return None
                    raise
            return found["Body"].read(), found["ETag"]
        except _broken() as broken:
            fault = broken
    raise _given_up(key, fault) from fault


class Download(io.RawIOBase):
    """An object's bytes. Raises FileNotFoundError at once when there is none; ConflictError when it changes."""

    def __init__(self, s3: Any, bucket: str, key: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._at = 0
        found = self._get()
        self._etag, self._size, self._body = found["ETag"], int(found["ContentLength"]), found["Body"]

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """The next bytes; none at the end, which is where the object ends and nowhere else."""
        target = memoryview(buffer).cast("B")
        fault: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                block = self._body.read(len(target))
                if block or self._at == self._size:
                    target[: len(block)] = block
                    self._at += len(block)
                    return len(block)
            except _broken() as broken:
                fault = broken
                if self._at == self._size:  # all bytes were there, and their checksum is wrong
                    break
            self._resume()
        raise _given_up(self._key, fault) from fault

    def close(self) -> None:
        """Let go of the connection."""
        if not self.closed:
            self._body.close()
        super().close()

    def _resume(self) -> None:
        with suppress(Exception):
            self._body.close()
        self._body = self._get(Range=f"bytes={self._at}-", IfMatch=self._etag)["Body"]

    def _get(self, **more: str) -> Any:
        from botocore.exceptions import ClientError

        with told(f"read {self._key}"):
            try:
                return self._s3.get_object(Bucket=self._bucket, Key=self._key, **more)
            except ClientError as fault:
                if more and code_of(fault) in ("PreconditionFailed", "412", *GONE):
                    raise ConflictError(
                        f"{self._key} changed while it was read",
                        why="somebody replaced or removed it after the first bytes",
                        remedy="run the same command again",
                    ) from fault
                if code_of(fault) in GONE:
                    raise FileNotFoundError(self._key) from fault
                raise


def _broken() -> tuple[type[Exception], ...]:
    """What boto3 raises when a body ends early, stalls or has another checksum."""
    from botocore.exceptions import (
        FlexibleChecksumError,
        IncompleteReadError,
        ReadTimeoutError,
        ResponseStreamingError,
    )

    return (IncompleteReadError, ResponseStreamingError, ReadTimeoutError, FlexibleChecksumError)


def _given_up(key: str, fault: Exception | None) -> RetryableError:
    return RetryableError(
        f"cannot read {key} to its end",
        why=f"{' '.join(str(fault).split()) if fault else 'the connection ended early'} ({ATTEMPTS} attempts)",
        remedy="run the same command again",
    )
