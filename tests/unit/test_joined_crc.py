"""The checksum of joined pieces, without their bytes."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from salesperf_cli.backends.aws.joined_crc import crc32_of_joined


@given(pieces=st.lists(st.binary(max_size=300), max_size=6))
def test_it_is_that_of_all_the_bytes(pieces: list[bytes]) -> None:
    assert crc32_of_joined((zlib.crc32(piece), len(piece)) for piece in pieces) == zlib.crc32(b"".join(pieces))


def test_large_pieces_take_no_longer() -> None:
    """A GiB of nothing, put together by doubling and one MiB after the other."""
    piece = (zlib.crc32(bytes(1 << 20)), 1 << 20)
    whole, size = piece
    while size < 1 << 30:
        whole, size = crc32_of_joined([(whole, size), (whole, size)]), size * 2
    assert whole == crc32_of_joined([piece] * (1 << 10))
