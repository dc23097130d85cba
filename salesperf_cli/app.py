"""The `salesperf` command: which verbs there are, and the one place where errors become exit codes.

Registration only: a verb's module is imported when the verb is typed, so `--help` costs hardly more than
Typer itself.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast

import typer

from salesperf_cli import __version__
from salesperf_cli.environment import Environment
from salesperf_cli.errors import ExitCode, InputError
from salesperf_cli.options import VerbCommand, VerbGroup, environment

if TYPE_CHECKING:
    from typer._click import Command, HelpFormatter
    from typer._click import Context as ClickContext


class Verb(NamedTuple):
    """A command by name: the module under `commands` that holds it, and the first line of its help."""

    module: str
    summary: str


SECTIONS: dict[str, dict[str, Verb]] = {
    "Set up": {
        "demo": Verb("demo", "Run the whole pipeline on sample data, in one go."),
        "init": Verb("init", "Start a project in a folder."),
        "doctor": Verb("doctor", "Check that this machine has what salesperf needs."),
        "config": Verb("config", "Show the settings and where each came from."),
    },
    "Load and build": {
        "sample": Verb("sample", "Write sample source files to try things on."),
        "ingest": Verb("ingest", "Take source files into the bronze layer."),
        "withdraw": Verb("withdraw", "Take delivered files out again."),
        "run-batch": Verb("run_batch", "Build silver and gold from what is new, and audit them."),
    },
    "Stream": {
        "replay": Verb("replay", "Send past sales into the stream as if they happened now."),
        "tail": Verb("tail", "Follow events as they arrive."),
    },
    "Publish": {
        "promote": Verb("promote", "Make an audited run visible, as a named release."),
        "rollback": Verb("rollback", "Go back to an earlier release, all tables together."),
        "releases": Verb("releases", "List the releases."),
        "vacuum": Verb("vacuum", "Free the space of old releases and left-over files."),
        "publish-views": Verb("publish_views", "Make the serving views in Athena, or replace them."),
    },
    "Ask": {
        "query": Verb("query", "Ask the lake in SQL."),
        "status": Verb("status", "Show what is loaded, built and released."),
    },
    "Run on AWS": {
        "deploy": Verb("deploy", "Make or change a target's stacks on AWS."),
        "destroy": Verb("destroy", "Take a target's stacks down again."),
    },
    "Govern": {
        "cost": Verb("cost.group", "Show what a month on AWS costs; alone it is `cost estimate`."),
        "contract": Verb("contract", "Check, show and draft the data contracts."),
        "models": Verb("models", "List the models, and check them on the engine of AWS Glue."),
        "permissions": Verb("permissions", "Show what each verb may call on AWS, and the least IAM policy for it."),
    },
}
VERBS: dict[str, Verb] = {name: verb for verbs in SECTIONS.values() for name, verb in verbs.items()}

_FOOTER = (
    ("Begin with", "salesperf demo"),
    ("Completion", "salesperf --install-completion teaches it to your shell"),
    ("Exit codes", "0 done, 2 input, 3 refused, 4 permission, 5 try again, 6 conflict"),
)


def load_verb(name: str) -> Command:
    """Import the module of a verb and make its command.

    The module holds either `app`, made by `options.verb_group`, or one function named like the module.
    Raises InputError when the module is not part of this installation.
    """
    from importlib import import_module

    path = f"salesperf_cli.commands.{VERBS[name].module}"
    try:
        module = import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        raise InputError(
            f"`salesperf {name}` is not part of this installation",
            why=f"its module {path} is missing",
            remedy="install salesperf again",
        ) from error
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name, cls=VerbCommand)(getattr(module, VERBS[name].module))
    command = typer.main.get_command(app)
    command.name = name
    return command


class RootGroup(VerbGroup):
    """The verbs, listed from the table and loaded only when typed."""

    def list_commands(self, ctx: ClickContext) -> list[str]:
        """The names, in the order of the help page."""
        return list(VERBS)

    def get_command(self, ctx: ClickContext, cmd_name: str) -> Command | None:
        """The command of a verb, imported now. Raises InputError when its module is missing."""
        if cmd_name not in VERBS:
            return None
        if not ctx.resilient_parsing:
            return load_verb(cmd_name)
        with suppress(InputError):  # while a shell completes, a missing verb is just not offered
            return load_verb(cmd_name)
        return None

    def format_help(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """The first page."""
        from salesperf_cli.help import root_page

        sections = {title: [(n, v.summary) for n, v in verbs.items()] for title, verbs in SECTIONS.items()}
        formatter.write(root_page(self, ctx, sections, _FOOTER))


def _print_version(ctx: typer.Context, value: bool) -> None:
    if value:
        environment(ctx).sink.text(f"salesperf {__version__}")
        raise typer.Exit


app = typer.Typer(cls=RootGroup, rich_markup_mode=None, subcommand_metavar="COMMAND …")


@app.callback()
def salesperf(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """salesperf: from the first sales CSV to audited wide tables, on a laptop and on AWS."""


def run(arguments: Sequence[str], world: Environment) -> int:
    """Run one command line in an environment and return its exit code; never raises."""
    with redirect_stdout(world.stdout), redirect_stderr(world.stderr):
        try:
            code = _invoke(arguments, world)
            world.sink.flush()
            return code
        except BaseException as error:
            from salesperf_cli.failures import report

            return report(error, arguments, world)


def _invoke(arguments: Sequence[str], world: Environment) -> int:
    group = cast("Any", typer.main.get_command(app))
    if "_SALESPERF_COMPLETE" in world.variables:
        group.main(list(arguments), prog_name="salesperf")
    try:
        with group.make_context("salesperf", list(arguments), obj=world) as ctx:
            group.invoke(ctx)
    except typer.Exit as stop:
        return stop.exit_code
    return ExitCode.DONE


def main() -> None:
    """The console script."""
    # Start-up makes some hundred thousand objects that live as long as the process: looking through them for
    # garbage again and again costs a tenth of a query's time.
    gc.set_threshold(200_000, 20, 100)
    code = run(sys.argv[1:], Environment.of_process())
    sys.exit(int(code))
