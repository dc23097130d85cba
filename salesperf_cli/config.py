"""Frozen settings: flag > environment > salesperf.toml > default, each with the place it came from.

Reads one file and no secret: credentials stay where the AWS chain finds them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesperf_cli.errors import InputError
from salesperf_cli.output.forms import OutputFormat

if TYPE_CHECKING:
    from salesperf_cli.environment import Flags

PROJECT_FILE = "salesperf.toml"
BUILTIN_PIPELINE = "olist"
LOCAL_TARGET = "local"
_REMOTE_KEYS = ("region", "profile", "endpoint_url", "stack_prefix", "parameters")
_SIZE = re.compile(r"\d+(\.\d+)?\s*([KMGT]i?B)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of `config show`."""

    name: str
    value: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a command may want to know about where and how it runs.

    `pipeline` is `olist` (built in) or an absolute folder; `lake` is absolute; `memory_limit` is a size such
    as `2GB`, None for the engine's own choice; `spark_jars` names jar files for Spark, separated by commas, in place of
    those that Maven gives; `region`, `profile`, `endpoint_url`, `stack_prefix` and `parameters` (a file of values for
    the stacks) are for targets on AWS; `monthly_budget` is in US dollars, None for as much as it takes.
    """

    project: Path
    project_file: Path | None
    target: str
    pipeline: str
    lake: Path
    memory_limit: str | None
    threads: int | None
    spark_jars: str | None
    output: OutputFormat | None
    price_region: str
    region: str | None
    profile: str | None
    endpoint_url: str | None
    stack_prefix: str
    parameters: Path | None
    monthly_budget: Decimal | None
    sources: Mapping[str, str]

    @property
    def is_local(self) -> bool:
        """Whether the target is the embedded one: `local`, or a target that names nothing of AWS."""
        return self.target == LOCAL_TARGET or not (self.region or self.profile or self.endpoint_url)

    @property
    def pipeline_folder(self) -> Path | None:
        """The pipeline's folder, None for the one built in."""
        return None if self.pipeline == BUILTIN_PIPELINE else Path(self.pipeline)

    def shown(self) -> tuple[Shown, ...]:
        """Name, value and source of every setting; a password inside an address is masked."""
        names = [name for name in self.__dataclass_fields__ if name not in ("sources", "project_file")]
        return tuple(Shown(name, _displayed(getattr(self, name)), self.sources.get(name, "default")) for name in names)


@dataclass(frozen=True, slots=True)
class _Place:
    """A value as found, with where it was found and the folder that a relative path in it starts from."""

    value: Any
    source: str
    base: Path


@dataclass(frozen=True, slots=True)
class _ProjectFile:
    """salesperf.toml as read: its tables, and its text for line numbers."""

    path: Path | None
    top: Mapping[str, Any]
    targets: Mapping[str, Mapping[str, Any]]
    text: str

    def line_of(self, key: str, table: str = "") -> int:
        """The line on which a key of a table stands (1 when it is written in a way that we do not follow)."""
        current = ""
        for number, line in enumerate(self.text.split("\n"), start=1):
            if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
                current = header.group(1).replace('"', "").replace(" ", "")
                if f"{table}.{key}".strip(".") == current:
                    return number
            elif current == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*(=|\.)", line):
                return number
        return 1


_TOP_KEYS = ("target", "pipeline", "memory_limit", "threads", "spark_jars", "output", "price_region", "targets")
_TARGET_KEYS = ("lake", "monthly_budget", *_REMOTE_KEYS)


def find_project(start: Path) -> Path | None:
    """The nearest folder, from `start` upwards, that holds a salesperf.toml."""
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    return None


