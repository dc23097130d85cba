"""Finds the folders that travel with salesperf: `glue_scripts` (the built-in pipeline) and `infra`.

In a wheel they lie inside the package, in a checkout beside it, where an editable install sees edits. The
names are those of `[tool.hatch.build.targets.wheel.sources]` in pyproject.toml. AWS Glue imports from the wheel as it
is, a zip: there a folder is unpacked first.
"""

from __future__ import annotations

from functools import lru_cache
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
    if unpacked := _unpacked(f"{_PACKAGE.name}/{_IN_THE_WHEEL.get(first, first)}/{rest}"):
        return unpacked
    raise InputError(
        f"the folder {name} that travels with salesperf is missing",
        why="the installation is incomplete",
        remedy="install salesperf again",
    )


@lru_cache
def _unpacked(name: str) -> Path | None:
    """A folder of the zip that the package is imported from, unpacked once a process; None where there is none."""
    import atexit
    import shutil
    import tempfile
    import zipfile

    archive = _PACKAGE.parent
    if not archive.is_file():
        return None
    with zipfile.ZipFile(archive) as wheel:
        members = [member for member in wheel.namelist() if member.startswith(f"{name.rstrip('/')}/")]
        if not members:
            return None
        home = Path(tempfile.mkdtemp(prefix="salesperf-"))
        atexit.register(shutil.rmtree, home, ignore_errors=True)
        wheel.extractall(home, members)
    return home / name
