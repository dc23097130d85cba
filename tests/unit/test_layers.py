"""The arrows between the layers, read from the source; and the budget of a start, counted in modules."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "salesperf_cli"
ENGINES = ("duckdb", "pyiceberg")
CLOUD = ("boto3", "botocore", "pyathena", "obstore")
TERMINAL = ("typer", "rich", "click")
OUTSIDE = ("salesperf_cli.commands", "salesperf_cli.app", "salesperf_cli.options", "salesperf_cli.output")

# For each folder: what nothing in it may import, at the top of a module or inside a function.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "core": (
        *TERMINAL, *ENGINES, *CLOUD, *OUTSIDE, "salesperf_cli.factory",
        "salesperf_cli.backends.embedded", "salesperf_cli.backends.aws",
    ),
    "commands": (*ENGINES, *CLOUD, "rich", "salesperf_cli.backends.embedded", "salesperf_cli.backends.aws"),
    "backends": (*TERMINAL, *OUTSIDE, "salesperf_cli.factory"),
    "backends/embedded": (*CLOUD, "salesperf_cli.backends.aws"),
    "backends/aws": ("salesperf_cli.backends.embedded",),
    "backends/iceberg": (
        "duckdb", *CLOUD,
        "salesperf_cli.backends.embedded", "salesperf_cli.backends.aws", "salesperf_cli.backends.spark",
    ),
    "output": ("typer", "click", *ENGINES, *CLOUD, "salesperf_cli.commands", "salesperf_cli.core"),
}  # fmt: skip
BOTH_SIDES = ("app.py", "factory.py")
# Everything that `--help` must do without: each of these costs between 10 and 500 ms.
HEAVY = (
    "rich", "pyarrow", "pandas", "numpy", "pydantic", "yaml", "boto3", "botocore", "pyiceberg",
    "duckdb", "sqlglot", "obstore", "pyathena", "openpyxl", "sqlalchemy", "sqlite3", "asyncio", "ssl", "http",
    "tomllib", "csv", "json",
    "salesperf_cli.config", "salesperf_cli.core", "salesperf_cli.commands", "salesperf_cli.backends",
)  # fmt: skip
MODULES_BEYOND_TYPER = 25
ABOUT_400 = 440
LINES_OF_A_COMMAND = 15


def _imports(file: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, with the line; imports for type checking only are not imports."""
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    only_for_types = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in only_for_types:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _is_under(name: str, roots: tuple[str, ...]) -> bool:
    return any(name == root or name.startswith(root + ".") for root in roots)


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_a_layer_imports_only_what_lies_below_it(folder: str) -> None:
    faults = sorted(
        {
            f"{file.relative_to(ROOT)}:{line} imports {name}"
            for file in (PACKAGE / folder).rglob("*.py")
            for line, name in _imports(file)
            if _is_under(name, FORBIDDEN[folder])
        }
    )
    assert faults == []


def test_only_the_aws_backend_imports_the_aws_clients() -> None:
    faults = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in PACKAGE.rglob("*.py")
        for line, name in _imports(file)
        if _is_under(name, CLOUD) and "backends/aws" not in file.as_posix()
    ]
    assert faults == []


def test_only_app_and_factory_know_both_sides() -> None:
    backends = ("salesperf_cli.backends.embedded", "salesperf_cli.backends.aws")
    faults = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in PACKAGE.glob("*.py")
        if file.name not in BOTH_SIDES
        for line, name in _imports(file)
        if _is_under(name, backends)
    ]
    assert faults == []


def test_files_stay_readable_in_one_sitting() -> None:
    sizes = {file.relative_to(ROOT).as_posix(): len(file.read_text().splitlines()) for file in PACKAGE.rglob("*.py")}
    assert {name: size for name, size in sizes.items() if size > ABOUT_400} == {}


def _lines_of_body(function: ast.FunctionDef) -> int:
    """From the first statement to the last, without signature and docstring."""
    statements = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1 if statements else 0


def test_a_command_parses_builds_a_request_calls_core_and_hands_over_the_result() -> None:
    sizes = {
        f"{file.relative_to(PACKAGE / 'commands').as_posix()} {node.name}": _lines_of_body(node)
        for file in (PACKAGE / "commands").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and any(argument.arg == "ctx" for argument in node.args.args)
    }
    assert {"deploy.py deploy", "cost/check.py check"} <= set(sizes)
    assert {name: size for name, size in sizes.items() if size > LINES_OF_A_COMMAND} == {}


def _modules_after(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after running some code."""
    script = f"import sys\ntry:\n    {code}\nexcept SystemExit: pass\nnames = sorted(sys.modules)\n"
    script += "import json; print(json.dumps(names), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, cwd=ROOT, text=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_imports_nothing_heavy_and_little_beyond_typer() -> None:
    code = "sys.argv = ['salesperf', '--help']; from salesperf_cli.app import main; main()"
    ours = _modules_after(code)
    typers = _modules_after("import typer")
    assert sorted(name for name in ours if _is_under(name, HEAVY)) == []
    assert len(ours - typers) <= MODULES_BEYOND_TYPER, sorted(ours - typers)


@pytest.mark.parametrize("line", ["config show", "query --help", "ingest --help", "status --help"])
def test_a_small_command_imports_no_engine_and_no_cloud_client(line: str) -> None:
    name = line.split()[0].replace("-", "_")
    if not (PACKAGE / "commands" / f"{name}.py").exists():
        pytest.skip(f"no command {name} yet")
    code = f"sys.argv = ['salesperf', *{line.split()!r}]; from salesperf_cli.app import main; main()"
    heavy = (
        "rich",
        "pyarrow",
        "pandas",
        "numpy",
        "pydantic",
        "boto3",
        "pyiceberg",
        "duckdb",
        "sqlglot",
        "obstore",
    )
    assert sorted(name for name in _modules_after(code) if name in heavy) == []


def test_doctor_knows_every_package_that_the_project_depends_on() -> None:
    from salesperf_cli.commands.doctor import PACKAGES

    with (ROOT / "pyproject.toml").open("rb") as stream:
        declared = tomllib.load(stream)["project"]["dependencies"]
    names = {text.split(">")[0].split("[")[0].split("=")[0].strip() for text in declared} - {"typer"}
    assert names <= set(PACKAGES)
    floors = {text.split(">=")[0].split("[")[0]: text.split(">=")[1].split(",")[0] for text in declared}
    assert {name: floors[name] for name, floor in PACKAGES.items() if floor and name in floors} == {
        name: floor for name, floor in PACKAGES.items() if floor and name in floors
    }


def test_every_dependency_is_pinned() -> None:
    pinned = {
        line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().splitlines()
    }
    with (ROOT / "pyproject.toml").open("rb") as stream:
        project = tomllib.load(stream)["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {text.split(">")[0].split("[")[0].split("=")[0].strip().lower() for text in wanted}
    assert names - pinned == set()
