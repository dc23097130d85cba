"""How a promotion or rollback is shown, before and after, and what follows it. Shared by the verbs that publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesperf_cli.errors import SalesperfError
from salesperf_cli.output.forms import Column, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from salesperf_cli.core.ledger import Release
    from salesperf_cli.core.promotion import PublishPlan
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Workspace


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table's move: rows and bytes before and after, columns that come and go, and what its checks said."""

    table: str
    rows_before: int | None
    rows: int
    bytes_before: int | None
    bytes: int
    schema_changes: tuple[str, ...]
    checks_passed: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublishReport:
    """The JSON shape of `promote` and `rollback`; `release` is None in a dry run."""

    kind: str
    run_id: str
    release: str | None
    layers: tuple[str, ...]
    tables: tuple[PublishedTable, ...]


def publish_document(plan: PublishPlan, release: Release | None) -> PublishReport:
    """What the plan moves."""
    tables = []
    for step in plan.steps:
        checks = [check for check in plan.run.checks if check.table == str(step.table)]
        tables.append(
            PublishedTable(
                table=str(step.table),
                rows_before=step.before.rows if step.before else None,
                rows=step.after.rows,
                bytes_before=step.before.bytes if step.before else None,
                bytes=step.after.bytes,
                schema_changes=step.schema_changes,
                checks_passed=sum(check.passed for check in checks),
                warnings=tuple(f"{check.rule}: {check.message}" for check in checks if not check.passed),
            )
        )
    return PublishReport(plan.kind, plan.run.run_id, release.name if release else None, plan.layers, tuple(tables))


def publish_view(report: PublishReport) -> Iterable[Table | Line]:
    """A table a line, then what changes in columns and what was warned of."""
    columns = (
        Column("Table"),
        Column("Rows", wrap=True),
        Column("Bytes", wrap=True),
        Column("Columns"),
        Column("Checks"),
    )
    yield Table(columns, [_row(table) for table in report.tables])
    for table in report.tables:
        for change in table.schema_changes:
            yield Line(f"  {table.table} {change}")


def _row(table: PublishedTable) -> tuple[object, ...]:
    checks = f"{table.checks_passed} ok" if table.checks_passed else ""
    if table.warnings:
        checks = ", ".join(filter(None, (checks, f"{len(table.warnings)} warn")))
    changes = f"{len(table.schema_changes)} change(s)" if table.schema_changes else "same"
    return (
        table.table,
        _change(table.rows_before, table.rows),
        _change(table.bytes_before, table.bytes),
        "new" if table.rows_before is None else changes,
        checks,
    )


def _change(before: int | None, after: int) -> str:
    return f"{0 if before is None else before:,} → {after:,}"


def tell_published(world: Environment, release: Release) -> None:
    """The end in words."""
    word = "Published" if release.kind == "promote" else "Rolled back"
    note = f", {release.note}" if release.note else ""
    world.sink.step(f"{word} as release {release.name}: {' and '.join(release.changed)}{note}")


def close_views(world: Environment, workspace: Workspace) -> None:
    """Have the views read no more than the release needs that a job has published; they are right without it, too."""
    from salesperf_cli.core import operations
    from salesperf_cli.factory import open_views

    try:
        operations.close_views(workspace, open_views(world, workspace), clock=world.clock)
    except SalesperfError as fault:
        world.sink.warn(f"Views read more than they need to: {fault.what}. To mend it: salesperf publish-views")
