"""The monthly free tier of an account, where the price book does not hold it as a price from so many units on.

Trial offers of an account's first twelve months are left out: an estimate that counts on them is wrong a year later.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class FreeTier:
    """So many units a month that an account gets for nothing, of these usage types together."""

    service: str
    keys: tuple[str, ...]
    quantity: Decimal
    source: str
    verified: bool


_EXAMPLES = "worked examples of the AWS pricing pages"
_UNVERIFIED = "AWS pricing pages, not verified against a published copy"
_OFFER = "AWS Price List bulk offer AWSLambda 20260919"

ALWAYS_FREE: tuple[FreeTier, ...] = (
    FreeTier("Lambda", ("Request", "Request-ARM"), Decimal(10**6), f"{_OFFER}, Global-Request", True),
    FreeTier(
        "Lambda",
        ("Lambda-GB-Second", "Lambda-GB-Second-ARM"),
        Decimal(400_000),
        "AWS Price List bulk offers 2026-09",
        True,
    ),
    FreeTier("CloudWatch", ("DataProcessing-Bytes",), Decimal(5), _EXAMPLES, True),
    FreeTier("CloudWatch", ("TimedStorage-ByteHrs",), Decimal(5), _EXAMPLES, True),
    FreeTier("CloudWatch", ("CW:MetricMonitorUsage",), Decimal(10), _UNVERIFIED, False),
    FreeTier("CloudWatch", ("CW:AlarmMonitorUsage",), Decimal(10), _UNVERIFIED, False),
    FreeTier("CloudWatch", ("DashboardsUsageHour",), Decimal(3), _UNVERIFIED, False),
    FreeTier(
        "DataTransfer", ("DataTransfer-Out-Bytes",), Decimal(100), f"{_OFFER}, Global-DataTransfer-Out-Bytes", True
    ),
)
