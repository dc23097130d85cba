"""A grant: IAM actions on named resources, and what they are for. Which verb has which is in `verbs`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PREFIX = "${StackPrefix}-${Environment}"
"""What every name of a target begins with."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of IAM: an operator, the key that it looks at, and the values of which one must hold."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions on resources, under conditions. `name` becomes the statement's Sid; resources hold `${names}`."""

    name: str
    purpose: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        """Order says nothing in IAM, and would only make texts differ."""
        object.__setattr__(self, "actions", tuple(sorted(set(self.actions))))


def arn(service: str, resource: str) -> str:
    """The ARN of something in the target's account and region."""
    return f"arn:${{Partition}}:{service}:${{Region}}:${{AccountId}}:{resource}"


def bucket(output: str) -> str:
    """The ARN of a bucket that an output of the foundation names, such as `LakeBucketName`."""
    return f"arn:${{Partition}}:s3:::${{{output}}}"


def objects(output: str, *prefixes: str) -> tuple[str, ...]:
    """The ARNs of the objects of a bucket below prefixes."""
    return tuple(f"{bucket(output)}/{prefix}" for prefix in prefixes)


def together(*grants: Grant | Sequence[Grant]) -> tuple[Grant, ...]:
    """Grants and groups of grants as one group, each grant once; those of one name become one, on all their resources.

    Raises ValueError where grants of one name differ in more than their resources.
    """
    found: dict[str, Grant] = {}
    for grant in _each(grants):
        known = found.setdefault(grant.name, grant)
        if (known.actions, known.conditions) != (grant.actions, grant.conditions):
            raise ValueError(f"two grants are called {grant.name}")
        resources = tuple(dict.fromkeys((*known.resources, *grant.resources)))
        found[grant.name] = Grant(known.name, known.purpose, known.actions, resources, known.conditions)
    return tuple(found.values())


def _each(grants: Iterable[Grant | Sequence[Grant]]) -> Iterable[Grant]:
    for grant in grants:
        yield from (grant,) if isinstance(grant, Grant) else grant
