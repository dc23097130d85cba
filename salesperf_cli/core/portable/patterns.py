"""The patterns inside string literals that mean the same on both engines: timestamp formats, regular
expressions, LIKE.

Each check returns what is wrong, in words, or None; each translation is text for DuckDB. What a function
accepts lives in `functions`.
"""

from __future__ import annotations

import re

_TIMESTAMP_PARTS = {
    "yyyy": ("%Y", "[0-9]{4}"),
    "MM": ("%m", "[0-9]{2}"),
    "dd": ("%d", "[0-9]{2}"),
    "HH": ("%H", "[0-9]{2}"),
    "mm": ("%M", "[0-9]{2}"),
    "ss": ("%S", "[0-9]{2}"),
}
_TIMESTAMP_TOKEN = re.compile("yyyy|MM|dd|HH|mm|ss|[-/:., ]")

# A regular expression that Java (Spark) and RE2 (DuckDB) read alike: characters, classes without escapes or
# nesting, \d and escaped punctuation, groups, alternatives, greedy quantifiers, ^ where the pattern begins.
# Not `.` and `$`, which see line ends differently; not \s, \w and \b, whose sets differ.
_CLASS = r"\[\^?-?(?:[^\[\]\\&^~-]|[^\[\]\\&^~-]-[^\[\]\\&^~-]|\\d)+-?\]"
_QUANTIFIER = r"(?:[*+?]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})"
_ATOM = rf"(?:{_CLASS}|\\[-.*+?()\[\]{{}}|^$\\/]|\\d|[^\\.^$*+?()\[\]{{}}|])"
_REGEX_TOKEN = re.compile(rf"{_ATOM}{_QUANTIFIER}?|\||\((?!\?)|\){_QUANTIFIER}?")
_REGEX_ADVICE = (
    "use characters, classes such as [a-z], \\\\d, groups, | and * + ? {n}, ^ only at the start; "
    "for . write [^x], for \\\\s write [ ], leave $ out"
)


def _split_timestamp(pattern: str) -> list[str] | None:
    tokens = _TIMESTAMP_TOKEN.findall(pattern)
    return tokens if "".join(tokens) == pattern else None


def timestamp_problem(pattern: str) -> str | None:
    """What keeps a Java timestamp pattern from being portable."""
    tokens = _split_timestamp(pattern)
    if tokens is None:
        return "write the format with yyyy MM dd HH mm ss and - / : . , or space between them"
    letters = [token for token in tokens if token.isalpha()]
    if len(set(letters)) != len(letters):
        return "name each part of the format once"
    return None


def parse_problem(pattern: str) -> str | None:
    """What keeps a Java pattern from parsing alike: as `timestamp_problem`, and the year, month and day must
    be there.
    """
    problem = timestamp_problem(pattern)
    if problem is None and not all(part in pattern for part in ("yyyy", "MM", "dd")):
        return "name year, month and day (yyyy, MM, dd) in the format"
    return problem


def strftime_format(pattern: str) -> str:
    """A portable Java pattern in the letters of strftime."""
    return "".join(_TIMESTAMP_PARTS.get(token, (token,))[0] for token in _split_timestamp(pattern) or [])


def timestamp_regex(pattern: str) -> str:
    """A regular expression for exactly the texts of a pattern's shape; strptime alone takes '2017-1-2' and
    leading spaces.
    """
    parts = _split_timestamp(pattern) or []
    return "".join(_TIMESTAMP_PARTS[token][1] if token in _TIMESTAMP_PARTS else re.escape(token) for token in parts)


def regex_problem(pattern: str) -> str | None:
    """What keeps a regular expression from matching alike on Spark (Java) and DuckDB (RE2)."""
    rest = pattern.removeprefix("^").removesuffix(r"\z")
    position = 0
    while position < len(rest):
        token = _REGEX_TOKEN.match(rest, position)
        if token is None:
            return f"Java and RE2 read {rest[position:]!r} differently; {_REGEX_ADVICE}"
        position = token.end()
    try:
        compiled = re.compile(pattern.replace(r"\z", r"\Z"))  # \z is Java's and RE2's word for the very end
    except re.error as error:
        return f"the regular expression is broken: {error}"
    return (
        "match at least one character; both engines walk past an empty match differently"
        if compiled.match("")
        else None
    )


def like_problem(pattern: str) -> str | None:
    """What keeps a LIKE pattern from being portable: Spark has an escape character by default, DuckDB has
    none.
    """
    return (
        "leave out the backslash; to find % or _ itself use contains, startswith or endswith"
        if "\\" in pattern
        else None
    )


def replacement_problem(text: str) -> str | None:
    """What keeps a regexp_replace replacement from being portable: $1 and \\1 name groups in one engine
    each.
    """
    return (
        "a replacement must hold no $ and no backslash; take groups out with regexp_extract"
        if set("$\\") & set(text)
        else None
    )


def quoted(text: str) -> str:
    """A DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"