def load_settings(flags: Flags, variables: Mapping[str, str], cwd: Path) -> Settings:
    """Settle every setting. Raises InputError for an unknown key, a wrong value or an unknown target."""
    project = _project(flags, variables, cwd)
    folder = Path(project.value)
    file = read_project_file(folder)
    finder = _Finder(flags, variables, cwd, folder, file)
    target = finder.find("target", LOCAL_TARGET)
    name = _text("target", target)
    _known_target(name, target.source, file)
    table = f"targets.{name}"
    places = {
        "project": project,
        "target": target,
        "pipeline": finder.find("pipeline", BUILTIN_PIPELINE),
        "memory_limit": finder.find("memory_limit", None),
        "threads": finder.find("threads", None),
        "spark_jars": finder.find("spark_jars", None),
        "output": finder.find("output", None),
        "price_region": finder.find("price_region", "sa-east-1"),
        "lake": finder.find("lake", "lake", table),
        "stack_prefix": finder.find("stack_prefix", "salesperf", table),
    }
    remote = ("region", "profile", "endpoint_url", "parameters", "monthly_budget")
    places |= {key: finder.find(key, None, table) for key in remote}
    return Settings(
        project=folder,
        project_file=file.path,
        target=name,
        pipeline=_pipeline(places["pipeline"]),
        lake=_path("lake", places["lake"]),
        memory_limit=_memory_limit(places["memory_limit"]),
        threads=_threads(places["threads"]),
        spark_jars=_optional_text("spark_jars", places["spark_jars"]),
        output=_output(places["output"]),
        price_region=_text("price_region", places["price_region"]),
        region=_optional_text("region", places["region"]),
        profile=_optional_text("profile", places["profile"]),
        endpoint_url=_optional_text("endpoint_url", places["endpoint_url"]),
        stack_prefix=_text("stack_prefix", places["stack_prefix"]),
        parameters=_path("parameters", places["parameters"]) if places["parameters"].value is not None else None,
        monthly_budget=_money("monthly_budget", places["monthly_budget"]),
        sources={name: place.source for name, place in places.items()},
    )


def read_project_file(folder: Path) -> _ProjectFile:
    """Read salesperf.toml and refuse what it should not hold. Raises InputError with the line."""
    path = folder / PROJECT_FILE
    if not path.is_file():
        return _ProjectFile(None, {}, {}, "")
    import tomllib

    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML", why=str(error), remedy="correct that line") from error
    targets = content.get("targets", {})
    file = _ProjectFile(path, content, targets if isinstance(targets, dict) else {}, text)
    _refuse_unknown(file, content, _TOP_KEYS, "")
    if isinstance(content.get("target"), dict):
        raise InputError(f"{path}: [target.…] is not a table of settings", remedy="write [targets.…] instead")
    if not isinstance(targets, dict):
        raise _wrong("targets", "a table such as [targets.local]", _Place(targets, _at(file, "targets"), folder))
    for name, keys in targets.items():
        if not isinstance(keys, dict):
            raise _wrong(f"targets.{name}", "a table", _Place(keys, _at(file, name, "targets"), folder))
        _refuse_unknown(file, keys, _TARGET_KEYS, f"targets.{name}")
    return file


class _Finder:
    """Looks one setting up in the four places, in order."""

    def __init__(self, flags: Flags, variables: Mapping[str, str], cwd: Path, folder: Path, file: _ProjectFile) -> None:
        self._flags = flags
        self._variables = variables
        self._cwd = cwd
        self._folder = folder
        self._file = file

    def find(self, name: str, default: Any, table: str = "") -> _Place:
        """The value of a setting; `table` is the target's table for settings that belong to a target."""
        flag = getattr(self._flags, name, None)
        if flag is not None:
            return _Place(flag, f"flag --{name.replace('_', '-')}", self._cwd)
        variable = f"SALESPERF_{name.upper()}"
        if self._variables.get(variable):
            return _Place(self._variables[variable], f"environment {variable}", self._cwd)
        keys = self._file.targets.get(table.removeprefix("targets."), {}) if table else self._file.top
        if name in keys:
            return _Place(keys[name], _at(self._file, name, table), self._folder)
        return _Place(default, "default", self._folder)


def _project(flags: Flags, variables: Mapping[str, str], cwd: Path) -> _Place:
    if flags.project is not None:
        place = _Place(cwd / flags.project.expanduser(), "flag --project", cwd)
    elif variables.get("SALESPERF_PROJECT"):
        folder = cwd / Path(variables["SALESPERF_PROJECT"]).expanduser()
        place = _Place(folder, "environment SALESPERF_PROJECT", cwd)
    elif found := find_project(cwd):
        return _Place(found, f"nearest {PROJECT_FILE}", cwd)
    else:
        return _Place(cwd, "default: this folder", cwd)
    if not place.value.is_dir():
        raise InputError(
            f"the project folder {place.value} does not exist",
            why=f"{place.source} names it",
            remedy=f"salesperf init {flags.project or place.value}",
        )
    return _Place(place.value.resolve(), place.source, cwd)


