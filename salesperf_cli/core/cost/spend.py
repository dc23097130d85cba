"""The price of one thing done: a query, a job run, a replay. For what is shown before it is done and after.

The predicted and the billed figure come from the same function, given the expected and the actual amounts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from salesperf_cli.core.cost import meters
from salesperf_cli.core.cost.book import PriceBook, Standing
from salesperf_cli.core.cost.estimate import CostLine, Metered, estimate
from salesperf_cli.core.cost.meter_work import job_size
from salesperf_cli.core.cost.meters import Amount
from salesperf_cli.core.cost.money import ZERO, fine
from salesperf_cli.core.cost.template import Resource


@dataclass(frozen=True, slots=True)
class Spend:
    """What something costs in USD, before any free tier. `usd` is None when a part of it has no price."""

    usd: Decimal | None
    region: str
    standing: Standing
    lines: tuple[CostLine, ...]
    unpriced: tuple[str, ...]

    @property
    def priced_usd(self) -> Decimal:
        """What of it has a price."""
        return sum((line.usd for line in self.lines), ZERO)

    @property
    def told(self) -> str:
        """The sum in words: `$0.000086`, `unpriced`, with a mark when a price is only assumed."""
        if self.usd is None:
            return f"unpriced in {self.region}"
        mark = {Standing.LISTED: "", Standing.UNVERIFIED: " (unverified price)", Standing.ASSUMED: " (assumed price)"}
        return fine(self.usd) + mark[self.standing]


def spend(book: PriceBook, region: str, amounts: Iterable[Amount]) -> Spend:
    """The price of some amounts."""
    bill = estimate((Metered("this", "", "", amount) for amount in amounts), book, region, free_tiers=())
    order = (Standing.LISTED, Standing.UNVERIFIED, Standing.ASSUMED)
    standing = max((line.standing for line in bill.lines), key=order.index, default=Standing.LISTED)
    unpriced = tuple(f"{each.service} {each.usage_type}: {each.reason}" for each in bill.unpriced)
    return Spend(None if unpriced else bill.gross, region, standing, bill.lines, unpriced)


def query_spend(book: PriceBook, region: str, scanned: int, queries: int = 1) -> Spend:
    """Queries to Athena that scan so many bytes each: by the MB, 10 MB at least. Free ones do not belong here."""
    return spend(book, region, (meters.athena_queries(Decimal(scanned), Decimal(queries)),))


@dataclass(frozen=True, slots=True)
class JobShape:
    """What decides the price of a Glue run besides its time."""

    dpus: Decimal
    version: str
    is_flexible: bool


def job_shape(job: Resource) -> JobShape:
    """The shape of a template's `AWS::Glue::Job`."""
    dpus, flexible = job_size(job)
    return JobShape(dpus, job.text("GlueVersion", default="5.1"), flexible)


def job_spend(book: PriceBook, region: str, shape: JobShape, seconds: Decimal | int) -> Spend:
    """A Glue run of so many seconds: a minute at least."""
    runs = meters.glue_runs(
        shape.dpus, Decimal(seconds), Decimal(1), version=shape.version, is_flexible=shape.is_flexible
    )
    return spend(book, region, (runs,))


def replay_spend(book: PriceBook, region: str, events: int, event_bytes: int, *, is_on_demand: bool) -> Spend:
    """Events sent to a stream and read once. The hours of the stream itself run anyway and are not in it."""
    count, size = Decimal(events), Decimal(event_bytes)
    if is_on_demand:
        amounts = meters.kinesis_on_demand(count, size, Decimal(1), Decimal(24), Decimal(1))[1:]
    else:
        amounts = meters.kinesis_provisioned(Decimal(0), count, size, Decimal(24))[1:]
    return spend(book, region, amounts)
