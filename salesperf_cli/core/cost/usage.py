"""Usage: the figures with values, in three cases, from defaults and a usage file; and how such a file is written."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any

from salesperf_cli.core.cost.figures import FIGURES, Figure
from salesperf_cli.core.cost.money import exact, plain_number
from salesperf_cli.errors import InputError

USAGE_FILE = "usage.yaml"
"""The name of a project's own usage file, in the project folder."""


class Case(StrEnum):
    """Which of a figure's three values."""

    LOW = "low"
    EXPECTED = "expected"
    HIGH = "high"


Triple = tuple[Decimal, Decimal, Decimal]
"""A figure's values, low, expected and high."""


class FigureMissing(LookupError):  # noqa: N818  (a signal between metering and its caller, no error)
    """A figure that only the user can know, and has not given."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Figures of one case. `own` holds those that a resource has for itself."""

    values: Mapping[str, Decimal]
    own: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Decimal:
        if name not in self.values:
            raise FigureMissing(name)
        return self.values[name]

    def get(self, name: str) -> Decimal | None:
        """A figure, None where only the user can know it and has not given it."""
        try:
            return self[name]
        except FigureMissing:
            return None

    def of(self, resource: str) -> Usage:
        """The figures as they are for one resource."""
        if resource not in self.own:
            return self
        # Chained and not copied: who watches which figures are looked at still sees it.
        return replace(self, values=ChainMap(dict(self.own[resource]), self.values))  # type: ignore[arg-type]  # only read

    def with_(self, changes: Mapping[str, Decimal]) -> Usage:
        """The same with other values."""
        return replace(self, values={**self.values, **changes})


@dataclass(frozen=True, slots=True)
class UsageRange:
    """Usage in three cases. `origin` says in words where the figures are from; `given` names those not default,
    `sources` says of single ones what they were made from, and `noted` names those of which a file's comment says so.
    """

    low: Usage
    expected: Usage
    high: Usage
    origin: str = "defaults"
    given: frozenset[str] = frozenset()
    sources: Mapping[str, str] = field(default_factory=dict)
    noted: frozenset[str] = frozenset()

    def source(self, name: str) -> str:
        """Where a figure is from, in words."""
        if name not in self.given:
            return f"default; {FIGURES[name].source}"
        if name in self.noted:
            return f"{self.sources[name]}, as {self.origin} says"
        return self.sources.get(name, "") or self.origin

    def measured(self, figures: Mapping[str, tuple[Triple | None, str]]) -> UsageRange:
        """The same with figures as measured, each with its source; of one without values only the source is new."""
        values = {name: triple for name, (triple, _) in figures.items() if triple is not None}
        sources = {
            name: source if name in values else f"{FIGURES[name].source}; {source}"
            for name, (_, source) in figures.items()
        }
        low, expected, high = (
            self.case(case).with_({name: triple[at] for name, triple in values.items()}) for at, case in enumerate(Case)
        )
        return replace(
            self,
            low=low,
            expected=expected,
            high=high,
            given=self.given | values.keys(),
            sources={**self.sources, **sources},
            noted=self.noted - figures.keys(),
        )

    def case(self, case: Case) -> Usage:
        """The usage of a case."""
        found: Usage = getattr(self, case.value)
        return found

    def with_(self, changes: Mapping[str, Decimal]) -> UsageRange:
        """The same in all cases with other values."""
        return replace(
            self,
            low=self.low.with_(changes),
            expected=self.expected.with_(changes),
            high=self.high.with_(changes),
            given=self.given | changes.keys(),
            sources={**self.sources, **dict.fromkeys(changes, "as typed")},
            noted=self.noted - changes.keys(),
        )


def default_usage() -> UsageRange:
    """The documented defaults."""
    return _ranged({}, {}, "defaults")


def read_usage(file: Path) -> UsageRange:
    """Defaults with what a usage file says over them. Raises InputError for what is no figure or no number."""
    import yaml

    try:
        text = file.read_text("utf-8")
        content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise InputError(
            f"{file} cannot be read",
            why=" ".join(str(fault).split()),
            remedy="salesperf cost usage > usage.yaml writes one",
        ) from fault
    if not isinstance(content, Mapping | None):
        raise InputError(
            f"{file} is no usage file", why="it is not a list of names and values", remedy="salesperf cost usage"
        )
    entries = dict(content or {})
    own_entries = entries.pop("resources", None) or {}
    given = _checked(entries, str(file))
    own = {str(name): _checked(figures, f"{file}, resources.{name}") for name, figures in own_entries.items()}
    sources = {name: source for name, source in _noted_sources(text).items() if name in given}
    return replace(_ranged(given, own, str(file)), sources=sources, noted=frozenset(sources))


