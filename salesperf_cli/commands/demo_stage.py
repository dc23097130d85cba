"""Runs a command of ours inside another one, in another folder, on the same streams."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from salesperf_cli.output.forms import OutputFormat

if TYPE_CHECKING:
    from salesperf_cli.environment import Environment


def run_inside(world: Environment, project: Path, arguments: list[str], *, show: bool) -> None:
    """Run one command line in `project`; what it tells is passed on, its data only with `show`. Exits as the command
    does.
    """
    from salesperf_cli.app import run

    flags = replace(world.flags, output=OutputFormat.TABLE, project=None, pipeline=None, target=None)
    stdout = world.stderr if show else io.StringIO()
    inner = replace(
        world,
        stdout=stdout,
        stdout_tty=show and world.stderr_tty,
        cwd=project if project.exists() else world.cwd,
        flags=flags,
        hints=False,
        _sink=None,
        _settings=None,
    )
    code = run(arguments, inner)
    if code:
        raise typer.Exit(code)
