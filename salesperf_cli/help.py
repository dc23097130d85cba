"""Help pages, laid out by hand for 80 columns: rich would cost as much time as all the rest of the start.

A command's docstring is its page: the first line is the summary, paragraphs are wrapped, indented lines
(examples) stay as they are.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from salesperf_cli.environment import Environment
from salesperf_cli.output.sink import paint_with
from salesperf_cli.output.tables import Paint, Tone
from salesperf_cli.output.text import wrap

if TYPE_CHECKING:
    from typer._click import Command, Parameter
    from typer._click import Context as ClickContext
    from typer.core import TyperGroup

_WIDEST = 100
_INDENT = 2
_NAMES_AT_MOST = 28
_COMPLETION = ("install_completion", "show_completion")  # the footer names them in a line

Entries = Sequence[tuple[str, str]]


def command_page(command: Command, ctx: ClickContext) -> str:
    """Usage, description, arguments and options of one command, with a pointer to the global options."""
    paint, width = _hand(ctx)
    parts = [_usage(command, ctx, paint), _prose(command.help or "", width)]
    parts += _parameters(command, ctx, paint, width)
    return _joined(parts)


def group_page(group: TyperGroup, ctx: ClickContext) -> str:
    """Usage, description and the commands of one noun."""
    paint, width = _hand(ctx)
    entries = [(name, _summary(command.help)) for name, command in group.commands.items() if not command.hidden]
    parts = [
        _usage(group, ctx, paint),
        _prose(group.help or "", width),
        _section("Commands", entries, paint, width),
    ]
    parts += _parameters(group, ctx, paint, width)
    return _joined(parts)


def root_page(group: Command, ctx: ClickContext, sections: Mapping[str, Entries], footer: Entries) -> str:
    """The first page: what the tool is, its commands by purpose, the global options, where to begin."""
    paint, width = _hand(ctx)
    parts = [_prose(group.help or "", width), _usage(group, ctx, paint)]
    parts += [_section(title, entries, paint, width, names=10) for title, entries in sections.items()]
    records = [
        record
        for parameter in group.get_params(ctx)
        if parameter.name not in _COMPLETION and (record := parameter.get_help_record(ctx))
    ]
    parts.append(_section("Options, before or after the command", records, paint, width))
    parts.append("\n".join(f"{paint(name + ':', Tone.STRONG)} {text}" for name, text in footer))
    return _joined(parts)


def _hand(ctx: ClickContext) -> tuple[Paint, int]:
    environment = ctx.obj
    if not isinstance(environment, Environment):
        return paint_with(False), 80
    color = environment.stdout_tty and environment.look.color
    return paint_with(color), min(environment.width, _WIDEST)


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _usage(command: Command, ctx: ClickContext, paint: Paint) -> str:
    return f"{paint('Usage:', Tone.STRONG)} {ctx.command_path} {usage_pieces(command, ctx)}"


def usage_pieces(command: Command, ctx: ClickContext) -> str:
    """What follows the command's name, required arguments without Typer's braces."""
    return re.sub(r"\{(\w+)\}", r"\1", " ".join(command.collect_usage_pieces(ctx)))


def _summary(text: str | None) -> str:
    return inspect.cleandoc(text or "").partition("\n")[0]


def _prose(text: str, width: int) -> str:
    """Paragraphs wrapped; indented lines are examples and stay."""
    lines: list[str] = []
    paragraph: list[str] = []
    for line in [*inspect.cleandoc(text).split("\n"), ""]:
        if line and not line.startswith(" "):
            paragraph.append(line)
            continue
        if paragraph:
            lines += wrap(" ".join(paragraph), width)
            paragraph = []
        lines.append(line)
    return "\n".join(lines).strip("\n")


def _parameters(command: Command, ctx: ClickContext, paint: Paint, width: int) -> list[str]:
    arguments: list[tuple[str, str]] = []
    options: list[tuple[str, str]] = []
    inherited: list[str] = []
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is None:
            continue
        if _is_inherited(parameter):
            inherited.append(record[0])
        elif parameter.param_type_name == "argument":
            arguments.append(record)
        else:
            options.append(record)
    return [
        _section("Arguments", arguments, paint, width),
        _section("Options", options, paint, width),
        _also(inherited, paint, width),
    ]


def _is_inherited(parameter: Parameter) -> bool:
    return not parameter.expose_value and parameter.name != "help"


def _also(names: Sequence[str], paint: Paint, width: int) -> str:
    """The global options in short, never broken between a name and its value."""
    if not names:
        return ""
    room = width - _INDENT
    lines = wrap("  ".join(name.replace(" ", "\u00a0") for name in names), room)
    body = "\n".join(" " * _INDENT + line.strip().replace("\u00a0", " ") for line in lines)
    return f"{paint('Global options', Tone.STRONG)} (see salesperf --help)\n{body}"


def _section(title: str, entries: Entries, paint: Paint, width: int, names: int = 0) -> str:
    if not entries:
        return ""
    widest = max(names, *(len(name) for name, _ in entries if len(name) <= _NAMES_AT_MOST), 4)
    lines = [paint(title, Tone.STRONG)]
    for name, text in entries:
        first, *others = wrap(text, width - _INDENT - widest - 2)
        if len(name) > widest:
            lines.append(" " * _INDENT + paint(name, Tone.LINK))
            others.insert(0, first)
        else:
            lines.append(" " * _INDENT + paint(name, Tone.LINK) + " " * (widest - len(name) + 2) + first)
        lines.extend(" " * (_INDENT + widest + 2) + other for other in others)
    return "\n".join(line.rstrip() for line in lines)
