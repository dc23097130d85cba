"""`salesperf releases`: lists the releases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from salesperf_cli.options import environment
from salesperf_cli.output.forms import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from salesperf_cli.core.ledger import Release


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """One release: its name, when and how it came to be, and what it holds."""

    release: str
    at: datetime
    kind: str
    layers: tuple[str, ...]
    tables: int
    rows: int
    note: str
    run_id: str


@dataclass(frozen=True, slots=True)
class ReleaseList:
    """The JSON shape of `releases`: the newest first; readers see the first."""

    releases: tuple[ReleaseLine, ...]


def releases(ctx: typer.Context) -> None:
    """List the releases.

    The newest first; the first line is what readers see. `query --as-of RELEASE` reads an older one.

    Examples:
      salesperf releases
      salesperf releases -o json
    """
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    published = open_workspace(world).ledger.releases()
    world.sink.document(ReleaseList(tuple(_line(each) for each in reversed(published))), _view)


def _line(release: Release) -> ReleaseLine:
    return ReleaseLine(
        release=release.name,
        at=release.at,
        kind=release.kind,
        layers=release.changed,
        tables=len(release.tables),
        rows=sum(state.rows for state in release.tables.values()),
        note=release.note,
        run_id=release.run_id,
    )


def _view(found: ReleaseList) -> Iterable[Table]:
    columns = (
        Column("Release"),
        Column("At (UTC)"),
        Column("Layers"),
        Column("Tables"),
        Column("Rows"),
        Column("Note"),
    )
    rows = [
        (
            line.release,
            f"{line.at:%Y-%m-%d %H:%M}",
            ", ".join(line.layers),
            line.tables,
            line.rows,
            line.note or line.kind,
        )
        for line in found.releases
    ]
    yield Table(columns, rows, footer="" if rows else "Nothing is published yet: salesperf run-batch --promote")
