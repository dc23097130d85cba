"""The function of infra/lambda, called in this process: the very code that Lambda runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from salesperf_cli.resources import shipped_folder

SPEED_PREFIX = "speed/"
REJECTED_PREFIX = "speed_rejected/"
_MODULES = ("event_contract", "event_landing")
"""Each after those that it imports."""


@cache
def module() -> ModuleType:
    """infra/lambda's names in one module, without `handler`, which is AWS's side of them.

    `lambda` is a word of Python, so its folder is no package: the modules find each other by name, as on Lambda.
    """
    folder = shipped_folder("infra") / "lambda"
    found = ModuleType("salesperf_speed_function")
    for name in _MODULES:
        vars(found).update(vars(_loaded(name, folder / f"{name}.py")))
    return found


def _loaded(name: str, file: Path) -> ModuleType:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    loaded = module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def handler(
    compiled: bytes, put: Callable[[str, bytes], None], log: Path | None
) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """The function for one event table, by its compiled contract; its log lines go to a file, where one is named."""
    code = module()
    contract = json.loads(compiled)

    def emit(line: str) -> None:
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a", encoding="utf-8") as out:
                out.write(line + "\n")

    landing = code.Landing(
        code.Contract(contract),
        put,
        emit,
        prefix=f"{SPEED_PREFIX}{contract['table']}/",
        rejected_prefix=f"{REJECTED_PREFIX}{contract['table']}/",
        namespace="salesperf/local",
    )
    taken: Callable[[Mapping[str, Any]], Mapping[str, Any]] = landing.take
    return taken
