"""Usage figures that a lake itself shows: orders a day, bytes a table, rows, files. What it cannot show stays as is.

Run times are in `measured_runs`, events in `measured_events`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from salesperf_cli.core.cost.rules import DAYS_A_MONTH
from salesperf_cli.core.cost.usage import Triple
from salesperf_cli.core.ledger import live
from salesperf_cli.core.tables import TableName
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from salesperf_cli.core.ledger import Ledger
    from salesperf_cli.core.listing import Listing

ORDERS = "silver.orders"
_REFERENCE = ("products", "sellers", "geolocation", "category_translation")


@dataclass(frozen=True, slots=True)
class MeasuredFigure:
    """A figure as a lake shows it, low, expected and high, and from what.

    `values` is None where something was seen, but not enough of it: `source` then tells what, and the figure stays.
    """

    name: str
    values: Triple | None
    source: str


def tenth(value: Decimal) -> Decimal:
    """A measured figure to one digit after the point."""
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP).normalize() + 0


def measure_lake(ledger: Ledger, listing: Callable[[TableName, int], Listing]) -> Sequence[MeasuredFigure]:
    """The figures of a lake's last release. Raises InputError when there is none with orders in it."""
    release = ledger.current_release()
    orders = Decimal(release.tables[ORDERS].rows) if ORDERS in release.tables else Decimal(0)
    if not orders:
        raise InputError(
            "this lake shows no usage yet",
            why=f"no release holds {ORDERS}",
            remedy="salesperf run-batch --promote",
        )
    ingests = ledger.ingests()
    receipts = [receipt for _, receipt in live(ingests)]
    bronze = sum(each.bytes for each in receipts if each.table.split(".")[-1] not in _REFERENCE)
    reference = sum(each.bytes for each in receipts if each.table.split(".")[-1] in _REFERENCE)
    tables = {name: state for name, state in release.tables.items() if name.split(".")[0] in ("silver", "gold")}
    sums = {
        layer: sum(
            state.bytes
            for name, state in tables.items()
            if name.startswith(f"{layer}.") and name.split(".")[1] not in _REFERENCE
        )
        for layer in ("silver", "gold")
    }
    reference += sum(state.bytes for name, state in tables.items() if name.split(".")[1] in _REFERENCE)
    run = ledger.find_run(release.run_id)
    files = run.files if run is not None else ()
    rows = sum(file.loaded for file in files if file.table.split(".")[-1] not in _REFERENCE)
    source = f"measured: release {release.name} of this lake, {int(orders):,} orders"
    figures = {
        "bronze_bytes_per_order": Decimal(bronze) / orders,
        "silver_bytes_per_order": Decimal(sums["silver"]) / orders,
        "gold_bytes_per_order": Decimal(sums["gold"]) / orders,
        "reference_bytes": Decimal(reference),
        "bronze_files_per_day": Decimal(len(receipts)) / max(len(ingests), 1),
    }
    if rows and len(ledger.run_ids()) == 1:
        figures["bronze_rows_per_order"] = Decimal(rows) / orders
    whole = listing(TableName.parse(ORDERS), release.tables[ORDERS].snapshot_id)
    sized = [MeasuredFigure(name, (tenth(value),) * 3, source) for name, value in figures.items() if value]
    return [*_scale(whole, f"release {release.name} of this lake"), *sized]


def _scale(orders: Listing, where: str) -> Sequence[MeasuredFigure]:
    """Orders a day and for how many days, from the statistics of the files of orders: none of them is read."""
    moment = next((name for name, type_ in orders.columns if type_ == "timestamp"), "")
    bounds = [(file.least[moment], file.most[moment]) for file in orders.files if moment in file.least]
    if not bounds:
        return ()
    micros = max(int(last) for _, last in bounds) - min(int(first) for first, _ in bounds)
    days = Decimal(max(-(-micros // 86_400_000_000), 1))
    mean = orders.rows / days
    months: dict[str | None, int] = {}
    for file in orders.files:
        months[file.partition] = months.get(file.partition, 0) + file.rows
    busiest = max(max(months.values()) / DAYS_A_MONTH, mean) if len(months) > 1 else mean
    source = f"measured: {where}, {orders.rows:,} orders by {moment} over {days:,} days"
    return (
        MeasuredFigure("orders_per_day", (tenth(mean), tenth(mean), tenth(busiest)), f"{source}; high: busiest month"),
        MeasuredFigure("retention_days", (days,) * 3, source),
    )
