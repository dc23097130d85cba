"""Reads CloudFormation templates as far as money needs: parameters, conditions, and the intrinsic functions.

What only a deployment can know (an ARN, another stack's export) stays a text in pointed brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, cast

from salesperf_cli.errors import InputError

_GONE = object()
_IN_A_TEXT = re.compile(r"\$\{([^}!]+)\}")
_PATTERNS = ("*.yaml", "*.yml", "*.json", "*.template")


class Resource:
    """One resource of a template, with its properties resolved when they are asked for."""

    def __init__(self, name: str, stack: str, body: Mapping[str, Any], resolver: _Resolver) -> None:
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
        return None if resolved is _GONE else resolved

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


@dataclass(frozen=True, slots=True)
class Template:
    """A template as written: the name of its stack and its content."""

    stack: str
    body: Mapping[str, Any]


def parse_template(text: str, stack: str, where: str = "") -> Template:
    """A template from its text, YAML or JSON. Raises InputError when it is none."""
    import yaml

    try:
        body = yaml.load(text, Loader=_loader())  # noqa: S506  (a safe loader, with CloudFormation's tags)
    except yaml.YAMLError as fault:
        raise InputError(
            f"{where or stack} is not a template", why=" ".join(str(fault).split()), remedy="correct that place"
        ) from fault
    if not isinstance(body, Mapping) or not isinstance(body.get("Resources"), Mapping):
        raise InputError(
            f"{where or stack} is not a template", why="it has no Resources", remedy="name a CloudFormation template"
        )
    return Template(stack, cast("Mapping[str, Any]", body))


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
    import json

    try:
        content = json.loads(path.read_text("utf-8"))
        if isinstance(content, list):
            return {str(each["ParameterKey"]): str(each["ParameterValue"]) for each in content}
        values = content.get("Parameters", content)
        return {str(key): str(value) for key, value in values.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as fault:
        raise InputError(
            f"{path} holds no parameters",
            why=f"{type(fault).__name__}: {fault}",
            remedy='write [{"ParameterKey": …, "ParameterValue": …}]',
        ) from fault


def resources(templates: Iterable[Template], parameters: Mapping[str, str], region: str) -> Sequence[Resource]:
    """Every resource whose condition holds, in the order of the templates."""
    found = []
    for template in templates:
        resolver = _Resolver(template.body, parameters, region)
        for name, body in template.body["Resources"].items():
            if isinstance(body, Mapping) and resolver.holds(body.get("Condition")):
                found.append(Resource(str(name), template.stack, body, resolver))
    return found


class _Resolver:
    """Settles the intrinsic functions of one template."""

    def __init__(self, body: Mapping[str, Any], parameters: Mapping[str, str], region: str) -> None:
        declared: Mapping[str, Any] = body.get("Parameters") or {}
        self._conditions: Mapping[str, Any] = body.get("Conditions") or {}
        self._mappings: Mapping[str, Any] = body.get("Mappings") or {}
        self._settled: dict[str, bool] = {}
        self._values: dict[str, Any] = {
            "AWS::Region": region,
            "AWS::Partition": "aws",
            "AWS::AccountId": "<account>",
            "AWS::StackName": "<stack>",
            "AWS::StackId": "<stack id>",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NotificationARNs": [],
            "AWS::NoValue": _GONE,
        }
        for name, parameter in declared.items():
            self._values[name] = parameters.get(name, parameter.get("Default", f"<{name}>"))

    def holds(self, condition: object) -> bool:
        """Whether a condition, by name or written out, is true; none is true."""
        if condition is None:
            return True
        if isinstance(condition, str):
            if condition not in self._settled:
                self._settled[condition] = self.holds(self._conditions.get(condition))
            return self._settled[condition]
        assert isinstance(condition, Mapping)
        ((name, argument),) = condition.items()
        match name:
            case "Condition":
                return self.holds(argument)
            case "Fn::Not":
                return not self.holds(argument[0])
            case "Fn::And":
                return all(self.holds(each) for each in argument)
            case "Fn::Or":
                return any(self.holds(each) for each in argument)
            case "Fn::Equals":
                left, right = (str(self.value(each)) for each in argument)
                return left == right
        return False

    def top(self, value: Any) -> Any:
        """A value whose outermost function is settled; what lies inside stays as written."""
        while isinstance(value, Mapping) and "Fn::If" in value:
            condition, yes, no = value["Fn::If"]
            value = yes if self.holds(condition) else no
        return value

    def value(self, value: Any) -> Any:
        """A value with every function in it settled."""
        value = self.top(value)
        if isinstance(value, list):
            return [item for item in map(self.value, value) if item is not _GONE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._function(str(name), argument)
        settled = {key: self.value(item) for key, item in value.items()}
        return {key: item for key, item in settled.items() if item is not _GONE}

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self._values.get(argument, f"<{argument}>")
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
                return self._mappings.get(table, {}).get(str(first), {}).get(str(second))
            case "Fn::GetAtt":
                return f"<{argument if isinstance(argument, str) else '.'.join(map(str, argument))}>"
        return f"<{name.removeprefix('Fn::')} {self.value(argument)}>"

    def _sub(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])

        def put(found: re.Match[str]) -> str:
            name = found[1].strip()
            return str(self.value(own[name]) if name in own else self._values.get(name, f"<{name}>"))

        return _IN_A_TEXT.sub(put, str(text)).replace("${!", "${")


def _at(items: Any, index: Any) -> Any:
    try:
        return items[int(index)]
    except (LookupError, TypeError, ValueError):
        return f"<Select {index}>"


def _loader() -> Any:
    """PyYAML's safe loader, in C where it is there, taught the short forms of CloudFormation's functions."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # untyped base
        pass

    def function(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
        if isinstance(node, yaml.ScalarNode):
            argument = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            argument = loader.construct_sequence(node, deep=True)
        else:
            argument = loader.construct_mapping(node, deep=True)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": argument}

    Loader.add_multi_constructor("!", function)
    return Loader
