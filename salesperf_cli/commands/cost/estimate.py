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
    known_region,
)
from salesperf_cli.errors import InputError
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
    measured: Annotated[
        bool, typer.Option("--measured", help="With usage figures as this lake shows them (see cost usage).")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Quantity × price × rule, and the price's source, of every line.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a report for a browser, as -o html prints it.")
    ] = None,
) -> None:
    """Show what the architecture costs a month.

    Resources come from CloudFormation templates, usage from a file (low, expected, high), prices from a price book
    that travels with salesperf: nothing is asked of AWS. What has no price is listed and counted, and never 0.
    Taxes are excluded.

    Examples:
      salesperf cost
      salesperf cost --explain
      salesperf cost --measured
      salesperf cost estimate --usage usage.yaml --parameters prod
      salesperf cost estimate --compare-region us-east-1
      salesperf cost estimate --html cost.html
      salesperf cost estimate -o csv > lines.csv
    """
    from salesperf_cli.core.cost.architecture import report

    world = environment(ctx)
    built = _built(world, CostRequest(templates, parameters, usage, region), measured=measured)
    if html is not None:
        _write_page(world, built, html)
    elif world.sink.document_format is OutputFormat.HTML and compare_region is None:
        world.sink.text(_page(built))
    elif compare_region is not None:
        _show_two_regions(world, built, compare_region)
    else:
        _show(world, report(built), explain=explain)


def _built(world: Environment, request: CostRequest, *, measured: bool) -> Architecture:
    """What was asked about, with the figures of the lake where that was asked for."""
    from dataclasses import replace

    from salesperf_cli.commands.cost.measuring import measured as with_measured

    built = architecture(world, request)
    if not measured:
        return built
    usage = with_measured(world, built.usage)
    return replace(built, usage=replace(usage, origin=f"{usage.origin}, measured in this lake"))


def _write_page(world: Environment, built: Architecture, file: Path) -> None:
    try:
        (world.cwd / file).write_text(_page(built), "utf-8")
    except OSError as fault:
        raise InputError(
            f"{file} cannot be written",
            why=fault.strerror or str(fault),
            remedy="name a file in a folder that is there",
        ) from fault
    world.sink.step(f"wrote {file}")


def _page(built: Architecture) -> str:
    from salesperf_cli.core.cost.html import page

    return page(built)


def _show_two_regions(world: Environment, built: Architecture, other: str) -> None:
    from salesperf_cli.commands.cost.estimate_view import compare_view
    from salesperf_cli.core.cost.architecture import report

    known_region(built.book, other, "--compare-region")
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
