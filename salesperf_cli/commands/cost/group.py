"""`salesperf cost`: the group, and which commands are in it. Each lives in a module of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesperf_cli.commands.cost.accuracy import accuracy
from salesperf_cli.commands.cost.actual import actual
from salesperf_cli.commands.cost.check import check
from salesperf_cli.commands.cost.diff import diff
from salesperf_cli.commands.cost.estimate import estimate
from salesperf_cli.commands.cost.prices import prices
from salesperf_cli.commands.cost.query import query
from salesperf_cli.commands.cost.run import run
from salesperf_cli.commands.cost.usage import usage
from salesperf_cli.commands.cost.what_if import what_if
from salesperf_cli.options import VerbGroup, verb_group

if TYPE_CHECKING:
    from typer._click import Context as ClickContext


class CostGroup(VerbGroup):
    """The commands about money; alone, or with options only, it is `estimate`."""

    def parse_args(self, ctx: ClickContext, args: list[str]) -> list[str]:
        """Put in `estimate` where no command is named."""
        asks_for_help = {"--help", "-h"} & set(args)
        if not asks_for_help and (not args or args[0].startswith("-")) and not set(args) & set(self.commands):
            args = ["estimate", *args]
        return super().parse_args(ctx, args)


app = verb_group("Show what a month on AWS costs; alone it is `cost estimate`.", CostGroup)
for command in (estimate, diff, check, what_if, query, run, usage, prices, actual, accuracy):
    app.command(command.__name__.replace("_", "-"))(command)
