"""The worked examples of the pricing pages, each through the public estimator with the rates that it states itself.

An adapter a service turns the example's inputs into what was done; it knows input names, and no example by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.core.cost import meters
from salesperf_cli.core.cost.book import PriceBook, PriceRow
from salesperf_cli.core.cost.estimate import Metered, estimate
from salesperf_cli.core.cost.meters import Amount
from salesperf_cli.core.cost.rules import GIB, HOURS_A_MONTH, KIB, TIB, gigabyte_months

FILE = Path(__file__).resolve().parents[3] / "shared" / "pricing" / "examples.json"
EXAMPLES = json.loads(FILE.read_text("utf-8"), parse_float=Decimal)["examples"] if FILE.exists() else []
MILLION = Decimal(10**6)
SECONDS_A_DAY = 86_400

Inputs = Mapping[str, Any]
Rate = tuple[str, str, Decimal, Decimal, Decimal | None]


def d(value: object) -> Decimal:
    return Decimal(str(value))


def row(service: str, key: str, price: Decimal, begin: Decimal = Decimal(0), end: Decimal | None = None) -> PriceRow:
    return PriceRow(
        service, "", "us-east-1", key, "", "", "", price, begin, end, "", "", "example", "", "price_list", True, "", ""
    )  # fmt: skip


def flat(service: str, key: str, price: object, free: object = 0, per: object = 1) -> list[PriceRow]:
    return [row(service, key, d(price) / d(per), d(free))]


def tiers(service: str, key: str, ends: list[list[Any]], free: object = 0) -> list[PriceRow]:
    rows, begin = [], d(free)
    for end, price in ends:
        limit = None if end is None else d(end)
        rows.append(row(service, key, d(price), begin, limit))
        begin = limit if limit is not None else begin
    return rows


def glue(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    amount = meters.glue_runs(d(i["dpus"]), d(i["minutes"]) * 60, Decimal(1), version=i.get("glue_version", "5.1"))
    yield amount, flat("Glue", amount.key, r["dpu_hour"])


def athena(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    amount = meters.athena_queries(d(i["tb_scanned"]) * TIB, Decimal(1))
    yield amount, flat("Athena", amount.key, r["tb"])


def s3(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    if "gb_month" in i:
        amount = meters.storage(d(i["gb_month"]))
        yield amount, tiers("S3", amount.key, [[r["t1_to"], r["t1"]], [None, r["t2"]]])
    if "v1_gb" in i:
        pieces = [(d(i[f"{v}_gb"]), d(i[f"{v}_days"]) * 24) for v in ("v1", "v2")]
        amount = meters.storage(gigabyte_months(pieces, d(i["hours"])))
        yield amount, flat("S3", amount.key, 1)  # the figure expected is the GB-months themselves
    if "std_gb" in i:
        for name, storage_class in (("std", "STANDARD"), ("ia", "STANDARD_IA")):
            amount = meters.storage(d(i[f"{name}_gb"]), storage_class=storage_class)
            yield amount, flat("S3", amount.key, r[name])
        moved = meters.transitions(d(i["transitions"]))
        yield moved, flat("S3", moved.key, r["transition_1k"], per=1000)


def s3_tables(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    figures = meters.s3_tables(
        d(i["storage_gb"]), d(i["put_per_day"]) * d(i["days"]), d(i["get"]), d(i["objects"]), d(i["compact_objects"]),
        d(i["compact_gb"]),
    )  # fmt: skip
    rates = [(r["storage"], 1), (r["put_1k"], 1000), (r["get_1k"], 1000), (r["mon_1k"], 1000), (r["comp_obj_1k"], 1000)]
    for amount, (price, per) in zip(figures, [*rates, (r["comp_gb"], 1)], strict=True):
        yield amount, flat("S3Tables", amount.key, price, per=per)


def transfer(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    amount = meters.transfer_out(d(i["gb"]))
    yield amount, tiers("DataTransfer", amount.key, r["t"], free=i["free_gb"])


def functions(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    if "gb_seconds" in i:  # one MB-second a thousandth: a call of 1024 MB for so long
        milliseconds = d(i["gb_seconds"]) / d(i["lambda_requests"]) * 1000
        calls = meters.lambda_calls(d(i["lambda_requests"]), milliseconds, Decimal(1024))
    else:
        calls = meters.lambda_calls(d(i["requests"]), d(i["ms"]), d(i["memory_mb"]))
    yield calls[0], flat("Lambda", calls[0].key, r["req_m"], r.get("free_req", 0), per=MILLION)
    yield calls[1], flat("Lambda", calls[1].key, r["gbs"], r.get("free_gbs", 0))
    if "http_calls" in i:
        http = meters.http_calls(d(i["http_calls"]))
        yield http, flat(http.service, http.key, r["http_m"], per=MILLION)
    if "sqs" in i:
        queue = meters.queue_requests(d(i["sqs"]), KIB)
        yield queue, flat("SQS", queue.key, r["sqs_m"], i["sqs_free"], per=MILLION)


def cloudwatch(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    if "custom_metrics" in i:
        yield (amount := meters.metrics(d(i["custom_metrics"]))), flat("CloudWatch", amount.key, r["metric"])
    if "ingest_gb" in i:
        taken, kept = meters.logs(d(i["ingest_gb"]), d(i["archive_gb"]))
        yield taken, flat("CloudWatch", taken.key, r["ingest"], i["free_ingest_gb"])
        yield kept, flat("CloudWatch", kept.key, r["store"], i["free_archive_gb"])
    if "ingest_tb" in i:
        vended = meters.vended_logs(d(i["ingest_tb"]) * 1024)
        yield vended, tiers("CloudWatch", vended.key, r["t"])
        stored = meters.storage(d(i["s3_tb"]) * 1024)
        yield stored, flat("S3", stored.key, r["s3"])


def kms(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    kept, calls = meters.keys(d(i["keys"]), d(i["requests"]))
    yield kept, flat("KMS", kept.key, r["key"])
    yield calls, flat("KMS", calls.key, r["req_10k"], i["free"], per=10_000)


def kinesis(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    if "shards" in i:
        hours = d(i["days"]) * 24
        records = d(i["records_per_s"]) * d(i["days"]) * SECONDS_A_DAY
        shards, put = meters.kinesis_provisioned(d(i["shards"]), records, d(i["record_kb"]) * KIB, Decimal(24), hours)
        yield shards, flat("Kinesis", shards.key, r["shard_hour"])
        yield put, flat("Kinesis", put.key, r["put_m"], per=MILLION)
    else:
        names = ("stream_hours", "in_gb", "out_gb", "ext_gb", "lt_gb", "efo_gb")
        rates = dict(
            zip(
                ("StreamHour", "BilledIncomingBytes", "BilledOutgoingBytes", "BilledOutgoingEFOBytes",
                 "ExtendedRetention-ByteHrs", "LongTermRetention-ByteHrs"),
                ("hour", "gb_in", "gb_out", "efo", "ext", "lt"),
                strict=True,
            )
        )  # fmt: skip
        for amount in meters.on_demand_bytes(*(d(i[name]) for name in names)):
            yield amount, flat("Kinesis", amount.key, r[rates[amount.key.removeprefix("OnDemand-")]])


def firehose(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    amount = meters.firehose(d(i["records"]), d(i["record_kb"]) * KIB)
    yield amount, flat("Firehose", amount.key, r["gb"])


def sqs(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    amount = meters.queue_requests(d(i["requests"]), d(i["kb"]) * KIB)
    yield amount, flat("SQS", amount.key, r["req_m"], i["free"], per=MILLION)


def secrets(i: Inputs, r: Inputs) -> Iterator[tuple[Amount, list[PriceRow]]]:
    kept, calls = meters.secrets(d(i["secrets"]), d(i["calls"]))
    yield kept, flat("SecretsManager", kept.key, r["secret"])
    yield calls, flat("SecretsManager", calls.key, r.get("call_10k", 0), per=10_000)


ADAPTERS: dict[str, Callable[[Inputs, Inputs], Iterator[tuple[Amount, list[PriceRow]]]]] = {
    "Glue": glue, "Athena": athena, "S3": s3, "S3Tables": s3_tables, "DataTransfer": transfer, "Lambda": functions,
    "Lambda+SQS+APIGW": functions, "CloudWatch": cloudwatch, "KMS": kms, "Kinesis": kinesis, "Firehose": firehose,
    "SQS": sqs, "SecretsManager": secrets,
}  # fmt: skip


@pytest.mark.skipif(not EXAMPLES, reason="../shared/pricing/examples.json is not beside this checkout")
@pytest.mark.parametrize("example", EXAMPLES or [{}], ids=lambda each: each.get("name", "none"))
def test_a_worked_example_comes_out_as_published(example: Mapping[str, Any]) -> None:
    found = list(ADAPTERS[example["service"]](example["inputs"], example["rates"]))
    book = PriceBook(date(2026, 11, 23), tuple(price for _, prices in found for price in prices))
    month = estimate([Metered("it", "", "", amount) for amount, _ in found], book, "us-east-1", free_tiers=())
    assert month.unpriced == ()
    assert abs(month.net - d(example["expected_usd"])) <= d(example["tolerance_usd"]), month.net


@pytest.mark.skipif(not EXAMPLES, reason="../shared/pricing/examples.json is not beside this checkout")
def test_all_worked_examples_are_there() -> None:
    assert len(EXAMPLES) == 24


def test_hours_and_sizes_are_as_the_services_count_them() -> None:
    assert HOURS_A_MONTH == 730 and GIB == 1024**3 and TIB == 1024**4
