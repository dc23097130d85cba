"""Changes of a template, and what a reviewer computes for each with a pencil, as the comments do.

A month has 730 hours, so 730 / 24 = 30.4167 days. Rates are those of sa-east-1 in the packaged book.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from salesperf_cli.core.cost.architecture import Architecture
from salesperf_cli.core.cost.book import read_book
from salesperf_cli.core.cost.diff import CostDiff, compare
from salesperf_cli.core.cost.template import parse_template
from salesperf_cli.core.cost.usage import default_usage

BOOK = read_book()


def changed(template: str, before: str, after: str, **figures: str) -> CostDiff:
    """What it costs to have `after` in a template in place of `before`."""
    assert before in template
    usage = default_usage().with_({name: Decimal(value) for name, value in figures.items()})
    old, new = (
        Architecture((parse_template(text, "t"),), {}, usage, BOOK, "sa-east-1")
        for text in (template, template.replace(before, after))
    )
    return compare(old, new, "old", "new")


def deltas(found: CostDiff) -> dict[str, str]:
    """Each changed line's difference, to a hundredth of a cent."""
    return {each.what: f"{each.delta:+.4f}" for each in found.changes}


FUNCTION = """
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties: {MemorySize: 256}
"""


def test_a_function_with_twice_the_memory() -> None:
    found = changed(FUNCTION, "256", "512", function_calls="3000000", function_milliseconds="120")
    # 3,000,000 calls × 0.120 s × 0.25 GB = 90,000 GB-seconds; with 0.5 GB 180,000.
    # 90,000 more × $0.0000166667 = $1.500003. Calls stay at 3 × $0.20.
    assert deltas(found) == {"compute": "+1.5000"}
    assert found.delta_gross == Decimal("1.500003")
    assert f"{found.before.gross:.4f}" == "2.1000"
    # 180,000 are within the 400,000 GB-seconds that an account has for nothing: nothing more is to be paid.
    assert found.delta_net == 0


STREAM = """
Resources:
  Stream:
    Type: AWS::Kinesis::Stream
    Properties:
      StreamModeDetails: {StreamMode: PROVISIONED}
      ShardCount: 1
"""
EVENTS = {"orders_per_day": "100000", "events_per_order": "2", "event_bytes": "450"}


def test_a_stream_with_four_shards_in_place_of_one() -> None:
    found = changed(STREAM, "ShardCount: 1", "ShardCount: 4", **EVENTS)
    # 3 more shards × 730 h × $0.027 = $59.13; what a record costs does not change.
    assert deltas(found) == {"shards": "+59.1300"}


def test_a_stream_on_demand_in_place_of_one_shard() -> None:
    found = changed(STREAM, "PROVISIONED", "ON_DEMAND", **EVENTS)
    # 200,000 events a day × 30.4167 = 6,083,333 a month. On demand each counts as 1 KB: 6,083,333 / 1,048,576 = 5.80152
    # GB; provisioned each is one unit of 25 KB.
    #   goes:  730 h × $0.027 = $19.71,  6,083,333 × $0.0000000252 = $0.1533
    #   comes: 730 h × $0.072 = $52.56,  5.80152 GB in × $0.144 = $0.8354,  5.80152 GB out × $0.072 = $0.4177
    assert deltas(found) == {
        "shards": "-19.7100", "records in": "-0.1533", "stream": "+52.5600",
        "data in": "+0.8354", "data out": "+0.4177",
    }  # fmt: skip
    # 52.56 + 0.8354 + 0.4177 - 19.71 - 0.1533 = 33.9498
    assert f"{found.delta_gross:.4f}" == "33.9498"


def test_a_stream_that_keeps_events_for_two_days() -> None:
    found = changed(STREAM, "ShardCount: 1", "ShardCount: 1\n      RetentionPeriodHours: 48", **EVENTS)
    # Beyond the first day a shard-hour costs $0.036 more: 730 × $0.036 = $26.28.
    assert deltas(found) == {"retention to day 7": "+26.2800"}


