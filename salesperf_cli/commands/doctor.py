"""`salesperf doctor`: looks at this machine and says what is missing.

Changes nothing: the trial files that it makes where the lake is, or would be, are gone when it ends.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import typer

from salesperf_cli import __version__
from salesperf_cli.config import Settings
from salesperf_cli.environment import Environment
from salesperf_cli.errors import ExitCode, SalesperfError
from salesperf_cli.options import environment
from salesperf_cli.output import Block, Column, Line, Table

_GIB = 1024**3
_PYTHON = (3, 11)
# The floors of pyproject.toml; a test holds the two together.
PACKAGES: Mapping[str, str] = {
    "duckdb": "2",
    "pyarrow": "",
    "pyiceberg": "0.12",
    "pyiceberg-core": "",
    "SQLAlchemy": "2",
    "sqlglot": "30",
    "pydantic": "2",
    "PyYAML": "",
    "rich": "",
    "pandas": "",
    "openpyxl": "",
    "msgspec": "",
    "obstore": "",
    "boto3": "",
    "pyathena": "",
    "urllib3": "2.6",
}


class Verdict(StrEnum):
    """OPTIONAL: absent, and needed only by some; WARN: works, with a drawback; FAIL: does not work."""

    OK = "ok"
    OPTIONAL = "optional"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report; `remedy` is empty when all is well."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """The JSON shape of `doctor`; `healthy` when no check failed."""

    version: str
    healthy: bool
    checks: tuple[Check, ...]


def doctor(ctx: typer.Context) -> None:
    """Check that this machine has what salesperf needs.

    Python and packages, disk and memory, what the lake's folder can do, the pipeline, and, for those who use
    them, Java and AWS credentials. Only a target on AWS is asked anything: who you are there, and which stacks
    it has. Exit code 2 when a check failed.

    Examples:
      salesperf doctor
      salesperf doctor -o json
    """
    world = environment(ctx)
    checks = tuple(examine(world))
    healthy = all(check.verdict is not Verdict.FAIL for check in checks)
    world.sink.document(DoctorReport(__version__, healthy, checks), _view)
    if not healthy:
        raise typer.Exit(ExitCode.USAGE)


def examine(world: Environment) -> Iterable[Check]:
    """All checks, in the order of the report."""
    yield check_python(sys.version_info[:3])
    yield check_packages(_installed_version)
    try:
        settings = world.settings
    except SalesperfError as error:
        yield Check("settings", Verdict.FAIL, error.what, error.remedy)
        return
    yield Check("settings", Verdict.OK, f"target {settings.target}, {settings.project_file or 'no salesperf.toml'}")
    yield check_memory(_memory_bytes(Path("/")))
    if settings.is_local:
        yield check_disk(settings.lake, shutil.disk_usage(_nearest_existing(settings.lake)).free)
        yield check_lake(settings.lake)
    yield check_pipeline(settings.pipeline)
    yield check_java(world.variables)
    yield check_credentials(world.variables, settings)
    if not settings.is_local:
        yield from check_target(world)


def check_target(world: Environment) -> Iterable[Check]:
    """The account lets us in, and the target's stacks are deployed."""
    from salesperf_cli.factory import open_deployment

    try:
        deployment = open_deployment(world)
        yield Check("account", Verdict.OK, deployment.identity())
        missing = [name for name in deployment.names.values() if deployment.stacks.state(name) is None]
    except SalesperfError as error:
        yield Check("account", Verdict.FAIL, error.what, error.remedy)
        return
    if missing:
        found = f"not deployed: {', '.join(missing)}"
        yield Check("stacks", Verdict.WARN, found, f"salesperf deploy --target {world.settings.target}")
    else:
        yield Check("stacks", Verdict.OK, ", ".join(deployment.names))


def check_python(version: tuple[int, ...]) -> Check:
    """Python is new enough."""
    found = ".".join(str(part) for part in version)
    if version >= _PYTHON:
        return Check("python", Verdict.OK, found)
    return Check("python", Verdict.FAIL, found, "install Python 3.11 or newer and make the venv with it")


def check_packages(version_of: Callable[[str], str | None]) -> Check:
    """Every package is there and new enough; versions come from the metadata, nothing is imported."""
    bad: list[str] = []
    for package, floor in PACKAGES.items():
        version = version_of(package)
        if version is None:
            bad.append(f"{package} is missing")
        elif _parts(version) < _parts(floor):
            bad.append(f"{package} {version} is older than {floor}")
    if bad:
        return Check(
            "packages",
            Verdict.FAIL,
            "; ".join(bad),
            "install salesperf again: pip install --upgrade salesperf",
        )
    named = ", ".join(f"{name} {version_of(name)}" for name in ("duckdb", "pyiceberg", "pyarrow"))
    return Check("packages", Verdict.OK, f"{named} and {len(PACKAGES) - 3} more")


def check_memory(limit: int | None) -> Check:
    """Enough memory for the engine to work without spilling all the time."""
    if limit is None:
        return Check("memory", Verdict.OK, "unknown on this system")
    found = f"{limit / _GIB:.1f} GiB, {os.cpu_count() or 1} cores"
    if limit < 1 * _GIB:
        return Check(
            "memory",
            Verdict.WARN,
            found,
            'set memory_limit = "500MB" in salesperf.toml; runs will spill to disk',
        )
    return Check("memory", Verdict.OK, found)


