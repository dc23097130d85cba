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

    from salesperf_cli.core.events.tailing import Record
    from salesperf_cli.environment import Environment

SHOWN = (
    "occurred_at",
    "order_id",
    "line_number",
    "status",
    "customer_state",
    "product_category_en",
    "price",
    "freight",
)
"""What a terminal shows of an event, where it has these columns."""


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
    from salesperf_cli.core.events.tailing import Following, follow_landed, follow_stream, matching
    from salesperf_cli.factory import open_stream, open_workspace

    world = environment(ctx)
    workspace = open_workspace(world)
    contract, _ = event_table(workspace.pipeline)
    wanted = _conditions(where or [], contract.column_names)
    following = Following(oldest=from_start)
    if stream:
        records = follow_stream(open_stream(workspace), following)
    else:
        records = follow_landed(workspace.backend.objects, contract.name.table, following)
    chosen = matching(records, wanted, limit)
    if world.settings.output in (OutputFormat.TABLE, None) and world.stdout_tty:
        _draw(world, chosen, [column for column in contract.column_names if column in SHOWN] or contract.column_names)
    else:
        for record in chosen:
            _write(world, to_json_line(dict(record)))


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


def _draw(world: Environment, records: Iterator[Record], columns: Sequence[str]) -> None:
    """A line an event, in columns as wide as their names or first values ask for."""
    from salesperf_cli.output.text import escape

    widths: list[int] = []
    for record in records:
        values = [escape("" if record.get(each) is None else str(record[each])) for each in columns]
        if not widths:
            widths = [max(len(name), len(value)) for name, value in zip(columns, values, strict=True)]
            _write(
                world, "  ".join(name.ljust(width) for name, width in zip(columns, widths, strict=True)).rstrip() + "\n"
            )
        text = "  ".join(value.ljust(width) for value, width in zip(values, widths, strict=True))
        _write(world, text.rstrip()[: world.width] + "\n")


def _write(world: Environment, text: str) -> None:
    """At once: whoever follows does not want to wait for a full buffer."""
    world.stdout.write(text)
    world.stdout.flush()
