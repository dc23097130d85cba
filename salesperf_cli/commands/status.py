"""`salesperf status`: what is loaded, built and published."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from salesperf_cli.options import environment
from salesperf_cli.output.forms import Column, Fields, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from salesperf_cli.core.deploy.stacks import StackLine
    from salesperf_cli.core.status import RunStatusLine, Status
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Workspace


def status(ctx: typer.Context) -> None:
    """Show what is loaded, built and released.

    Sources with files that wait for the next run, published tables with rows, bytes and freshness, the last run, and
    what lies in quarantine. On AWS also the stacks.

    Examples:
      salesperf status
      salesperf status -o json
    """
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    report = _lake(open_workspace(world))
    if not world.settings.is_local:
        report = replace(report, stacks=_stacks(world))
    world.sink.document(report, _view)
    world.sink.next_steps(_next(report))


def _lake(workspace: Workspace) -> Status:
    from salesperf_cli.core.status import lake_status

    return lake_status(
        workspace.ledger,
        workspace.backend,
        workspace.pipeline.contracts(["silver", "gold"]),
        target=workspace.settings.target,
        pipeline=workspace.settings.pipeline,
    )


def _stacks(world: Environment) -> tuple[StackLine, ...]:
    from salesperf_cli.core.deploy.stacks import stack_lines
    from salesperf_cli.factory import open_deployment

    deployment = open_deployment(world)
    return stack_lines(tuple(deployment.names.values()), deployment.stacks.state)


def _run(run: RunStatusLine) -> str:
    """A run in a line: `2026-11-23 13:46 batch: failed (interrupted), 0 failed, 23 warned`."""
    ended = run.status + f" ({run.message})" * bool(run.message) + ", its data vacuumed" * run.vacuumed
    return f"{run.started:%Y-%m-%d %H:%M} {run.kind}: {ended}, {run.failed} failed, {run.warned} warned"


def _view(report: Status) -> Iterable[Fields | Table | Line]:
    run = report.last_run
    yield Fields(
        (
            ("target", report.target),
            ("pipeline", report.pipeline),
            ("release", _releases(report)),
            ("last run", _run(run) if run else "none yet"),
        )
    )
    if report.stacks:
        yield Table(
            (Column("Stack"), Column("Status"), Column("Changed"), Column("By")),
            [(s.stack, s.status, f"{s.updated:%Y-%m-%d %H:%M}" if s.updated else "", s.version) for s in report.stacks],
        )
    if report.sources:
        columns = (Column("Source"), Column("Files"), Column("Bytes"), Column("Received"), Column("Pending"))
        rows = [(s.table, s.files, s.bytes, f"{s.received:%Y-%m-%d %H:%M}", s.pending or "") for s in report.sources]
        yield Table(columns, rows)
    if report.tables:
        columns = (Column("Table"), Column("Rows"), Column("Bytes"), Column("Newest"), Column("Release"))
        yield Table(
            columns,
            [
                (t.table, t.rows, t.bytes, f"{t.newest:%Y-%m-%d %H:%M}" if t.newest else "", t.release)
                for t in report.tables
            ],
        )
    if any(report.quarantined.values()):
        yield Table(
            (Column("Quarantine"), Column("Rows")), [(name, rows) for name, rows in report.quarantined.items() if rows]
        )


def _releases(report: Status) -> str:
    """The current release, and where some were vacuumed from which one on there are data."""
    if not report.vacuumed:
        return report.release or "none yet"
    return f"{report.release}; data are kept of {len(report.readable)}, from {report.readable[0]} on"


def _next(report: Status) -> list[str]:
    """The one thing to do next, by what the lake lacks."""
    if not report.sources:
        return ["salesperf ingest PATH"]
    if report.last_run and report.last_run.status == "audited" and not report.last_run.vacuumed:
        return ["salesperf promote all"]
    if report.last_run and report.last_run.status == "blocked":
        return ["salesperf run-batch --promote -o json", f'salesperf query --as-of {report.last_run.run_id} "SELECT …"']
    if report.release is None or any(source.pending for source in report.sources):
        return ["salesperf run-batch --promote"]
    return []
