"""The values of our templates' parameters: checked before anything is made, and completed by defaults.

CloudFormation checks the same, but only when a stack's turn comes: by then others would have been made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from salesperf_cli.core.deploy.templates import Template
from salesperf_cli.core.templates.parameters import as_text
from salesperf_cli.errors import InputError

UPLOADED = frozenset({"ScriptKey", "WheelKey", "FunctionKey", "PipelineKey"})
"""Parameters that take the keys of what a deployment packages: never written into a file."""


def refuse_strangers(values: Mapping[str, str], templates: Iterable[Template], file: Path) -> None:
    """Raise InputError for a name that no template declares, or whose value a deployment fills in itself."""
    from difflib import get_close_matches

    declared = {name for template in templates for name in template.parameters}
    for name in values:
        if name in UPLOADED:
            raise InputError(
                f"{file} sets {name}",
                why="deploy fills it in, with the key of what it uploads",
                remedy="remove it from the file",
            )
        if name not in declared:
            near = get_close_matches(name, declared, n=1)
            raise InputError(
                f"{file} sets {name}, which no template knows",
                why="infra/README.md lists the parameters",
                remedy=f"did you mean {near[0]}?" if near else "remove it from the file",
            )


def refuse_other_names(values: Mapping[str, str], own: Mapping[str, str], file: Path) -> None:
    """Raise InputError when a file of the target's own names another target: the stacks would be called otherwise."""
    for name, value in own.items():
        if values.get(name, value) != value:
            raise InputError(
                f"{file} belongs to another target: {name} is {values[name]} there, {value} here",
                why="names of stacks and resources begin with the target's own",
                remedy=f"correct {name} in the file, or leave it out",
            )


def settled(template: Template, values: Mapping[str, str]) -> Mapping[str, str]:
    """A value for each of a template's parameters. Raises InputError where one is missing or not allowed.

    Defaults are written out: what is left out of an update would otherwise depend on what the stack had before.
    """
    found: dict[str, str] = {}
    for name, declared in template.parameters.items():
        value = values.get(name, declared.get("Default"))
        if value is None:
            raise InputError(
                f"{template.name}.yaml needs a value for {name}",
                why="it has no default",
                remedy="write it into the target's parameter file",
            )
        found[name] = as_text(value)
        if wrong := _wrong(found[name], declared):
            raise InputError(
                f"{name} cannot be {found[name]!r}",
                why=f"{template.name}.yaml wants {wrong}",
                remedy="correct it in the target's parameter file, or the target's name in salesperf.toml",
            )
    return found


def _wrong(value: str, declared: Mapping[str, Any]) -> str:
    """What a parameter wants, when a value is not that; else nothing."""
    allowed = [as_text(each) for each in declared.get("AllowedValues", ())]
    if allowed and value not in allowed:
        return "one of " + ", ".join(each or "nothing" for each in allowed)
    pattern = declared.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        return f"what matches {pattern}"
    return _wrong_number(value, declared) if declared.get("Type") == "Number" else ""


def _wrong_number(value: str, declared: Mapping[str, Any]) -> str:
    try:
        number = float(value)
    except ValueError:
        return "a number"
    least, most = declared.get("MinValue"), declared.get("MaxValue")
    if least is not None and number < float(least):
        return f"at least {least}"
    return f"at most {most}" if most is not None and number > float(most) else ""
