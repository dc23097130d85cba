"""The price of queries, looked up once: a query on this machine must not wait for the whole estimator."""

from __future__ import annotations

from pathlib import Path

from salesperf_cli.core.cost.book import project_book
from salesperf_cli.core.query import ScanPrice


def scan_price(project: Path, region: str) -> ScanPrice:
    """What a terabyte scanned by Athena costs in a region, by the project's price book or the packaged one."""
    price = project_book(project).price("Athena", "DataScannedInTB", region)
    return ScanPrice(region, float(price.tiers[0].price) if price else None)
