"""How stacks are told: what a deployment would change, what happens meanwhile, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesperf_cli.output.forms import Column, Fields, Line, Table
from salesperf_cli.output.text import cut

if TYPE_CHECKING:
    from salesperf_cli.core.deploy.plan import DeployPlan, StackPlan
    from salesperf_cli.core.deploy.removal import Removal
    from salesperf_cli.core.deploy.stacks import PropertyChange, ResourceChange, StackEvent
    from salesperf_cli.environment import Environment

_MARKS = {"add": "+", "modify": "~", "remove": "-"}
_WIDEST = 70
_CONTEXT = 12


@dataclass(frozen=True, slots=True)
class PlannedStack:
    """One stack in the JSON shape of `deploy --dry-run`."""

    stack: str
    kind: str
    changes: tuple[ResourceChange, ...]
    parameters: Mapping[str, str]
    drift: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class DeployDocument:
    """The JSON shape of `deploy --dry-run`."""

    stacks: tuple[PlannedStack, ...]
    packages: tuple[str, ...]


def plan_document(plan: DeployPlan) -> DeployDocument:
    """The plan as data."""
    return DeployDocument(
        tuple(PlannedStack(each.name, each.kind, each.changes, each.parameters, each.drift) for each in plan.stacks),
        tuple(package.key for package in plan.packages),
    )


def plan_view(document: DeployDocument) -> Iterable[Table]:
    """The stacks, a line each: what happens in each was told before."""
    columns = (Column("Stack"), Column("Is"), Column("New"), Column("Changed"), Column("Gone"), Column("Drift"))
    yield Table(columns, [_row(stack) for stack in document.stacks])


def _row(stack: PlannedStack) -> tuple[object, ...]:
    counts = [sum(change.action == action for change in stack.changes) or "" for action in _MARKS]
    words = {"create": "new", "later": "new", "update": "changed", "unchanged": "as it should be"}
    drift = "unknown" if stack.drift is None else len(stack.drift) or ""
    return (stack.stack, words[stack.kind], *counts, drift)


def outcome_view(outputs: Mapping[str, Mapping[str, str]]) -> Iterable[Fields]:
    """Every stack's outputs."""
    for template, values in outputs.items():
        yield Fields(tuple(values.items()), title=template)


def removal_view(removal: Removal) -> Iterable[Table | Line]:
    """What goes, and what stays with what that costs."""
    gone = [("stack", name) for name in removal.stacks]
    gone += [("database", name) for name in removal.databases] + [("bucket", name) for name in removal.buckets]
    gone += [("stack", removal.foundation)] if removal.foundation else []
    if gone:
        yield Table((Column("Goes"), Column("Name")), gone)
    for cost in dict.fromkeys(each.cost for each in removal.kept):
        same = [each for each in removal.kept if each.cost == cost]
        plural, verb = ("", "is") if len(same) == 1 else ("s", "are")
        yield Line(f"{len(same)} {same[0].kind}{plural} {verb} kept, {cost}:")
        yield from (Line(f"- {each.name}") for each in same)


def tell_plan(world: Environment, plan: DeployPlan) -> None:
    """What would change, value by value, and in the end what would be lost."""
    for stack in plan.stacks:
        _tell_stack(world, stack)
    if not plan.changes:
        world.sink.step("Everything is as it should be, nothing to change", mark="·")
    for change in plan.destroyed:
        world.sink.warn(f"{change.name} ({change.type}) {change.fate}")


def _tell_stack(world: Environment, stack: StackPlan) -> None:
    say = world.sink.say
    if stack.kind == "unchanged" and not stack.drift:
        return
    say(f"{stack.name}: {_summary(stack)}")
    if stack.drift is None:
        say("  whether it was changed by other means cannot be told here")
    for each in stack.drift or ():
        world.sink.warn(f"{stack.name}: {each} by other means")
    for value in stack.values:
        for line in _told(value):
            say(f"  {line}")
    for line in _resource_lines(stack.changes if stack.kind == "update" else ()):
        say(f"  {line}")


def _resource_lines(changes: tuple[ResourceChange, ...]) -> Iterator[str]:
    for change in changes:
        if not change.is_of_tags:
            yield f"{_MARKS[change.action]} {change.name}  {change.type}"
            yield from (f"    {line}" for changed in change.properties for line in _told(changed))
    if tagged := sum(change.is_of_tags for change in changes):
        yield f"~ tags of {tagged} resource{'s' * (tagged != 1)}"


def _summary(stack: StackPlan) -> str:
    if stack.kind == "unchanged":
        return "as it should be, but for what others did"
    if stack.kind == "later":
        first = ", in place of one that failed" if stack.remove_first else ""
        return f"new, {len(stack.changes)} to add{first} (told from the template)"
    counts = [(sum(c.action == action for c in stack.changes), word) for action, word in _WORDS.items()]
    return ("new, " if stack.kind == "create" else "") + ", ".join(f"{count} {word}" for count, word in counts if count)


_WORDS = {"add": "to add", "modify": "to change", "remove": "to delete"}


def _told(changed: PropertyChange) -> tuple[str, ...]:
    """A value before and after: on one line where that fits, else on three."""
    reason = {"no": "", "maybe": " (may need a new resource)", "yes": " (needs a new resource)"}[changed.replaces]
    if changed.before is None and changed.after is None:
        return (changed.path + reason,)
    before, after = _shortened(changed.before or "nothing", changed.after or "nothing")
    line = f"{changed.path}: {before} → {after}{reason}"
    return (line,) if len(line) <= _WIDEST else (changed.path + reason, f"  {before}", f"→ {after}")


def _shortened(before: str, after: str) -> tuple[str, str]:
    """Two values cut to a line each, around the place where they begin to differ."""
    pairs = enumerate(zip(before, after, strict=False))
    differs = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    same = max(differs - _CONTEXT, 0)
    if max(len(before), len(after)) > _WIDEST and same:
        before, after = f"…{before[same:]}", f"…{after[same:]}"
    return cut(before, _WIDEST), cut(after, _WIDEST)


class StackTalk:
    """Tells what happens to stacks, a line a resource, on stderr."""

    def __init__(self, world: Environment) -> None:
        self._sink = world.sink

    def uploaded(self, key: str, size: int, *, new: bool) -> None:
        """A package is in the artifacts bucket."""
        if new:
            self._sink.step(f"uploaded {key}", f"{size:,} bytes")

    def begins(self, stack: str, doing: str) -> None:
        """CloudFormation begins with a stack."""
        self._sink.say(f"{doing} {stack}")
        self._sink.busy(f"{doing} {stack}")

    def happened(self, stack: str, event: StackEvent) -> None:
        """Something happened to a resource: told at its end, and where it fails."""
        if event.is_of_stack:
            return
        if event.failed:
            self._sink.warn(f"{event.resource} {event.status}: {event.reason}")
        elif event.status.endswith("_COMPLETE"):
            word = event.status.removesuffix("_COMPLETE").lower()
            self._sink.say(f"  {event.at:%H:%M:%S}  {word:<8} {event.resource}  {event.type}")

    def ended(self, stack: str, status: str) -> None:
        """A stack is done."""
        self._sink.step(stack, status)

    def left(self, stack: str) -> None:
        """The following was interrupted; CloudFormation goes on."""
        self._sink.warn(f"AWS goes on with {stack} without this terminal")
        self._sink.next_steps(["salesperf status"])
