"""What taking a target down deletes and what it keeps: the data go only with the foundation, and that only on request.

Data are deleted before the stack that names them, so that an interrupted removal finds them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesperf_cli.core.deploy.templates import ORDER, imports_of
from salesperf_cli.errors import InputError, RefusedError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Stacks
    from salesperf_cli.core.deploy.stacks import StackState

_COSTS = {
    "bucket": "billed by the GB and month of what is stored",
    "key": "billed by the month, used or not",
    "database": "free up to a million objects in the catalog",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that stays in the account: what it is, its name, and in words what keeping it costs."""

    kind: str
    name: str
    cost: str


@dataclass(frozen=True, slots=True)
class Removal:
    """The JSON shape of `destroy`: stacks, then databases and buckets in the order in which they go; and what stays.

    `foundation` goes last of all, where it goes.
    """

    stacks: tuple[str, ...]
    databases: tuple[str, ...]
    buckets: tuple[str, ...]
    foundation: str | None
    kept: tuple[Kept, ...]

    @property
    def deletes(self) -> bool:
        """Whether there is anything to delete."""
        return bool(self.stacks or self.foundation)


def plan_removal(stacks: Stacks, names: Mapping[str, str], chosen: tuple[str, ...], *, with_data: bool) -> Removal:
    """What goes of the `chosen` templates (none: of all); `names` are the stacks of the templates.

    Raises RefusedError when the foundation is named without its data, InputError when a stack that stays needs one
    that would go.
    """
    if "foundation" in chosen and not with_data:
        raise RefusedError(
            "the foundation is not taken down by itself",
            why="it holds all data, costs hardly anything by itself, and could not be made again over its buckets",
            remedy="leave it, or delete the data with it: salesperf destroy --delete-data",
        )
    states = {name: stacks.state(stack) for name, stack in names.items()}
    there = {name: state for name, state in states.items() if state is not None}
    going = [name for name in reversed(ORDER) if name in there and (not chosen or name in chosen)]
    if with_data and "foundation" not in going and chosen:
        raise InputError(
            "--delete-data goes with the foundation",
            why="the data are the foundation's, and every other stack needs it",
            remedy="salesperf destroy --delete-data, without naming templates",
        )
    if not with_data and "foundation" in going:
        going.remove("foundation")
    _refuse_needed(going, there, names)
    left = list(_left(there.get("foundation")))
    gone = {"bucket", "database"} if with_data else set()
    return Removal(
        stacks=tuple(names[name] for name in going if name != "foundation"),
        databases=tuple(each.name for each in left if with_data and each.kind == "database"),
        buckets=tuple(each.name for each in left if with_data and each.kind == "bucket"),
        foundation=names["foundation"] if "foundation" in going else None,
        kept=tuple(each for each in left if each.kind not in gone),
    )


def _refuse_needed(going: list[str], there: Mapping[str, StackState], names: Mapping[str, str]) -> None:
    for name, state in there.items():
        needed = [each for each in imports_of(name, state.parameters) if each in going]
        if name not in going and needed:
            raise InputError(
                f"{names[name]} needs {names[needed[0]]}",
                why="it imports names from it; AWS would refuse",
                remedy=f"salesperf destroy {' '.join([*reversed(going), name])}",
            )


def _left(foundation: StackState | None) -> Iterator[Kept]:
    """What a foundation retains, by its outputs. The bucket of access logs comes last: the others write to it."""
    outputs = (
        sorted(foundation.outputs.items(), key=lambda each: (each[0].startswith("Logs"), each)) if foundation else []
    )
    kinds = (("bucket", "BucketName"), ("key", "KeyArn"), ("database", "DatabaseName"))
    for kind, ending in kinds:
        yield from (Kept(kind, value, _COSTS[kind]) for key, value in outputs if key.endswith(ending))
