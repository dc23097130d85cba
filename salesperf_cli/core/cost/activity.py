"""What happens in a month, reckoned from the usage figures and from how the templates set things up.

Amounts here are physical (orders, runs, calls, bytes); `metering` turns them into billable units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from salesperf_cli.core.cost.rules import DAYS_A_MONTH, GIB
from salesperf_cli.core.cost.template import Resource
from salesperf_cli.core.cost.usage import Usage

_SECONDS_A_MONTH = DAYS_A_MONTH * 86_400
_NO_WINDOW = Decimal("0.2")
"""Without a batch window Lambda asks a shard five times a second."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All resources of the estimate, and the usage: what one resource costs may depend on another."""

    resources: Sequence[Resource]
    usage: Usage

    def first(self, kind: str) -> Resource | None:
        """The first resource of a kind."""
        return next((each for each in self.resources if each.kind == kind), None)

    # Orders and bytes

    @property
    def gold_bytes(self) -> Decimal:
        """The current bytes of gold."""
        usage = self.usage
        return usage["orders_per_day"] * usage["retention_days"] * usage["gold_bytes_per_order"]

    @property
    def table_gigabytes(self) -> Decimal:
        """Silver and gold as stored: with old snapshots."""
        usage = self.usage
        orders = usage["orders_per_day"] * usage["retention_days"]
        size = orders * (usage["silver_bytes_per_order"] + usage["gold_bytes_per_order"])
        return size * usage["snapshot_factor"] / GIB

    # Batch

    @property
    def runs(self) -> Decimal:
        """Batch runs a month: each runs the silver job and the gold job."""
        return self.usage["batch_runs_per_day"] * DAYS_A_MONTH

    def run_seconds(self, layer: str, workers: Decimal) -> Decimal:
        """How long a job works: what it always needs, and more for its rows, spread over its executors."""
        usage = self.usage
        daily = usage["orders_per_day"] * usage["bronze_rows_per_order"]
        if layer == "silver":
            rows = daily / max(usage["batch_runs_per_day"], Decimal(1))
        else:
            rows = usage["orders_per_day"] * usage["events_per_order"] * usage["touched_days"]
        more = rows / 10**6 * usage["seconds_per_million_rows"] / max(workers - 1, Decimal(1))
        return usage[f"{layer}_run_seconds"] + more

    # Speed

    @property
    def has_stream(self) -> bool:
        """Whether events are taken at all."""
        return self.first("AWS::Kinesis::Stream") is not None

    @property
    def events(self) -> Decimal:
        """Events sent a month; none without a stream."""
        usage = self.usage
        if not self.has_stream:
            return Decimal(0)
        return usage["orders_per_day"] * usage["events_per_order"] * DAYS_A_MONTH

    @property
    def calls(self) -> Decimal:
        """Calls of the function a month: a call gathers for the batch window, or until the batch is full."""
        source = self.first("AWS::Lambda::EventSourceMapping")
        stream = self.first("AWS::Kinesis::Stream")
        if source is None or stream is None:
            return Decimal(0)
        window = max(source.number("MaximumBatchingWindowInSeconds"), _NO_WINDOW)
        shards = max(stream.number("ShardCount", default=4), Decimal(1))  # an on-demand stream begins with four
        by_window = min(self.events, shards * _SECONDS_A_MONTH / window)
        return max(by_window, self.events / max(source.number("BatchSize", default=100), Decimal(1)))

    # Serving

    @property
    def queries(self) -> Decimal:
        """Questions a month."""
        return self.usage["queries_per_day"] * DAYS_A_MONTH

    # Requests of the lake bucket

    @property
    def lake_writes(self) -> Decimal:
        """Objects written to the lake a month, and listings of it."""
        usage = self.usage
        received = usage["bronze_files_per_day"] * DAYS_A_MONTH
        return received + usage["lake_writes_per_run"] * self.runs + self.calls

    @property
    def lake_reads(self) -> Decimal:
        """Reads of the lake a month."""
        usage = self.usage
        return usage["lake_reads_per_run"] * self.runs + usage["reads_per_query"] * self.queries
