"""What working things amount to: jobs, streams, functions, questions, logs, alarms, messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from salesperf_cli.core.cost import meters
from salesperf_cli.core.cost.activity import Surroundings
from salesperf_cli.core.cost.meters import Amount, Beyond
from salesperf_cli.core.cost.money import short_number
from salesperf_cli.core.cost.rules import DAYS_A_MONTH, GIB, HOURS_A_MONTH, MIB, rounded_up
from salesperf_cli.core.cost.template import Resource

_DATA_EVENT_LOG_BYTES = Decimal(1500)


def job(resource: Resource, around: Surroundings) -> Iterator[Amount | Beyond]:
    """A Glue job's runs, its catalog calls, and its own metrics."""
    dpus, flexible = job_size(resource)
    layer = resource.text("DefaultArguments", "--layer")
    if layer in ("silver", "gold"):
        runs, seconds = around.runs, around.run_seconds(layer, resource.number("NumberOfWorkers", default=2))
    else:
        runs, seconds = around.usage["job_runs_per_day"] * DAYS_A_MONTH, around.usage["job_run_seconds"]
    version = resource.text("GlueVersion", default="5.1")
    yield meters.glue_runs(dpus, seconds, runs, version=version, is_flexible=flexible)
    yield meters.catalog(Decimal(0), around.usage["catalog_calls_per_run"] * runs)[1]
    yield meters.metrics(around.usage["metrics_per_job"], runs)
    limit = resource.number("Timeout", default=2880)
    if seconds > limit * 60:
        needed, allowed = short_number(seconds / 60), short_number(limit)
        yield Beyond(f"a run needs {needed} minutes and is stopped after {allowed}: it takes more workers")


def job_size(resource: Resource) -> tuple[Decimal, bool]:
    """The DPUs of a Glue job, and whether it runs on spare capacity."""
    if workers := resource.number("NumberOfWorkers"):
        worker = resource.text("WorkerType", default="G.1X")
        dpus = workers * meters.DPU_OF_WORKER.get(worker, Decimal(1))
    else:
        dpus = resource.number("MaxCapacity", default=10)
    return dpus, resource.text("ExecutionClass") == "FLEX"


def stream(resource: Resource, around: Surroundings) -> Iterator[Amount | Beyond]:
    """A Kinesis stream in either mode, read by one function. A shard takes 1,000 records and 1 MB a second."""
    retention = resource.number("RetentionPeriodHours", default=24)
    size = around.usage["event_bytes"]
    if resource.text("StreamModeDetails", "StreamMode") == "ON_DEMAND":
        yield from meters.kinesis_on_demand(around.events, size, Decimal(1), retention)
        return
    shards = resource.number("ShardCount", default=1)
    yield from meters.kinesis_provisioned(shards, around.events, size, retention)
    average = around.events / (HOURS_A_MONTH * 3600)
    each_second = max(average, around.usage.get("peak_events_per_second") or average)
    needed = rounded_up(max(each_second / 1000, each_second * size / MIB), Decimal(1))
    if needed > shards:
        yield Beyond(f"{short_number(each_second)} events a second need {needed} shards, and it has {shards}")


def function(resource: Resource, around: Surroundings) -> Iterator[Amount]:
    """A function's calls: those of the stream when a mapping feeds it, else those that the user tells."""
    is_fed = any(
        each.kind == "AWS::Lambda::EventSourceMapping" and each.text("FunctionName").strip("<>") == resource.name
        for each in around.resources
    )
    calls = around.calls if is_fed else around.usage["function_calls"]
    architectures = resource.value("Architectures") or ()
    yield from meters.lambda_calls(
        calls,
        around.usage["function_milliseconds"],
        resource.number("MemorySize", default=128),
        is_arm="arm64" in architectures,
        scratch=resource.number("EphemeralStorage", "Size", default=512),
    )
    if is_fed:
        yield meters.metrics(around.usage["metrics_per_function"], min(calls, HOURS_A_MONTH))


