"""Draws a curve with both axes logarithmic in plain characters: costs over scale span many powers of ten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from salesperf_cli.core.cost.money import dollars, short_number

Points = Sequence[tuple[Decimal, Decimal]]
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The dots of a braille character, two wide and four high."""


def plot(points: Points, title: str, *, width: int = 80, height: int = 10) -> list[str]:
    """The curve through points (both above 0) as lines of text at most `width` wide."""
    kept = [(float(x), float(y)) for x, y in points if x > 0 and y > 0]
    if len(kept) < 2:
        return [title]
    low, high = _decades([y for _, y in kept])
    left, right = math.log10(kept[0][0]), math.log10(kept[-1][0])
    labels = {height - 1 - round((height - 1) * (n - low) / (high - low)): n for n in range(low, high + 1)}
    texts = {row: dollars(Decimal(10) ** n).removesuffix(".00") for row, n in labels.items()}
    margin = max(map(len, texts.values())) + 1
    columns = width - margin - 2
    grid = _curve(kept, (left, right), (low, high), columns, height)
    lines = [title]
    lines += [
        f"{texts.get(row, ''):>{margin}}{'┤' if row in texts else '│'}{''.join(grid[row])}" for row in range(height)
    ]
    lines.append(" " * margin + "└" + "─" * columns)
    return [line.rstrip() for line in (*lines, _scale(left, right, margin, columns))]


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _curve(
    points: Sequence[tuple[float, float]], across: tuple[float, float], up: tuple[float, float], columns: int, rows: int
) -> list[list[str]]:
    wide, tall = columns * 2, rows * 4
    dots = [[0] * columns for _ in range(rows)]
    logs = [(math.log10(x), math.log10(y)) for x, y in points]
    for x in range(wide):
        at = across[0] + (across[1] - across[0]) * x / (wide - 1)
        height = _between(logs, at)
        y = tall - 1 - round((tall - 1) * (height - up[0]) / (up[1] - up[0]))
        dots[y // 4][x // 2] |= _DOTS[y % 4][x % 2]
    return [[chr(0x2800 + dot) if dot else " " for dot in row] for row in dots]


def _between(logs: Sequence[tuple[float, float]], at: float) -> float:
    for (x1, y1), (x2, y2) in pairwise(logs):
        if at <= x2:
            return y1 + (y2 - y1) * (at - x1) / (x2 - x1) if x2 > x1 else y2
    return logs[-1][1]


def _scale(left: float, right: float, margin: int, columns: int) -> str:
    """The powers of ten below the axis, each under its place."""
    text = [" "] * (margin + 1 + columns)
    for power in range(math.ceil(left), math.floor(right) + 1):
        label = short_number(Decimal(10) ** power)
        place = margin + 1 + round((columns - 1) * (power - left) / (right - left))
        start = min(max(place - len(label) // 2, margin + 1), len(text) - len(label))
        if all(each == " " for each in text[start - 1 : start + len(label) + 1]):
            text[start : start + len(label)] = label
    return "".join(text)
