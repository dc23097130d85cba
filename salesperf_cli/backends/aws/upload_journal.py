"""The account of an upload in parts, kept in a file here, so that a killed upload goes on where it stopped.

A line is written for each part that S3 has confirmed. A kill can only cut the last line, which then does not count.
"""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

ABANDONED = 7 * 86_400
"""Seconds after which the lake's bucket forgets an unfinished upload (its lifecycle rule), and so do we."""


class Sent(msgspec.Struct, frozen=True):
    """A part that S3 has."""

    number: int
    crc32: str
    etag: str


class _Begun(msgspec.Struct, frozen=True):
    bucket: str
    key: str
    sha256: str
    upload_id: str


class Journal:
    """An upload's account: its id, None before it has begun, and the parts that S3 has by their numbers."""

    def __init__(self, stream: BinaryIO, bucket: str, key: str, sha256: str) -> None:
        self._stream = stream
        self._about = (bucket, key, sha256)
        self.upload_id: str | None = None
        self.sent: dict[int, Sent] = {}
        self.is_ended = False
        self._recall()

    def begin(self, upload_id: str) -> None:
        """Account for a new upload; what was there is forgotten."""
        self._stream.truncate(0)
        self.upload_id, self.sent = upload_id, {}
        self._write(_Begun(*self._about, upload_id))

    def add(self, part: Sent) -> None:
        """Account for a part that S3 has confirmed."""
        self._write(part)
        self.sent[part.number] = part

    def forget(self) -> None:
        """The upload is no longer there."""
        self._stream.truncate(0)
        self.upload_id, self.sent = None, {}

    def end(self) -> None:
        """Nothing is left to do: the journal can go."""
        self.is_ended = True

    def _write(self, entry: msgspec.Struct) -> None:
        self._stream.write(msgspec.json.encode(entry) + b"\n")
        self._stream.flush()

    def _recall(self) -> None:
        self._stream.seek(0)
        lines = self._stream.read().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        try:
            begun = msgspec.json.decode(whole[0], type=_Begun)
            parts = [msgspec.json.decode(line, type=Sent) for line in whole[1:]]
        except (IndexError, msgspec.DecodeError, UnicodeDecodeError):
            self.forget()
            return
        if (begun.bucket, begun.key, begun.sha256) != self._about:
            self.forget()
            return
        self._stream.truncate(sum(map(len, whole)))
        self.upload_id, self.sent = begun.upload_id, {part.number: part for part in parts}


@contextmanager
def journal_of(folder: Path, bucket: str, key: str, sha256: str) -> Iterator[Journal]:
    """The journal of one content's upload to one key.

    Who uploads the same while another process is at it keeps a journal that ends with the block.
    """
    name = hashlib.sha256(f"{bucket}/{key}/{sha256}".encode()).hexdigest()[:32]
    path = folder / f"{name}.ndjson"
    with path.open("a+b") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)  # it goes with the process
        except BlockingIOError:
            with tempfile.TemporaryFile("a+b") as own:
                yield Journal(own, bucket, key, sha256)
            return
        journal = Journal(stream, bucket, key, sha256)
        yield journal
        if journal.is_ended:
            path.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove the journals of uploads that their bucket has forgotten."""
    for path in folder.glob("*.ndjson"):
        with suppress(FileNotFoundError):  # another process sweeps too
            if path.stat().st_mtime < time.time() - ABANDONED:
                path.unlink()
