"""How long runs take, from the ledger: as billed on Glue; else what another engine's runs tell, and how far that goes.

A Glue job's time is start-up, which only Glue shows, and work, which grows with the rows. So runs on Glue give the
seconds of a job, and runs on this machine the seconds of a million rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING

from salesperf_cli.core.cost.measured import MeasuredFigure, tenth
from salesperf_cli.core.cost.money import ZERO

if TYPE_CHECKING:
    from salesperf_cli.core.cost.accuracy import CostRecord
    from salesperf_cli.core.ledger import Ledger, RunRecord

RECENT = 10
"""So many runs are looked at, the latest ones that succeeded."""
ROWS_THAT_TELL = 100_000
"""With fewer rows a run's time is that of its start and its commits."""
SPARK_OVER_DUCKDB = Decimal(13)
"""Spark 3.5 over DuckDB, the same models over the Olist data on the same two cores: 41.7 s against 3.2 s. Whether
Glue's machines are like these two cores is not known: what is reckoned with it is an assumption.
"""
_LAYERS = ("silver", "gold")


def measure_glue_runs(
    ledger: Ledger, costs: Iterable[CostRecord], work: Mapping[str, Decimal]
) -> Sequence[MeasuredFigure]:
    """The seconds of each layer's job. `work` is what a usual run needs for its rows by the usage figures: the rest of
    what was measured is the job's own.
    """
    billed = [each for each in costs if each.kind == "run" and each.seconds and each.outcome == "succeeded"]
    found = []
    for layer in _LAYERS:
        seconds = [Decimal(each.seconds or 0) for each in billed if each.layer == layer][-RECENT:]
        source = f"measured on Glue: median, least and most of {_runs(len(seconds))}, as billed"
        if not seconds:
            seconds, shared = _from_records(ledger, layer)
            source = (
                f"measured on Glue: median, least and most of {_runs(len(seconds))} in the ledger, without start-up"
            )
            source += "; assumed: time shared out by the bytes of each layer" * shared
        if seconds:
            values = (min(seconds), Decimal(median(seconds)), max(seconds))
            low, expected, high = (tenth(max(each - work.get(layer, ZERO), ZERO)) for each in values)
            found.append(MeasuredFigure(f"{layer}_run_seconds", (low, expected, high), source))
    return found


def _from_records(ledger: Ledger, layer: str) -> tuple[list[Decimal], bool]:
    """The seconds of a layer in recent runs, and whether any of them had to be shared out between layers."""
    seconds, shared = [], False
    for run in _recent(ledger, "spark"):
        sizes = {each: sum(s.bytes for name, s in run.tables.items() if name.startswith(each)) for each in _LAYERS}
        if layer in run.layers and (whole := sum(sizes.values())):
            shared |= len(run.layers) > 1
            seconds.append(_seconds(run) * sizes[layer] / whole)
    return seconds, shared


def measure_runs_here(ledger: Ledger) -> Sequence[MeasuredFigure]:
    """The seconds of a million rows, from runs on this machine: on Spark as they are, on DuckDB times a factor."""
    for engine, factor in (("spark", Decimal(1)), ("duckdb", SPARK_OVER_DUCKDB)):
        runs = [(run, _rows(run)) for run in _recent(ledger, engine)]
        rates = [_seconds(run) / rows * 10**6 * factor for run, rows in runs if rows >= ROWS_THAT_TELL]
        if rates:
            source = f"measured on {engine} here: median, least and most of {_runs(len(rates))}"
            source += f"; assumed for Glue: times {factor}, Spark over DuckDB" * (factor != 1)
            values = (tenth(min(rates)), tenth(Decimal(median(rates))), tenth(max(rates)))
            return (MeasuredFigure("seconds_per_million_rows", values, source),)
    last = next(_recent(ledger, "duckdb", "spark"), None)
    if last is None:
        return ()
    told = f"seen: {_seconds(last):.1f} s on {last.engine} for {_rows(last):,} rows, which are too few to tell"
    return (MeasuredFigure("seconds_per_million_rows", None, told),)


def _recent(ledger: Ledger, *engines: str) -> Iterator[RunRecord]:
    """The latest runs that succeeded on these engines, the newest first."""
    runs = (ledger.run(run_id) for run_id in reversed(ledger.run_ids()))
    ended = (run for run in islice(runs, RECENT * 3) if run.status in ("audited", "promoted") and run.finished)
    return islice((run for run in ended if run.kind == "batch" and run.engine in engines), RECENT)


def _seconds(run: RunRecord) -> Decimal:
    return Decimal(str((run.finished - run.started).total_seconds())) if run.finished else ZERO


def _rows(run: RunRecord) -> int:
    return sum(file.read for file in run.files)


def _runs(count: int) -> str:
    return f"{count} run{'s' * (count != 1)}"
