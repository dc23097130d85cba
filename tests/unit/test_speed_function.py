"""The speed layer's function: what it lands, what it sets aside, what it gives back to Lambda."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from salesperf_cli.backends.embedded.function import module
from salesperf_cli.core.events.function_contract import function_contract
from salesperf_cli.core.pipeline import builtin_pipeline_folder, load_pipeline

ROOT = Path(__file__).resolve().parents[2]
FILE = builtin_pipeline_folder() / "contracts" / "speed" / "sale_events.yaml"
FUNCTION = module()
CONTRACT = FUNCTION.Contract(json.loads(function_contract(FILE)))

GOOD: dict[str, Any] = {
    "event_id": "a" * 64,
    "event_type": "item_sold",
    "occurred_at": "2018-02-28 23:59:59",
    "order_id": "o1",
    "line_number": 1,
    "order_item_id": 1,
    "status": "delivered",
    "customer_state": "SP",
    "product_id": "p1",
    "product_category_en": "toys",
    "seller_id": "s1",
    "seller_state": None,
    "price": 12.5,
    "freight": 0,
}


def encoded(**changes: object) -> bytes:
    return json.dumps({name: value for name, value in (GOOD | changes).items() if value != "gone"}).encode()


def batch(*events: bytes, shard: int = 3, first: int = 100) -> dict[str, Any]:
    """A call's event, as Lambda makes it of a batch of one shard."""
    return {
        "Records": [
            {
                "eventID": f"shardId-{shard:012d}:{first + at:020d}",
                "kinesis": {
                    "partitionKey": "k",
                    "sequenceNumber": f"{first + at:020d}",
                    "data": base64.b64encode(event).decode(),
                    "approximateArrivalTimestamp": 1_519_862_399.5,
                },
            }
            for at, event in enumerate(events)
        ]
    }


class Bucket(dict[str, bytes]):
    """What was put; `broken` keys cannot be."""

    broken = False

    def put(self, key: str, data: bytes) -> None:
        if self.broken:
            raise ConnectionError("no bucket")
        self[key] = data

    def lines(self, prefix: str) -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for key, data in sorted(self.items())
            if key.startswith(prefix)
            for line in gzip.decompress(data).splitlines()
        ]


def landing(bucket: Bucket, log: list[str], contract: Any = CONTRACT) -> Any:
    return FUNCTION.Landing(
        contract, bucket.put, log.append, prefix="speed/t/", rejected_prefix="rejected/t/", namespace="test"
    )


def take(*events: bytes) -> tuple[Bucket, list[dict[str, Any]], Mapping[str, Any]]:
    bucket, log = Bucket(), list[str]()
    answer = landing(bucket, log).take(batch(*events))
    return bucket, [json.loads(line) for line in log], answer


def test_the_compiled_contract_beside_the_function_is_the_pipelines_own() -> None:
    beside = ROOT / "infra" / "lambda" / "contract.json"
    assert beside.read_bytes() == function_contract(FILE), "run: python docs/generate.py"


def test_the_table_over_landed_events_has_the_contracts_columns() -> None:
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's tags as what they hold."""

    def tagged(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return loader.construct_scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node)
        assert isinstance(node, yaml.MappingNode)
        return loader.construct_mapping(node)

    Loader.add_multi_constructor("!", tagged)
    template = yaml.load((ROOT / "infra" / "stream.yaml").read_text("utf-8"), Loader)
    table = template["Resources"]["SaleEvents"]["Properties"]["TableInput"]["StorageDescriptor"]["Columns"]
    (contract,) = load_pipeline("olist").contracts(["speed"]).values()
    assert [(each["Name"], each["Type"]) for each in table] == [
        (column.name, str(column.type)) for column in contract.columns
    ]


def test_valid_events_land_under_a_key_of_arrival_shard_and_range() -> None:
    bucket, _, answer = take(encoded(), encoded(order_id="o2"))
    assert answer == {"batchItemFailures": []}
    range_ = f"shardId-000000000003-{100:020d}-{101:020d}"
    assert list(bucket) == [f"speed/t/landed_date=2018-02-28/landed_hour=23/{range_}.ndjson.gz"]
    assert bucket.lines("speed/") == [GOOD, GOOD | {"order_id": "o2"}]


