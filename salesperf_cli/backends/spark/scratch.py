"""Where a run keeps copies for Spark's workers to read: a folder, or the lake's bucket where workers are elsewhere."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects


class Scratch(Protocol):
    """Files of one run, removed at its end."""

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Write a file; workers can read it after the block."""
        yield NotImplemented

    def location(self, name: str) -> str:
        """The path or URL under which workers read a file."""

    def clear(self) -> None:
        """Remove everything."""


class FolderScratch:
    """Implements `Scratch` in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Write a file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / name).open("wb") as out:
            yield out

    def location(self, name: str) -> str:
        """The file's path."""
        return str(self._folder / name)

    def clear(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


class ObjectsScratch:
    """Implements `Scratch` below a prefix of a bucket; a file is written here first, then stored."""

    def __init__(self, objects: Objects, prefix: str) -> None:
        self._objects = objects
        self._prefix = prefix.rstrip("/")

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Write a file."""
        with tempfile.TemporaryFile() as out:
            yield out
            out.seek(0)
            self._objects.receive(out, lambda _: self._key(name), watch=lambda _: None)

    def location(self, name: str) -> str:
        """The object's URL."""
        return self._objects.location(self._key(name))

    def clear(self) -> None:
        """Remove the objects."""
        for key in self._objects.keys(f"{self._prefix}/"):
            self._objects.delete(key)

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"
