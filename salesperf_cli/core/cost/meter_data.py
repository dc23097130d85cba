"""What stored things amount to: buckets, catalog entries, keys, secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from salesperf_cli.core.cost import meters
from salesperf_cli.core.cost.activity import Surroundings
from salesperf_cli.core.cost.meters import Amount
from salesperf_cli.core.cost.money import short_number
from salesperf_cli.core.cost.rules import DAYS_A_MONTH, GIB, HOURS_A_MONTH, KIB
from salesperf_cli.core.cost.template import Resource

_SMALLEST_MOVED = 128 * KIB
"""Lifecycle rules leave smaller objects where they are, unless the bucket says otherwise (since September 2024)."""


def bucket(resource: Resource, around: Surroundings) -> Iterator[Amount]:
    """A bucket by what it is for: the name of the resource tells, as in infra/foundation.yaml."""
    kinds = {
        "LakeBucket": lake,
        "ArtifactsBucket": artifacts,
        "ResultsBucket": results,
        "FailuresBucket": failures,
        "LogsBucket": access_logs,
    }
    yield from kinds.get(resource.name, other_bucket)(resource, around)


def lake(resource: Resource, around: Surroundings) -> Iterator[Amount]:
    """Bronze (partly in infrequent access), silver and gold, landed events, the requests of runs and questions."""
    usage = around.usage
    days = usage["retention_days"]
    daily = usage["orders_per_day"] * usage["bronze_bytes_per_order"]
    files = usage["bronze_files_per_day"]
    after, has_small = _moves(resource, "bronze/")
    moves = after is not None and days > after and (has_small or daily / max(files, Decimal(1)) >= _SMALLEST_MOVED)
    in_standard = min(days, after) if moves and after is not None else days
    bronze = daily * in_standard / GIB
    landed_days = min(_expires(resource, "speed/") or days, days)
    landed = around.events / DAYS_A_MONTH * usage["landed_bytes_per_event"] * landed_days / GIB
    reference = usage["reference_bytes"] / GIB
    how = (
        f"bronze {short_number(bronze)} + tables {short_number(around.table_gigabytes)}"
        f" + reference {short_number(reference)} + events {short_number(landed)} GB"
    )
    yield meters.storage(bronze + around.table_gigabytes + reference + landed, how=how)
    if moves and after is not None:
        size = daily / max(files, Decimal(1))
        yield meters.stored_objects(files * (days - after), size, storage_class="STANDARD_IA")
        yield meters.transitions(files * DAYS_A_MONTH)
    yield from meters.requests(
        around.lake_writes,
        around.lake_reads,
        writes_how=f"{short_number(around.runs)} runs, {short_number(around.calls)} calls, received files",
        reads_how=f"{short_number(around.runs)} runs, {short_number(around.queries)} questions",
    )
    if resource.flag("NotificationConfiguration", "EventBridgeConfiguration", "EventBridgeEnabled"):
        yield meters.bus_events(around.lake_writes)
    yield meters.transfer_out(usage["data_out_gigabytes"])


def artifacts(_resource: Resource, around: Surroundings) -> Iterator[Amount]:
    """Code, read by each job run."""
    yield meters.storage(around.usage["artifact_bytes"] / GIB)
    yield from meters.requests(Decimal(10), around.runs * 6)


def results(resource: Resource, around: Surroundings) -> Iterator[Amount]:
    """Athena's answers, kept until they expire: two objects a question."""
    days = _expires(resource, "athena/") or around.usage["retention_days"]
    size = around.usage["queries_per_day"] * around.usage["result_bytes_per_query"] * days / GIB
    yield meters.storage(size, how=f"{short_number(around.queries)} answers a month, kept {short_number(days)} days")
    yield from meters.requests(around.queries * 2, around.queries)


def failures(_resource: Resource, around: Surroundings) -> Iterator[Amount]:
    """Whole batches that Lambda gave up on: nothing, as long as all goes well."""
    batches = around.usage["failed_batches_per_month"]
    size = batches * around.usage["event_bytes"] * 500 / GIB
    yield meters.storage(size)
    yield from meters.requests(batches, batches)


