"""A template with given parameters, as far as they decide: which resources are made, and with which values.

What only CloudFormation knows (an ARN, another stack's export) stays as it is written. core/cost/template.py works out
more, for money; here two templates must stay comparable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from salesperf_cli.core.deploy.templates import Template


def made_resources(template: Template, parameters: Mapping[str, str]) -> Mapping[str, str]:
    """The resources that would be there, by name, with their types."""
    conditions: Mapping[str, Any] = template.body.get("Conditions", {})
    return {
        name: str(resource.get("Type", ""))
        for name, resource in template.body["Resources"].items()
        if "Condition" not in resource or _holds({"Condition": resource["Condition"]}, conditions, parameters)
    }


def _holds(node: Mapping[str, Any], conditions: Mapping[str, Any], parameters: Mapping[str, str]) -> bool:
    ((function, argument),) = node.items()
    match function:
        case "Condition":
            return _holds(conditions[argument], conditions, parameters)
        case "Fn::Equals":
            first, second = (_value(each, parameters) for each in argument)
            return first == second
        case "Fn::Not":
            return not _holds(argument[0], conditions, parameters)
        case "Fn::And":
            return all(_holds(each, conditions, parameters) for each in argument)
        case "Fn::Or":
            return any(_holds(each, conditions, parameters) for each in argument)
    raise ValueError(f"no condition that salesperf understands: {function}")


def filled(template: Template, resource: Mapping[str, Any], parameters: Mapping[str, str]) -> Mapping[str, Any]:
    """A resource with the values of parameters in their places."""
    found: Mapping[str, Any] = _filled(resource, template.body.get("Conditions", {}), parameters)
    return found


def _filled(node: Any, conditions: Mapping[str, Any], parameters: Mapping[str, str]) -> Any:
    match node:
        case {"Ref": name} if name in parameters:
            return parameters[name]
        case {"Fn::If": [condition, yes, no]}:
            chosen = yes if _holds({"Condition": condition}, conditions, parameters) else no
            return _filled(chosen, conditions, parameters)
        case {"Fn::Sub": str(text)}:
            return _substituted(text, parameters)
        case {"Fn::Sub": [str(text), more]}:
            return [_substituted(text, parameters), _filled(more, conditions, parameters)]
        case Mapping():
            pairs = {key: _filled(each, conditions, parameters) for key, each in node.items()}
            return {key: each for key, each in pairs.items() if each != {"Ref": "AWS::NoValue"}}
        case list():
            return [_filled(each, conditions, parameters) for each in node]
    return node


def _substituted(text: str, parameters: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: parameters.get(found[1], found[0]), text)


def _value(node: object, parameters: Mapping[str, str]) -> str:
    if isinstance(node, Mapping) and set(node) == {"Ref"}:
        return parameters.get(str(node["Ref"]), f"${{{node['Ref']}}}")
    return str(node).lower() if isinstance(node, bool) else str(node)
