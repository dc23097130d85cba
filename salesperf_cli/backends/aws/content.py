"""What is to be uploaded: read once to be known (size, hash, checksum of each part), then once more to be sent.

A file is read where it lies; any other stream is copied to a temporary file on the way.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tempfile
import threading
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from salesperf_cli.errors import InputError, RetryableError

BLOCK = 1 << 20
PART = 16 << 20
LATER_PART = 64 << 20
EARLY_PARTS = 1_000
MOST_PARTS = 10_000
"""S3 takes no more. The size of a part follows from its number alone, since that of a stream is not known beforehand:
16 MiB for the first 15.6 GiB, then 64 MiB, which makes 578 GiB an object's largest size."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the content, and its CRC32 as S3 writes it."""

    number: int
    offset: int
    size: int
    crc32: str


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that were read and can be read again; `start` is where they begin in the file."""

    file: int
    start: int
    size: int
    sha256: str
    crc32: str
    parts: tuple[Part, ...]

    def check(self, part: Part) -> None:
        """Raise RetryableError when a part's bytes are not those that were read first."""
        body, crc = PartBody(self, part, threading.Event()), 0
        while block := body.read(BLOCK):
            crc = zlib.crc32(block, crc)
        if _told(crc) != part.crc32:
            raise _changed()


class StoppedError(BaseException):
    """Raised inside a request that nobody waits for any more; not an Exception, which boto3 would try again."""


class PartBody(io.RawIOBase):
    """A part as a request's body, read from the file while it is sent, until `stopped` is set."""

    def __init__(self, content: Content, part: Part, stopped: threading.Event) -> None:
        self._content = content
        self._part = part
        self._stopped = stopped
        self._at = 0

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, as many as are asked for unless the part ends there."""
        if self._stopped.is_set():
            raise StoppedError
        left = self._part.size - self._at
        wanted = left if size < 0 else min(size, left)
        found = os.pread(self._content.file, wanted, self._content.start + self._part.offset + self._at)
        if len(found) < wanted:
            raise _changed()
        self._at += wanted
        return found

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to another place of the part."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._part.size}[whence]
        return self._at

    def tell(self) -> int:
        """The place in the part."""
        return self._at

    def seekable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True


@contextmanager
def known(stream: BinaryIO, scratch: Path, watch: Callable[[bytes], None]) -> Iterator[Content]:
    """Read a stream to its end; inside the block its content can be read again. `watch` sees each block."""
    if _is_file(stream):
        yield _read(stream, stream.fileno(), stream.tell(), watch)
        return
    with tempfile.TemporaryFile(dir=scratch, buffering=0) as copy:

        def keep(block: bytes) -> None:
            written = memoryview(block)
            while written:
                written = written[copy.write(written) :]
            watch(block)

        yield _read(stream, copy.fileno(), 0, keep)


def _is_file(stream: BinaryIO) -> bool:
    """Whether the stream's bytes are those of its file: a GzipFile names a file too, and gives other bytes."""
    if not isinstance(stream, io.BufferedReader) or not isinstance(stream.raw, io.FileIO):
        return False
    return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)


def _read(stream: BinaryIO, file: int, start: int, watch: Callable[[bytes], None]) -> Content:
    digest, parts = hashlib.sha256(), _Parts()
    while block := stream.read(BLOCK):
        digest.update(block)
        parts.take(block)
        watch(block)
    done = parts.end()
    size = done[-1].offset + done[-1].size
    return Content(file, start, size, digest.hexdigest(), _told(parts.whole), tuple(done))


class _Parts:
    """Cuts passing blocks into parts. The content of an empty stream is one empty part.

    `whole` is the CRC32 of all of it; that of the first part costs nothing more.
    """

    def __init__(self) -> None:
        self.whole = 0
        self._done: list[Part] = []
        self._offset = self._filled = self._crc = 0

    def take(self, block: bytes) -> None:
        left = memoryview(block)
        while left:
            room = _size_of(len(self._done) + 1) - self._filled
            if not room:
                self._close()
                continue
            piece, left = left[:room], left[room:]
            self._crc = zlib.crc32(piece, self._crc)
            self.whole = zlib.crc32(piece, self.whole) if self._done else self._crc
            self._filled += len(piece)

    def end(self) -> list[Part]:
        self._close()
        return self._done

    def _close(self) -> None:
        if len(self._done) == MOST_PARTS:
            raise InputError(
                "the file is too large for one object",
                why=f"an upload has {MOST_PARTS:,} parts at most, which hold {self._offset >> 30} GiB",
                remedy="split the file, and ingest the pieces",
            )
        self._done.append(Part(len(self._done) + 1, self._offset, self._filled, _told(self._crc)))
        self._offset += self._filled
        self._filled = self._crc = 0


def _size_of(number: int) -> int:
    return PART if number <= EARLY_PARTS else LATER_PART


def _told(crc32: int) -> str:
    return b64encode(crc32.to_bytes(4, "big")).decode()


def _changed() -> RetryableError:
    return RetryableError(
        "the file changed while it was uploaded",
        why="its bytes are no longer those whose hash was taken; nothing of it was stored",
        remedy="run the same command again when nobody writes to the file",
    )
