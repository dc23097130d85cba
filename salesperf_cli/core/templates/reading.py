"""CloudFormation templates as written: their text, and its content with intrinsic functions in long form.

Nothing is resolved here, and no file is looked for: which templates there are is known to those who ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from salesperf_cli.errors import InputError


@dataclass(frozen=True)
class Template:
    """A template as written; `where` is what errors call it, when that is not its name."""

    name: str
    text: str
    where: str = ""

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """The template with its intrinsic functions in long form. Raises InputError when it is none."""
        return parse(self.text, self.where or self.name)

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """What it declares, by name."""
        return self.section("Parameters")

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """What it makes, by name; conditions are not asked."""
        return self.section("Resources")

    def section(self, name: str) -> Mapping[str, Any]:
        """A part of the template; of no entries where it is left out."""
        found: Mapping[str, Any] = self.body.get(name) or {}
        return found


def parse(text: str, where: str) -> Mapping[str, Any]:
    """A template (YAML or JSON) with `!Ref` and its kin in long form. Raises InputError, in which it is `where`."""
    import yaml

    try:
        body = yaml.load(text, Loader=_loader())  # noqa: S506 - a safe loader with tags of our own
    except yaml.YAMLError as fault:
        raise InputError(
            f"{where} is not a template", why=" ".join(str(fault).split()), remedy="correct that place"
        ) from fault
    if not isinstance(body, Mapping):
        raise without_resources(where)
    return body


def without_resources(where: str) -> InputError:
    """The error for a text that can be read, but makes nothing."""
    return InputError(f"{where} is not a template", why="it has no Resources", remedy="name a CloudFormation template")


def is_function(value: object) -> bool:
    """Whether a value is an intrinsic function in long form."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    name = str(next(iter(value)))
    return name == "Ref" or name.startswith("Fn::")


@cache
def _loader() -> Any:
    """PyYAML's safe loader, in C where it is there, taught the short forms of CloudFormation's functions."""
    import yaml

    loader: Any = type("TemplateLoader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
    loader.add_multi_constructor("!", _long_form)
    return loader


def _long_form(loader: Any, suffix: str, node: Any) -> Mapping[str, Any]:
    import yaml

    if isinstance(node, yaml.ScalarNode):
        argument = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        argument = loader.construct_sequence(node, deep=True)
    else:
        argument = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(argument, str):
        argument = argument.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": argument}
