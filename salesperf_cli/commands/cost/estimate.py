"""`salesperf cost estimate`: what the architecture costs a month. How that looks is in `estimate_view`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salesperf_cli.commands.cost.request import (
    CostRequest,
    ParametersOption,
    RegionOption,
    TemplatesOption,
    UsageOption,
    architecture,
)
from salesperf_cli.options import environment
from salesperf_cli.output.forms import Column, OutputFormat

if TYPE_CHECKING:
    from salesperf_cli.core.cost.architecture import Architecture, CostReport
    from salesperf_cli.environment import Environment

_COLUMNS = tuple(
    Column(name)
    for name in (
        "stack", "resource", "kind", "service", "usage_type", "what", "quantity", "unit", "how", "usd", "standing",
        "price", "source", "source_date",
    )
)  # fmt: skip


def estimate(
    ctx: typer.Context,
    templates: TemplatesOption = None,
    parameters: ParametersOption = None,
    usage: UsageOption = None,
    region: RegionOption = None,
    compare_region: Annotated[
        str | None, typer.Option("--compare-region", metavar="NAME", help="Show another region beside it.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Quantity × price × rule, and the price's source, of every line.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a report to look at in a browser.")
    ] = None,
) -> None:
    """Show what the architecture costs a month.

    Resources come from CloudFormation templates, usage from a file (low, expected, high), prices from a price book
    that travels with salesperf: nothing is asked of AWS. What has no price is listed and counted, and never 0.
    Taxes are excluded.

    Examples:
      salesperf cost
      salesperf cost --explain
      salesperf cost estimate --usage usage.yaml --parameters prod
      salesperf cost estimate --compare-region us-east-1
      salesperf cost estimate --html cost.html
    """
    from salesperf_cli.core.cost.architecture import report

    world = environment(ctx)
    built = architecture(world, CostRequest(templates, parameters, usage, region))
    if html is not None:
        _write_page(world, built, html)
    elif compare_region is not None:
        _show_two_regions(world, built, compare_region)
    else:
        _show(world, report(built), explain=explain)


def _write_page(world: Environment, built: Architecture, file: Path) -> None:
    from salesperf_cli.core.cost.html import page

    (world.cwd / file).write_text(page(built), "utf-8")
    world.sink.step(f"wrote {file}")


def _show_two_regions(world: Environment, built: Architecture, other: str) -> None:
    from salesperf_cli.commands.cost.estimate_view import compare_view
    from salesperf_cli.core.cost.architecture import report

    both = report(built), report(built.in_region(other))
    world.sink.document(both, lambda reports: compare_view(*reports))


def _show(world: Environment, found: CostReport, *, explain: bool) -> None:
    from salesperf_cli.commands.cost.estimate_view import explain_view, report_view

    if world.sink.document_format is OutputFormat.CSV:
        world.sink.table("", _COLUMNS, _csv_rows(found))
        return
    world.sink.document(found, explain_view if explain else report_view)
    if not explain and world.sink.document_format is OutputFormat.TABLE:
        world.sink.next_steps(("salesperf cost --explain", "salesperf cost what-if --orders-per-day 10000"))


def _csv_rows(found: CostReport) -> list[tuple[Any, ...]]:
    """A row for each part of a line that has one price, and one without an amount for what has none."""
    rows: list[tuple[Any, ...]] = [
        (line.stack, line.resource, line.kind, line.service, part.usage_type, line.what, part.quantity, line.unit,
         line.how, part.usd, part.standing, part.price, part.source, part.source_date)
        for line in found.lines
        for part in line.parts
    ]  # fmt: skip
    rows += [
        (each.stack, each.resource, each.kind, each.service, each.usage_type, "", each.quantity, each.unit,
         each.reason, None, "unpriced", None, "", "")
        for each in found.unpriced
    ]  # fmt: skip
    return rows
