"""The CRC32 of bytes put together from pieces whose own are known.

A CRC is a remainder of polynomials over GF(2), the bits of a 32-bit number being coefficients, lowest power first in
the highest bit. Bytes that follow multiply what stands before them by x to the power of their bits.
"""

from __future__ import annotations

from collections.abc import Iterable

_POLYNOMIAL = 0xEDB88320
"""CRC32's (IEEE 802.3), without its x^32."""
_ONE = 1 << 31
_BYTE = _ONE >> 8


def crc32_of_joined(pieces: Iterable[tuple[int, int]]) -> int:
    """The CRC32 of pieces in their order, each given by its CRC32 and its bytes."""
    whole = 0
    for crc, size in pieces:
        whole = _product(whole, _shift(size)) ^ crc
    return whole


def _shift(size: int) -> int:
    """x to the power of 8 * size."""
    power, square = _ONE, _BYTE
    while size:
        if size & 1:
            power = _product(power, square)
        square = _product(square, square)
        size >>= 1
    return power


def _product(left: int, right: int) -> int:
    found = 0
    for bit in range(31, -1, -1):
        if left >> bit & 1:
            found ^= right
        right = right >> 1 ^ (_POLYNOMIAL if right & 1 else 0)
    return found
