"""Draws small tables and field lists as plain lines for a given width. Writes nowhere.

Hand-made because a rich table costs 40 ms of import and a third of a millisecond a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from salesperf_cli.output.forms import Align, Column, Fields, Line, Table
from salesperf_cli.output.text import cell, cut, pad, width_of, wrap

_GUTTER = 2
_NARROWEST = 8
_RULE = "─"


class Tone(StrEnum):
    """How a piece of text should look; the sink turns a tone into colour, or into nothing."""

    PLAIN = ""
    STRONG = "strong"
    FAINT = "faint"
    GOOD = "good"
    BAD = "bad"
    CARE = "care"
    LINK = "link"


Paint = Callable[[str, Tone], str]


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cells as text, with the columns that they stand under."""

    columns: Sequence[Column]
    cells: Sequence[Sequence[str]]
    right: Sequence[bool]


def draw_line(block: Line, width: int, paint: Paint) -> list[str]:
    """A line of text, wrapped."""
    return [paint(part, Tone.PLAIN) for text in block.text.split("\n") for part in wrap(text, width)]


def draw_fields(block: Fields, width: int, paint: Paint) -> list[str]:
    """Names in a faint column, values beside them, long values wrapped under themselves."""
    lines = [paint(block.title, Tone.STRONG)] if block.title else []
    if not block.pairs:
        return lines
    name_width = max(width_of(name) for name, _ in block.pairs)
    room = max(width - name_width - _GUTTER, 20)
    for name, value in block.pairs:
        first, *others = wrap(cell(value), room)
        lines.append(paint(pad(name, name_width, right=False), Tone.FAINT) + " " * _GUTTER + first)
        lines.extend(" " * (name_width + _GUTTER) + other for other in others)
    return [line.rstrip() for line in lines]


def draw_table(block: Table, width: int, paint: Paint) -> list[str]:
    """A title, a header over a thin rule, rows, a footer; columns that do not fit are counted."""
    grid = _grid(block.columns, block.rows)
    widths = _fit(grid, width)
    lines = [paint(cut(block.title, width), Tone.STRONG)] if block.title else []
    shown = len(widths)
    header = (pad(column.name, w, right=r) for column, w, r in zip(grid.columns, widths, grid.right, strict=False))
    lines.append(paint((" " * _GUTTER).join(header).rstrip(), Tone.STRONG))
    lines.append(paint((" " * _GUTTER).join(_RULE * w for w in widths), Tone.FAINT))
    for row in grid.cells:
        lines.extend(_row_lines(row[:shown], grid, widths))
    if shown < len(grid.columns):
        hidden = len(grid.columns) - shown
        lines.append(paint(f"… and {hidden} more columns; -o csv or -o json shows all", Tone.FAINT))
    if block.footer:
        lines.extend(paint(part, Tone.FAINT) for part in wrap(block.footer, width))
    return lines


def _grid(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> _Grid:
    values = [tuple(row) for row in rows]
    right = [_is_right(column, (row[index] for row in values)) for index, column in enumerate(columns)]
    cells = [
        [cell(value, grouped=column.grouped) for value, column in zip(row, columns, strict=True)] for row in values
    ]
    return _Grid(columns, cells, right)


def _is_right(column: Column, values: Iterable[object]) -> bool:
    if column.align is not Align.AUTO:
        return column.align is Align.RIGHT
    present = [value for value in values if value is not None]
    return bool(present) and all(
        isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) for value in present
    )


def _fit(grid: _Grid, width: int) -> list[int]:
    """Widths that fit: first the widest texts give way, never numbers; then whole columns from the right."""
    natural = [
        max([width_of(column.name), *(width_of(row[index]) for row in grid.cells)])
        for index, column in enumerate(grid.columns)
    ]
    smallest = [
        w if right else min(w, max(_NARROWEST, width_of(column.name)))
        for w, right, column in zip(natural, grid.right, grid.columns, strict=True)
    ]
    shown = len(natural)
    while shown > 1 and sum(smallest[:shown]) + _GUTTER * (shown - 1) > width:
        shown -= 1
    widths = natural[:shown]
    excess = sum(widths) + _GUTTER * (shown - 1) - width
    while excess > 0:
        index = max(range(shown), key=lambda i: (widths[i] > smallest[i], widths[i]))
        if widths[index] <= smallest[index]:
            break
        widths[index] -= 1
        excess -= 1
    return widths


def _row_lines(row: Sequence[str], grid: _Grid, widths: Sequence[int]) -> list[str]:
    parts = [
        wrap(text, w) if column.wrap else [cut(text, w)]
        for text, w, column in zip(row, widths, grid.columns, strict=False)
    ]
    height = max((len(part) for part in parts), default=1)
    return [
        (" " * _GUTTER)
        .join(
            pad(part[line] if line < len(part) else "", w, right=r)
            for part, w, r in zip(parts, widths, grid.right, strict=False)
        )
        .rstrip()
        for line in range(height)
    ]
