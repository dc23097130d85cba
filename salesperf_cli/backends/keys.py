"""Which texts are keys, on every target alike: what one store takes and another does not is refused by both."""

from __future__ import annotations

from salesperf_cli.errors import ConflictError, InputError

LONGEST_KEY = 1024
"""Bytes of a key in S3."""
LONGEST_NAME = 255
"""Bytes of a name in a folder of the usual file systems."""


def checked_key(key: str) -> str:
    """The key as it is; raises InputError for a text that is none."""
    if reason := _fault(key):
        raise InputError(f"{key!r} is not a key", why=reason, remedy="rename the file")
    return key


def checked_prefix(prefix: str) -> str:
    """A folder's name as the beginning of the keys below it: empty, or with a slash at its end."""
    folder = prefix.removesuffix("/")
    return f"{checked_key(folder)}/" if prefix else ""


def taken_by_others(key: str) -> ConflictError:
    """The error for other bytes under a key whose object is written once."""
    return ConflictError(
        f"{key} is taken by other bytes",
        why="an object of the bronze layer is written once",
        remedy="run salesperf doctor: the stored object may be damaged",
    )


def _fault(key: str) -> str:
    try:
        encoded = key.encode()
    except UnicodeEncodeError:
        return "it is not text"
    names = encoded.split(b"/")
    if any(name in (b"", b".", b"..") for name in names):
        return "a key stays inside the lake: names with single slashes between them"
    if any(byte < 0x20 or byte == 0x7F for byte in encoded):
        return "it holds control characters"
    if len(encoded) > LONGEST_KEY or max(map(len, names)) > LONGEST_NAME:
        return f"it is too long: {LONGEST_KEY} bytes at most, {LONGEST_NAME} between slashes"
    return ""
