"""The values of templates' parameters, as files hold them and as CloudFormation compares them: texts.

Which values a template allows is checked in core/deploy/parameters.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from salesperf_cli.errors import InputError


def entries(content: Any) -> Mapping[str, str]:
    """The values of a parameter file in CloudFormation's own form."""
    return {str(entry["ParameterKey"]): str(entry["ParameterValue"]) for entry in content}


def read_parameters(file: Path, form: Callable[[Any], Mapping[str, str]] = entries) -> Mapping[str, str]:
    """The values of a parameter file; `form` takes them out of its JSON. Raises InputError when it holds none."""
    import json

    try:
        return form(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as fault:
        raise InputError(
            f"{file} is not a parameter file",
            why=f"{type(fault).__name__}: {fault}",
            remedy='write [{"ParameterKey": "…", "ParameterValue": "…"}, …], or leave `parameters` out',
        ) from fault


def as_text(value: object) -> str:
    """A value as CloudFormation passes it on; YAML's `true` is the text `true`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
