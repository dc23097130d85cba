"""What one invocation has from the outside: streams, variables, folder, clock, and the flags typed so far.

Handed through the command context, so that a test runs a command in process with streams of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from salesperf_cli.errors import InputError, SalesperfError
from salesperf_cli.output.forms import OutputFormat
from salesperf_cli.output.sink import Look, Sink

if TYPE_CHECKING:
    from salesperf_cli.config import Settings

_WIDEST = 160


@dataclass(frozen=True, slots=True)
class Flags:
    """The global options as typed, before or after the verb; None or False where nothing was typed."""

    target: str | None = None
    project: Path | None = None
    pipeline: str | None = None
    output: OutputFormat | None = None
    quiet: bool = False
    no_color: bool = False
    debug: bool = False


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Environment:
    """The world as one invocation sees it. Only `flags` changes, while the command line is being read."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    variables: Mapping[str, str]
    cwd: Path
    stdin_tty: bool = False
    stdout_tty: bool = False
    stderr_tty: bool = False
    width: int = 80
    hints: bool = True
    clock: Callable[[], datetime] = _now
    flags: Flags = field(default_factory=Flags)
    _sink: Sink | None = None
    _settings: Settings | None = None

    @classmethod
    def of_process(cls) -> Environment:
        """The environment of this process."""
        stdout_tty, stderr_tty = sys.stdout.isatty(), sys.stderr.isatty()
        return cls(
            stdin=sys.stdin,
            stdout=sys.stdout,
            stderr=sys.stderr,
            variables=os.environ,
            cwd=Path.cwd(),
            stdin_tty=sys.stdin is not None and sys.stdin.isatty(),
            stdout_tty=stdout_tty,
            stderr_tty=stderr_tty,
            width=_terminal_width(os.environ, stdout_tty or stderr_tty),
        )

    def take_flag(self, name: str, value: Any) -> None:
        """Remember a typed global option; the one typed last wins."""
        self.flags = replace(self.flags, **{name: value})
        self._sink = self._settings = None

    @property
    def sink(self) -> Sink:
        """Where every output of the command goes."""
        if self._sink is None:
            self._sink = Sink(self.stdout, self.stderr, self._form(), self.look)
        return self._sink

    @property
    def settings(self) -> Settings:
        """The settings of this invocation, read when first asked for. Raises InputError."""
        if self._settings is None:
            from salesperf_cli.config import load_settings

            self._settings = load_settings(self.flags, self.variables, self.cwd)
            self._sink = None  # salesperf.toml may name an output format
        return self._settings

    def read_settings_if_valid(self) -> None:
        """Read the settings before a command runs, so that its sink knows them.

        An error waits for the command that asks for them.
        """
        with suppress(SalesperfError):
            _ = self.settings

    def confirm(self, question: str, *, assume_yes: bool) -> bool:
        """Ask before something that cannot be undone; without a terminal only `--yes` will do."""
        if assume_yes:
            return True
        if not (self.stdin_tty and self.stderr_tty):
            raise InputError(
                f"{question!r} needs a yes",
                why="there is no terminal to ask on",
                remedy="add --yes when you mean it",
            )
        self.stderr.write(f"{question} [y/N] ")
        self.stderr.flush()
        return self.stdin.readline().strip().lower() in ("y", "yes")

    def ask(self, question: str) -> str:
        """Ask for a word; raises InputError where there is no terminal to ask on."""
        if not (self.stdin_tty and self.stderr_tty):
            raise InputError(f"{question!r} needs an answer", why="there is no terminal to ask on", remedy="see --help")
        self.stderr.write(f"{question} ")
        self.stderr.flush()
        return self.stdin.readline().strip()

    def _form(self) -> OutputFormat | None:
        """The format from flag, variable or, once the settings are read, salesperf.toml."""
        if self.flags.output is not None:
            return self.flags.output
        if self._settings is not None:
            return self._settings.output
        word = self.variables.get("SALESPERF_OUTPUT", "")
        return OutputFormat(word) if word in list(OutputFormat) else None

    @property
    def look(self) -> Look:
        """What the streams can show, as flags and variables allow."""
        plain = self.flags.no_color or bool(self.variables.get("NO_COLOR"))
        plain = plain or self.variables.get("TERM") == "dumb"
        return Look(
            stdout_tty=self.stdout_tty,
            stderr_tty=self.stderr_tty,
            color=not plain,
            quiet=self.flags.quiet,
            width=self.width,
            hints=self.hints,
            typed=_typed(target=self.flags.target, project=self.flags.project, pipeline=self.flags.pipeline),
        )


def _typed(**options: str | Path | None) -> str:
    """Options as they are typed, those that were."""
    if not any(options.values()):
        return ""
    import shlex

    return "".join(f" --{name} {shlex.quote(str(value))}" for name, value in options.items() if value)


def _terminal_width(variables: Mapping[str, str], on_terminal: bool) -> int:
    asked = variables.get("COLUMNS", "")
    if asked.isdigit() and int(asked) > 0:
        return max(int(asked), 40)
    if not on_terminal:
        return 80
    import shutil

    return min(max(shutil.get_terminal_size((80, 24)).columns, 40), _WIDEST)
