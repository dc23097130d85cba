"""`salesperf tail`: follows events as they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.errors import InputError
from salesperf_cli.options import environment
from salesperf_cli.output.forms import OutputFormat
from salesperf_cli.output.plain import to_json_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from salesperf_cli.core.contracts import Contract
    from salesperf_cli.core.events.tailing import Following, Record
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Workspace

WIDEST = 12
"""How much of a text a terminal shows; an id is known by its beginning."""
_TELLING = ("timestamp", "date", "decimal", "double", "string")
"""Kinds of columns by how much they tell: moments and amounts first."""


def tail(
    ctx: typer.Context,
    stream: Annotated[bool, typer.Option("--stream", help="What goes into the stream, valid or not.")] = False,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="COLUMN=VALUE", help="Only events with this value.")
    ] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with what is there already.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="End after so many.")] = None,
) -> None:
    """Follow events as they arrive.

    Shows what lands in the lake, or with --stream what goes into the stream, until Ctrl-C. On a terminal a line an
    event; else NDJSON with all columns. An event that arrived twice is shown twice.

    Examples:
      salesperf tail
      salesperf tail --where customer_state=SP --limit 20
      salesperf tail --stream --target dev -o ndjson
    """
    from salesperf_cli.core.events.deliveries import event_table
    from salesperf_cli.core.events.tailing import Following, matching
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    workspace = open_workspace(world)
    contract, _ = event_table(workspace.pipeline)
    wanted = _conditions(where or [], contract.column_names)
    follow = _stream if stream else _landed
    _show(world, matching(follow(workspace, contract, Following(oldest=from_start)), wanted, limit), contract)


def _stream(workspace: Workspace, contract: Contract, following: Following) -> Iterator[Record]:
    """What goes into the stream, valid or not."""
    from salesperf_cli.core.events.tailing import follow_stream
    from salesperf_cli.factory import open_stream

    return follow_stream(open_stream(workspace), following)


def _landed(workspace: Workspace, contract: Contract, following: Following) -> Iterator[Record]:
    """What lands in the lake."""
    from salesperf_cli.core.events.tailing import follow_landed

    return follow_landed(workspace.backend.objects, contract.name.table, following)


def _show(world: Environment, records: Iterator[Record], contract: Contract) -> None:
    """On a terminal a line an event, in the columns that fit; else NDJSON with all."""
    world.sink.say("Waiting for events; Ctrl-C ends")
    if world.settings.output in (OutputFormat.TABLE, None) and world.stdout_tty:
        _draw(world, records, fitting(contract, world.width))
        return
    for record in records:
        _write(world, to_json_line(dict(record)))


def fitting(contract: Contract, width: int) -> Mapping[str, int]:
    """The columns that a line of `width` has room for, and their widths: the most telling, in the contract's order."""
    told = [each for each in contract.columns if each.type.kind in _TELLING and each.name not in contract.key]
    widths = {each.name: max(len(each.name), 19 if each.type.kind == "timestamp" else WIDEST) for each in told}
    chosen: list[str] = []
    for each in sorted(told, key=lambda column: _TELLING.index(column.type.kind)):
        if sum(widths[name] + 2 for name in (*chosen, each.name)) - 2 <= width:
            chosen.append(each.name)
    return {each.name: widths[each.name] for each in told if each.name in chosen}


def _conditions(where: Sequence[str], columns: Sequence[str]) -> Mapping[str, str]:
    found = {}
    for text in where:
        column, equals, value = text.partition("=")
        if not equals or column not in columns:
            raise InputError(
                f"--where cannot be {text!r}",
                why=f"it is written COLUMN=VALUE; the columns are {', '.join(columns)}",
                remedy="--where customer_state=SP",
            )
        found[column] = value
    return found


def _draw(world: Environment, records: Iterator[Record], columns: Mapping[str, int]) -> None:
    """The names once, then a line an event."""
    from salesperf_cli.output.text import escape

    _write(world, _line(columns, list(columns)))
    for record in records:
        _write(world, _line(columns, [escape("" if record.get(n) is None else str(record[n])) for n in columns]))


def _line(columns: Mapping[str, int], values: Sequence[str]) -> str:
    cut = (
        value if len(value) <= width else f"{value[: width - 1]}…"
        for value, width in zip(values, columns.values(), strict=True)
    )
    return "  ".join(text.ljust(width) for text, width in zip(cut, columns.values(), strict=True)).rstrip() + "\n"


def _write(world: Environment, text: str) -> None:
    """At once: whoever follows does not want to wait for a full buffer."""
    world.stdout.write(text)
    world.stdout.flush()
