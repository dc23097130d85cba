"""What the `${names}` of grants become: ARNs and names of a deployed target, or the names themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_NAME = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Place:
    """Values by name; what has none stays as it is written."""

    values: Mapping[str, str]

    def filled(self, text: str) -> str:
        """A text with what is known put in."""
        return _NAME.sub(lambda found: self.values.get(found[1], found[0]), text)


PLACEHOLDERS = Place({"Partition": "aws"})
"""Nothing is known but the partition; the names are outputs of the stacks, and what those are made of."""


def target(prefix: str, environment: str, region: str, outputs: Mapping[str, str], *, identity: str = "") -> Place:
    """A target by its name and the outputs of its stacks, as far as they are there.

    `identity` is the ARN of who asks: it tells partition and account.
    """
    known = {
        "StackPrefix": prefix,
        "Environment": environment,
        "Region": region,
        "DatabasePrefix": f"{prefix.replace('-', '_')}_{environment}",
    }
    parts = identity.split(":")
    if len(parts) > 4:
        known |= {"Partition": parts[1], "AccountId": parts[4]}
    return Place({**PLACEHOLDERS.values, **known, **outputs})


def left_open(texts: Iterable[str]) -> tuple[str, ...]:
    """The names that stand in texts without a value, sorted."""
    return tuple(sorted({name for text in texts for name in _NAME.findall(text)}))
