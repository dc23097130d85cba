"""Cost Explorer: what was billed for what carries given tags. Each page of an answer costs $0.01."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from salesperf_cli.backends.aws.faults import told
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.core.cost.actual import BilledGroup

REGION = "us-east-1"


class CostExplorer:
    """Implements `Billing`; the session must be one in `REGION`."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session
        self.pages = 0

    def charges(self, start: date, end: date, tags: Mapping[str, str]) -> Iterator[tuple[BilledGroup, bool]]:
        """The charges from `start` up to `end` (not in it) by service; True beside those that can still change."""
        asked: dict[str, Any] = {
            "TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()},
            "Granularity": "MONTHLY",
            "Metrics": ["UnblendedCost"],
            "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}],
        }
        if tags:
            each = [
                {"Tags": {"Key": key, "Values": [value], "MatchOptions": ["EQUALS"]}} for key, value in tags.items()
            ]
            asked["Filter"] = each[0] if len(each) == 1 else {"And": each}
        with told("read what was billed"):
            client = self._session.client("ce")
            while True:
                page = client.get_cost_and_usage(**asked)
                self.pages += 1
                for period in page.get("ResultsByTime", ()):
                    for group in period.get("Groups", ()):
                        amount = group["Metrics"]["UnblendedCost"]["Amount"]
                        yield BilledGroup(group["Keys"][0], Decimal(amount)), bool(period.get("Estimated"))
                if not page.get("NextPageToken"):
                    return
                asked["NextPageToken"] = page["NextPageToken"]
