"""`salesperf config`: shows the settings. Where they are read is `salesperf_cli.config`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import typer

from salesperf_cli.config import Shown
from salesperf_cli.options import environment, verb_group
from salesperf_cli.output import Block, Column, Table

app = verb_group("Show the settings and where each came from.")


@dataclass(frozen=True, slots=True)
class ConfigReport:
    """The JSON shape of `config show`."""

    project_file: str | None
    settings: tuple[Shown, ...]


@app.command()
def show(ctx: typer.Context) -> None:
    """Print every setting, its value and its source.

    A flag wins over an environment variable (SALESPERF_TARGET, …), that over salesperf.toml, that over the
    default.

    Examples:
      salesperf config show
      salesperf --target dev config show -o json
    """
    world = environment(ctx)
    settings = world.settings
    report = ConfigReport(str(settings.project_file) if settings.project_file else None, settings.shown())
    world.sink.document(report, _view)


def _view(report: ConfigReport) -> Iterable[Block]:
    columns = (Column("setting"), Column("value", wrap=True), Column("from"))
    rows = [(each.name, each.value, each.source) for each in report.settings]
    return (Table(columns, rows, footer="" if report.project_file else "No salesperf.toml here or above."),)
