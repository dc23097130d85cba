"""Templates as far as money needs them, usage files, and the estimate of the shipped architecture."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from salesperf_cli.core.cost.architecture import Architecture, report
from salesperf_cli.core.cost.book import read_book
from salesperf_cli.core.cost.diff import compare
from salesperf_cli.core.cost.estimate import Standing, explained
from salesperf_cli.core.cost.figures import FIGURES
from salesperf_cli.core.cost.metering import FREE_OF_CHARGE, METERS
from salesperf_cli.core.cost.template import parse_template, read_parameters, read_templates, resources
from salesperf_cli.core.cost.usage import Case, default_usage, parse_quantity, read_usage, usage_file
from salesperf_cli.errors import InputError

INFRA = Path(__file__).resolve().parents[2] / "infra"
BOOK = read_book()

TEMPLATE = """
Parameters:
  Workers: {Type: Number, Default: 2}
  Mode: {Type: String, Default: small}
Conditions:
  IsBig: !Equals [!Ref Mode, big]
  IsSmall: !Not [!Condition IsBig]
  Either: !Or [!Condition IsBig, !Equals [!Ref Workers, 9]]
Mappings:
  Sizes: {sa-east-1: {worker: G.2X}}
Resources:
  Job:
    Type: AWS::Glue::Job
    Properties:
      Name: !Sub "${AWS::Region}-${Mode}-${Role.Arn}"
      NumberOfWorkers: !If [IsBig, 20, !Ref Workers]
      WorkerType: !FindInMap [Sizes, !Ref "AWS::Region", worker]
      MaxCapacity: !If [IsBig, 3, !Ref "AWS::NoValue"]
      GlueVersion: "5.1"
      DefaultArguments: {"--layer": !Join ["", [go, ld]]}
  Only:
    Type: AWS::SQS::Queue
    Condition: IsBig
  Other:
    Type: AWS::SQS::Queue
    Condition: Either
