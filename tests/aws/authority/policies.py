"""Whether policies allow something, as IAM decides it: denied unless a statement allows it.

It knows what our policies use. Whatever else a policy holds is an error, never a no.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from tests.aws.authority.asked import Need

_OF_A_STATEMENT = {"Sid", "Effect", "Action", "Resource", "Condition"}


def allows(policies: Sequence[Mapping[str, Any]], need: Need) -> bool:
    """Whether a statement of the policies allows what is needed."""
    return any(_applies(each, need) for policy in policies for each in policy["Statement"])


def _applies(statement: Mapping[str, Any], need: Need) -> bool:
    assert set(statement) <= _OF_A_STATEMENT and statement["Effect"] == "Allow", f"not known here: {statement}"
    return (
        any(_pattern(each.lower()).fullmatch(need.action.lower()) for each in several(statement["Action"]))
        and any(_pattern(each).fullmatch(need.resource) for each in several(statement["Resource"]))
        and all(
            _holds(operator, need.context.get(key), several(values))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _holds(operator: str, found: str | None, values: Sequence[str]) -> bool:
    """Whether a condition holds; a key that the request does not give fails it."""
    if operator not in ("StringEquals", "StringLike", "ForAnyValue:StringEquals"):
        raise AssertionError(f"the condition operator {operator} is not known here")
    if found is None:
        return False
    if operator == "StringLike":
        return any(_pattern(each).fullmatch(found) for each in values)
    return found in values


def resources_of(statement: Mapping[str, Any], need: Need) -> list[str]:
    """The resources of a statement that are what is needed."""
    return [each for each in several(statement["Resource"]) if _pattern(each).fullmatch(need.resource)]


def several(value: str | Sequence[str]) -> Sequence[str]:
    """IAM writes one value without brackets."""
    return [value] if isinstance(value, str) else value


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    """IAM's wildcards: * is any text, ? any character, colons and slashes among them."""
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in text), re.DOTALL)
