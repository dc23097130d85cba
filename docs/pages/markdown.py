"""Markdown that several pages write alike: tables, anchors, lists of words."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table, its cells each on one line."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(each) for each in line) + " |" for line in lines) + "\n"


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def anchor(title: str) -> str:
    """What a link to a heading names."""
    kept = "".join(each for each in title.lower() if each.isalnum() or each in " -_")
    return kept.replace(" ", "-")


def words(named: Sequence[object]) -> str:
    """Names as code, with commas between."""
    return ", ".join(f"`{word}`" for word in named)
