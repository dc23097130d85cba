"""Usage figures that a lake itself shows: bytes a table, rows, files. What it cannot show stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from salesperf_cli.core.ledger import live
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from salesperf_cli.core.ledger import Ledger

ORDERS = "silver.orders"
_REFERENCE = ("products", "sellers", "geolocation", "category_translation")


@dataclass(frozen=True, slots=True)
class MeasuredFigure:
    """A figure's value as a lake shows it, and from what."""

    name: str
    value: Decimal
    source: str


def measure(ledger: Ledger) -> Sequence[MeasuredFigure]:
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
    return [
        MeasuredFigure(name, value.quantize(Decimal("0.1"), ROUND_HALF_UP).normalize() + 0, source)
        for name, value in figures.items()
        if value
    ]
