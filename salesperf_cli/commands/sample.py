"""`salesperf sample`: writes sample source files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.errors import InputError
from salesperf_cli.options import environment
from salesperf_cli.output.forms import Column, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from salesperf_cli.core.sample import SampleReport


def sample(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where the files go.")] = Path("sample"),
    orders: Annotated[int, typer.Option("--orders", metavar="N", min=1, help="How many orders.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="The same seed gives the same bytes.")] = 42,
    first_order: Annotated[
        int, typer.Option("--first-order", metavar="N", min=0, help="Continue an earlier sample of N orders.")
    ] = 0,
    dirty: Annotated[bool, typer.Option("--dirty", help="Plant known faults, and say how many of which kind.")] = False,
) -> None:
    """Write sample source files to try things on.

    Nine CSV files in the shape of the Olist data set, made up from a seed: no row of the real data is in them.

    Examples:
      salesperf sample --orders 10000
      salesperf sample more --orders 100 --first-order 10000
      salesperf sample dirty --dirty --seed 7
    """
    from salesperf_cli.core.sample import write_sample

    world = environment(ctx)
    target = world.cwd / folder
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(
            f"{folder} is there already and not empty",
            why="a sample overwrites nothing",
            remedy="name another folder, or remove this one",
        )
    report = write_sample(target, orders=orders, seed=seed, dirty=dirty, first_order=first_order)
    world.sink.document(report, _view)
    world.sink.next_steps([f"salesperf ingest {folder}"])


def _view(report: SampleReport) -> Iterable[Table | Line]:
    yield Table((Column("File"), Column("Rows"), Column("Bytes")), [(f.name, f.rows, f.size) for f in report.files])
    if report.faults:
        columns = (Column("Fault"), Column("Table"), Column("Rows"), Column("What becomes of them"))
        yield Table(columns, [(f.kind, f.table, f.count, f.outcome) for f in report.faults])
