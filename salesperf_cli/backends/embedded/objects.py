"""Objects in a local folder, with the bucket's promises: an object appears whole or not at all, and once.

A new object is written beside its place and then linked to it: `link` fails when the name is taken, on every POSIX file
system and on NTFS, and the reader never sees half a file.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from salesperf_cli.backends.keys import checked_key, checked_prefix, taken_by_others
from salesperf_cli.backends.ports import ObjectEntry, ReceivedObject, StoredObject

BLOCK = 1 << 20
LOCK = ".lock"
ABANDONED = 86_400
"""Seconds after which a scratch file that nobody has written to is what a killed process left."""


class FolderObjects:
    """Objects below `root`."""

    parallel = min(os.cpu_count() or 1, 4)
    """No more than there are cores: the largest file, copied first, is what an ingest waits for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._scratch = root / "_tmp" / "objects"

    def read(self, key: str) -> StoredObject | None:
        """The object, or None when there is none."""
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        return StoredObject(data, _etag(data))

    def create(self, key: str, data: bytes) -> bool:
        """Write a new object; False when the key is taken."""
        with self._scratch_file() as (scratch, stream):
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            return self._link(scratch, self._path(key))

    def replace(self, key: str, data: bytes, etag: str) -> bool:
        """Replace an object that still has `etag`; False when it has changed or gone."""
        with self._locked(), self._scratch_file() as (scratch, stream):
            current = self.read(key)
            if current is None or current.etag != etag:
                return False
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            scratch.replace(self._path(key))
            return True

    def delete(self, key: str) -> None:
        """Remove an object; none there is no error."""
        path = self._path(key)
        if path.exists():
            with self._locked():  # a replace that has looked at the object would bring it back
                path.unlink(missing_ok=True)

    def keys(self, prefix: str) -> Sequence[str]:
        """All keys below `prefix`, sorted."""
        return sorted(path.relative_to(self._root).as_posix() for path in self._files(prefix))

    def entries(self, prefix: str) -> Sequence[ObjectEntry]:
        """What `keys` gives, each with size and age."""
        found = []
        for path in self._files(prefix):
            with suppress(FileNotFoundError):  # somebody has just removed it
                stat = path.stat()
                key = path.relative_to(self._root).as_posix()
                found.append(ObjectEntry(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC)))
        return sorted(found, key=lambda each: each.key)

    def delete_all(self, keys: Sequence[str]) -> None:
        """Remove many objects. Their folders stay: who writes an object relies on its folder once it is made."""
        for path in [self._path(key) for key in keys]:
            path.unlink(missing_ok=True)

    def receive(
        self,
        stream: BinaryIO,
        key_of: Callable[[str], str],
        *,
        watch: Callable[[bytes], None],
        stored: Callable[[int], None] | None = None,
    ) -> ReceivedObject:
        """Store a stream under `key_of(sha256)`, hashing while it is copied."""
        self._sweep()
        digest, size = hashlib.sha256(), 0
        with self._scratch_file() as (scratch, target):
            while block := stream.read(BLOCK):
                digest.update(block)
                target.write(block)
                watch(block)
                size += len(block)
                if stored:
                    stored(len(block))
            target.flush()
            sha256 = digest.hexdigest()
            key = key_of(sha256)
            created = self._link(scratch, self._path(key))
        if not created and self._path(key).stat().st_size != size:
            raise taken_by_others(key)
        return ReceivedObject(key, size, sha256, created)

    def open(self, key: str) -> BinaryIO:
        """A stream over an object's bytes."""
        return self._path(key).open("rb")

    def location(self, key: str) -> str:
        """The object's path."""
        return str(self._path(key) if key else self._root)

    def _files(self, prefix: str) -> Iterator[Path]:
        """The files of all objects below a prefix."""
        folder = self._root / checked_prefix(prefix)
        own = (self._root / LOCK, *self._scratch.glob("*"))
        found = (Path(base) / name for base, _, names in os.walk(folder) for name in names)
        return (path for path in found if path not in own)

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    @contextmanager
    def _scratch_file(self) -> Iterator[tuple[Path, BinaryIO]]:
        self._scratch.mkdir(parents=True, exist_ok=True)
        scratch = self._scratch / secrets.token_hex(8)
        try:
            with scratch.open("xb") as stream:
                yield scratch, stream
        finally:
            scratch.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove abandoned scratch files; those of processes at work are younger."""
        for path in self._scratch.glob("*"):
            with suppress(FileNotFoundError):  # another process sweeps too, or has just ended its write
                if path.stat().st_mtime < time.time() - ABANDONED:
                    path.unlink()

    @staticmethod
    def _link(scratch: Path, target: Path) -> bool:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(scratch, target)
        except FileExistsError:
            return False
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Serialises replaces on this machine; the lock dies with its process."""
        import fcntl

        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
