"""regexp_*: literal patterns only, since they are translated."""

from __future__ import annotations

from salesperf_cli.core.athena.calls import Call
from salesperf_cli.core.athena.context import Typed, refuse, text, unsupported
from salesperf_cli.core.athena.registry import Function
from salesperf_cli.core.athena.regular import Pattern, for_search, replacement, translate
from salesperf_cli.core.athena.trino_types import BIGINT, BOOLEAN, VARCHAR, array


def _pattern(call: Call) -> Pattern:
    return translate(call.literal(1), call.node)


def _no_dollar(call: Call, pattern: Pattern) -> None:
    if pattern.ends_with_dollar or pattern.inner_dollar:
        unsupported(
            f"$ in the pattern of {call.name}", call.node, "Java's $ also stands before a last line break.", r"Use \z."
        )


def _not_empty(call: Call, pattern: Pattern) -> None:
    if pattern.matches_empty:
        unsupported(f"a pattern that matches the empty text in {call.name}", call.node, remedy="Use + instead of *.")


def _like(call: Call) -> Typed:
    call.count(2)
    return Typed(f"regexp_matches({call.value(0, VARCHAR).sql}, {text(for_search(_pattern(call)))})", BOOLEAN)


def _group(call: Call, pattern: Pattern) -> int:
    group = call.number(2) if len(call.arguments) == 3 else 0
    if not 0 <= group <= pattern.groups:
        refuse(
            f"the pattern has {pattern.groups} groups, not {group}",
            "Athena refuses it.",
            "Correct the group.",
            call.node,
        )
    if group and pattern.optional_groups:
        unsupported(
            "a group in a pattern with optional groups or |",
            call.node,
            "DuckDB cannot tell an absent group (NULL) from an empty one.",
            "Extract in two steps.",
        )
    return group


def _extract(call: Call) -> Typed:
    call.count(2, 3)
    value, pattern = call.value(0, VARCHAR).sql, _pattern(call)
    group = _group(call, pattern)
    if pattern.inner_dollar or (pattern.ends_with_dollar and pattern.alternatives):
        unsupported(
            "$ inside the pattern of regexp_extract",
            call.node,
            "Java's $ also stands before a last line break.",
            r"Use \z.",
        )
    written = pattern.text
    if pattern.ends_with_dollar:
        body = pattern.text[:-1]
        written, group = (f"({body})\\n?\\z", 1) if group == 0 else (f"{body}\\n?\\z", group)
    return Typed(call.ctx.macro("trino_regexp_extract", value, text(written), str(group)), VARCHAR)


def _extract_all(call: Call) -> Typed:
    call.count(2, 3)
    pattern = _pattern(call)
    group = _group(call, pattern)
    _no_dollar(call, pattern)
    _not_empty(call, pattern)
    return Typed(f"regexp_extract_all({call.value(0, VARCHAR).sql}, {text(pattern.text)}, {group})", array(VARCHAR))


def _replace(call: Call) -> Typed:
    given = call.count(2, 3)
    if given == 3 and call.arguments[2].key == "lambda":
        unsupported("regexp_replace with a lambda", call.node, "DuckDB's takes text only.", "Use a $1 replacement.")
    pattern = _pattern(call)
    _not_empty(call, pattern)
    written = replacement(call.literal(2), pattern, call.node) if given == 3 else ""
    found = pattern.text
    if pattern.inner_dollar or (pattern.ends_with_dollar and pattern.alternatives):
        _no_dollar(call, pattern)
    if pattern.ends_with_dollar:
        found, written = f"{found[:-1]}(\\n?)\\z", f"{written}\\{pattern.groups + 1}"
    return Typed(f"regexp_replace({call.value(0, VARCHAR).sql}, {text(found)}, {text(written)}, 'g')", VARCHAR)


def _split(call: Call) -> Typed:
    call.count(2)
    pattern = _pattern(call)
    _no_dollar(call, pattern)
    _not_empty(call, pattern)
    return Typed(f"string_split_regex({call.value(0, VARCHAR).sql}, {text(pattern.text)})", array(VARCHAR))


def _count(call: Call) -> Typed:
    call.count(2)
    pattern = _pattern(call)
    _no_dollar(call, pattern)
    _not_empty(call, pattern)
    return Typed(f"CAST(len(regexp_extract_all({call.value(0, VARCHAR).sql}, {text(pattern.text)})) AS BIGINT)", BIGINT)


LIMITS = "literal pattern; no lookaround, back-references, possessive quantifiers or \\b"
FUNCTIONS = (
    Function("regexp_like", _like, LIMITS),
    Function("regexp_extract", _extract, f"NULL without a match; {LIMITS}"),
    Function("regexp_extract_all", _extract_all, LIMITS),
    Function("regexp_replace", _replace, f"all matches, $1 and ${{name}}; {LIMITS}"),
    Function("regexp_split", _split, LIMITS),
    Function("regexp_count", _count, LIMITS),
)