JOB = """
Resources:
  Job:
    Type: AWS::Glue::Job
    Properties: {GlueVersion: "5.1", WorkerType: G.1X, NumberOfWorkers: 10}
"""
RUNS = {"job_runs_per_day": "4", "job_run_seconds": "600", "catalog_calls_per_run": "0", "metrics_per_job": "0"}


@pytest.mark.parametrize(
    ("before", "after", "delta"),
    [
        # 4 × 30.4167 = 121.667 runs of 600 s: 10 DPU × 600 / 3600 × 121.667 = 202.778 DPU-hours, × $0.69 = $139.9167.
        ("NumberOfWorkers: 10", "NumberOfWorkers: 15", "+69.9583"),  # 5 more of 10: half of it
        ("G.1X", "G.4X", "+419.7500"),  # 4 DPU a worker: three times as much again
        ("G.1X", "G.2X, ExecutionClass: FLEX", "+42.5833"),  # 405.556 DPU-hours × $0.45 = $182.50, less $139.9167
        ("10}", "10, ExecutionClass: FLEX}", "-48.6667"),  # 202.778 × ($0.45 - $0.69)
    ],
)
def test_a_job_of_other_workers(before: str, after: str, delta: str) -> None:
    assert deltas(changed(JOB, before, after, **RUNS)) == {
        "flexible runs" if "FLEX" in after else "runs": delta,
    }


def test_a_run_below_a_minute_is_a_minute_before_and_after() -> None:
    # 121.667 runs × 60 s / 3600 × 10 more DPU = 20.2778 DPU-hours × $0.69 = $13.9917, though each run takes 20 s.
    found = changed(JOB, "NumberOfWorkers: 10", "NumberOfWorkers: 20", **(RUNS | {"job_run_seconds": "20"}))
    assert deltas(found) == {"runs": "+13.9917"}


LOGS = """
Resources:
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: other, RetentionInDays: 30}
"""


def test_logs_that_are_kept_for_a_year() -> None:
    found = changed(LOGS, "30", "365", log_gigabytes="10", log_compression="6")
    # 10 GB a month come in at 10 × $0.90, before and after. Kept, six times smaller:
    # 10 × 30 / 30.4167 / 6 = 1.64384 GB, then 10 × 365 / 30.4167 / 6 = 20 GB: 18.35616 × $0.0408 = $0.7489.
    assert deltas(found) == {"logs kept": "+0.7489"}
    # Five GB in and five GB kept are free: 0 of 1.64 before, 15 of 20 after are paid: 15 × $0.0408 = $0.612.
    assert f"{found.delta_net:.4f}" == "0.6120"


BUCKET = """
Resources:
  LakeBucket:
    Type: AWS::S3::Bucket
    Properties:
      LifecycleConfiguration:
        Rules:
          - Status: Disabled
            Prefix: bronze/
            Transitions: [{StorageClass: STANDARD_IA, TransitionInDays: 30}]
"""


def test_a_bucket_that_moves_what_is_old_to_infrequent_access() -> None:
    # One file of 0.1 GB a day (100,000 orders × 1,073.741824 bytes / 1024³), kept for 360 days: 36 GB.
    figures = {"orders_per_day": "100000", "bronze_bytes_per_order": "1073.741824", "bronze_files_per_day": "1"}
    found = changed(BUCKET, "Disabled", "Enabled", **figures, retention_days="360")
    # 330 of the 360 files lie in infrequent access: 33 GB × $0.0221 = $0.7293 in place of 33 × $0.0405 = $1.3365.
    # A file a day is moved: 30.4167 × $0.000014 = $0.0004.
    assert deltas(found) == {
        "standard storage": "-1.3365", "infrequent access": "+0.7293", "moves to a class": "+0.0004",
    }  # fmt: skip
    assert f"{found.delta_gross:.4f}" == "-0.6068"
