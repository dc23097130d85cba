"""Java regular expressions as RE2 reads them, or refused where the two engines would find something else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

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
    scan = _Scan(pattern, node)
    while scan.at < len(pattern):
        if pattern[scan.at] == "\\":
            piece, scan.at = _escape(pattern, scan.at, scan.inside, node)
            scan.out.append(piece)
        elif scan.inside:
            scan.in_class(pattern[scan.at])
        else:
            scan.outside(pattern[scan.at])
    if scan.multiline and scan.dollars:
        _refuse(pattern, "$ with (?m)", node)
    return _judged("".join(scan.out), pattern, scan.groups, scan.names, scan.dollars)


@dataclass(slots=True)
class _Scan:
    """Where the translation stands in a pattern, and what it has seen."""

    pattern: str
    node: exp.Expr
    at: int = 0
    inside: bool = False
    multiline: bool = False
    groups: int = 0
    out: list[str] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    dollars: list[int] = field(default_factory=list)

    def in_class(self, character: str) -> None:
        """One character of a [class]."""
        if character == "[" or self.pattern.startswith("&&", self.at):
            _refuse(self.pattern, "a class inside a class", self.node)
        self.inside = character != "]" or self.out[-1] in ("[", "[^")
        self.out.append(character)
        self.at += 1

    def outside(self, character: str) -> None:
        """One construct outside classes."""
        if character == "(":
            self._open_group()
            return
        if character == "[":
            self.inside = True
            character = "[^" if self.pattern.startswith("[^", self.at) else "["
        elif character == "$":
            self.dollars.append(self.at)
        elif character in "*+?}" and self.pattern.startswith("+", self.at + 1):
            _refuse(self.pattern, "a possessive quantifier", self.node)
        self.out.append(character)
        self.at += len(character)

    def _open_group(self) -> None:
        written, piece = _group(self.pattern, self.at, self.node)
        named = piece.startswith("(?P<")
        self.multiline = self.multiline or (not named and piece.startswith("(?") and "m" in piece)
        self.groups += piece == "(" or named
        if named:
            self.names[piece[4:-1]] = self.groups
        self.out.append(piece)
        self.at += written


def _judged(text: str, pattern: str, groups: int, names: dict[str, int], dollars: list[int]) -> Pattern:
    last = bool(dollars) and dollars[-1] == len(pattern) - 1
    try:
        empty = re.search(text, "") is not None
    except re.error:
        empty = bool(re.search(r"[*?]|\{0|\|", text)) or not text
    return Pattern(
        text, groups, names, bool(re.search(r"\)[?*]|\)\{0|\|", text)), last, len(dollars) > last, "|" in text, empty
    )


def _refuse(pattern: str, what: str, node: exp.Expr) -> None:
    refuse(
        f"{what} in the pattern {pattern[:40]!r} is not supported here",
        _WHY,
        "Write it another way.",
        node,
    )


def _escape(pattern: str, i: int, inside: bool, node: exp.Expr) -> tuple[str, int]:
    letter = pattern[i + 1 : i + 2]
    if letter in ("b", "B"):
        refuse(
            f"\\{letter} in the pattern {pattern[:40]!r} is not supported here",
            "RE2 sees no letters in accented characters there, Athena does.",
            r"Write (^|[^\p{L}\p{N}_])word($|[^\p{L}\p{N}_]).",
            node,
        )
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


def _group(pattern: str, i: int, node: exp.Expr) -> tuple[int, str]:
    """How long the opening of a group is, and how RE2 writes it."""
    rest = pattern[i:]
    if not rest.startswith("(?"):
        return 1, "("
    found = re.match(r"\(\?(?:[ims]+\)|[ims]*:|<([A-Za-z]\w*)>)", rest)
    if not found:
        _refuse(pattern, "lookaround or another special group", node)
    assert found
    return found.end(), f"(?P<{found[1]}>" if found[1] else found[0]


def replacement(written: str, pattern: Pattern, node: exp.Expr) -> str:
    """A Java replacement ($1, ${name}, \\$) as RE2 writes it (\\1)."""
    out, i = [], 0
    while i < len(written):
        found = re.match(r"\$(\d)|\$\{(\w+)\}|\\(.)", written[i:])
        if found is None:
            if written[i] in "$\\":
                refuse(
                    f"a lone {written[i]} in the replacement {written[:40]!r}",
                    "Athena refuses it.",
                    "Write \\$ or \\\\.",
                    node,
                )
            out.append(written[i])
            i += 1
            continue
        if found[3]:
            out.append("\\\\" if found[3] == "\\" else found[3])
        else:
            number = int(found[1]) if found[1] else pattern.names.get(found[2], 99)
            if number > pattern.groups or (found[1] and written[i + 2 : i + 3].isdigit()):
                refuse(
                    f"the replacement names group {found[0]}",
                    f"The pattern has {pattern.groups} groups.",
                    "Use $1 to that.",
                    node,
                )
            out.append(f"\\{number}")
        i += found.end()
    return "".join(out)


def for_search(pattern: Pattern) -> str:
    """The pattern for a yes-or-no search; Java's $ also stands before a last line break."""
    return re.sub(r"(?<!\\)((?:\\\\)*)\$", r"\1(?:\\n?\\z)", _outside_classes(pattern.text)).replace("\0", "$")


def _outside_classes(text: str) -> str:
    return re.sub(r"\[\^?\]?[^\]]*\]", lambda found: found[0].replace("$", "\0"), text)