def test_the_same_batch_again_is_the_same_object_to_the_byte() -> None:
    assert take(encoded(), b"nonsense")[0] == take(encoded(), b"nonsense")[0]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (b"", "it is not JSON"),
        (b"[1]", "it is not a JSON object"),
        (b'{"event_id": 1', "it is not JSON"),
        (b"\xff\xfe", "it is not UTF-8"),
        (encoded(price=float("nan")), "NaN is not JSON"),
        (encoded()[:-1] + b', "price": 1}', "a name stands twice"),
        (encoded(order_id="gone"), "order_id must not be missing"),
        (encoded(order_id=""), "order_id must not be missing"),
        (encoded(order_id=7), "order_id is not a string"),
        (encoded(order_id="x" * 65), "order_id must have a length <= 64"),
        (encoded(event_id="A" * 64), "event_id must look like"),
        (encoded(event_type="item_lost"), "event_type is not one of the known values"),
        (encoded(occurred_at="2018-02-29 00:00:00"), "occurred_at is not a timestamp"),
        (encoded(occurred_at="2018-02-28T00:00:00"), "occurred_at is not a timestamp"),
        (encoded(line_number=1.5), "line_number is not an int"),
        (encoded(line_number=2**31), "line_number is not an int"),
        (encoded(line_number=0), "line_number must be >= 1"),
        (encoded(line_number=True), "line_number is not an int"),
        (encoded(price=12.345), "price is not a decimal(12,2)"),
        (encoded(price=-0.01), "price must be >= 0"),
        (encoded(price=10_000_000), "price must be <= 9999999.99"),
        (encoded(colour="red"), "colour is no column of the contract"),
    ],
)
def test_an_event_that_breaks_its_contract_is_set_aside_with_the_reason(event: bytes, reason: str) -> None:
    bucket, log, answer = take(encoded(), event, encoded(order_id="o2"))
    assert answer == {"batchItemFailures": []}
    assert [line["order_id"] for line in bucket.lines("speed/")] == ["o1", "o2"]
    (aside,) = bucket.lines("rejected/")
    assert reason in aside["reason"]
    assert (aside["shard"], aside["sequence_number"]) == ("shardId-000000000003", f"{101:020d}")
    kept = aside["record"].encode() if "record" in aside else base64.b64decode(aside["record_base64"])
    assert kept == event
    assert log[-1]["RejectedEvents"] == 1


def test_an_event_over_several_lines_lands_as_one() -> None:
    bucket, _, _ = take(json.dumps(GOOD, indent=2).encode())
    assert bucket.lines("speed/") == [GOOD]


def test_when_the_bucket_cannot_be_written_the_whole_batch_is_given_back() -> None:
    bucket, log = Bucket(), list[str]()
    bucket.broken = True
    answer = landing(bucket, log).take(batch(encoded(), encoded()))
    assert answer == {"batchItemFailures": [{"itemIdentifier": f"{100:020d}"}]}
    assert json.loads(log[-1])["LandedEvents"] == 0


def test_a_record_that_cannot_be_judged_is_given_back_and_those_before_it_land() -> None:
    class Fragile:
        def line(self, data: bytes) -> bytes:
            if b"o2" in data:
                raise MemoryError
            line: bytes = CONTRACT.line(data)
            return line

    bucket, log = Bucket(), list[str]()
    events = (encoded(), encoded(order_id="o2"), encoded(order_id="o3"))
    answer = landing(bucket, log, Fragile()).take(batch(*events))
    assert answer == {"batchItemFailures": [{"itemIdentifier": f"{101:020d}"}]}
    assert [line["order_id"] for line in bucket.lines("speed/")] == ["o1"]


def test_metrics_are_told_in_the_embedded_format() -> None:
    _, log, _ = take(encoded(), b"nonsense")
    (about,) = log[-1]["_aws"]["CloudWatchMetrics"]
    assert about["Namespace"] == "test"
    assert sorted(each["Name"] for each in about["Metrics"]) == sorted(set(log[-1]) - {"_aws"})
    assert (log[-1]["LandedEvents"], log[-1]["RejectedEvents"]) == (1, 1)


values = {
    "event_id": st.one_of(st.just("a" * 64), st.text(max_size=70)),
    "event_type": st.sampled_from(["item_sold", "item_lost", ""]),
    "occurred_at": st.one_of(
        st.datetimes().map(lambda at: f"{at:%Y-%m-%d %H:%M:%S}".rjust(19, "0")), st.just("2018-02-30 00:00:00")
    ),
    "order_id": st.one_of(st.text(max_size=66), st.none(), st.integers()),
    "line_number": st.one_of(st.integers(-2, 3), st.integers(), st.none(), st.floats()),
    "customer_state": st.one_of(st.none(), st.text(max_size=3), st.just("SP")),
    "status": st.one_of(st.none(), st.sampled_from(["shipped", "lost", ""])),
    "price": st.one_of(
        st.decimals(-1, 10_000_000, places=2).map(float), st.floats(), st.integers(-1, 10**8), st.text(max_size=3)
    ),
}


@settings(max_examples=300, deadline=None)
@given(st.fixed_dictionaries({}, optional=values), st.booleans(), st.booleans())
def test_the_fast_way_admits_only_what_the_slow_way_does(changes: dict[str, Any], spaced: bool, ascii_: bool) -> None:
    separators = None if spaced else (",", ":")
    data = json.dumps(GOOD | changes, separators=separators, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    if CONTRACT._usual.fits(data):
        CONTRACT._judge(FUNCTION._DECODER.decode(data.decode()))  # raises what it refuses


def test_usual_events_take_the_fast_way() -> None:
    assert CONTRACT._usual.fits(encoded())
    assert CONTRACT._usual.fits(json.dumps(GOOD, separators=(",", ":")).encode())


def test_money_lands_as_it_was_written() -> None:
    bucket, _, _ = take(encoded().replace(b"12.5", b"12.50"))
    (data,) = bucket.values()
    assert json.loads(gzip.decompress(data), parse_float=Decimal)["price"] == Decimal("12.50")
    assert b"12.50" in gzip.decompress(data)
