"""`salesperf contract`: checks and shows the data contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.contract_draft import draft
from salesperf_cli.errors import InputError
from salesperf_cli.options import environment, verb_group
from salesperf_cli.output.forms import Column, Fields, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from salesperf_cli.core.contracts import Contract
    from salesperf_cli.core.pipeline_lint import LintReport
    from salesperf_cli.core.tables import TableName

app = verb_group("Check, show and draft the data contracts.")
app.command()(draft)


@app.command()
def lint(ctx: typer.Context) -> None:
    """Check contracts and models against each other.

    Contracts must be valid ODCS v3.1, rules and models portable SQL, and each model must give the columns and types
    that its contract promises. Exit code 3 when something is to be mended.

    Examples:
      salesperf contract lint
      salesperf contract lint --pipeline ../our-pipeline
    """
    from salesperf_cli.core.pipeline import load_pipeline
    from salesperf_cli.core.pipeline_lint import lint_pipeline

    world = environment(ctx)
    report = lint_pipeline(load_pipeline(world.settings.pipeline))
    world.sink.document(report, _lint_view)
    if report.problems:
        raise typer.Exit(3)


def _lint_view(report: LintReport) -> Iterable[Table | Line]:
    if report.problems:
        yield Table(
            (Column("Where"), Column("What to mend", wrap=True)), [(p.where, p.message) for p in report.problems]
        )
    looked = f"{report.contracts} contracts, {report.models} models, {report.rules} rules"
    yield Line(f"{looked}: {len(report.problems) or 'no'} problem{'s' * (len(report.problems) != 1)}")


@app.command("list")
def list_contracts(ctx: typer.Context) -> None:
    """List the contracts.

    Examples:
      salesperf contract list
    """
    from salesperf_cli.core.pipeline import load_pipeline

    world = environment(ctx)
    contracts = load_pipeline(world.settings.pipeline).contracts()
    columns = (Column("Table"), Column("Version"), Column("Columns"), Column("Rules"), Column("Description"))
    rows = [
        (str(name), each.version, len(each.columns), len(each.row_rules) + len(each.table_rules), each.description)
        for name, each in contracts.items()
    ]
    world.sink.table("", columns, rows)


@app.command()
def show(
    ctx: typer.Context, table: Annotated[str, typer.Argument(metavar="TABLE", help="For example gold.sales_wide.")]
) -> None:
    """Show a table's columns and rules.

    Examples:
      salesperf contract show gold.sales_wide
      salesperf contract show bronze.orders -o json
    """
    from salesperf_cli.core.pipeline import load_pipeline

    world = environment(ctx)
    contracts = load_pipeline(world.settings.pipeline).contracts()
    world.sink.document(_contract(contracts, table), _contract_view)


def _contract(contracts: Mapping[TableName, Contract], table: str) -> Contract:
    """The contract of a table. Raises InputError, with the nearest name, when there is none."""
    from difflib import get_close_matches

    from salesperf_cli.core.tables import TableName

    name = TableName.parse(table)
    if name in contracts:
        return contracts[name]
    near = get_close_matches(table, [str(each) for each in contracts], n=1)
    raise InputError(
        f"no contract defines {table}",
        why=f"the nearest is {near[0]}" if near else "",
        remedy="see: salesperf contract list",
    )


def _contract_view(contract: Contract) -> Iterable[Fields | Table]:
    yield Fields(
        (
            ("table", str(contract.name)),
            ("what", contract.description),
            ("o quê", contract.description_pt),
            ("key", " + ".join(contract.key) or "none"),
            (
                "partition",
                f"{contract.partition.column} by {contract.partition.transform}" if contract.partition else "none",
            ),
            ("incremental", contract.incremental if contract.source is None else "files as received"),
        )
    )
    yield _columns(contract)
    rules = [*contract.row_rules, *contract.table_rules]
    if rules:
        yield Table(
            (Column("Rule"), Column("Severity"), Column("What must hold", wrap=True)),
            [(rule.name, rule.severity, rule.description) for rule in rules],
        )


def _columns(contract: Contract) -> Table:
    """The columns; what files call them stands beside where that differs."""
    differ = contract.names_in_files != contract.column_names
    rows = [
        (
            column.name + ("*" if column.required else ""),
            *([column.name_in_files] if differ else []),
            str(column.type),
            column.classification,
            column.description,
        )
        for column in contract.columns
    ]
    in_files = (Column("In files"),) if differ else ()
    columns = (Column("Column"), *in_files, Column("Type"), Column("Class"), Column("Description", wrap=True))
    return Table(columns, rows, footer="* is never null")
