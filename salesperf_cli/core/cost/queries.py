"""The price of queries, looked up without the estimator: a query on this machine must not wait for it.

Reads one row of the book as it is stored; a test holds it to what the estimator says.
"""

from __future__ import annotations

from pathlib import Path

from salesperf_cli.core.query import ScanPrice

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
