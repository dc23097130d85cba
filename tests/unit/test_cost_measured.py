"""Usage figures from a lake: run times of each engine told as what they are, events a second, and their sources."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from salesperf_cli.backends.embedded.objects import FolderObjects
from salesperf_cli.core.cost.accuracy import CostRecord
from salesperf_cli.core.cost.architecture import Architecture, report
from salesperf_cli.core.cost.book import read_book
from salesperf_cli.core.cost.measured_events import measure_events
from salesperf_cli.core.cost.measured_runs import measure_glue_runs, measure_runs_here
from salesperf_cli.core.cost.template import parse_template
from salesperf_cli.core.cost.usage import Case, default_usage, read_usage, usage_file
from salesperf_cli.core.ledger import FileCount, Ledger, RunRecord, TableState
from salesperf_cli.core.pipeline import load_pipeline

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def run(number: int, seconds: float, engine: str, rows: int = 0, **more: Any) -> RunRecord:
    files = (FileCount("bronze.orders", "k", "n", rows, rows, 0, 0),)
    began = NOW + timedelta(hours=number)
    given: dict[str, Any] = {"status": "promoted", "layers": ("silver", "gold"), **more}
    return RunRecord(
        f"{began:%Y%m%dT%H%M%S%fZ}-{number:06x}", "batch", started=began, engine=engine, files=files,
        finished=began + timedelta(seconds=seconds), **given,
    )  # fmt: skip


def ledger_of(folder: Path, *runs: RunRecord) -> Ledger:
    ledger = Ledger(FolderObjects(folder))
    for each in runs:
        ledger.write_run(each)
    return ledger


def table(size: int) -> TableState:
    return TableState(1, "m", 1, size, 1, "f", {})


# Run times


def test_runs_on_duckdb_are_scaled_by_a_factor_that_is_called_an_assumption(tmp_path: Path) -> None:
    runs = [run(at, seconds, "duckdb", 1_000_000) for at, seconds in enumerate((2.0, 3.0, 10.0))]
    failed, small = run(7, 90.0, "duckdb", 1_000_000, status="failed"), run(8, 1.0, "duckdb", 50)
    (figure,) = measure_runs_here(ledger_of(tmp_path, *runs, failed, small))
    assert (figure.name, figure.values) == ("seconds_per_million_rows", (26, 39, 130))  # times 13
    assert figure.source == (
        "measured on duckdb here: median, least and most of 3 runs; assumed for Glue: times 13, Spark over DuckDB"
    )


def test_runs_on_spark_here_come_before_duckdb_and_are_not_scaled(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, run(1, 3.0, "duckdb", 10**6), run(2, 40.0, "spark", 2 * 10**6))
    (figure,) = measure_runs_here(ledger)
    assert figure.values == (20, 20, 20) and figure.source.startswith("measured on spark here: ")
    assert "assumed" not in figure.source


def test_few_rows_tell_no_rate_and_leave_the_figure_alone(tmp_path: Path) -> None:
    (figure,) = measure_runs_here(ledger_of(tmp_path, run(1, 2.0, "duckdb", 3760)))
    assert figure.values is None
    assert figure.source == "seen: 2.0 s on duckdb for 3,760 rows, which are too few to tell"
    assert measure_runs_here(Ledger(FolderObjects(tmp_path / "none"))) == ()


def billed(at: int, layer: str, seconds: int, outcome: str = "succeeded") -> CostRecord:
    return CostRecord("run", f"jr{at}", NOW + timedelta(hours=at), "sa-east-1", None, Decimal(1), layer=layer,
                      seconds=seconds, outcome=outcome)  # fmt: skip


def test_jobs_that_glue_billed_give_the_seconds_of_each_layer_without_their_rows(tmp_path: Path) -> None:
    costs = [billed(at, "silver", seconds) for at, seconds in enumerate((90, 100, 200))]
    costs += [billed(5, "silver", 3600, "timeout"), billed(6, "gold", 70)]
    silver, gold = measure_glue_runs(Ledger(FolderObjects(tmp_path)), costs, {"silver": Decimal(10)})
    assert (silver.name, silver.values) == ("silver_run_seconds", (80, 90, 190))
    assert silver.source == "measured on Glue: median, least and most of 3 runs, as billed"
    assert (gold.name, gold.values) == ("gold_run_seconds", (70, 70, 70))


def test_scheduled_runs_that_nobody_followed_are_shared_out_between_the_layers_and_say_so(tmp_path: Path) -> None:
    tables = {"silver.orders": table(300), "gold.sales_wide": table(100)}
    ledger = ledger_of(tmp_path, run(1, 80.0, "spark", 5, tables=tables), run(2, 9.0, "duckdb", 5, tables=tables))
    silver, gold = measure_glue_runs(ledger, (), {})
    assert (silver.values, gold.values) == ((60, 60, 60), (20, 20, 20))
    assert silver.source.endswith(
        "in the ledger, without start-up; assumed: time shared out by the bytes of each layer"
    )


# Events


def land(objects: FolderObjects, number: int, *events: tuple[str, str, str]) -> None:
    lines = [
        json.dumps({"event_id": each, "order_id": order, "occurred_at": at}).encode() for each, order, at in events
    ]
    key = f"speed/sale_events/landed_date=2026-11-20/landed_hour=09/shard-{number}-{number}.ndjson.gz"
    assert objects.create(key, gzip.compress(b"\n".join(lines) + b"\n"))


def test_events_a_second_are_those_of_the_sales_and_not_of_the_replay(tmp_path: Path) -> None:
    objects, pipeline = FolderObjects(tmp_path), load_pipeline("olist")
    assert measure_events(pipeline, objects) == ()
    land(objects, 1, ("a", "o1", "2018-08-01 10:00:01"), ("b", "o1", "2018-08-01 10:00:59"))
    land(objects, 2, ("b", "o1", "2018-08-01 10:00:59"), ("c", "o2", "2018-08-01 11:39:00"))  # b landed twice
    found = {each.name: each for each in measure_events(pipeline, objects)}
    assert found["events_per_order"].values == (Decimal("1.50"),) * 3  # 3 events of 2 orders
    # 3 events in the 100 minutes from 10:00 to the end of 11:39; two in the busiest one.
    assert found["events_per_order"].source.endswith("of 2 orders, 0.0005 a second from 2018-08-01 to 2018-08-01")
    assert found["peak_events_per_second"].values == (Decimal("0.03"),) * 3
    assert found["landed_bytes_per_event"].values is not None


def test_the_busiest_minute_decides_how_many_shards_it_takes() -> None:
    stream = "Resources:\n  Stream: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}\n"
    usage = default_usage().with_({"peak_events_per_second": Decimal(2500)})
    found = report(Architecture((parse_template(stream, "t"),), {}, usage, read_book(), "sa-east-1"))
    (beyond,) = found.unpriced
    assert beyond.reason == "2,500 events a second need 3 shards, and it has 1"


# Where a figure is from


def test_a_measured_figure_says_so_in_the_file_and_after_it_was_read_back(tmp_path: Path) -> None:
    usage = default_usage().measured(
        {
            "gold_run_seconds": ((Decimal(50), Decimal(60), Decimal(90)), "measured on Glue: 3 runs"),
            "seconds_per_million_rows": (None, "seen: too few"),
        }
    )
    text = usage_file(usage, usage.sources)
    assert "A gold job with nothing to do. seconds; measured on Glue: 3 runs.\ngold_run_seconds: {low: 50, " in text
    assert "1.55 million rows in 42 s; seen: too few.\nseconds_per_million_rows: {low: 15, expected: 27, " in text
    (tmp_path / "usage.yaml").write_text(text)
    back = read_usage(tmp_path / "usage.yaml")
    assert back.case(Case.HIGH)["gold_run_seconds"] == 90
    assert back.source("gold_run_seconds") == f"measured on Glue: 3 runs, as {tmp_path / 'usage.yaml'} says"
    (tmp_path / "own.yaml").write_text("gold_run_seconds: 5\n")
    assert read_usage(tmp_path / "own.yaml").source("gold_run_seconds") == str(tmp_path / "own.yaml")
    assert default_usage().source("gold_run_seconds") == "default; assumed"


def test_an_estimate_lists_the_figures_that_it_rests_on_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "usage.yaml").write_text("resources: {Other: {job_run_seconds: 7}}\njob_runs_per_day: 1\n")
    job = "Resources:\n  Other: {Type: AWS::Glue::Job, Properties: {NumberOfWorkers: 2}}\n"
    built = Architecture((parse_template(job, "t"),), {}, read_usage(tmp_path / "usage.yaml"), read_book(), "sa-east-1")
    named = {(each.resource, each.name): each.expected for each in report(built).figures}
    assert named == {
        ("", "catalog_calls_per_run"): 300,
        ("", "metrics_per_job"): 1,
        ("", "job_runs_per_day"): 1,
        ("Other", "job_run_seconds"): 7,
    }
