"""What each service counts: from what was done (a run, a call, a record) to billable units. Knows no price.

Each function gives `Amount`s: a quantity on a usage type, and in words how it came about. Rules that hold a request
(a minimum, a rounding up) are applied to one request and then multiplied, as the services do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from salesperf_cli.core.cost.money import short_number
from salesperf_cli.core.cost.rules import DAYS_A_MONTH, GIB, HOURS_A_MONTH, KIB, MIB, TIB, at_least, rounded_up

DPU_OF_WORKER: Mapping[str, Decimal] = {
    "G.025X": Decimal("0.25"), "Standard": Decimal(1), "G.1X": Decimal(1), "G.2X": Decimal(2), "G.4X": Decimal(4),
    "G.8X": Decimal(8),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amount:
    """So many units of a usage type: of what, and how that was reckoned."""

    service: str
    key: str
    quantity: Decimal
    unit: str
    what: str
    how: str


@dataclass(frozen=True, slots=True)
class Beyond:
    """Why a resource, as it is set up, cannot do all that the usage asks of it: its cost would be another."""

    reason: str


# Glue


def glue_runs(
    dpus: Decimal, seconds: Decimal, runs: Decimal, *, version: str = "5.1", is_flexible: bool = False
) -> Amount:
    """Job runs: by the second, at least a minute each; Glue 6.0 and later bill usage types of their own (`-Gen2`)."""
    generation = "-Gen2" if int(version.split(".")[0]) >= 6 else ""
    billed = at_least(rounded_up(seconds, Decimal(1)), Decimal(60))
    minimum = ", 1 minute at least" if seconds < 60 else ""
    return Amount(
        "Glue",
        f"ETL{'-Flex' if is_flexible else ''}-DPU-Hour{generation}",
        dpus * billed * runs / 3600,
        "DPU-hour",
        "flexible runs" if is_flexible else "runs",
        f"{short_number(runs)} runs × {short_number(dpus)} DPU × {short_number(billed)} s{minimum}",
    )


def catalog(objects: Decimal, requests: Decimal) -> tuple[Amount, ...]:
    """Tables, versions and partitions kept in the Glue catalog, and calls to it."""
    return (
        Amount("Glue", "Catalog-Storage", objects, "object-month", "catalog objects", f"{short_number(objects)} kept"),
        Amount("Glue", "Catalog-Request", requests, "request", "catalog calls", f"{short_number(requests)} calls"),
    )


# Athena


def athena_bytes(scanned: Decimal) -> Decimal:
    """The bytes billed for one query: rounded up to the MB, at least 10 MB."""
    return at_least(rounded_up(scanned, MIB), MIB * 10)


def athena_queries(scanned: Decimal, queries: Decimal) -> Amount:
    """Queries that scan so many bytes each; DDL and failed ones are free and do not belong here."""
    billed = athena_bytes(scanned)
    why = ", 10 MB at least" if scanned <= MIB * 9 else ", rounded up to the MB" if billed > scanned else ""
    how = f"{short_number(queries)} queries × {short_number(billed / MIB)} MB{why}"
    return Amount("Athena", "DataScannedInTB", billed * queries / TIB, "TB", "scanned", how)


# S3

STORAGE_CLASSES: Mapping[str, tuple[str, str, Decimal, Decimal]] = {
    "STANDARD": ("TimedStorage-ByteHrs", "standard storage", Decimal(0), Decimal(0)),
    "STANDARD_IA": ("TimedStorage-SIA-ByteHrs", "infrequent access", 128 * KIB, Decimal(30)),
    "GLACIER_IR": ("TimedStorage-GIR-ByteHrs", "instant retrieval", 128 * KIB, Decimal(90)),
}
"""Storage class: usage type, words, smallest size billed an object, fewest days billed."""


def storage(gigabyte_months: Decimal, *, storage_class: str = "STANDARD", how: str = "") -> Amount:
    """GB-months in a storage class."""
    key, words, _, _ = STORAGE_CLASSES[storage_class]
    return Amount("S3", key, gigabyte_months, "GB-month", words, how or f"{short_number(gigabyte_months)} GB kept")


def stored_objects(
    count: Decimal, size: Decimal, *, storage_class: str = "STANDARD", days: Decimal = DAYS_A_MONTH
) -> Amount:
    """Objects of so many bytes, each kept for so many days a month; small or short-lived ones meet the minimums."""
    _, _, least_bytes, least_days = STORAGE_CLASSES[storage_class]
    billed, kept = at_least(size, least_bytes), at_least(days, least_days)
    how = f"{short_number(count)} objects × {short_number(billed / KIB)} KB"
    how += ", 128 KB each at least" if billed > size else ""
    how += f" × {short_number(kept)} days" + (f" ({short_number(least_days)} at least)" if kept > days else "")
    return storage(count * billed / GIB * kept / DAYS_A_MONTH, storage_class=storage_class, how=how)


def requests(writes: Decimal, reads: Decimal, *, writes_how: str = "", reads_how: str = "") -> tuple[Amount, ...]:
    """PUT, COPY, POST and LIST are writes, GET and the rest reads; DELETE costs nothing."""
    return (
        Amount("S3", "Requests-Tier1", writes, "request", "writes and lists", writes_how or short_number(writes)),
        Amount("S3", "Requests-Tier2", reads, "request", "reads", reads_how or short_number(reads)),
    )


def transitions(objects: Decimal) -> Amount:
    """Objects that a lifecycle rule moves to another storage class."""
    return Amount("S3", "Requests-Tier4", objects, "request", "moves to a class", f"{short_number(objects)} objects")


def s3_tables(
    stored: Decimal, writes: Decimal, reads: Decimal, objects: Decimal, compacted: Decimal, compacted_gigabytes: Decimal
) -> tuple[Amount, ...]:
    """S3 Tables: storage, requests, objects watched, objects and gigabytes compacted."""
    figures = (
        ("Tables-TimedStorage-ByteHrs", stored, "GB-month", "storage"),
        ("Tables-Requests-Tier1", writes, "request", "writes"),
        ("Tables-Requests-Tier2", reads, "request", "reads"),
        ("Tables-Monitoring", objects, "object", "objects watched"),
        ("Tables-Compaction-Objects", compacted, "object", "objects compacted"),
        ("Tables-Compaction-Bytes-Binpack", compacted_gigabytes, "GB", "data compacted"),
    )
    return tuple(Amount("S3Tables", key, size, unit, what, short_number(size)) for key, size, unit, what in figures)


def transfer_out(gigabytes: Decimal) -> Amount:
    """Data sent to the internet."""
    how = f"{short_number(gigabytes)} GB to the internet"
    return Amount("DataTransfer", "DataTransfer-Out-Bytes", gigabytes, "GB", "data out", how)


# Kinesis and Firehose


def kinesis_provisioned(
    shards: Decimal, records: Decimal, record_bytes: Decimal, retention_hours: Decimal, hours: Decimal = HOURS_A_MONTH
) -> tuple[Amount, ...]:
    """Shard-hours, and a unit for each 25 KB begun of each record; days 2 to 7 of retention cost by the shard."""
    units = rounded_up(record_bytes, 25 * KIB) / (25 * KIB)
    shard_hours = shards * hours
    how = f"{short_number(shards)} shards × {short_number(hours)} h"
    put = f"{short_number(records)} records × {short_number(units)} units of 25 KB"
    amounts = [
        Amount("Kinesis", "Storage-ShardHour", shard_hours, "shard-hour", "shards", how),
        Amount("Kinesis", "PutRequestPayloadUnits", records * units, "unit", "records in", put),
    ]
    if retention_hours > 24:
        amounts.append(Amount("Kinesis", "Extended-ShardHour", shard_hours, "shard-hour", "retention to day 7", how))
    if retention_hours > 168:
        kept = records * record_bytes / GIB * (retention_hours - 168) / hours
        long = f"{short_number(kept)} GB beyond day 7"
        amounts.append(Amount("Kinesis", "LongTermRetention-ByteHrs", kept, "GB-month", "retention after day 7", long))
    return tuple(amounts)


def kinesis_on_demand(
    records: Decimal, record_bytes: Decimal, readers: Decimal, retention_hours: Decimal, hours: Decimal = HOURS_A_MONTH
) -> tuple[Amount, ...]:
    """Stream-hours, and each record rounded up to the KB, in and once out for each reader; retention by the GB."""
    size = rounded_up(record_bytes, KIB)
    gigabytes = records * size / GIB
    how = f"{short_number(records)} records × {short_number(size / KIB)} KB (rounded up)"
    extended = gigabytes * max(min(retention_hours, Decimal(168)) - 24, Decimal(0)) / hours
    long = gigabytes * max(retention_hours - 168, Decimal(0)) / hours
    out = f"{how} × {short_number(readers)} readers"
    return on_demand_bytes(hours, gigabytes, gigabytes * readers, extended, long, Decimal(0), how=how, out=out)


def on_demand_bytes(
    stream_hours: Decimal, incoming: Decimal, outgoing: Decimal, extended: Decimal, long: Decimal, fan_out: Decimal,
    *, how: str = "", out: str = "",
) -> tuple[Amount, ...]:  # fmt: skip
    """An on-demand stream by what it counts: hours, GB in, GB out, GB-months of retention, GB by enhanced fan-out."""
    figures = (
        ("OnDemand-StreamHour", stream_hours, "stream-hour", "stream", f"1 stream × {short_number(stream_hours)} h"),
        ("OnDemand-BilledIncomingBytes", incoming, "GB", "data in", how),
        ("OnDemand-BilledOutgoingBytes", outgoing, "GB", "data out", out),
        ("OnDemand-BilledOutgoingEFOBytes", fan_out, "GB", "fan-out", ""),
        ("OnDemand-ExtendedRetention-ByteHrs", extended, "GB-month", "retention to day 7", ""),
        ("OnDemand-LongTermRetention-ByteHrs", long, "GB-month", "retention after day 7", ""),
    )
    return tuple(
        Amount("Kinesis", key, size, unit, what, text or f"{short_number(size)} {unit}")
        for key, size, unit, what, text in figures
        if size or key in ("OnDemand-StreamHour", "OnDemand-BilledIncomingBytes")
    )


def firehose(records: Decimal, record_bytes: Decimal) -> Amount:
    """Records rounded up to 5 KB each."""
    size = rounded_up(record_bytes, 5 * KIB)
    how = f"{short_number(records)} records × {short_number(size / KIB)} KB (rounded up to 5 KB)"
    return Amount("Firehose", "BilledBytes", records * size / GIB, "GB", "records", how)


# Lambda


def lambda_calls(
    calls: Decimal, milliseconds: Decimal, memory: Decimal, *, is_arm: bool = False, scratch: Decimal = Decimal(512)
) -> tuple[Amount, ...]:
    """Calls, and GB-seconds by the millisecond begun; scratch space counts above 512 MB. Sizes in MB."""
    suffix = "-ARM" if is_arm else ""
    seconds = rounded_up(milliseconds, Decimal(1)) / 1000
    how = f"{short_number(calls)} calls × {short_number(seconds * 1000)} ms × {short_number(memory)} MB"
    used = calls * seconds * memory / 1024
    amounts = [
        Amount("Lambda", f"Request{suffix}", calls, "request", "calls", f"{short_number(calls)} calls"),
        Amount("Lambda", f"Lambda-GB-Second{suffix}", used, "GB-second", "compute", how),
    ]
    if scratch > 512:
        more = calls * seconds * (scratch - 512) / 1024
        words = f"{short_number(scratch - 512)} MB above 512 MB"
        amounts.append(Amount("Lambda", "Lambda-Storage-GB-Second", more, "GB-second", "scratch space", words))
    return tuple(amounts)


def http_calls(calls: Decimal) -> Amount:
    """Calls of an HTTP API of API Gateway."""
    return Amount("ApiGateway", "ApiGatewayHttpRequest", calls, "request", "HTTP calls", f"{short_number(calls)} calls")


# Messages and events


def queue_requests(messages: Decimal, message_bytes: Decimal, *, is_fifo: bool = False) -> Amount:
    """SQS: a request for each 64 KB begun."""
    chunks = rounded_up(at_least(message_bytes, Decimal(1)), 64 * KIB) / (64 * KIB)
    how = f"{short_number(messages)} × {short_number(chunks)} chunks of 64 KB"
    return Amount("SQS", f"Requests{'-FIFO' if is_fifo else ''}-RBP", messages * chunks, "request", "requests", how)


def bus_events(events: Decimal, event_bytes: Decimal = KIB) -> Amount:
    """EventBridge: a charge for each 64 KB begun of an event that AWS does not send for nothing."""
    chunks = rounded_up(at_least(event_bytes, Decimal(1)), 64 * KIB) / (64 * KIB)
    how = f"{short_number(events)} events × {short_number(chunks)} chunks of 64 KB"
    return Amount("EventBridge", "Event-64K-Chunks", events * chunks, "event", "events", how)


def schedule_starts(starts: Decimal) -> Amount:
    """EventBridge Scheduler: starts."""
    return Amount("EventBridge", "ScheduledInvocation", starts, "start", "starts", f"{short_number(starts)} starts")


def notifications(published: Decimal, emails: Decimal) -> tuple[Amount, ...]:
    """SNS: what is published, and what goes out by e-mail."""
    return (
        Amount("SNS", "Requests-Tier1", published, "request", "published", f"{short_number(published)} messages"),
        Amount("SNS", "DeliveryAttempts-SMTP", emails, "e-mail", "e-mails", f"{short_number(emails)} e-mails"),
    )


# CloudWatch


def metrics(count: Decimal, hours: Decimal = HOURS_A_MONTH) -> Amount:
    """Custom metrics, prorated by the hours in which they had a value."""
    share = min(hours, HOURS_A_MONTH) / HOURS_A_MONTH
    how = f"{short_number(count)} metrics × {short_number(share * HOURS_A_MONTH)} of {short_number(HOURS_A_MONTH)} h"
    return Amount("CloudWatch", "CW:MetricMonitorUsage", count * share, "metric-month", "own metrics", how)


def alarms(count: Decimal, *, is_high_resolution: bool = False) -> Amount:
    """Alarms on one metric; a period below a minute is high resolution."""
    key = "CW:HighResAlarmMonitorUsage" if is_high_resolution else "CW:AlarmMonitorUsage"
    return Amount("CloudWatch", key, count, "alarm-month", "alarm", f"{short_number(count)} alarm")


def dashboards(count: Decimal) -> Amount:
    """Dashboards."""
    return Amount("CloudWatch", "DashboardsUsageHour", count, "dashboard", "dashboard", f"{short_number(count)}")


def logs(gigabytes: Decimal, kept: Decimal, *, how: str = "", kept_how: str = "") -> tuple[Amount, ...]:
    """Log lines taken in, and GB-months of them kept (compressed)."""
    taken, stored = f"{short_number(gigabytes)} GB", f"{short_number(kept)} GB kept"
    return (
        Amount("CloudWatch", "DataProcessing-Bytes", gigabytes, "GB", "log lines in", how or taken),
        Amount("CloudWatch", "TimedStorage-ByteHrs", kept, "GB-month", "logs kept", kept_how or stored),
    )


def vended_logs(gigabytes: Decimal) -> Amount:
    """Logs that services write themselves."""
    how = f"{short_number(gigabytes)} GB"
    return Amount("CloudWatch", "VendedLog-Bytes", gigabytes, "GB", "vended logs in", how)


# Keys and secrets


def keys(count: Decimal, calls: Decimal) -> tuple[Amount, ...]:
    """KMS: customer keys, and calls; bucket keys save most of the calls that S3 would make."""
    return (
        Amount("KMS", "KMS-Keys", count, "key-month", "key", f"{short_number(count)} key"),
        Amount("KMS", "KMS-Requests", calls, "request", "key calls", f"{short_number(calls)} calls"),
    )


def secrets(count: Decimal, calls: Decimal) -> tuple[Amount, ...]:
    """Secrets Manager: secrets, and calls."""
    return (
        Amount("SecretsManager", "AWSSecretsManager-Secrets", count, "secret-month", "secret", short_number(count)),
        Amount("SecretsManager", "AWSSecretsManagerAPIRequest", calls, "request", "calls", short_number(calls)),
    )


# Asking about money itself


def bill_pages(pages: Decimal) -> Amount:
    """Cost Explorer: each page of an answer."""
    return Amount("CostExplorer", "USE1-APIRequest", pages, "request", "pages", f"{short_number(pages)} pages")
