"""CloudFormation templates as a deployment needs them: what they declare and import, and how two differ.

Intrinsic functions are kept in their long forms and not resolved: CloudFormation does that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from salesperf_cli.errors import InputError

ORDER = ("foundation", "batch", "stream", "serving", "observe")
"""The templates in the order in which their stacks are made; each imports only from those before it."""
_CAPABLE = ("foundation", "observe")
_IMPORTS = {
    "foundation": (),
    "batch": ("foundation",),
    "stream": ("foundation",),
    "serving": ("foundation",),
    "observe": ("foundation", "stream"),
}


@dataclass(frozen=True)
class Template:
    """A template of infra/ as written."""

    name: str
    text: str

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """The template with its intrinsic functions in long form."""
        return parse(self.text)

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """What it declares, by name."""
        found: Mapping[str, Mapping[str, Any]] = self.body.get("Parameters", {})
        return found

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What CloudFormation must be told that it may do: make roles and policies."""
        return ("CAPABILITY_IAM",) if self.name in _CAPABLE else ()


def imports_of(name: str, parameters: Mapping[str, str]) -> tuple[str, ...]:
    """The templates whose stacks must be there before that of template `name` with these parameters."""
    return tuple(each for each in _IMPORTS[name] if each != "stream" or parameters.get("WatchStream") != "false")


def load_template(folder: Path, name: str) -> Template:
    """A template of the folder `infra`."""
    return Template(name, (folder / f"{name}.yaml").read_text("utf-8"))


def chosen_templates(names: tuple[str, ...]) -> tuple[str, ...]:
    """The named templates (all when none is named) in the order of ORDER. Raises InputError for unknown names."""
    for name in names:
        if name not in ORDER:
            raise InputError(
                f"there is no template {name!r}",
                why=f"a target consists of {', '.join(ORDER)}",
                remedy="name one of them, or none for all",
            )
    return tuple(name for name in ORDER if not names or name in names)


def parse(text: str) -> Mapping[str, Any]:
    """A template (YAML or JSON) with `!Ref` and its kin in long form."""
    import yaml

    loader: Any = type("TemplateLoader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
    loader.add_multi_constructor("!", _intrinsic)
    body: Mapping[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader with tags of our own
    return body


def _intrinsic(loader: Any, suffix: str, node: Any) -> Mapping[str, Any]:
    import yaml

    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


@dataclass(frozen=True, slots=True)
class Difference:
    """A value of a resource that differs between two templates; None where one has none."""

    path: str
    before: str | None
    after: str | None


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Where two resources (as a template writes them) differ, a line a value."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    return tuple(
        Difference(path, old.get(path), new.get(path))
        for path in dict.fromkeys((*old, *new))
        if old.get(path) != new.get(path)
    )


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value and not _is_intrinsic(value):
        for key, each in value.items():
            yield from _leaves(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for at, each in enumerate(value):
            yield from _leaves(each, f"{path}[{at}]")
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, default=str)


def _is_intrinsic(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and (next(iter(value)).startswith("Fn::") or next(iter(value)) in ("Ref", "Condition"))