"""


def of(text: str, parameters: dict[str, str] | None = None) -> Architecture:
    return Architecture((parse_template(text, "t"),), parameters or {}, default_usage(), BOOK, "sa-east-1")


def shipped(environment: str = "dev", region: str = "sa-east-1") -> Architecture:
    parameters = read_parameters(INFRA / "parameters" / f"{environment}.json")
    return Architecture(read_templates(INFRA), parameters, default_usage(), BOOK, region)


def test_parameters_conditions_and_functions_are_settled() -> None:
    (job,) = resources([parse_template(TEMPLATE, "t")], {}, "sa-east-1")
    assert job.text("Name") == "sa-east-1-small-<Role.Arn>"
    assert job.number("NumberOfWorkers") == 2
    assert job.text("WorkerType") == "G.2X"
    assert job.value("MaxCapacity") is None
    assert job.text("DefaultArguments", "--layer") == "gold"


def test_a_parameter_changes_which_resources_there_are() -> None:
    found = resources([parse_template(TEMPLATE, "t")], {"Mode": "big"}, "sa-east-1")
    assert [each.name for each in found] == ["Job", "Only", "Other"]
    assert found[0].number("NumberOfWorkers") == 20


def test_a_file_that_is_no_template_is_refused() -> None:
    with pytest.raises(InputError, match="not a template"):
        parse_template("a: [1", "t")
    with pytest.raises(InputError, match="not a template"):
        parse_template("a: 1", "t")


def test_more_workers_cost_what_a_reviewer_computes_by_hand() -> None:
    more = TEMPLATE.replace("Default: 2", "Default: 4")
    usage = default_usage().with_({"gold_run_seconds": Decimal(600), "seconds_per_million_rows": Decimal(0)})
    old, new = (replace(of(text), usage=usage) for text in (TEMPLATE, more))
    found = compare(old, new, "old", "new")
    (change,) = found.changes
    # G.2X is 2 DPU a worker: 4 DPU before, 8 after; 600 s, once a day for 730/24 days, $0.69 a DPU-hour.
    runs = Decimal(730) / 24
    assert change.before is not None and change.after is not None
    assert abs(change.before - 4 * Decimal(600) / 3600 * runs * Decimal("0.69")) < Decimal("0.000001")
    assert abs(change.delta - Decimal("13.9916667")) < Decimal("0.00001")
    assert found.delta_gross == change.delta.quantize(Decimal("0.000001"))
    assert (change.kind, change.resource, found.percent) == ("changed", "Job", Decimal("99.8"))


def test_a_resource_that_comes_and_one_that_goes_are_changes() -> None:
    key = "Resources:\n  Key: {Type: AWS::KMS::Key}\n"
    alarm = "Resources:\n  Alarm: {Type: AWS::CloudWatch::Alarm}\n"
    found = compare(of(key), of(alarm), "key", "alarm")
    assert [(each.kind, each.resource, each.what) for each in found.changes] == [
        ("removed", "Key", "key"),
        ("removed", "Key", "key calls"),
        ("added", "Alarm", "alarm"),
    ]
    # An alarm for $0.135, less a key for $1 and 2,000 calls a day at $0.03 for 10,000.
    calls = 2000 * Decimal(730) / 24 * Decimal("0.000003")
    assert abs(found.delta_gross - (Decimal("0.135") - 1 - calls)) < Decimal("0.00001")


def test_nothing_changes_between_equal_sides() -> None:
    found = compare(shipped(), shipped(), "a", "b")
    assert found.changes == () and found.delta_gross == 0


# The shipped architecture


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_resource_of_ours_is_priced_free_or_listed_without_a_price(environment: str) -> None:
    built = shipped(environment)
    found = report(built)
    told = {(line.stack, line.resource) for line in found.lines}
    told |= {(each.stack, each.resource) for each in found.unpriced}
    missing = [e.name for e in built.resources if (e.stack, e.name) not in told and e.kind not in FREE_OF_CHARGE]
    assert missing == []
    assert {each.kind for each in built.resources} <= {*METERS, *FREE_OF_CHARGE}
    assert not set(METERS) & set(FREE_OF_CHARGE)


def test_the_trail_has_no_price_and_is_counted() -> None:
    found = report(shipped("prod"))
    assert [(each.resource, each.service) for each in found.unpriced] == [("Trail", "CloudTrail")]
    assert found.unpriced_count == 1 and (found.unpriced[0].quantity or 0) > 0


def test_kinesis_in_sao_paulo_is_marked_as_assumed_and_in_virginia_it_is_listed() -> None:
    for region, standing in (("sa-east-1", Standing.ASSUMED), ("us-east-1", Standing.LISTED)):
        lines = [line for line in report(shipped(region=region)).lines if line.service == "Kinesis"]
        assert lines and {line.standing for line in lines} == {standing}


def test_a_region_without_prices_costs_nothing_known_and_everything_unpriced() -> None:
    found = report(shipped(region="eu-west-3"))
    assert found.expected.gross == 0 and found.lines == ()
    assert found.unpriced_count > 50


def test_the_sums_add_up_in_every_case() -> None:
    built = shipped("prod")
    for case in Case:
        month = built.month(case)
        assert month.gross == sum(line.usd for line in month.lines)
        assert month.net == month.gross - month.free
        assert sum(month.by_service().values()) == month.gross
        for line in month.lines:
            assert line.usd == sum(part.quantity * part.price for part in line.parts)
            assert line.quantity == sum(part.quantity for part in line.parts)
    low, expected, high = (built.month(case).gross for case in Case)
    assert low <= expected <= high


def test_every_line_can_be_traced_to_a_row_of_the_book() -> None:
    rows = {(row.usage_type, row.price, row.source, row.source_date) for row in BOOK.rows}
    for line in report(shipped("prod")).lines:
        for part in line.parts:
            assert (part.usage_type, part.price, part.source, part.source_date) in rows
        if line.parts:
            assert any(part.source in text for part in line.parts for _, text in explained(line))


def test_more_orders_never_cost_less() -> None:
    built = shipped("prod")
    sums = [
        built.month_of(built.usage.expected.with_({"orders_per_day": Decimal(orders)})).gross
        for orders in (0, 1, 100, 10**4, 10**6)
    ]
    assert sums == sorted(sums)


def test_small_received_files_stay_out_of_infrequent_access() -> None:
    few = report(shipped().with_usage({"orders_per_day": Decimal(100)}))
    many = report(shipped().with_usage({"orders_per_day": Decimal(100_000)}))
    assert not [line for line in few.lines if line.what == "infrequent access"]
    assert [line for line in many.lines if line.what == "infrequent access"]


def test_more_than_a_resource_can_do_is_told_and_not_just_multiplied() -> None:
    found = report(shipped().with_usage({"orders_per_day": Decimal(10**8)}))
    reasons = {each.resource: each.reason for each in found.unpriced}
    # 113 million events in 86,400 s are 1,308 a second, for one shard; gold has 30 minutes.
    assert reasons["Stream"] == "1,308 events a second need 2 shards, and it has 1"
    assert "is stopped after 30" in reasons["GoldJob"]
    assert report(shipped("prod").with_usage({"orders_per_day": Decimal(10**5)})).unpriced_count == 1


def test_a_foreign_resource_is_never_0() -> None:
    found = report(of("Resources:\n  Stash: {Type: AWS::S3::Bucket}\n  Cluster: {Type: AWS::Redshift::Cluster}\n"))
    assert [(each.resource, each.quantity) for each in found.unpriced] == [("Stash", None), ("Cluster", None)]
    assert "bucket_gigabytes" in found.unpriced[0].reason


def test_a_foreign_resource_is_priced_once_its_usage_is_given(tmp_path: Path) -> None:
    file = tmp_path / "usage.yaml"
    file.write_text("resources: {Stash: {bucket_gigabytes: 100, bucket_writes: 0, bucket_reads: 0}}")
    built = replace(of("Resources:\n  Stash: {Type: AWS::S3::Bucket}\n"), usage=read_usage(file))
    found = report(built)
    assert found.unpriced == () and found.expected.gross == Decimal("4.05")


# Usage files


def test_a_usage_file_reads_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "usage.yaml"
    file.write_text(usage_file(default_usage(), {}))
    found = read_usage(file)
    assert found.low == default_usage().low and found.high == default_usage().high


def test_defaults_are_in_order_and_documented() -> None:
    for figure in FIGURES.values():
        assert figure.meaning.endswith(".") and figure.unit and figure.source
        told = [each for each in (figure.low, figure.expected, figure.high) if each is not None]
        assert told == sorted(told)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("orders_per_dya: 3", "no figure 'orders_per_dya'"),
        ("orders_per_day: many", "cannot be 'many'"),
        ("orders_per_day: -1", "cannot be -1"),
        ("orders_per_day: {low: 5, expected: 3}", "not in order"),
        ("orders_per_day: {least: 5}", "neither a number"),
        ("- 1", "no usage file"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_wrong_usage_file_is_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "usage.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read_usage(file)


def test_quantities_are_typed_as_people_write_them() -> None:
    assert parse_quantity("1e6", "orders_per_day") == 10**6
    assert parse_quantity("90d", "retention_days") == 90
    assert parse_quantity("2y", "retention_days") == 730
    with pytest.raises(InputError):
        parse_quantity("soon", "retention_days")
