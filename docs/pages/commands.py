"""The page of commands: what each prints with `--help`."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from salesperf_cli.app import SECTIONS, load_verb, run
from salesperf_cli.environment import Environment
from salesperf_cli.options import VerbGroup


def command_paths() -> Iterator[tuple[str, ...]]:
    """Every command as it is typed, groups before their commands, in the order of the first help page."""
    for verbs in SECTIONS.values():
        for name in verbs:
            yield (name,)
            command = load_verb(name)
            if isinstance(command, VerbGroup):
                yield from ((name, each) for each in command.commands)


def help_text(*words: str) -> str:
    """What `salesperf WORDS --help` prints on a terminal of 80 columns."""
    out = io.StringIO()
    world = Environment(stdin=io.StringIO(), stdout=out, stderr=io.StringIO(), variables={}, cwd=Path(__file__).parent)
    code = run([*words, "--help"], world)
    if code:
        raise RuntimeError(f"salesperf {' '.join(words)} --help ends with {code}")
    return out.getvalue().rstrip()


def commands_page() -> str:
    """The help of every command."""
    parts = [
        (
            "# Commands\n\nWhat each command prints with `--help`. Global options may stand before or after the command.\n"
            "Exit codes have [a page of their own](exit-codes.md), and so has [the SQL that `query` takes]"
            "(athena-sql.md).\n"
        ),
        _code(help_text()),
    ]
    for words in command_paths():
        level = "##" if len(words) == 1 else "###"
        parts.append(f"{level} salesperf {' '.join(words)}\n\n{_code(help_text(*words))}")
    return "\n".join(parts)


def _code(text: str) -> str:
    return f"```text\n{text}\n```\n"
