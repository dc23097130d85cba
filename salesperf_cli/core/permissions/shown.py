"""The JSON shapes of `permissions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from salesperf_cli.core.permissions.grant import Grant
from salesperf_cli.core.permissions.place import Place
from salesperf_cli.core.permissions.policy import Part, parts
from salesperf_cli.core.permissions.verbs import VERBS, Verb


@dataclass(frozen=True, slots=True)
class VerbLine:
    """A verb and the IAM actions that it uses by itself."""

    verb: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerbList:
    """Every verb, as `permissions` without one shows them."""

    verbs: tuple[VerbLine, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A statement of a policy: what for, which actions, on which resources, under which conditions in words."""

    name: str
    purpose: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one policy of a verb allows. `parts` are the names of the verb's policies; `part` is the one shown."""

    verb: str
    part: str
    parts: tuple[str, ...]
    calls: tuple[Call, ...]


def verb_list() -> VerbList:
    """All verbs."""
    return VerbList(tuple(VerbLine(verb.name, verb.actions) for verb in VERBS.values()))


def permissions_of(verb: Verb, part: Part | None, types: Mapping[str, Sequence[str]], place: Place) -> Permissions:
    """What a part of a verb allows, names filled in as far as they are known; a verb without parts allows nothing."""
    names = tuple(each.name for each in parts(verb, types))
    if part is None:
        return Permissions(verb.name, "", names, ())
    return Permissions(verb.name, part.name, names, tuple(_call(grant, place) for grant in part.grants))


def _call(grant: Grant, place: Place) -> Call:
    return Call(
        name=grant.name,
        purpose=grant.purpose,
        actions=grant.actions,
        resources=tuple(map(place.filled, grant.resources)),
        conditions=tuple(f"{each.key} is {' or '.join(map(place.filled, each.values))}" for each in grant.conditions),
    )


def by_service(actions: Sequence[str]) -> str:
    """Actions in few words: `s3: GetObject, PutObject; glue: GetTable`."""
    found: dict[str, list[str]] = {}
    for action in actions:
        service, _, word = action.partition(":")
        found.setdefault(service, []).append(word)
    return "; ".join(f"{service}: {', '.join(words)}" for service, words in found.items())
