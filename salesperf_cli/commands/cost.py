"""`salesperf cost`: what a month on AWS costs, what a change would do to it, and whether it stays in its limits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salesperf_cli.commands.cost_request import (
    Asked,
    ParametersOption,
    RegionOption,
    TemplatesOption,
    UsageOption,
    amount,
    architecture,
)
from salesperf_cli.errors import InputError, RefusedError
from salesperf_cli.options import VerbGroup, environment, verb_group
from salesperf_cli.output.forms import Column, OutputFormat

if TYPE_CHECKING:
    from typer._click import Context as ClickContext

    from salesperf_cli.core.cost.architecture import CostReport
    from salesperf_cli.environment import Environment


class CostGroup(VerbGroup):
    """The commands about money; alone, or with options only, it is `estimate`."""

    def parse_args(self, ctx: ClickContext, args: list[str]) -> list[str]:
        """Put in `estimate` where no command is named."""
        asks_for_help = {"--help", "-h"} & set(args)
        if not asks_for_help and (not args or args[0].startswith("-")) and not set(args) & set(self.commands):
            args = ["estimate", *args]
        return super().parse_args(ctx, args)


app = verb_group("Show what a month on AWS costs; alone it is `cost estimate`.", CostGroup)

_COLUMNS = tuple(
    Column(name)
    for name in (
        "stack", "resource", "kind", "service", "usage_type", "what", "quantity", "unit", "how", "usd", "standing",
        "price", "source", "source_date",
    )
)  # fmt: skip


@app.command()
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
    built = architecture(world, Asked(templates, parameters, usage, region))
    found = report(built)
    if html is not None:
        from salesperf_cli.core.cost.html import page

        (world.cwd / html).write_text(page(built), "utf-8")
        world.sink.step(f"wrote {html}")
        return
    if compare_region is not None:
        from salesperf_cli.commands.cost_look import compare_view

        there = report(built.in_region(compare_region))
        world.sink.document((found, there), lambda both: compare_view(*both))
        return
    _show(world, found, explain=explain)


def _show(world: Environment, found: CostReport, *, explain: bool) -> None:
    from salesperf_cli.commands.cost_look import explain_view, report_view

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


@app.command()
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
    from salesperf_cli.commands.cost_look import diff_view
    from salesperf_cli.commands.cost_sides import side
    from salesperf_cli.core.cost.diff import compare

    world = environment(ctx)
    base = architecture(world, Asked(templates, parameters, usage, region))
    world.sink.document(compare(side(world, base, old), side(world, base, new), old, new), diff_view)


@app.command()
def check(
    ctx: typer.Context,
    max: Annotated[str | None, typer.Option("--max", metavar="USD", help="Refuse more than this a month.")] = None,
    max_increase: Annotated[
        str | None, typer.Option("--max-increase", metavar="PERCENT", help="Refuse a greater growth; needs --against.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="OLD", help="What to compare with, as in cost diff.")
    ] = None,
    refuse_unpriced: Annotated[
        bool, typer.Option("--refuse-unpriced", help="Refuse also when something has no price.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a comment for a pull request.")] = False,
    templates: TemplatesOption = None,
    parameters: ParametersOption = None,
    usage: UsageOption = None,
    region: RegionOption = None,
) -> None:
    """Refuse a month that costs too much, for CI and pull requests.

    The limits hold for the gross sum (before the free tier) with expected usage. Exit code 3 when one is exceeded.

    Examples:
      salesperf cost check --max 200
      salesperf cost check --max 200 --against main/infra --max-increase 10%
      salesperf cost check --max 200 --markdown > comment.md
    """
    from salesperf_cli.commands.cost_look import check_view
    from salesperf_cli.commands.cost_sides import side
    from salesperf_cli.core.cost import check as guard
    from salesperf_cli.core.cost.architecture import report
    from salesperf_cli.core.cost.diff import compare

    if max is None and max_increase is None:
        raise InputError("there is nothing to check", why="no limit is given", remedy="salesperf cost check --max 200")
    if max_increase is not None and against is None:
        raise InputError(
            "--max-increase has nothing to compare with", why="--against is missing", remedy="--against main/infra"
        )
    world = environment(ctx)
    built = architecture(world, Asked(templates, parameters, usage, region))
    difference = compare(side(world, built, against), built, against, "now") if against else None
    found = report(built)
    limit = amount(max, "--max") if max is not None else None
    increase = guard.parse_percent(max_increase) if max_increase is not None else None
    verdict = guard.judge(found, limit, difference, increase, refuse_unpriced=refuse_unpriced)
    if markdown:
        world.sink.text(guard.markdown(verdict, found, difference))
    else:
        world.sink.document(verdict, check_view)
    if not verdict.passed:
        raise RefusedError(
            "the cost is above its limit",
            why="; ".join(verdict.reasons),
            remedy="salesperf cost --explain shows each line; lower the usage, or raise the limit",
        )
    world.sink.step("the cost is within its limits")


@app.command("what-if")
def what_if(
    ctx: typer.Context,
    orders_per_day: Annotated[
        str | None, typer.Option("--orders-per-day", metavar="N", help="Orders a day, such as 1e6.")
    ] = None,
    retention: Annotated[
        str | None, typer.Option("--retention", metavar="DAYS", help="How long data are held: 90d, 2y.")
    ] = None,
    queries_per_day: Annotated[
        str | None, typer.Option("--queries-per-day", metavar="N", help="Questions to Athena a day.")
    ] = None,
    runs_per_day: Annotated[str | None, typer.Option("--runs-per-day", metavar="N", help="Batch runs a day.")] = None,
    set: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIGURE=N", help="Any other figure of usage.")
    ] = None,
    over: Annotated[str, typer.Option("--over", metavar="FIGURE", help="What the plot runs over.")] = "orders_per_day",
    templates: TemplatesOption = None,
    parameters: ParametersOption = None,
    usage: UsageOption = None,
    region: RegionOption = None,
) -> None:
    """Show what another scale would cost, with a plot of cost against scale.

    Examples:
      salesperf cost what-if --orders-per-day 1e6 --retention 90d
      salesperf cost what-if --queries-per-day 5000 --over queries_per_day
      salesperf cost what-if --set query_scan_percent=50
    """
    from salesperf_cli.commands.cost_look import what_if_view
    from salesperf_cli.core.cost.usage import known_figure, parse_quantity
    from salesperf_cli.core.cost.whatif import what_if as reckon

    world = environment(ctx)
    typed = [each.partition("=")[::2] for each in set or ()]
    typed += [
        (name, value)
        for name, value in (
            ("orders_per_day", orders_per_day),
            ("retention_days", retention),
            ("queries_per_day", queries_per_day),
            ("batch_runs_per_day", runs_per_day),
        )
        if value is not None
    ]
    changes = {known_figure(name, "--set").name: parse_quantity(value, name) for name, value in typed}
    if known_figure(over, "--over").expected is None:
        raise InputError(f"--over cannot be {over}", why="it has no usual value", remedy="--over orders_per_day")
    built = architecture(world, Asked(templates, parameters, usage, region))
    world.sink.document(reckon(built, changes, over), lambda result: what_if_view(result, world.width))


from salesperf_cli.commands import cost_money, cost_prices  # noqa: E402  (they add their commands to the group)

app.command("query")(cost_money.query)
app.command("run")(cost_money.run)
app.command("usage")(cost_money.usage)
app.command("prices")(cost_prices.prices)
app.command("actual")(cost_prices.actual)
app.command("accuracy")(cost_money.accuracy)
