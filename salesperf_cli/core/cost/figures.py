"""The usage figures: what they mean, their defaults (low, expected, high), and where each default is from.

A default marked as measured was measured with the Olist data set; `salesperf cost usage --measured` replaces it by
what this project's own lake shows. Figures without a default are such as only the user or a lake can know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of usage. `low`, `expected` and `high` are None where only the user can know."""

    name: str
    group: str
    unit: str
    meaning: str
    low: Decimal | None
    expected: Decimal | None
    high: Decimal | None
    source: str


_MEASURED = "measured: the Olist data"
_ASSUMED = "assumed"


def _figure(name: str, unit: str, values: str, meaning: str, source: str = _ASSUMED) -> tuple[str, str, str, str, str]:
    return name, unit, values, meaning, source


_GROUPS: Mapping[str, tuple[tuple[str, str, str, str, str], ...]] = {
    "Scale": (
        _figure("orders_per_day", "orders", "157 224 448", "Orders that come in a day.",
                "measured: mean of all days, of 2018, and twice that"),
        _figure("retention_days", "days", "365 774 1825", "For how many days of orders the lake holds data.",
                "measured: the data set spans 774 days"),
        _figure("bronze_bytes_per_order", "bytes", "600 627 700", "Received files (CSV), an order.", _MEASURED),
        _figure("silver_bytes_per_order", "bytes", "200 219 260", "Silver tables (Parquet), an order.", _MEASURED),
        _figure("gold_bytes_per_order", "bytes", "190 209 250", "Gold tables (Parquet), an order.", _MEASURED),
        _figure("reference_bytes", "bytes", "63830645 65151000 70000000",
                "Products, sellers and places, which do not grow with orders: bronze and silver.", _MEASURED),
        _figure("snapshot_factor", "times", "1.2 2 4",
                "Stored bytes of silver and gold over the current ones: old snapshots and overwritten objects."),
    ),
    "Batch": (
        _figure("batch_runs_per_day", "runs", "1 1 4", "Batch runs a day, scheduled or not."),
        _figure("silver_run_seconds", "seconds", "60 120 240", "A silver job with nothing to do."),
        _figure("gold_run_seconds", "seconds", "60 120 240", "A gold job with nothing to do."),
        _figure("seconds_per_million_rows", "seconds", "15 27 60", "More for each million rows, on one worker.",
                "measured: Spark 3.5 on 2 cores, 1.55 million rows in 42 s"),
        _figure("bronze_rows_per_order", "rows", "5 5.2 6", "Rows of all sources, an order.", _MEASURED),
        _figure("touched_days", "days", "16 31 62", "Days of orders that a run computes anew in gold.",
                "gold is partitioned by month"),
        _figure("bronze_files_per_day", "files", "5 9 40", "Files that are received a day.", "the data set has 9"),
        _figure("lake_writes_per_run", "requests", "200 400 1200", "Objects that a run writes and lists.",
                "measured: a first run makes 194 files"),
        _figure("lake_reads_per_run", "requests", "500 2000 8000", "Objects, and parts of them, that a run reads."),
        _figure("catalog_calls_per_run", "calls", "100 300 1000", "Calls to the Glue catalog, a job run."),
        _figure("catalog_objects", "objects", "5 50 2000", "Tables, views and their versions, a catalog database."),
        _figure("artifact_bytes", "bytes", "2000000 10000000 50000000", "Wheels, scripts and function code kept."),
    ),
    "Speed": (
        _figure("events_per_order", "events", "1 1.13 3", "Sale events, an order.", "measured: 1.13 items an order"),
        _figure("event_bytes", "bytes", "350 450 900", "One event as it is sent (JSON)."),
        _figure("peak_events_per_second", "events", "",
                "Events a second in the busiest minute, which a stream's shards must take; else the average."),
        _figure("landed_bytes_per_event", "bytes", "80 150 400", "One event as it lies in the lake (gzip)."),
        _figure("function_milliseconds", "ms", "40 120 400", "One call of the function."),
        _figure("failed_batches_per_month", "batches", "0 0 20", "Batches that Lambda gives up on."),
    ),
    "Serving": (
        _figure("queries_per_day", "queries", "20 50 200", "Questions to Athena a day."),
        _figure("query_scan_percent", "percent", "2 10 50", "How much of gold's bytes a question reads."),
        _figure("reads_per_query", "requests", "10 40 150", "Objects, and parts of them, that a question reads."),
        _figure("catalog_calls_per_query", "calls", "3 6 20", "Calls to the Glue catalog, a question."),
        _figure("result_bytes_per_query", "bytes", "1000 100000 5000000", "The stored answer of a question."),
        _figure("data_out_gigabytes", "GB a month", "0.1 1 10", "Data that leave AWS for the internet."),
    ),
    "Observe": (
        _figure("log_bytes_per_run", "bytes", "300000 1000000 5000000", "What a job run writes to each of its logs."),
        _figure("log_bytes_per_call", "bytes", "400 700 2000", "What a call of the function writes to its log."),
        _figure("log_compression", "times", "4 6 8", "How much smaller logs are kept than they come in."),
        _figure("metrics_per_job", "metrics", "1 1 1", "Own metrics of a job (RowsLoaded and RowsQuarantined share).",
                "infra/README.md"),
        _figure("metrics_per_function", "metrics", "2 2 2", "Own metrics of the function.", "infra/README.md"),
        _figure("access_log_bytes", "bytes", "400 600 800", "One line of S3's access log."),
        _figure("alarm_emails", "e-mails a month", "2 20 200", "Notifications that go out."),
        _figure("key_calls_per_day", "calls", "500 2000 10000", "Calls to KMS that bucket keys do not save."),
    ),
    "Other resources": (
        _figure("bucket_gigabytes", "GB", "", "Stored in a bucket of a kind that salesperf does not know."),
        _figure("bucket_writes", "requests a month", "", "Writes and lists of such a bucket."),
        _figure("bucket_reads", "requests a month", "", "Reads of such a bucket."),
        _figure("job_runs_per_day", "runs", "", "Runs of another Glue job."),
        _figure("job_run_seconds", "seconds", "", "One run of it."),
        _figure("function_calls", "calls a month", "", "Calls of a function that reads no stream."),
        _figure("stream_records", "records a month", "", "Records of a delivery stream."),
        _figure("queue_messages", "messages a month", "", "Requests to a queue."),
        _figure("log_gigabytes", "GB a month", "", "Log lines of another log group."),
        _figure("gateway_gigabytes", "GB a month", "", "Data through a NAT gateway."),
        _figure("secret_calls", "calls a month", "0 1000 10000", "Calls for a secret."),
    ),
}  # fmt: skip


def _made() -> dict[str, Figure]:
    found = {}
    for group, rows in _GROUPS.items():
        for name, unit, values, meaning, source in rows:
            low, expected, high = map(Decimal, values.split()) if values else (None, None, None)
            found[name] = Figure(name, group, unit, meaning, low, expected, high, source if values else "yours")
    return found


FIGURES: Mapping[str, Figure] = _made()
"""Every figure by name, in the order of the reference page."""
