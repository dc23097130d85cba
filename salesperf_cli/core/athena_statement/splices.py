"""Text with pieces replaced at known places, and the way back from a place in the new text to the old one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Splice:
    """`text` stands where `start` to `end` (exclusive) stood; start == end is an insertion."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Spliced:
    """A text and its splices, in order and without overlap."""

    given: str
    splices: tuple[Splice, ...]

    @classmethod
    def of(cls, given: str, splices: Iterable[Splice]) -> Spliced:
        """The same splice twice counts once. Raises ValueError when two overlap."""
        ordered = tuple(sorted(set(splices)))
        end = 0
        for splice in ordered:
            if splice.start < end or splice.end < splice.start:
                raise ValueError(f"splices overlap at {splice.start}")
            end = splice.end
        return cls(given, ordered)

    @property
    def text(self) -> str:
        """The text with everything replaced."""
        parts, at = [], 0
        for splice in self.splices:
            parts += [self.given[at : splice.start], splice.text]
            at = splice.end
        return "".join([*parts, self.given[at:]])

    def given_place(self, line: int, column: int) -> tuple[int, int]:
        """Where a place of the new text (line and column from 1) lies in the given one; in a splice, its start."""
        lines = self.text.split("\n")
        line = min(max(line, 1), len(lines))
        offset = sum(len(each) + 1 for each in lines[: line - 1]) + min(max(column, 1) - 1, len(lines[line - 1]))
        before = self.given[: self._given_offset(offset)]
        return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1

    def _given_offset(self, offset: int) -> int:
        grown = 0
        for splice in self.splices:
            start = splice.start + grown
            if offset < start:
                break
            if offset < start + len(splice.text):
                return splice.start
            grown += len(splice.text) - (splice.end - splice.start)
        return offset - grown
