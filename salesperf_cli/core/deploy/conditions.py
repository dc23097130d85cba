"""A template with given parameters, as far as they decide: which resources are made, and with which values.

What only CloudFormation knows (an ARN, another stack's export) stays as it is written, so that two templates can be
compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salesperf_cli.core.deploy.templates import Template
from salesperf_cli.core.templates.resolving import Resolver


def made_resources(template: Template, parameters: Mapping[str, str]) -> Mapping[str, str]:
    """The resources that would be there, by name, with their types."""
    made = _Comparable(template, parameters).made()
    return {name: str(resource.get("Type", "")) for name, resource in made.items()}


def filled(template: Template, resource: Mapping[str, Any], parameters: Mapping[str, str]) -> Mapping[str, Any]:
    """A resource with the values of parameters in their places."""
    found: Mapping[str, Any] = _Comparable(template, parameters).value(resource)
    return found


class _Comparable(Resolver):
    """Puts in what parameters decide and leaves the rest as written."""

    def function(self, name: str, argument: Any) -> Any:
        match name, argument:
            case "Ref", str() if argument in self.known:
                return self.known[argument]
            case "Fn::Sub", str():
                return self._filled(argument)
            case "Fn::Sub", [str(text), own]:
                return [self._filled(text), self.value(own)]
        return {name: self.value(argument)}

    def _filled(self, text: str) -> str:
        return self.substituted(text, "${{{}}}".format)
