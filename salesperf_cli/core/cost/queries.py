"""The price of queries, looked up without the estimator: a query on this machine must not wait for it. And what a
query may cost while it runs.

Reads one row of the book as it is stored; a test holds it to what the estimator says.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.core.cost.money import fine
from salesperf_cli.core.query import ScanPrice
from salesperf_cli.errors import RefusedError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import QueryProgress
    from salesperf_cli.core.cost.budget import Expense

_FOLDER = Path(__file__).parent
_FILE = "pricebook.json"


def scan_price(project: Path, region: str) -> ScanPrice:
    """What a terabyte scanned by Athena costs in a region, by the project's price book or the packaged one.

    Raises InputError when the book is damaged.
    """
    import msgspec

    own = project / _FILE
    file = own if own.is_file() else _FOLDER / _FILE
    try:
        rows = msgspec.json.decode(file.read_bytes())["prices"]
        found = [
            float(row["price"])
            for row in rows
            if (row["service"], row["region"]) == ("Athena", region) and row["usage_type"].endswith("DataScannedInTB")
        ]
    except (OSError, ValueError, KeyError, TypeError):
        from salesperf_cli.core.cost.book import project_book

        project_book(project)  # says what is wrong with it
        raise
    return ScanPrice(region, found[0] if found else None)


def query_expense(price: ScanPrice, expected_bytes: int | None) -> Expense:
    """What a query that is charged for would cost; where its scan cannot be estimated, at least Athena's minimum."""
    from salesperf_cli.core.cost.budget import Expense

    usd = price.usd(expected_bytes or 0)
    if usd is None:
        return Expense("the query", Decimal(0), (f"Athena in {price.region}",))
    return Expense("the query", Decimal(repr(usd)), is_least=expected_bytes is None)


def cost_guard(price: ScanPrice, affordable: Decimal | None) -> Callable[[QueryProgress], None]:
    """Stops a running query, by RefusedError, once what it has scanned costs more than can be afforded."""

    def watch(progress: QueryProgress) -> None:
        usd = price.usd(progress.bytes_scanned)
        if affordable is not None and usd is not None and Decimal(repr(usd)) > affordable:
            raise RefusedError(
                f"the query was stopped at {fine(Decimal(repr(usd)))}: it may cost {fine(affordable)}",
                why=f"what was scanned until then, {progress.bytes_scanned:,} bytes, is charged",
                remedy="name fewer columns, filter by the partition column, or add --over-budget to go on anyway",
            )

    return watch