def _known_target(name: str, source: str, file: _ProjectFile) -> None:
    if name == LOCAL_TARGET or name in file.targets:
        return
    names = [LOCAL_TARGET, *(target for target in file.targets if target != LOCAL_TARGET)]
    where = str(file.path or PROJECT_FILE)
    raise InputError(
        f"there is no target {name!r}",
        why=f"{source} asks for it; known: {', '.join(names)}",
        remedy=_near(name, names) or f"add a table [targets.{name}] to {where}",
    )


def _refuse_unknown(file: _ProjectFile, keys: Mapping[str, Any], known: tuple[str, ...], table: str) -> None:
    for key in keys:
        if key not in known:
            raise InputError(
                f"{file.path}, line {file.line_of(key, table)}: unknown key {key!r}"
                + (f" in [{table}]" if table else ""),
                why=f"known keys here: {', '.join(known)}",
                remedy=_near(key, known) or "remove that line",
            )


def _near(name: str, known: list[str] | tuple[str, ...]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def _at(file: _ProjectFile, key: str, table: str = "") -> str:
    return f"{PROJECT_FILE} line {file.line_of(key, table)}"


def _wrong(name: str, wanted: str, place: _Place) -> InputError:
    return InputError(
        f"the setting {name} must be {wanted}",
        why=f"{place.source} says {place.value!r}" if isinstance(place.value, (str, int, float)) else place.source,
        remedy=f"correct {place.source}",
    )


def _text(name: str, place: _Place) -> str:
    if not isinstance(place.value, str) or not place.value.strip():
        raise _wrong(name, "a text", place)
    return place.value.strip()


def _optional_text(name: str, place: _Place) -> str | None:
    return None if place.value is None else _text(name, place)


def _path(name: str, place: _Place) -> Path:
    # normpath and not resolve: a link that the user made on purpose stays visible in messages.
    import os

    return Path(os.path.normpath(place.base / Path(_text(name, place)).expanduser()))


def _pipeline(place: _Place) -> str:
    name = _text("pipeline", place)
    if name == BUILTIN_PIPELINE:
        return name
    folder = _path("pipeline", place)
    if folder.is_dir():
        return str(folder)
    raise InputError(
        f"there is no pipeline folder {folder}",
        why=f"{place.source} names it",
        remedy=f"name a folder with a pipeline.yaml, or {BUILTIN_PIPELINE}, the pipeline that is built in",
    )


def _memory_limit(place: _Place) -> str | None:
    if place.value is None:
        return None
    if isinstance(place.value, str) and _SIZE.fullmatch(place.value.strip()):
        return place.value.strip()
    raise _wrong("memory_limit", "a size such as '2GB' or '512MiB'", place)


def _threads(place: _Place) -> int | None:
    if place.value is None:
        return None
    text = str(place.value).strip()
    if not isinstance(place.value, bool) and text.isdigit() and int(text) > 0:
        return int(text)
    raise _wrong("threads", "a whole number above 0", place)


def _money(name: str, place: _Place) -> Decimal | None:
    """A sum in US dollars, with its cents."""
    if place.value is None:
        return None
    try:
        amount = Decimal(str(place.value).strip())  # True is no number in words
        in_cents = amount.quantize(Decimal("0.01"))
    except InvalidOperation:
        amount = in_cents = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise _wrong(name, "a sum in US dollars, such as 200.00", place)
    return in_cents if in_cents == amount else amount


def _output(place: _Place) -> OutputFormat | None:
    if place.value is None:
        return None
    if place.value in list(OutputFormat):
        return OutputFormat(place.value)
    raise _wrong("output", "one of " + ", ".join(OutputFormat), place)


def _displayed(value: object) -> str | None:
    return None if value is None else re.sub(r"(//[^/:@\s]*:)[^/@\s]*@", r"\1***@", str(value))
