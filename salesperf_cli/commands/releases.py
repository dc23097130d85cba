"""`salesperf releases`: lists the releases."""

from __future__ import annotations

import typer

from salesperf_cli.options import environment
from salesperf_cli.output.forms import Column


def releases(ctx: typer.Context) -> None:
    """List the releases.

    The newest first; the first line is what readers see. `query --as-of RELEASE` reads an older one.

    Examples:
      salesperf releases
      salesperf releases -o json
    """
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    found = open_workspace(world).ledger.releases()
    columns = (
        Column("Release"), Column("At"), Column("Kind"), Column("Layers"), Column("Tables"), Column("Rows"), Column("Note"),
        Column("Run", key="run_id"),
    )  # fmt: skip
    rows = [
        (
            each.name,
            f"{each.at:%Y-%m-%d %H:%M:%S}",
            each.kind,
            ", ".join(each.changed),
            len(each.tables),
            sum(state.rows for state in each.tables.values()),
            each.note,
            each.run_id,
        )
        for each in reversed(found)
    ]
    world.sink.table(
        "", columns, rows, footer="" if rows else "Nothing is published yet: salesperf run-batch --promote"
    )
