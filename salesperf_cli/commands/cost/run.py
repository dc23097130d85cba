"""`salesperf cost run`: what one run of a layer's Glue job costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.amounts import money, price_pairs
from salesperf_cli.commands.cost.request import (
    CostRequest,
    ParametersOption,
    RegionOption,
    TemplatesOption,
    UsageOption,
    architecture,
)
from salesperf_cli.errors import InputError
from salesperf_cli.options import environment
from salesperf_cli.output.forms import Block, Column, Fields, Table

if TYPE_CHECKING:
    from salesperf_cli.core.cost.architecture import Architecture
    from salesperf_cli.core.cost.spend import Spend

_LAYERS = ("silver", "gold")


@dataclass(frozen=True, slots=True)
class RunPrice:
    """The JSON shape of `cost run`: one run of a layer's job, in three cases."""

    layer: str
    dpus: Decimal
    glue_version: str
    flexible: bool
    seconds: tuple[Decimal, Decimal, Decimal]
    low: Spend
    expected: Spend
    high: Spend


def run(
    ctx: typer.Context,
    layer: Annotated[str, typer.Argument(metavar="LAYER", help="silver or gold.")],
    templates: TemplatesOption = None,
    parameters: ParametersOption = None,
    usage: UsageOption = None,
    region: RegionOption = None,
) -> None:
    """Show what one run of a layer's Glue job costs.

    Workers, Glue version and class come from the template, the time from the usage figures.

    Examples:
      salesperf cost run gold
      salesperf cost run silver --parameters prod
    """
    if layer not in _LAYERS:
        raise InputError(
            f"there is no job for {layer!r}", why="silver and gold have one", remedy="salesperf cost run gold"
        )
    world = environment(ctx)
    built = architecture(world, CostRequest(templates, parameters, usage, region))
    world.sink.document(_priced(built, layer), _view)


def _priced(built: Architecture, layer: str) -> RunPrice:
    """One run of a layer's job, priced for each case of its time."""
    from salesperf_cli.core.cost.runs import job_of, run_seconds
    from salesperf_cli.core.cost.spend import job_shape, job_spend
    from salesperf_cli.core.cost.usage import Case

    shape = job_shape(job_of(built, layer))
    low, expected, high = seconds = tuple(run_seconds(built, layer, case) for case in Case)
    low_price, price, high_price = (job_spend(built.book, built.region, shape, each) for each in seconds)
    return RunPrice(
        layer=layer,
        dpus=shape.dpus,
        glue_version=shape.version,
        flexible=shape.is_flexible,
        seconds=(low, expected, high),
        low=low_price,
        expected=price,
        high=high_price,
    )


def _view(found: RunPrice) -> Iterator[Block]:
    kind = "flexible, " if found.flexible else ""
    columns = (Column(f"One run of {found.layer}"), *(money(name) for name in ("Low", "Expected", "High")))
    rows: list[tuple[object, ...]] = [
        ("seconds", *(f"{each:.0f}" for each in found.seconds)),
        ("price", *(each.told for each in (found.low, found.expected, found.high))),
    ]
    yield Table(columns, rows)
    pairs = (("job", f"{found.dpus.normalize():f} DPU, {kind}Glue {found.glue_version}"), *price_pairs(found.expected))
    yield Fields(pairs)
