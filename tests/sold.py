"""What the files of a delivery tell of sales. Not a test module."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.lake import read_csv

ITEMS = "olist_order_items_dataset.csv"


def totals_of(*folders: Path) -> tuple[int, Decimal, Decimal]:
    """Items, price and freight of files."""
    count, price, freight = 0, Decimal(0), Decimal(0)
    for folder in folders:
        header, rows = read_csv(folder / ITEMS)
        count += len(rows)
        price += sum((Decimal(row[header.index("price")]) for row in rows), Decimal(0))
        freight += sum((Decimal(row[header.index("freight_value")]) for row in rows), Decimal(0))
    return count, price, freight
