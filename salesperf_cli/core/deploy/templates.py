"""The templates of infra/: their order, what they import, what they may do, and how two differ.

Intrinsic functions are not resolved here: CloudFormation does that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesperf_cli.core.templates import reading
from salesperf_cli.core.templates.reading import is_function
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


class Template(reading.Template):
    """A template of infra/."""

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
    if isinstance(value, Mapping) and value and not is_function(value):
        for key, each in value.items():
            yield from _leaves(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for at, each in enumerate(value):
            yield from _leaves(each, f"{path}[{at}]")
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, default=str)
