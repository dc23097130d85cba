"""Finds the files behind the paths that a user gives: files, folders, globs, and the members of zip archives.

Nothing is unpacked to disk and no member's path is ever used as a path: archives are read as streams. What a file is
for (which table) is decided in `ingest`.
"""

from __future__ import annotations

import glob
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

from salesperf_cli.core.file_facts import BOMB_BYTES, BOMB_RATIO
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from salesperf_cli.core.ledger import Watermark

Format = Literal["csv", "ndjson", "json", "parquet"]

FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".parquet": "parquet",
}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to take in: where it lies (in which archive), its bare name, size in bytes, format and compression."""

    path: Path
    member: str | None
    name: str
    bytes: int
    format: Format
    gzip: bool
    origin: str = ""
    """The address that it was fetched from, without secrets."""
    watermark: Watermark | None = None
    """How far its API was read with it."""

    @property
    def shown(self) -> str:
        """The file as messages name it."""
        if self.origin:
            return self.origin
        return f"{self.path.name}:{self.member}" if self.member else str(self.path)

    def open(self) -> BinaryIO:
        """The bytes as stored (a `.gz` stays compressed; a zip member is inflated); the caller closes."""
        if self.member is None:
            return self.path.open("rb")
        archive = zipfile.ZipFile(self.path)
        return cast(BinaryIO, _Member(archive, archive.open(self.member)))


class _Member:
    """A zip member's stream that closes its archive too."""

    def __init__(self, archive: zipfile.ZipFile, stream: object) -> None:
        self._archive = archive
        self._stream = cast(BinaryIO, stream)

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)

    def close(self) -> None:
        self._stream.close()
        self._archive.close()

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def find_sources(paths: Iterable[str], *, cwd: Path) -> tuple[SourceFile, ...]:
    """All data files behind `paths`, each once, in a stable order.

    Raises InputError for a path that is not there, a symbolic link inside a folder, a broken or hostile archive, and
    when there is no data file at all.
    """
    found: dict[tuple[Path, str | None], SourceFile] = {}
    for text in paths:
        for path in _expand(text, cwd):
            for source in _sources(path, explicit=not path.is_dir()):
                found.setdefault((source.path, source.member), source)
    if not found:
        raise InputError(
            "there is no data file to take in",
            why="none of the paths holds a .csv, .json, .ndjson or .parquet file (also .gz, or inside a .zip)",
            remedy="give the path of a file, a folder or a zip archive",
        )
    return tuple(found.values())


def _expand(text: str, cwd: Path) -> list[Path]:
    path = cwd / Path(text).expanduser()
    if path.exists():
        return [path]
    # `Path.glob` takes patterns relative to a folder only, and users give absolute ones too.
    matches = sorted(glob.glob(str(path), recursive=True)) if glob.has_magic(text) else []  # noqa: PTH207
    if not matches:
        raise InputError(
            f"{text} is not there", why="no file, folder or pattern match of that name", remedy="check the path"
        )
    return [Path(match) for match in matches]


def _sources(path: Path, *, explicit: bool) -> Iterator[SourceFile]:
    if path.is_dir():
        for base, folders, names in os.walk(path, followlinks=False):
            folders.sort()
            for each in (Path(base) / name for name in sorted([*names, *folders])):
                if each.is_symlink():
                    raise InputError(
                        f"{each} is a symbolic link",
                        why="links inside a folder are not followed: they may lead anywhere",
                        remedy="name the link's target on the command line instead",
                    )
                if each.is_file():
                    yield from _sources(each, explicit=False)
    elif path.suffix.lower() == ".zip":
        yield from _members(path)
    elif kind := _format(path.name):
        yield SourceFile(path, None, path.name, path.stat().st_size, kind, path.name.lower().endswith(".gz"))
    elif explicit:
        raise InputError(
            f"{path.name} is not a data file",
            why=f"known endings are {', '.join(FORMATS)}, each also with .gz, and .zip",
            remedy="rename the file to say what it is",
        )


def _format(name: str) -> Format | None:
    lowered = name.lower().removesuffix(".gz")
    return FORMATS.get(PurePosixPath(lowered).suffix)


def _members(path: Path) -> Iterator[SourceFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError) as fault:
        raise InputError(
            f"{path.name} cannot be read as a zip archive",
            why=f"{fault}; it may be cut off or still downloading",
            remedy="download it again, then run the same command",
        ) from fault
    for member in members:
        pure = PurePosixPath(member.filename.replace("\\", "/"))
        kind = _format(pure.name)
        if member.is_dir() or pure.parts[:1] == ("__MACOSX",):
            continue
        _refuse_hostile(path, member, pure)
        if kind:
            zipped = pure.name.lower().endswith(".gz")
            yield SourceFile(path, member.filename, pure.name, member.file_size, kind, zipped)


def _refuse_hostile(path: Path, member: zipfile.ZipInfo, pure: PurePosixPath) -> None:
    reason = ""
    if pure.is_absolute() or ".." in pure.parts or "\0" in member.filename or (pure.parts and ":" in pure.parts[0]):
        reason = "its path leads outside the archive"
    elif (member.external_attr >> 16) & 0o170000 == 0o120000:
        reason = "it is a symbolic link"
    elif member.flag_bits & 0x1:
        reason = "it is encrypted"
    elif member.file_size > BOMB_BYTES and member.file_size > BOMB_RATIO * max(member.compress_size, 1):
        reason = f"it claims to grow {member.file_size // max(member.compress_size, 1)} times (a zip bomb?)"
    if reason:
        raise InputError(
            f"{path.name}: the member {member.filename!r} is refused",
            why=reason,
            remedy="unpack the archive yourself, look at it, and ingest the files",
        )
