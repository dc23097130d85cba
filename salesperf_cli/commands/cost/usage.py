"""`salesperf cost usage`: a usage file with every figure, its meaning and its origin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from salesperf_cli.commands.cost.measuring import measured as with_measured
from salesperf_cli.commands.cost.request import usage as wanted
from salesperf_cli.options import environment

_HEAD = (
    "Usage for salesperf cost. A value is a number, or {low, expected, high}.",
    "Figures of one resource: `resources: {LakeBucket: {bronze_files_per_day: 3}}`.",
)


def usage(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Option("--usage", metavar="FILE", help="Begin with these figures.")] = None,
    measured: Annotated[
        bool, typer.Option("--measured", help="Put in what this lake shows: orders, bytes, run times, events.")
    ] = False,
) -> None:
    """Print a usage file with every figure, what it means, and where its value is from.

    Saved as usage.yaml in the project folder, every cost command reads it.

    Examples:
      salesperf cost usage > usage.yaml
      salesperf cost usage --measured > usage.yaml
    """
    from salesperf_cli.core.cost.usage import usage_file

    world = environment(ctx)
    found = wanted(world, file)
    if measured:
        found = with_measured(world, found)
    world.sink.text(usage_file(found, found.sources, _HEAD))
