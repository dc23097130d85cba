"""Chance that gives the same draws on every machine and Python version.

Only `random()` and `getrandbits()` are used, which are stable by promise or by practice, and only + - * / on
floats, which IEEE 754 fixes: no logarithm, no `gauss`, no `choices`, whose last digits or draws could differ.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


def mixed(seed: int, purpose: int, number: int) -> int:
    """64 well-mixed bits for the `number`-th thing of a `purpose` (splitmix64's finaliser, twice)."""
    bits = (seed * 0x9E3779B97F4A7C15 + purpose * 0xD1B54A32D192ED03) & _MASK
    for word in (bits, number):
        bits = (bits ^ word * 0xBF58476D1CE4E5B9) & _MASK
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
        bits ^= bits >> 31
    return bits


def identifier(seed: int, purpose: int, number: int) -> str:
    """32 hexadecimal digits, as the published files name everything."""
    return f"{mixed(seed, purpose, number):016x}{mixed(seed, purpose + 1000, number):016x}"


def fraction(bits: int) -> float:
    """64 bits as a number in [0, 1)."""
    return (bits >> 11) / 9007199254740992.0


def dice(bits: int) -> Random:
    """A source of chance of its own for whatever has these bits."""
    return Random(bits)  # samples are no secrets


def along(steps: Sequence[int], position: float) -> int:
    """The value at `position` in [0, 1) on the line through `steps`, which stand equally far apart
    (quantiles).
    """
    place = position * (len(steps) - 1)
    below = int(place)
    return int(steps[below] + (steps[below + 1] - steps[below]) * (place - below))


class Weighted(Generic[T]):
    """Things to draw from, each with a whole-number weight."""

    def __init__(self, things: Sequence[T], weights: Sequence[int]) -> None:
        self._things = tuple(things)
        self._ends = list(accumulate(weights))

    def at(self, position: float) -> T:
        """The thing at `position` in [0, 1)."""
        return self._things[bisect(self._ends, int(position * self._ends[-1]))]

    def draw(self, chance: Random) -> T:
        """A thing by chance."""
        return self.at(chance.random())
