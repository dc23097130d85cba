"""Anybody's CloudFormation templates as far as money needs them: found, and their resources with settled properties.

What only a deployment can know (an ARN, another stack's export) stays a text in pointed brackets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from salesperf_cli.core.templates import parameters, reading
from salesperf_cli.core.templates.resolving import NO_VALUE, Resolver
from salesperf_cli.errors import InputError

_PATTERNS = ("*.yaml", "*.yml", "*.json", "*.template")


class Template(reading.Template):
    """A template of anybody's."""

    @property
    def stack(self) -> str:
        """The name that its stack goes by in an estimate."""
        return self.name


class Resource:
    """One resource of a template, with its properties resolved when they are asked for."""

    def __init__(self, name: str, stack: str, body: Mapping[str, Any], resolver: _Shown) -> None:
        self.name = name
        self.stack = stack
        self.kind = str(body.get("Type", ""))
        self._properties = body.get("Properties") or {}
        self._resolver = resolver

    def value(self, *path: str) -> Any:
        """A property by its path, resolved; None where it is not set."""
        found: Any = self._properties
        for step in path:
            found = self._resolver.top(found)
            found = found.get(step) if isinstance(found, Mapping) else None
        resolved = self._resolver.value(found)
        return None if resolved == NO_VALUE else resolved

    def text(self, *path: str, default: str = "") -> str:
        """A property as text."""
        found = self.value(*path)
        return default if found is None else str(found)

    def number(self, *path: str, default: int = 0) -> Decimal:
        """A property as a number; the default where it is none."""
        try:
            return Decimal(str(self.value(*path)))
        except InvalidOperation:
            return Decimal(default)

    def flag(self, *path: str) -> bool:
        """Whether a property is true."""
        return str(self.value(*path)).lower() == "true"


def parse_template(text: str, stack: str, where: str = "") -> Template:
    """A template from its text, YAML or JSON. Raises InputError when it is none."""
    template = Template(stack, text, where)
    if not isinstance(template.body.get("Resources"), Mapping):
        raise reading.without_resources(where or stack)
    return template


def read_templates(path: Path) -> tuple[Template, ...]:
    """The template in a file, or all templates of a folder by name. Raises InputError when there is none."""
    files = [path] if path.is_file() else sorted({file for pattern in _PATTERNS for file in path.glob(pattern)})
    if not files:
        raise InputError(
            f"there is no template at {path}",
            why="it is a folder without templates" if path.is_dir() else "there is no such file or folder",
            remedy="name a CloudFormation template or a folder of them",
        )
    found = []
    for file in files:
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise InputError(f"{file} cannot be read", why=str(fault), remedy="check the path") from fault
        if path.is_file() or "Resources" in text:
            found.append(parse_template(text, file.stem, str(file)))
    return tuple(found)


def read_parameters(path: Path) -> Mapping[str, str]:
    """Parameter values from a file in CloudFormation's own form, or as one object. Raises InputError."""
    return parameters.read_parameters(path, _values)


def _values(content: Any) -> Mapping[str, str]:
    if isinstance(content, list):
        return parameters.entries(content)
    return {str(key): str(value) for key, value in content.get("Parameters", content).items()}


def resources(templates: Iterable[Template], given: Mapping[str, str], region: str) -> Sequence[Resource]:
    """Every resource whose condition holds, in the order of the templates, with the given parameters."""
    found = []
    for template in templates:
        resolver = _Shown(template, _known(template, given, region))
        found += [Resource(name, template.stack, body, resolver) for name, body in resolver.made().items()]
    return found


def _known(template: Template, given: Mapping[str, str], region: str) -> Mapping[str, Any]:
    """What the names in a template stand for: those of AWS, and its parameters."""
    declared = template.parameters.items()
    return {
        "AWS::Region": region,
        "AWS::Partition": "aws",
        "AWS::AccountId": "<account>",
        "AWS::StackName": "<stack>",
        "AWS::StackId": "<stack id>",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::NotificationARNs": [],
        "AWS::NoValue": NO_VALUE,
        **{name: given.get(name, parameter.get("Default", f"<{name}>")) for name, parameter in declared},
    }


class _Shown(Resolver):
    """Settles every function; what cannot be known becomes a text in pointed brackets."""

    def function(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self.known.get(argument, f"<{argument}>")
            case "Fn::Sub":
                return self._sub(argument)
            case "Fn::Join":
                glue, items = argument
                return str(glue).join(str(self.value(item)) for item in items)
            case "Fn::Select":
                index, items = argument
                return _at(self.value(items), self.value(index))
            case "Fn::Split":
                glue, text = argument
                return str(self.value(text)).split(str(glue))
            case "Fn::FindInMap":
                table, first, second = (self.value(each) for each in argument)
                return self.template.section("Mappings").get(table, {}).get(str(first), {}).get(str(second))
            case "Fn::GetAtt":
                return f"<{argument if isinstance(argument, str) else '.'.join(map(str, argument))}>"
        return f"<{name.removeprefix('Fn::')} {self.value(argument)}>"

    def _sub(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])
        return self.substituted(str(text), "<{}>".format, own).replace("${!", "${")


def _at(items: Any, index: Any) -> Any:
    try:
        return items[int(index)]
    except (LookupError, TypeError, ValueError):
        return f"<Select {index}>"
