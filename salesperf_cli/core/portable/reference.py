"""The page docs/reference/portable-functions.md: what models may call, with the edge cases that every engine must
meet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from salesperf_cli.core.portable import allow_list, refused
from salesperf_cli.core.portable.functions import Function, Result
from salesperf_cli.core.portable.kinds import Kind

_SECTIONS: tuple[tuple[str, Mapping[str, tuple[Function, ...]]], ...] = (
    ("Text", allow_list.STRINGS),
    ("Numbers", allow_list.NUMBERS),
    ("Conditions", allow_list.CONDITIONS),
    ("Dates and timestamps", allow_list.DATES),
    ("Aggregates, also over a window", allow_list.AGGREGATES),
    ("Only over a window", allow_list.RANKINGS),
)
_RESULTS = {
    Result.FIRST: "as the first argument",
    Result.COMMON: "what all arguments can be",
    Result.REST: "what all arguments but the first can be",
    Result.WHOLE: "an integer, or a decimal without places",
}
SHOWN = 12
"""Rows shown of a function's edge cases; all of them are tested."""


@dataclass(frozen=True, slots=True)
class Example:
    """One edge case: the expression, its inputs and what it gives, each as text."""

    expression: str
    inputs: str
    result: str


def reference_page(examples: Mapping[str, Sequence[Example]]) -> str:
    """The page in Markdown; `examples` gives the edge cases of each function by its name."""
    return "\n".join(_lines(examples)) + "\n"


def _lines(examples: Mapping[str, Sequence[Example]]) -> Iterator[str]:
    yield "# Portable functions"
    yield ""
    yield "Models and rules are written in the part of Spark SQL that gives the same rows on DuckDB and on Spark."
    yield "These are the functions of that part. Each was shown equal on DuckDB 2.0, Spark 3.5.6 and Spark 4.1.1 by its"
    yield f"edge cases, of which at most {SHOWN} are shown here, spread over all. Anything else is refused by"
    yield "`salesperf contract lint`, which names the portable way to write it."
    for title, functions in _SECTIONS:
        yield from ("", f"## {title}")
        for name, overloads in sorted(functions.items()):
            yield from ("", f"### {name}", "")
            yield from (f"- {_signature(name, overload)}" for overload in overloads)
            yield from _table(examples.get(name, ()))
    yield from ("", "## Operators, casts and literals")
    listed = {name for _, functions in _SECTIONS for name in functions}
    for name in (each for each in examples if each not in listed):
        yield from ("", f"### {name}", *_table(examples[name]))
    yield from ("", "## Refused, and how to write it instead", "", "| Function | Write instead |", "|---|---|")
    yield from (f"| `{name}` | {_cell(advice)} |" for name, advice in sorted(refused.FUNCTIONS.items()))


def _signature(name: str, function: Function) -> str:
    arguments = [_argument(each.accepts) for each in function.arguments]
    more = ", …" if function.variadic else ""
    result = function.result.value if isinstance(function.result, Kind) else _RESULTS[function.result]
    advice = sorted({each.advice for each in function.arguments if each.advice and each.problem is not None})
    words = f" ({'; '.join(advice)})" if advice else ""
    return f"`{name}({', '.join(arguments)}{more})` gives {result}{words}"


def _argument(kinds: frozenset[Kind]) -> str:
    named = sorted(kind.value for kind in kinds if kind not in (Kind.NULL, Kind.UNKNOWN))
    return "any" if len(named) > 4 else " or ".join(named)


def _table(examples: Sequence[Example]) -> Iterator[str]:
    if not examples:
        return
    step = max(1, len(examples) // SHOWN)
    yield from ("", "| Expression | Of | Gives |", "|---|---|---|")
    for each in examples[::step][:SHOWN]:
        yield f"| `{_cell(each.expression)}` | {_cell(each.inputs)} | {_cell(each.result)} |"


def _cell(text: str) -> str:
    visible = text.replace("\r", "␍").replace("\n", "␊").replace("\t", "␉")
    return visible.replace("|", "\\|")
