"""A template with given values: which conditions hold, which resources are made, and what its functions become.

What functions become that only a deployment could settle is said by subclasses: cost wants a text that it can show,
deploy wants two templates to stay comparable.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from salesperf_cli.core.templates.parameters import as_text
from salesperf_cli.core.templates.reading import Template, is_function

NO_VALUE = {"Ref": "AWS::NoValue"}
"""What is so written, or becomes it, is not there."""
_IN_A_TEXT = re.compile(r"\$\{([^}!]+)\}")


class Resolver(ABC):
    """Settles the conditions and functions of one template; `known` are the values of names."""

    def __init__(self, template: Template, known: Mapping[str, Any]) -> None:
        self.template = template
        self.known = known
        self._conditions = template.section("Conditions")
        self._settled: dict[str, bool] = {}

    @abstractmethod
    def function(self, name: str, argument: Any) -> Any:
        """What a function other than Fn::If becomes."""

    def made(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources whose conditions hold, by name, as written."""
        return {
            str(name): resource
            for name, resource in self.template.section("Resources").items()
            if isinstance(resource, Mapping) and self.holds(resource.get("Condition"))
        }

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
                left, right = (as_text(self.value(each)) for each in argument)
                return left == right
        return False

    def top(self, value: Any) -> Any:
        """A value whose outermost Fn::If is settled; what lies inside stays as written."""
        while isinstance(value, Mapping) and "Fn::If" in value:
            condition, yes, no = value["Fn::If"]
            value = yes if self.holds(condition) else no
        return value

    def value(self, value: Any) -> Any:
        """A value with every function in it settled; what becomes NO_VALUE in a list or mapping vanishes."""
        value = self.top(value)
        if isinstance(value, list):
            return [item for item in map(self.value, value) if item != NO_VALUE]
        if is_function(value):
            ((name, argument),) = value.items()
            return self.function(str(name), argument)
        if not isinstance(value, Mapping):
            return value
        settled = {key: self.value(item) for key, item in value.items()}
        return {key: item for key, item in settled.items() if item != NO_VALUE}

    def substituted(self, text: str, unknown: Callable[[str], str], own: Mapping[str, Any] | None = None) -> str:
        """A text with values put in for `${names}`: its own, then the known, else what `unknown` makes of the name."""
        named = own or {}

        def put(found: re.Match[str]) -> str:
            name = found[1].strip()
            if name in named:
                return str(self.value(named[name]))
            return str(self.known[name]) if name in self.known else unknown(name)

        return _IN_A_TEXT.sub(put, text)
