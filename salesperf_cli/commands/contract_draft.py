"""`salesperf contract draft`: contracts and models to begin with, from files of which nothing is known."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.options import environment
from salesperf_cli.output.forms import Column, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from salesperf_cli.core.draft.reading import DraftColumn, DraftTable
    from salesperf_cli.environment import Environment


@dataclass(frozen=True, slots=True)
class DraftReport:
    """The JSON shape of `contract draft`; `written` are files, none where no folder was named."""

    tables: tuple[DraftTable, ...]
    written: tuple[str, ...]


def draft(
    ctx: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="CSV or JSON: files, folders, zip archives.")],
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Write a pipeline there, or more tables into one.")
    ] = None,
) -> None:
    """Draft contracts and models from files.

    Tells how the files are written, which types and keys their columns seem to have, and with --into writes what a
    pipeline of them needs: a contract of each file, a clean table, the SELECT between. It runs as it is; what the data
    mean is for you to add. Nothing is overwritten.

    Examples:
      salesperf contract draft vendas-2025-01.csv
      salesperf contract draft exports/ --into our-pipeline
    """
    from salesperf_cli.core.draft.files import draft_files, write
    from salesperf_cli.core.draft.reading import draft_tables
    from salesperf_cli.core.sources import find_sources

    world = environment(ctx)
    world.sink.busy("looking at the files")
    tables = draft_tables(find_sources(files, cwd=world.cwd))
    planned = draft_files(world.cwd / into, tables) if into else ()
    write(planned)
    world.sink.document(DraftReport(tables, tuple(str(each.path) for each in planned)), _view)
    _tell(world, files, into)


def _view(report: DraftReport) -> Iterator[Table | Line]:
    for table in report.tables:
        yield Table(
            (Column("Column", wrap=True), Column("Type"), Column("Filled"), Column("Note", wrap=True)),
            [_line(table, column) for column in table.columns],
            title=table.name,
            footer=_footer(table),
        )
    if report.written:
        yield Line(f"{len(report.written)} files written")


def _line(table: DraftTable, column: DraftColumn) -> Sequence[str]:
    notes = ("key" if column.name in table.key else "", column.format or "", column.note)
    return (column.name, column.type, "always" if column.required else "", ", ".join(filter(None, notes)))


def _footer(table: DraftTable) -> str:
    rows = f"{'' if table.is_all else 'the first '}{table.rows:,} rows of {', '.join(table.files)}"
    delimiter = {"\t": "tab"}.get(table.dialect.delimiter, table.dialect.delimiter)
    written = f"{table.dialect.encoding}, columns by {delimiter}, decimals by {table.dialect.decimal_separator}"
    return f"{rows}; {written}" + f"; {table.unreadable:,} damaged" * bool(table.unreadable)


def _tell(world: Environment, files: Sequence[str], into: Path | None) -> None:
    from salesperf_cli.config import PROJECT_FILE

    named = " ".join(map(shlex.quote, files))
    if into is None:
        world.sink.next_steps([f"salesperf contract draft {named} --into our-pipeline"])
        return
    begin, option, folder = list[str](), "", shlex.quote(str(into))
    if not (world.settings.project / PROJECT_FILE).is_file():
        begin = [f"salesperf init . --pipeline {folder}"]
    elif Path(world.settings.pipeline) != (world.cwd / into).resolve():
        option = f" --pipeline {folder}"
    then = ("contract lint", f"ingest {named}", "run-batch --promote")
    world.sink.next_steps([*begin, *(f"salesperf {words}{option}" for words in then)], as_typed=False)
