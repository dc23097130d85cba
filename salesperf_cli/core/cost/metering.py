"""From resources and usage to metered amounts: which types there are, and what becomes of the others.

Each resource ends in one of three ways: its amounts, `Unmetered` with a reason, or known to cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from salesperf_cli.core.cost.activity import Surroundings
from salesperf_cli.core.cost.estimate import Metered, Unmetered
from salesperf_cli.core.cost.meter_data import DATA_METERS
from salesperf_cli.core.cost.meter_work import WORK_METERS
from salesperf_cli.core.cost.meters import Amount, Beyond
from salesperf_cli.core.cost.money import ZERO
from salesperf_cli.core.cost.template import Resource
from salesperf_cli.core.cost.usage import FigureMissing, Usage

_DIGITS = Decimal("0.000000001")

Meter = Callable[[Resource, Surroundings], Iterable[Amount | Beyond]]

METERS: Mapping[str, Meter] = {**DATA_METERS, **WORK_METERS}

FREE_OF_CHARGE: Mapping[str, str] = {
    "AWS::Athena::NamedQuery": "saved queries cost nothing; running them is the workgroup's line",
    "AWS::Budgets::Budget": "budgets without actions cost nothing",
    "AWS::Events::Rule": "events that AWS services send on their own cost nothing",
    "AWS::Glue::SecurityConfiguration": "its key calls are the key's line",
    "AWS::IAM::ManagedPolicy": "IAM costs nothing",
    "AWS::IAM::Policy": "IAM costs nothing",
    "AWS::IAM::Role": "IAM costs nothing",
    "AWS::KMS::Alias": "aliases cost nothing",
    "AWS::LakeFormation::Resource": "permissions cost nothing",
    "AWS::LakeFormation::Tag": "permissions cost nothing",
    "AWS::LakeFormation::TagAssociation": "permissions cost nothing",
    "AWS::Lambda::EventSourceMapping": "its reads are the stream's line, its calls the function's",
    "AWS::Lambda::Permission": "permissions cost nothing",
    "AWS::S3::BucketPolicy": "policies cost nothing",
    "AWS::SNS::Subscription": "its messages are the topic's line",
    "AWS::SNS::TopicPolicy": "policies cost nothing",
    "AWS::SQS::QueuePolicy": "policies cost nothing",
    "AWS::Scheduler::ScheduleGroup": "groups cost nothing",
}


def metered(resources: Sequence[Resource], usage: Usage) -> Iterator[Metered | Unmetered]:
    """The amounts of every resource that costs something, in the order of the templates."""
    for resource in resources:
        if resource.kind in FREE_OF_CHARGE:
            continue
        yield from _of(resource, Surroundings(resources, usage.of(resource.name)))


def _of(resource: Resource, around: Surroundings) -> Iterator[Metered | Unmetered]:
    meter = METERS.get(resource.kind)
    if meter is None:
        yield Unmetered(resource.name, resource.kind, resource.stack, "salesperf cannot reckon this type")
        return
    try:
        amounts = tuple(meter(resource, around))
    except FigureMissing as missing:
        reason = f"its usage is unknown: give {missing} under resources: {resource.name}: in a usage file"
        yield Unmetered(resource.name, resource.kind, resource.stack, reason)
        return
    for amount in amounts:
        if isinstance(amount, Beyond):
            yield Unmetered(resource.name, resource.kind, resource.stack, amount.reason)
            continue
        # Bounded digits: then quantity × price can be checked by hand, and adds up exactly.
        rounded = replace(amount, quantity=amount.quantity.quantize(_DIGITS).normalize() + ZERO)
        yield Metered(resource.name, resource.kind, resource.stack, rounded)


def free_resources(resources: Iterable[Resource]) -> int:
    """How many resources are known to cost nothing."""
    return sum(resource.kind in FREE_OF_CHARGE for resource in resources)
