"""The page of portable functions, with the cases that tests/spark holds every engine to as its examples."""

from __future__ import annotations

import json
from pathlib import Path

from salesperf_cli.core.portable.reference import Example, reference_page

_CASES = Path(__file__).resolve().parents[2] / "tests" / "spark" / "edge_cases.jsonl"


def portable_functions_page() -> str:
    """Every function of the portable SQL, with examples."""
    return reference_page(_edge_cases())


def _edge_cases() -> dict[str, list[Example]]:
    """The cases by function."""
    found: dict[str, list[Example]] = {}
    for line in _CASES.read_text("utf-8").split("\n"):
        if line:
            case = json.loads(line)
            for *inputs, result in case["rows"]:
                words = [json.dumps(each, ensure_ascii=False) for each in (*inputs, result)]
                example = Example(case["sql"], ", ".join(words[:-1]), words[-1])
                found.setdefault(case["entry"], []).append(example)
    return found