def _noted_sources(text: str) -> Mapping[str, str]:
    """What the comments say of where figures are from, as `usage_file` writes them."""
    found, before = {}, ""
    for line in text.splitlines():
        name = line.partition(":")[0]
        if name in FIGURES and before.startswith(head := _comment(FIGURES[name], "")):
            found[name] = before.removeprefix(head).removesuffix(".")
        before = line
    return found


def _ranged(given: Mapping[str, Triple], own: Mapping[str, Mapping[str, Triple]], origin: str) -> UsageRange:
    def of(index: int) -> Usage:
        values = {
            name: default
            for name, figure in FIGURES.items()
            if (default := (figure.low, figure.expected, figure.high)[index]) is not None
        }
        values |= {name: triple[index] for name, triple in given.items()}
        return Usage(values, {name: {k: v[index] for k, v in each.items()} for name, each in own.items()})

    return UsageRange(of(0), of(1), of(2), origin, frozenset(given))


def _checked(entries: Mapping[Any, Any], where: str) -> dict[str, Triple]:
    found = {}
    for key, value in entries.items():
        name = str(key)
        known_figure(name, where)
        cases = value if isinstance(value, Mapping) else {case.value: value for case in Case}
        if set(cases) - set(Case) or "expected" not in cases:
            raise InputError(
                f"{where}: {name} is neither a number nor {{low, expected, high}}",
                why=f"it is {value!r}",
                remedy=f"write {name}: 100, or {name}: {{low: 50, expected: 100, high: 200}}",
            )
        low, expected, high = (_number(cases.get(case.value, cases["expected"]), name, where) for case in Case)
        if not low <= expected <= high:
            raise InputError(
                f"{where}: {name} is not in order",
                why=f"low {low}, expected {expected}, high {high}",
                remedy="low must be the least and high the greatest",
            )
        found[name] = (low, expected, high)
    return found


def known_figure(name: str, where: str) -> Figure:
    """The figure of that name. Raises InputError with the nearest one."""
    if name in FIGURES:
        return FIGURES[name]
    from difflib import get_close_matches

    near = get_close_matches(name, FIGURES, n=1)
    raise InputError(
        f"{where}: there is no figure {name!r}",
        why=f"the nearest is {near[0]!r}" if near else "",
        remedy="salesperf cost usage lists them all",
    )


def _number(value: Any, name: str, where: str) -> Decimal:
    number = _number_or_none(value)
    if number is None:
        raise InputError(
            f"{where}: {name} cannot be {value!r}",
            why="it is not a number of 0 or more",
            remedy=f"correct it; {FIGURES[name].meaning.lower().rstrip('.')}: {FIGURES[name].unit}",
        )
    return number


def _number_or_none(value: Any) -> Decimal | None:
    try:
        number = exact(str(value).replace("_", ""))
    except InvalidOperation:
        return None
    return None if isinstance(value, bool) or not number.is_finite() or number < 0 else number


def parse_quantity(text: str, name: str, option: str = "") -> Decimal:
    """A figure as typed: `1e6`, `1_000_000`, `90d`, `2y`. Raises InputError, which names the option."""
    unit = {"d": Decimal(1), "w": Decimal(7), "m": Decimal(30), "y": Decimal(365)}
    is_span, typed = name.endswith("_days"), text.strip()
    factor = unit.get(typed[-1:].lower()) if is_span else None
    number = _number_or_none(typed if factor is None else typed[:-1])
    if number is None:
        raise InputError(
            f"{option or name} cannot be {text!r}",
            why="it is not a span of time" if is_span else "it is not a number of 0 or more",
            remedy="write 90, 90d, 12w, 3m or 2y" if is_span else "write 10000, 1e4 or 10_000",
        )
    return number * (factor or 1)


def _comment(figure: Figure, source: str) -> str:
    return f"# {figure.meaning} {figure.unit}; {source}"


def usage_file(usage: UsageRange, sources: Mapping[str, str], head: Iterable[str] = ()) -> str:
    """A usage file with every figure, its meaning and the source of its value, ready to edit."""
    lines = [*(f"# {line}" for line in head)]
    group = ""
    for name, figure in FIGURES.items():
        if figure.group != group:
            group = figure.group
            lines += ["", f"# {group}"]
        lines.append(f"{_comment(figure, sources.get(name, figure.source))}.")
        if name not in usage.expected.values:
            lines.append(f"# {name}:")
            continue
        low, expected, high = (plain_number(usage.case(case)[name]).replace(",", "") for case in Case)
        same = low == expected == high
        lines.append(f"{name}: {expected}" if same else f"{name}: {{low: {low}, expected: {expected}, high: {high}}}")
    return "\n".join(lines) + "\n"
