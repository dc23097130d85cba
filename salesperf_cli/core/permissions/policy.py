"""IAM policy documents from grants: one statement a grant, names filled in, the same text every time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesperf_cli.core.permissions.grant import Grant
from salesperf_cli.core.permissions.place import Place
from salesperf_cli.core.permissions.resource_types import Rule, rules_of
from salesperf_cli.core.permissions.verbs import Verb
from salesperf_cli.errors import InputError

OWN = "calls"
"""The part of a verb's permissions that salesperf itself uses; the others are named like templates."""

LONGEST = 6_144
"""Characters of a managed policy without white space (IAM User Guide, IAM and STS quotas)."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is attached as one policy: by name, its grants."""

    name: str
    grants: tuple[Grant, ...]


def parts(verb: Verb, types: Mapping[str, Sequence[str]]) -> tuple[Part, ...]:
    """The policies of a verb: what it calls itself, then what CloudFormation does for it, a template each.

    `types` are the resource types of each template, in order.
    """
    own = (Part(OWN, verb.grants),) if verb.grants else ()
    if not verb.acts_through_stacks:
        return own
    made = (Part(name, stack_grants(tuple(found), makes=verb.makes)) for name, found in types.items())
    return (*own, *(part for part in made if part.grants))


def find_part(verb: Verb, name: str, types: Mapping[str, Sequence[str]]) -> Part:
    """The part of a verb that becomes a policy. Raises InputError where there is none, or several and none is named."""
    found = parts(verb, types)
    if not found:
        raise InputError(
            f"`{verb.name}` needs no policy", why="it asks AWS nothing, whatever the target", remedy="just run it"
        )
    for part in found:
        if part.name == name or (not name and len(found) == 1):
            return part
    names = ", ".join(part.name for part in found)
    if name:
        why = f"its parts are {names}"
        raise InputError(f"`{verb.name}` has no part {name!r}", why=why, remedy=f"salesperf permissions {verb.name}")
    raise InputError(
        f"`{verb.name}` takes {len(found)} policies",
        why=f"one for what it calls itself, one a template for what CloudFormation does in the caller's name: {names}",
        remedy=f"name one: salesperf permissions {verb.name} {OWN} --policy",
    )


def template_types(folder: Path) -> dict[str, tuple[str, ...]]:
    """The resource types of each template of the folder `infra`."""
    from salesperf_cli.core.deploy.templates import ORDER, load_template

    return {
        name: tuple(dict.fromkeys(str(each["Type"]) for each in load_template(folder, name).resources.values()))
        for name in ORDER
    }


def stack_grants(types: tuple[str, ...], *, makes: bool) -> tuple[Grant, ...]:
    """What CloudFormation does in the caller's name for resource types: makes, changes and removes, or removes alone.

    Rules of one name become one statement, on the resources of all of them.
    """
    found: dict[str, list[tuple[str, Rule]]] = {}
    for kind, rule in rules_of(types):
        if rule.actions(makes=makes):
            found.setdefault(rule.name, []).append((kind, rule))
    return tuple(_grant(name, rules, makes=makes) for name, rules in found.items())


def _grant(name: str, rules: Sequence[tuple[str, Rule]], *, makes: bool) -> Grant:
    kinds = ", ".join(dict.fromkeys(kind for kind, _ in rules))
    return Grant(
        name,
        f"CloudFormation {'makes and removes' if makes else 'removes'} {kinds}.",
        tuple(action for _, rule in rules for action in rule.actions(makes=makes)),
        tuple(dict.fromkeys(resource for _, rule in rules for resource in rule.resources)),
        rules[0][1].conditions,
    )


def document(grants: Iterable[Grant], place: Place) -> dict[str, Any]:
    """The IAM policy document of grants."""
    return {"Version": "2012-10-17", "Statement": [_statement(grant, place) for grant in grants]}


def length(policy: Mapping[str, Any]) -> int:
    """How long IAM takes a policy to be."""
    import json

    return len("".join(json.dumps(policy, separators=(",", ":")).split()))


def _statement(grant: Grant, place: Place) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": grant.name,
        "Effect": "Allow",
        "Action": _one_or_more(grant.actions),
        "Resource": _one_or_more([place.filled(each) for each in grant.resources]),
    }
    conditions: dict[str, dict[str, Any]] = {}
    for each in grant.conditions:
        values = [place.filled(value) for value in each.values]
        conditions.setdefault(each.operator, {})[place.filled(each.key)] = _one_or_more(values)
    return statement | ({"Condition": conditions} if conditions else {})


def _one_or_more(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
