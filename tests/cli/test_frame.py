"""The frame of the command line: help, global options, errors and exit codes, init, config and doctor."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli import __version__
from salesperf_cli.app import SECTIONS, VERBS, load_verb, run
from salesperf_cli.commands import doctor
from salesperf_cli.environment import Environment
from salesperf_cli.errors import ConflictError, RefusedError, SalesperfError
from salesperf_cli.options import VerbCommand, VerbGroup
from tests.cli.conftest import Invoke

PROGRAM = [sys.executable, "-m", "salesperf_cli"]


def _is_written(name: str) -> bool:
    return importlib.util.find_spec(f"salesperf_cli.commands.{VERBS[name].module}") is not None


WRITTEN = [name for name in VERBS if _is_written(name)]


@pytest.mark.parametrize("name", WRITTEN)
def test_the_first_page_says_of_each_command_what_the_command_says_itself(name: str) -> None:
    command = load_verb(name)
    assert (command.help or "").split("\n")[0] == VERBS[name].summary


@pytest.mark.parametrize("name", WRITTEN)
def test_each_command_takes_the_global_options_and_has_help_for_every_option(name: str) -> None:
    command: Any = load_verb(name)
    leaves = list(command.commands.values()) if isinstance(command, VerbGroup) else [command]
    for leaf in leaves:
        assert isinstance(leaf, VerbCommand)
        names = {option for parameter in leaf.params for option in parameter.opts}
        assert {"--target", "--project", "--pipeline", "--output", "--quiet", "--debug"} <= names
        assert all(getattr(parameter, "help", None) for parameter in leaf.params), leaf.name


@pytest.mark.parametrize("name", WRITTEN)
def test_each_help_page_fits_80_columns_and_shows_an_example(name: str, invoke: Invoke) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.split("\n"))) <= 80


def test_the_first_page_fits_80_columns_and_groups_the_commands(invoke: Invoke) -> None:
    result = invoke("--help")
    lines = result.stdout.split("\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line in SECTIONS] == list(SECTIONS)
    assert "  run-batch   " + VERBS["run-batch"].summary in lines


def test_without_a_command_it_answers_with_the_first_page(invoke: Invoke) -> None:
    assert invoke() == invoke("--help")


def test_the_version_is_data(invoke: Invoke) -> None:
    result = invoke("--version")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"salesperf {__version__}\n", "")


def test_a_misspelt_command_gets_the_nearest_one(invoke: Invoke) -> None:
    result = invoke("conifg")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "✗ there is no command 'conifg'\n  the nearest is 'config'\n→ salesperf config\n"


def test_a_misspelt_option_gets_the_nearest_one(invoke: Invoke) -> None:
    result = invoke("config", "show", "--tarjet", "dev")
    assert result.exit_code == 2
    assert result.stderr == (
        "✗ no such option: --tarjet\n"
        "  usage: salesperf config show [OPTIONS]\n"
        "→ did you mean --target? salesperf config show --help lists the options\n"
    )


def test_an_error_is_json_where_json_was_asked_for_even_when_the_line_cannot_be_parsed(
    invoke: Invoke,
) -> None:
    for args in (
        ("config", "show", "--nope", "-o", "json"),
        ("config", "show", "-o", "json", "--target", "nope"),
    ):
        result = invoke(*args)
        error = json.loads(result.stderr)["error"]
        assert (result.exit_code, result.stdout) == (2, "")
        assert list(error) == ["what", "why", "remedy", "detail", "kind", "exit_code"]
        assert (error["kind"], error["exit_code"]) == ("InputError", 2)


def test_global_options_work_before_and_after_the_command(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "salesperf.toml").write_text("[targets.dev]\nregion = 'sa-east-1'\n")
    before = invoke("--target", "dev", "-o", "ndjson", "config", "show")
    after = invoke("config", "show", "--target", "dev", "-o", "ndjson")
    assert before == after
    values = {each["name"]: each["value"] for each in json.loads(after.stdout)["settings"]}
    assert values["target"] == "dev"


def test_what_is_typed_after_the_command_wins(invoke: Invoke) -> None:
    result = invoke("-o", "table", "config", "show", "-o", "json")
    assert json.loads(result.stdout)["project_file"] is None


def test_output_is_a_table_on_a_terminal_and_json_elsewhere(invoke: Invoke) -> None:
    assert invoke("config", "show").stdout.startswith("{")
    assert "setting" in invoke("config", "show", tty=True).stdout.split("\n")[0]


def test_salesperf_toml_may_name_the_output(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "salesperf.toml").write_text("output = 'ndjson'\n")
    assert invoke("config", "show").stdout.count("\n") == 1


def test_colour_is_for_terminals_and_can_be_refused(invoke: Invoke) -> None:
    assert "\x1b[" in invoke("config", "show", tty=True).stdout
    assert "\x1b[" not in invoke("config", "show", "-o", "table").stdout
    assert "\x1b[" not in invoke("config", "show", "--no-color", tty=True).stdout
    assert "\x1b[" not in invoke("config", "show", tty=True, env={"NO_COLOR": "1"}).stdout


# -- errors


def _world_that_raises(error: BaseException, *, debug: bool = False) -> tuple[int, str]:
    import io

    from salesperf_cli.failures import report

    world = Environment(io.StringIO(), io.StringIO(), io.StringIO(), {}, Path())
    code = report(error, ["--debug"] if debug else [], world)
    assert isinstance(world.stderr, io.StringIO)
    return int(code), world.stderr.getvalue()


@pytest.mark.parametrize(
    ("error", "code", "first_line"),
    [
        (RefusedError("rule failed"), 3, "✗ rule failed"),
        (ConflictError("main has moved"), 6, "✗ main has moved"),
        (OSError(28, "No space left on device"), 5, "✗ the disk is full"),
        (PermissionError(13, "Permission denied", "lake"), 4, "✗ not allowed"),
        (MemoryError(), 5, "✗ out of memory"),
        (ModuleNotFoundError("No module named 'x'", name="x"), 2, "✗ the Python package x is missing"),
        (ZeroDivisionError("division by zero"), 70, "✗ salesperf met an error that it did not expect"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_every_failure_has_its_exit_code_and_its_lines(error: BaseException, code: int, first_line: str) -> None:
    got, text = _world_that_raises(error)
    assert got == code
    assert text.startswith(first_line)
    assert "Traceback" not in text


def test_debug_adds_the_traceback() -> None:
    code, text = _world_that_raises(ZeroDivisionError("division by zero"), debug=True)
    assert code == 70
    assert text.startswith("ZeroDivisionError: division by zero\n✗ salesperf met")


def test_an_error_shows_what_why_detail_and_remedy_in_that_order() -> None:
    error = SalesperfError("what", why="why", remedy="do this", detail=("one", "two"))
    assert _world_that_raises(error) == (2, "✗ what\n  why\n    one\n    two\n→ do this\n")


# -- a real process


def _quietly(**more: str) -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "PYTHONPATH": root, **more}


def test_a_reader_that_leaves_early_is_not_an_error() -> None:
    """As in `salesperf --help | true`: the pipe is closed before anything is written."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run([*PROGRAM, "--help"], stdout=write_end, stderr=subprocess.PIPE, env=_quietly(), check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_on_stdout_is_said_and_retryable() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*PROGRAM, "--help"], stdout=full, stderr=subprocess.PIPE, env=_quietly(), check=False)
    assert done.returncode == 5
    assert done.stderr.decode().startswith("✗ the disk is full\n")
    assert "Exception ignored" not in done.stderr.decode()


