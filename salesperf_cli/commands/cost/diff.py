"""`salesperf cost diff`: what a change does to the cost of a month. What a side may be is in `sides`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.amounts import left_out, money
from salesperf_cli.commands.cost.request import (
    CostRequest,
    ParametersOption,
    RegionOption,
    TemplatesOption,
    UsageOption,
    architecture,
)
from salesperf_cli.core.cost.money import CENT, ZERO, change, dollars, plain_number
from salesperf_cli.options import environment
from salesperf_cli.output.forms import Block, Column, Fields, Line, Table

if TYPE_CHECKING:
    from salesperf_cli.core.cost.diff import CostDiff


def diff(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="Templates, a usage file, parameters, or `deployed`.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same, changed; or `local`: those of salesperf.")],
    templates: TemplatesOption = None,
    parameters: ParametersOption = None,
    usage: UsageOption = None,
    region: RegionOption = None,
) -> None:
    """Show what a change does to the cost of a month.

    OLD and NEW are each a template or a folder of templates, a usage file, parameters (dev, prod or a file), a
    region, `deployed` (what the target's stacks hold now) or `local` (the templates of salesperf). What neither
    names is the same on both sides.

    Examples:
      salesperf cost diff main/infra infra
      salesperf cost diff usage.yaml next-year.yaml
      salesperf cost diff dev prod
      salesperf cost diff deployed local --target dev
    """
    from salesperf_cli.commands.cost.sides import side
    from salesperf_cli.core.cost.diff import compare

    world = environment(ctx)
    base = architecture(world, CostRequest(templates, parameters, usage, region))
    world.sink.document(compare(side(world, base, old), side(world, base, new), old, new), _view)


def _view(diff: CostDiff) -> Iterator[Block]:
    """What changed, the greatest first, and both sums."""
    shown = [each for each in diff.changes if abs(each.delta) >= CENT / 2]
    small = diff.changes[len(shown) :]
    rows = [
        (
            {"added": "+", "removed": "-", "changed": "≠"}[each.kind],
            each.resource,
            each.what,
            "–" if each.before is None else dollars(each.before),
            "–" if each.after is None else dollars(each.after),
            change(each.delta),
        )
        for each in shown
    ]
    if small:
        together = change(sum((each.delta for each in small), ZERO))
        rows.append(("", f"{len(small)} more", "below half a cent each", "", "", together))
    if rows:
        columns = (Column(""), Column("Resource"), Column("For"), money("Before"), money("After"), money("Change"))
        yield Table(columns, rows, title="Changes a month")
    differing = [each for each in shown if each.how_before and each.how_after and each.how_before != each.how_after]
    for each in differing[:3]:
        pairs = (("before", each.how_before), ("after", each.how_after))
        yield Fields(pairs, title=f"{each.resource}, {each.what}")
    grown = "" if diff.percent is None else f"{'+' if diff.percent > 0 else ''}{plain_number(diff.percent)} %"
    sums: list[tuple[object, ...]] = [
        ("all lines", dollars(diff.before.gross), dollars(diff.after.gross), change(diff.delta_gross), grown),
        ("after the free tier", dollars(diff.before.net), dollars(diff.after.net), change(diff.delta_net), ""),
    ]
    yield Table((Column("Sum"), money("Before"), money("After"), money("Change"), money("")), sums)
    yield from left_out(diff.new_unpriced)
    yield Line(f"\n{'Nothing changes. ' if not rows else ''}USD a month, expected usage, taxes excluded.")
