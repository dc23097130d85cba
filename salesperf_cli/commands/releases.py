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
    """One release: its name, when and how it came to be, what it holds, and when its data were given up (None: they
    are there).
    """

    release: str
    at: datetime
    kind: str
    layers: tuple[str, ...]
    tables: int
    rows: int
    note: str
    run_id: str
    vacuumed: datetime | None


@dataclass(frozen=True, slots=True)
class ReleaseList:
    """The JSON shape of `releases`: the newest first; readers see the first."""

    releases: tuple[ReleaseLine, ...]


def releases(ctx: typer.Context) -> None:
    """List the releases.

    The newest first; the first line is what readers see. `query --as-of RELEASE` reads an older one, unless its data
    were vacuumed.

    Examples:
      salesperf releases
      salesperf releases -o json
    """
    from salesperf_cli.core.vacuum_records import vacuumed
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    ledger = open_workspace(world).ledger
    gone = vacuumed(ledger).releases
    lines = tuple(_line(each, gone.get(each.number)) for each in reversed(ledger.releases()))
    world.sink.document(ReleaseList(lines), _view)


def _line(release: Release, vacuumed: datetime | None) -> ReleaseLine:
    return ReleaseLine(
        release=release.name,
        at=release.at,
        kind=release.kind,
        layers=release.changed,
        tables=len(release.tables),
        rows=sum(state.rows for state in release.tables.values()),
        note=release.note,
        run_id=release.run_id,
        vacuumed=vacuumed,
    )


def _note(line: ReleaseLine) -> str:
    """What became of the release, and how it came to be where that is not by promoting."""
    gone = f"vacuumed {line.vacuumed:%Y-%m-%d}" if line.vacuumed else ""
    return ", ".join(filter(None, (line.note, gone))) or line.kind


def _view(found: ReleaseList) -> Iterable[Table]:
    columns = (
        Column("Release"),
        Column("At (UTC)"),
        Column("Layers"),
        Column("Tables"),
        Column("Rows"),
        Column("Note", wrap=True),
    )
    rows = [
        (
            line.release,
            f"{line.at:%Y-%m-%d %H:%M}",
            ", ".join(line.layers),
            line.tables,
            line.rows,
            _note(line),
        )
        for line in found.releases
    ]
    yield Table(columns, rows, footer="" if rows else "Nothing is published yet: salesperf run-batch --promote")