def test_ctrl_c_ends_with_130_and_one_line() -> None:
    code = (
        "import signal, sys, time; from salesperf_cli import app, environment\n"
        # A shell that puts this run into the background has its children ignore Ctrl-C.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def slow(*_): print('ready', flush=True); time.sleep(20)\n"
        "app._invoke = slow; sys.exit(app.run([], environment.Environment.of_process()))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_quietly()
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=10)
    assert (process.returncode, stderr) == (130, b"\nInterrupted.\n")


def test_a_terminal_without_utf8_gets_plain_marks() -> None:
    done = subprocess.run([*PROGRAM, "nope"], capture_output=True, env=_quietly(PYTHONIOENCODING="ascii"), check=False)
    assert done.stderr.startswith(b"x there is no command 'nope'\n")


def test_a_shell_gets_completions() -> None:
    env = _quietly(_SALESPERF_COMPLETE="complete_bash", COMP_WORDS="salesperf con", COMP_CWORD="1")
    done = subprocess.run(PROGRAM, capture_output=True, env=env, check=False, text=True)
    assert "config" in done.stdout.split()


# -- init


def test_init_makes_a_project_and_names_the_next_three_commands(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("init", "shop", tty=True, env={"NO_COLOR": "1"})
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == (
        "✓ salesperf.toml  created\n✓ .gitignore  created\n\n"
        "Next\n  cd shop\n  salesperf ingest PATH-TO-YOUR-FILES\n  salesperf run-batch --promote\n"
    )
    assert "lake/" in (tmp_path / "shop" / ".gitignore").read_text()
    shown = invoke("config", "show", cwd=tmp_path / "shop")
    lake = next(each for each in json.loads(shown.stdout)["settings"] if each["name"] == "lake")
    assert lake["value"] == str(tmp_path / "shop" / "lake")


def test_init_again_changes_nothing_and_is_friendly(invoke: Invoke, tmp_path: Path) -> None:
    invoke("init", "shop")
    file = tmp_path / "shop" / "salesperf.toml"
    file.write_text("threads = 3\n")
    result = invoke("init", "shop", "-o", "json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["created"], report["kept"]) == (0, [], ["salesperf.toml", ".gitignore"])
    assert file.read_text() == "threads = 3\n"


def test_init_refuses_to_change_the_pipeline_of_a_project(invoke: Invoke, tmp_path: Path) -> None:
    invoke("init", "shop")
    result = invoke("init", "shop", "--copy-pipeline")
    assert result.exit_code == 2
    assert 'set pipeline = "pipeline" in that file' in result.stderr
    assert not (tmp_path / "shop" / "pipeline").exists()


def test_init_copies_the_pipeline_for_editing(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("init", ".", "--copy-pipeline")
    assert result.exit_code == 0
    assert (tmp_path / "pipeline" / "contracts").is_dir()
    assert 'pipeline = "pipeline"' in (tmp_path / "salesperf.toml").read_text()
    assert not list(tmp_path.glob(".pipeline*"))


def test_a_dry_run_of_init_says_the_same_and_writes_nothing(invoke: Invoke, tmp_path: Path) -> None:
    dry = json.loads(invoke("init", "shop", "--dry-run").stdout)
    assert not (tmp_path / "shop").exists()
    real = json.loads(invoke("init", "shop").stdout)
    assert dry["created"] == real["created"] == ["salesperf.toml", ".gitignore"]


def test_init_warns_about_a_gitignore_that_would_let_the_lake_in(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.log\n")
    result = invoke("init", ".")
    assert "! .gitignore does not name lake/" in result.stderr
    assert (tmp_path / ".gitignore").read_text() == "*.log\n"


# -- doctor


def test_doctor_leaves_no_trace_and_answers_in_json(invoke: Invoke, tmp_path: Path) -> None:
    report = json.loads(invoke("doctor").stdout)
    names = [check["name"] for check in report["checks"]]
    assert names == [
        "python", "packages", "settings", "memory", "disk", "lake", "pipeline", "java", "aws credentials",
    ]  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_doctor_fails_with_a_remedy_when_the_settings_are_wrong(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "salesperf.toml").write_text("lakee = 'x'\n")
    result = invoke("doctor", "-o", "json")
    failed = [check for check in json.loads(result.stdout)["checks"] if check["verdict"] == "fail"]
    assert result.exit_code == 2
    assert [check["name"] for check in failed] == ["settings"]


def test_doctor_knows_what_is_missing_or_too_old() -> None:
    check = doctor.check_packages(lambda name: {"duckdb": "1.5.5", "rich": None}.get(name, "99.0"))
    assert check.verdict is doctor.Verdict.FAIL
    assert check.found == "duckdb 1.5.5 is older than 2; rich is missing"
    assert doctor.check_python((3, 10, 1)).verdict is doctor.Verdict.FAIL
    assert doctor.check_disk(Path("lake"), 1024).verdict is doctor.Verdict.FAIL
    assert doctor.check_memory(512 * 1024**2).verdict is doctor.Verdict.WARN


def test_doctor_never_prints_a_secret(invoke: Invoke) -> None:
    result = invoke("doctor", env={"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hush"})
    assert "environment AWS_ACCESS_KEY_ID" in result.stdout
    assert "AKIAEXAMPLE" not in result.stdout + result.stderr
    assert "hush" not in result.stdout + result.stderr


def test_run_never_raises(tmp_path: Path) -> None:
    import io

    world = Environment(io.StringIO(), io.StringIO(), io.StringIO(), {}, tmp_path)
    assert run(["config", "show", "-o", "parquet"], world) == 2


def test_next_steps_name_the_target_that_was_typed(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "salesperf.toml").write_text('[targets.other]\nlake = "elsewhere"\n')
    assert "\n  salesperf ingest PATH\n" in invoke("status").stderr
    assert "\n  salesperf ingest PATH --target other\n" in invoke("status", "--target", "other").stderr


def test_next_steps_name_the_project_and_the_pipeline_that_were_typed(invoke: Invoke) -> None:
    invoke("init", "a shop")
    own = str(Path(__file__).parents[1] / "pipelines" / "corner_shop")
    assert (
        f"ingest PATH --project 'a shop' --pipeline {own}\n"
        in invoke("status", "--project", "a shop", "--pipeline", own).stderr
    )
    assert "--pipeline" not in invoke("init", "other", "--pipeline", own).stderr