def access_logs(resource: Resource, around: Surroundings) -> Iterator[Amount]:
    """One line for each request to the other buckets; writing them costs nothing, keeping them does."""
    days = _expires(resource, "") or around.usage["retention_days"]
    lines = around.lake_writes + around.lake_reads + around.queries * 3
    size = lines / DAYS_A_MONTH * days * around.usage["access_log_bytes"] / GIB
    yield meters.storage(size, how=f"{short_number(lines)} requests a month, kept {short_number(days)} days")


def other_bucket(_resource: Resource, around: Surroundings) -> Iterator[Amount]:
    """A bucket that only the user knows."""
    yield meters.storage(around.usage["bucket_gigabytes"])
    yield from meters.requests(around.usage["bucket_writes"], around.usage["bucket_reads"])


def _rules(resource: Resource, prefix: str) -> Iterator[Mapping[str, object]]:
    rules = resource.value("LifecycleConfiguration", "Rules") or ()
    for rule in rules:
        if str(rule.get("Status")) == "Enabled" and str(rule.get("Prefix", "")) == prefix:
            yield rule


def _expires(resource: Resource, prefix: str) -> Decimal | None:
    """After how many days objects below a prefix are deleted."""
    return next(
        (Decimal(str(r["ExpirationInDays"])) for r in _rules(resource, prefix) if "ExpirationInDays" in r), None
    )


def _moves(resource: Resource, prefix: str) -> tuple[Decimal | None, bool]:
    """After how many days objects below a prefix move to infrequent access, and whether small ones do, too."""
    small = resource.text("LifecycleConfiguration", "TransitionDefaultMinimumObjectSize") == "varies_by_storage_class"
    for rule in _rules(resource, prefix):
        transitions = rule.get("Transitions")
        for each in transitions if isinstance(transitions, list) else ():
            if each.get("StorageClass") == "STANDARD_IA":
                return Decimal(str(each["TransitionInDays"])), small
    return None, small


def database(_resource: Resource, around: Surroundings) -> Iterable[Amount]:
    """A catalog database with its tables, views and their versions."""
    return meters.catalog(around.usage["catalog_objects"] + 1, Decimal(0))


def table(_resource: Resource, _around: Surroundings) -> Iterable[Amount]:
    """A catalog table."""
    return meters.catalog(Decimal(1), Decimal(0))


def key(_resource: Resource, around: Surroundings) -> Iterable[Amount]:
    """A customer key, and the calls that bucket keys do not save."""
    return meters.keys(Decimal(1), around.usage["key_calls_per_day"] * DAYS_A_MONTH)


def secret(_resource: Resource, around: Surroundings) -> Iterable[Amount]:
    """A secret."""
    return meters.secrets(Decimal(1), around.usage["secret_calls"])


def nat_gateway(_resource: Resource, around: Surroundings) -> Iterable[Amount]:
    """A NAT gateway: its hours, and each GB through it."""
    size = around.usage["gateway_gigabytes"]
    yield Amount("VPC", "NatGateway-Hours", HOURS_A_MONTH, "hour", "gateway", f"1 × {short_number(HOURS_A_MONTH)} h")
    yield Amount("VPC", "NatGateway-Bytes", size, "GB", "data through it", f"{short_number(size)} GB")


def endpoint(resource: Resource, _around: Surroundings) -> Iterable[Amount]:
    """An interface endpoint; gateway endpoints (S3, DynamoDB) cost nothing."""
    if resource.text("VpcEndpointType", default="Gateway") == "Interface":
        count = Decimal(len(resource.value("SubnetIds") or "1"))
        how = f"{short_number(count)} subnets × {short_number(HOURS_A_MONTH)} h"
        yield Amount("VPC", "VpcEndpoint-Hours", count * HOURS_A_MONTH, "hour", "endpoint", how)


DATA_METERS: Mapping[str, Callable[[Resource, Surroundings], Iterable[Amount]]] = {
    "AWS::S3::Bucket": bucket,
    "AWS::Glue::Database": database,
    "AWS::Glue::Table": table,
    "AWS::KMS::Key": key,
    "AWS::SecretsManager::Secret": secret,
    "AWS::EC2::NatGateway": nat_gateway,
    "AWS::EC2::VPCEndpoint": endpoint,
}
