"""The function of infra/lambda, called in this process: the very code that Lambda runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from salesperf_cli.resources import shipped_folder

SPEED_PREFIX = "speed/"
REJECTED_PREFIX = "speed_rejected/"


@cache
def module() -> ModuleType:
    """infra/lambda/handler.py as a module; `lambda` is a word of Python, so it is no package."""
    from importlib.util import module_from_spec, spec_from_file_location

    file = shipped_folder("infra") / "lambda" / "handler.py"
    spec = spec_from_file_location("salesperf_speed_function", file)
    assert spec is not None and spec.loader is not None
    loaded = module_from_spec(spec)
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
