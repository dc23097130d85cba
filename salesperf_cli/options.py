"""Options that several commands share, each spelt once, and the two ways a command module declares its verb.

The global options (--target, --project, --pipeline, --output, --quiet, --no-color, --debug) are accepted
before and after every verb without being declared: `VerbCommand` adds those that a command does not name. A
command that wants to show one among its own options declares the alias below; the value reaches `Environment`
either way.
"""

from __future__ import annotations

import copy
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from salesperf_cli.environment import Environment
from salesperf_cli.errors import InputError
from salesperf_cli.output.forms import OutputFormat

if TYPE_CHECKING:
    # Typer 0.28 carries its own click under a private name; it is needed for signatures only.
    from typer._click import Command, HelpFormatter, Parameter
    from typer._click import Context as ClickContext


def environment(ctx: ClickContext) -> Environment:
    """The environment of this invocation."""
    return cast("Environment", ctx.obj)


def _remember(ctx: typer.Context, param: typer.CallbackParam, value: Any) -> Any:
    """Hand a typed global option to the environment; an option that was not typed changes nothing."""
    if value and isinstance(ctx.obj, Environment) and param.name:
        ctx.obj.take_flag(param.name, value)
    return value


TargetOption = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="NAME",
        callback=_remember,
        help="Where it runs: local, or a target of salesperf.toml.",
    ),
]
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="DIR",
        callback=_remember,
        help="Project folder; else the nearest with a salesperf.toml.",
    ),
]
PipelineOption = Annotated[
    str | None,
    typer.Option("--pipeline", metavar="DIR", callback=_remember, help="Pipeline folder, or olist, the one built in."),
]
OutputOption = Annotated[
    OutputFormat | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FORMAT",
        callback=_remember,
        help="table, json, ndjson, csv; queries: parquet, xlsx; costs: html.",
    ),
]
QuietOption = Annotated[
    bool, typer.Option("-q", "--quiet", callback=_remember, help="No talk on stderr but warnings and errors.")
]
NoColorOption = Annotated[
    bool,
    typer.Option("--no-color", callback=_remember, help="No colour; the variable NO_COLOR does the same."),
]
DebugOption = Annotated[bool, typer.Option("--debug", callback=_remember, help="Show the traceback of an error.")]

OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write to a file; its ending chooses the format."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")]


class Engine(StrEnum):
    """Which engine makes a run."""

    DUCKDB = "duckdb"
    SPARK = "spark"


EngineOption = Annotated[
    Engine | None, typer.Option("--engine", help="duckdb (default), or spark: the engine of AWS Glue, on this machine.")
]
YesOption = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]


def _global_options(
    target: TargetOption = None,
    project: ProjectOption = None,
    pipeline: PipelineOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
    debug: DebugOption = False,
) -> None:
    """Carries the signature from which the global options are made."""


@cache
def global_parameters() -> tuple[Parameter, ...]:
    """The global options as parameters whose values go to the environment and not to the command function."""
    carrier = typer.Typer(add_completion=False, rich_markup_mode=None)
    carrier.command()(_global_options)
    parameters = []
    for parameter in typer.main.get_command(carrier).params:
        silent = copy.copy(parameter)
        silent.expose_value = False
        parameters.append(silent)
    return tuple(parameters)


def _with_globals(own: list[Parameter]) -> list[Parameter]:
    names = {parameter.name for parameter in own}
    return own + [parameter for parameter in global_parameters() if parameter.name not in names]


class VerbCommand(TyperCommand):
    """A command that accepts the global options after its name and prints our help page."""

    def __init__(self, name: str | None, *, params: list[Parameter] | None = None, **rest: Any) -> None:
        super().__init__(name, params=_with_globals(params or []), **rest)

    def invoke(self, ctx: ClickContext) -> Any:
        """Run the command with a sink that knows the settings."""
        environment(ctx).read_settings_if_valid()
        return super().invoke(ctx)

    def format_help(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """The help page of one command."""
        from salesperf_cli.help import command_page

        formatter.write(command_page(self, ctx))


class VerbGroup(TyperGroup):
    """Commands under one noun; alone it prints its help, and a misspelt command gets a suggestion."""

    def __init__(self, *, params: list[Parameter] | None = None, **rest: Any) -> None:
        super().__init__(params=_with_globals(params or []), **rest)

    def parse_args(self, ctx: ClickContext, args: list[str]) -> list[str]:
        """With nothing typed, answer with the help page."""
        if not args and not ctx.resilient_parsing:
            environment(ctx).sink.text(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: ClickContext, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Find the command, or say which one was meant. Raises InputError."""
        name = args[0]
        names = self.list_commands(ctx)
        if name in names or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        raise no_such_command(name, names, ctx.command_path)

    def format_help(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """The help page of the group."""
        from salesperf_cli.help import group_page

        formatter.write(group_page(self, ctx))


def no_such_command(name: str, names: list[str], path: str) -> InputError:
    """The error for a misspelt command, with the nearest one where there is one."""
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=1, cutoff=0.5) or [n for n in names if n.startswith(name) and name]
    return InputError(
        f"there is no command {name!r}",
        why=f"the nearest is {near[0]!r}" if near else "",
        remedy=f"{path} {near[0]}" if near else f"{path} --help lists the commands",
    )


class _Verbs(typer.Typer):
    """A Typer whose commands are verbs of ours unless they say otherwise."""

    def command(self, name: str | None = None, **rest: Any) -> Any:
        rest.setdefault("cls", VerbCommand)
        return super().command(name, **rest)


def verb_group(text: str = "", cls: type[VerbGroup] = VerbGroup) -> typer.Typer:
    """The `app` of a module with several commands under one noun: `app = verb_group("…")`."""
    app = _Verbs(
        cls=cls,
        help=text or None,
        add_completion=False,
        rich_markup_mode=None,
        subcommand_metavar="COMMAND …",
    )
    app.callback()(_nothing)
    return app


def _nothing() -> None:
    """Keeps a group with a single command a group."""
