"""Finds the folders that travel with salesperf: `glue_scripts` (the built-in pipeline) and `infra`.

In a wheel they lie inside the package, in a checkout beside it, where an editable install sees edits. The
names are those of `[tool.hatch.build.targets.wheel.sources]` in pyproject.toml.
"""

from __future__ import annotations

from pathlib import Path

from salesperf_cli.errors import InputError

_PACKAGE = Path(__file__).resolve().parent
_IN_THE_WHEEL = {"glue_scripts": "_pipelines", "infra": "_infra"}


def shipped_folder(name: str) -> Path:
    """The folder that travels under a name such as `glue_scripts/olist`. Raises InputError without it."""
    first, _, rest = name.partition("/")
    for folder in (_PACKAGE / _IN_THE_WHEEL.get(first, first) / rest, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise InputError(
        f"the folder {name} that travels with salesperf is missing",
        why="the installation is incomplete",
        remedy="install salesperf again",
    )
