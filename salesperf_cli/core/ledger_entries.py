"""An entry of the ledger as bytes: JSON that a person can read, packed (gzip) where it is large.

Both lie under the same name, since that is what is taken once; the first bytes tell one from the other.
"""

from __future__ import annotations

import zlib
from typing import TypeVar

import msgspec

Entry = TypeVar("Entry")

PLAIN_BYTES = 32 << 10
"""Up to this size an entry stays plain; one of thousands of landed objects nobody reads."""
_PACKED = b"\x1f\x8b"  # how gzip begins, and JSON never does
_GZIP = 31  # the form that zlib writes and expects then


def encode(entry: object) -> bytes:
    """The same bytes for the same entry."""
    data = msgspec.json.format(msgspec.json.encode(entry), indent=1)
    return data if len(data) <= PLAIN_BYTES else zlib.compress(data, wbits=_GZIP)


def decode(data: bytes, kind: type[Entry]) -> Entry:
    """What was entered, packed or plain."""
    return msgspec.json.decode(zlib.decompress(data, wbits=_GZIP) if data.startswith(_PACKED) else data, type=kind)
