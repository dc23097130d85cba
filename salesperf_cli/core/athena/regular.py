"""Java regular expressions as RE2 reads them, or refused where the two engines would find something else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from salesperf_cli.core.athena.context import refuse

_PLAIN_ESCAPES = set("dDwWtnrf.\\/[](){}^$|?*+-'\" ,:;!@#%&=~_<>`AzpPs")
_WHY = "DuckDB's engine (RE2) has no such construct, or reads it otherwise."


@dataclass(frozen=True, slots=True)
class Pattern:
    """A translated pattern: RE2 text, its groups, and what decides how it may be used."""

    text: str
    groups: int
    names: dict[str, int]
    optional_groups: bool
    ends_with_dollar: bool
    inner_dollar: bool
    alternatives: bool
    matches_empty: bool


def translate(pattern: str, node: exp.Expr) -> Pattern:
    """Check a Java pattern construct by construct and write it for RE2."""
    out: list[str] = []
    names: dict[str, int] = {}
    groups, i, inside, dollars, multiline = 0, 0, False, [], False
    while i < len(pattern):
        character = pattern[i]
        if character == "\\":
            piece, i = _escape(pattern, i, inside, node)
            out.append(piece)
            continue
        if inside:
            if character == "[" or pattern.startswith("&&", i):
                _refuse(pattern, "a class inside a class", node)
            inside = character != "]" or out[-1] in ("[", "[^")
            out.append(character)
        elif character == "[":
            inside = True
            out.append("[^" if pattern.startswith("[^", i) else "[")
            i += len(out[-1]) - 1
        elif character == "(":
            piece = _group(pattern, i, node)
            multiline = multiline or (piece.startswith("(?") and "m" in piece and not piece.startswith("(?P<"))
            groups += piece == "(" or piece.startswith("(?P<")
            if piece.startswith("(?P<"):
                names[piece[4:-1]] = groups
            out.append(piece)
            i += len(piece) - (2 if piece.startswith("(?P<") else 1)
        elif character == "$":
            dollars.append(i)
            out.append("$")
        elif character in "*+?}" and pattern.startswith("+", i + 1):
            _refuse(pattern, "a possessive quantifier", node)
        else:
            out.append(character)
        i += 1
    if multiline and dollars:
        _refuse(pattern, "$ with (?m)", node)
    return _judged("".join(out), pattern, groups, names, dollars)


def _judged(text: str, pattern: str, groups: int, names: dict[str, int], dollars: list[int]) -> Pattern:
    last = bool(dollars) and dollars[-1] == len(pattern) - 1
    try:
        empty = re.search(text, "") is not None
    except re.error:
        empty = bool(re.search(r"[*?]|\{0|\|", text)) or not text
    return Pattern(text, groups, names, bool(re.search(r"\)[?*]|\)\{0|\|", text)), last, len(dollars) > last, "|" in text, empty)


def _refuse(pattern: str, what: str, node: exp.Expr) -> None:
    refuse(f"{what} in the pattern {pattern[:40]!r} is not supported here", _WHY, "Write it another way, or use --target aws.", node)


def _escape(pattern: str, i: int, inside: bool, node: exp.Expr) -> tuple[str, int]:
    letter = pattern[i + 1 : i + 2]
    if letter in ("b", "B"):
        refuse(f"\\{letter} in the pattern {pattern[:40]!r} is not supported here",
               "RE2 sees no letters in accented characters there, Athena does.",
               r"Write (^|[^\p{L}\p{N}_])word($|[^\p{L}\p{N}_]).", node)  # fmt: skip
    if letter not in _PLAIN_ESCAPES or not letter:
        _refuse(pattern, f"\\{letter}", node)
    if letter in "pP":
        found = re.match(r"\\[pP]\{(L|Lu|Ll|N|Nd|P|S|Z)\}", pattern[i:])
        if not found:
            _refuse(pattern, "this character property", node)
        assert found
        return found[0], i + found.end()
    if letter == "s":
        return (r"\t\n\v\f\r " if inside else r"[\t\n\v\f\r ]"), i + 2
    return pattern[i : i + 2], i + 2


def _group(pattern: str, i: int, node: exp.Expr) -> str:
    rest = pattern[i:]
    if not rest.startswith("(?"):
        return "("
    found = re.match(r"\(\?(?:[ims]+\)|[ims]*:|<([A-Za-z]\w*)>)", rest)
    if not found:
        _refuse(pattern, "lookaround or another special group", node)
    assert found
    return f"(?P<{found[1]}>" if found[1] else found[0]


def replacement(written: str, pattern: Pattern, node: exp.Expr) -> str:
    """A Java replacement ($1, ${name}, \\$) as RE2 writes it (\\1)."""
    out, i = [], 0
    while i < len(written):
        found = re.match(r"\$(\d)|\$\{(\w+)\}|\\(.)", written[i:])
        if found is None:
            if written[i] in "$\\":
                refuse(f"a lone {written[i]} in the replacement {written[:40]!r}", "Athena refuses it.", "Write \\$ or \\\\.", node)
            out.append(written[i])
            i += 1
            continue
        if found[3]:
            out.append("\\\\" if found[3] == "\\" else found[3])
        else:
            number = int(found[1]) if found[1] else pattern.names.get(found[2], 99)
            if number > pattern.groups or (found[1] and written[i + 2 : i + 3].isdigit()):
                refuse(f"the replacement names group {found[0]}", f"The pattern has {pattern.groups} groups.", "Use $1 to that.", node)
            out.append(f"\\{number}")
        i += found.end()
    return "".join(out)


def for_search(pattern: Pattern) -> str:
    """The pattern for a yes-or-no search; Java's $ also stands before a last line break."""
    return re.sub(r"(?<!\\)((?:\\\\)*)\$", r"\1(?:\\n?\\z)", _outside_classes(pattern.text)).replace("\0", "$")


def _outside_classes(text: str) -> str:
    return re.sub(r"\[\^?\]?[^\]]*\]", lambda found: found[0].replace("$", "\0"), text)
