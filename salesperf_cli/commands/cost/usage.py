"""`salesperf cost usage`: a usage file with every figure, its meaning and its origin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.request import usage as wanted
from salesperf_cli.options import environment

if TYPE_CHECKING:
    from salesperf_cli.core.cost.measured import MeasuredFigure
    from salesperf_cli.environment import Environment

_HEAD = (
    "Usage for salesperf cost. A value is a number, or {low, expected, high}.",
    "Figures of one resource: `resources: {LakeBucket: {bronze_files_per_day: 3}}`.",
)


def usage(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Option("--usage", metavar="FILE", help="Begin with these figures.")] = None,
    measured: Annotated[
        bool, typer.Option("--measured", help="Put in what this project's lake shows: bytes, rows, run times.")
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
    found, sources = wanted(world, file), dict[str, str]()
    if measured:
        figures = _measured(world)
        found = found.with_({each.name: each.value for each in figures})
        sources = {each.name: each.source for each in figures}
        world.sink.step(f"{len(figures)} figures measured in this lake")
    world.sink.text(usage_file(found, sources, _HEAD))


def _measured(world: Environment) -> Sequence[MeasuredFigure]:
    from salesperf_cli.core.cost.measured import measure
    from salesperf_cli.factory import open_workspace

    return measure(open_workspace(world).ledger)