def check_disk(lake: Path, free: int) -> Check:
    """Room for the lake."""
    found = f"{free / _GIB:.1f} GiB free for {lake}"
    if free < _GIB // 2:
        return Check("disk", Verdict.FAIL, found, "free some space, or set another lake in salesperf.toml")
    if free < 2 * _GIB:
        return Check("disk", Verdict.WARN, found, "enough for small data only")
    return Check("disk", Verdict.OK, found)


def check_lake(lake: Path) -> Check:
    """The folder can be written, creates a file once only and replaces one in a single step."""
    folder = _nearest_existing(lake)
    try:
        with tempfile.TemporaryDirectory(prefix=".salesperf-doctor-", dir=folder) as trial:
            weakness = _weakness(Path(trial))
    except OSError as error:
        why = f"{folder} cannot be written: {error.strerror or error}"
        return Check("lake", Verdict.FAIL, why, "make it writable, or set another lake in salesperf.toml")
    if weakness:
        return Check("lake", Verdict.FAIL, weakness, "put the lake on a local disk, not on a network or FUSE folder")
    return Check("lake", Verdict.OK, f"{lake}: writable, exclusive create and atomic replace work")


def _weakness(folder: Path) -> str:
    """What the file system cannot do of what the ledger needs, or nothing."""
    claim, other = folder / "claim", folder / "other"
    with claim.open("x") as stream:
        stream.write("first")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        claim.open("x").close()
        return "two writers can create the same file"
    except FileExistsError:
        pass
    other.write_text("second")
    other.replace(claim)
    if claim.read_text() != "second" or other.exists():
        return "a file cannot be replaced in one step"
    return ""


def check_pipeline(reference: str) -> Check:
    """The pipeline's contracts and models can be read."""
    try:
        from salesperf_cli.core.pipeline import load_pipeline

        pipeline = load_pipeline(reference)
        contracts, models = pipeline.contracts(), pipeline.models()
    except ImportError as error:
        return Check("pipeline", Verdict.FAIL, f"cannot be read: {error}", "install salesperf again")
    except SalesperfError as error:
        why = f"{error.what}: {error.why}" if error.why else error.what
        return Check("pipeline", Verdict.FAIL, why, error.remedy)
    return Check("pipeline", Verdict.OK, f"{reference}: {len(contracts)} contracts, {len(models)} models")


def check_java(variables: Mapping[str, str]) -> Check:
    """Java, which only Spark on this machine needs."""
    home = variables.get("JAVA_HOME", "")
    path = shutil.which("java", path=variables.get("PATH", "")) or (home and shutil.which("java", path=f"{home}/bin"))
    if path:
        return Check("java", Verdict.OK, str(path))
    return Check("java", Verdict.OPTIONAL, "not found; needed only to run Spark on this machine")


def check_credentials(variables: Mapping[str, str], settings: Settings) -> Check:
    """Where AWS credentials would come from; whether they are valid only AWS can say."""
    source = _credentials_source(variables, settings.profile)
    if source:
        return Check("aws credentials", Verdict.OK, source)
    found = "none found; needed only for targets on AWS"
    if settings.is_local:
        return Check("aws credentials", Verdict.OPTIONAL, found)
    return Check(
        "aws credentials",
        Verdict.WARN,
        f"none found for target {settings.target}",
        "aws configure sso, or set AWS_PROFILE",
    )


def _credentials_source(variables: Mapping[str, str], profile: str | None) -> str:
    if profile:
        return f"profile {profile} of salesperf.toml"
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ):
        if variables.get(name):
            return f"environment {name}"
    home = Path(variables.get("HOME") or "~").expanduser()
    for file in (home / ".aws" / "credentials", home / ".aws" / "config"):
        if file.is_file():
            return str(file)
    return ""


def _installed_version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _nearest_existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def _memory_bytes(root: Path) -> int | None:
    """What this process may use: the container's limit where there is one, else the machine's memory."""
    limits: list[int] = []
    for file in ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = _read(root / file)
        if text.isdigit():
            limits.append(int(text))
    lines = _read(root / "proc/meminfo").split("\n")
    limits += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemTotal:")]
    return min(limits, default=None)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _rows(check: Check, mark: str) -> Iterable[tuple[str, str, str]]:
    yield mark, check.name, check.found
    if check.remedy:
        yield "", "", f"→ {check.remedy}"


def _view(report: DoctorReport) -> Iterable[Block]:
    marks = {Verdict.OK: "✓", Verdict.OPTIONAL: "·", Verdict.WARN: "!", Verdict.FAIL: "✗"}
    columns = (Column(""), Column("check"), Column("found", wrap=True))
    yield Table(columns, [row for check in report.checks for row in _rows(check, marks[check.verdict])])
    failed = [check.name for check in report.checks if check.verdict is Verdict.FAIL]
    yield Line(f"\n{'All is well.' if not failed else 'Not ready: ' + ', '.join(failed) + '.'}")