def workgroup(resource: Resource, around: Surroundings) -> Iterator[Amount]:
    """Questions to Athena; the workgroup's cutoff stops one that would read more."""
    scanned = around.gold_bytes * around.usage["query_scan_percent"] / 100
    cutoff = resource.number("WorkGroupConfiguration", "BytesScannedCutoffPerQuery")
    yield meters.athena_queries(min(scanned, cutoff) if cutoff else scanned, around.queries)
    yield meters.catalog(Decimal(0), around.usage["catalog_calls_per_query"] * around.queries)[1]


def log_group(resource: Resource, around: Surroundings) -> Iterator[Amount]:
    """Log lines by who writes them, which the group's name tells, and their keeping."""
    name = resource.text("LogGroupName")
    usage = around.usage
    if "/lambda/" in name and around.calls:
        size, how = around.calls * usage["log_bytes_per_call"], f"{short_number(around.calls)} calls"
    elif "/aws-glue/" in name:
        size, how = around.runs * usage["log_bytes_per_run"], f"{short_number(around.runs)} runs"
    elif "/cloudtrail/" in name:
        events = around.lake_writes + around.lake_reads
        size, how = events * _DATA_EVENT_LOG_BYTES, f"{short_number(events)} data events"
    else:
        size, how = usage["log_gigabytes"] * GIB, "as given"
    months = resource.number("RetentionInDays", default=3653) / DAYS_A_MONTH
    gigabytes = size / GIB
    kept = gigabytes * months / max(usage["log_compression"], Decimal(1))
    how = f"{how}, {short_number(size / MIB)} MB"
    yield from meters.logs(gigabytes, kept, how=how, kept_how=f"compressed, kept {short_number(months)} months")


def trail(_resource: Resource, around: Surroundings) -> Iterable[Amount]:
    """Data events of the lake bucket: one for each request."""
    events = around.lake_writes + around.lake_reads
    how = f"{short_number(events)} requests to the lake"
    yield Amount("CloudTrail", "DataEventsRecorded", events, "event", "data events", how)


def alarm(resource: Resource, _around: Surroundings) -> Iterable[Amount]:
    """An alarm on one metric."""
    yield meters.alarms(Decimal(1), is_high_resolution=resource.number("Period", default=60) < 60)


def dashboard(_resource: Resource, _around: Surroundings) -> Iterable[Amount]:
    """A dashboard."""
    yield meters.dashboards(Decimal(1))


def topic(_resource: Resource, around: Surroundings) -> Iterable[Amount]:
    """Notifications, by e-mail when somebody subscribed so."""
    sent = around.usage["alarm_emails"]
    subscriptions = [each for each in around.resources if each.kind == "AWS::SNS::Subscription"]
    emails = sent * sum(each.text("Protocol") == "email" for each in subscriptions)
    return meters.notifications(sent, emails)


def schedule(_resource: Resource, around: Surroundings) -> Iterable[Amount]:
    """A schedule's starts: one call a batch run."""
    yield meters.schedule_starts(around.runs)


def queue(resource: Resource, around: Surroundings) -> Iterable[Amount]:
    """A queue's requests."""
    fifo = resource.flag("FifoQueue")
    yield meters.queue_requests(around.usage["queue_messages"], around.usage["event_bytes"], is_fifo=fifo)


def delivery(_resource: Resource, around: Surroundings) -> Iterable[Amount]:
    """A Firehose stream's records."""
    yield meters.firehose(around.usage["stream_records"], around.usage["event_bytes"])


WORK_METERS: Mapping[str, Callable[[Resource, Surroundings], Iterable[Amount | Beyond]]] = {
    "AWS::Glue::Job": job,
    "AWS::Kinesis::Stream": stream,
    "AWS::KinesisFirehose::DeliveryStream": delivery,
    "AWS::Lambda::Function": function,
    "AWS::Athena::WorkGroup": workgroup,
    "AWS::Logs::LogGroup": log_group,
    "AWS::CloudTrail::Trail": trail,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::Dashboard": dashboard,
    "AWS::SNS::Topic": topic,
    "AWS::SQS::Queue": queue,
    "AWS::Scheduler::Schedule": schedule,
}
