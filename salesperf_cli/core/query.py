"""Questions to the lake: which state they read, what they would scan, and whether that is allowed. Running them is a
backend's work.

Bytes are counted as Athena counts them on Parquet: the stored bytes of the columns that a query names, in the files
that its filters cannot rule out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from salesperf_cli.core.athena import Filter, TableSchema, Translation
from salesperf_cli.core.events.bound import FIRST_DAY, is_bounded, with_bound
from salesperf_cli.core.ledger import Ledger, Release, TableState
from salesperf_cli.core.listing import DataFile, Listing
from salesperf_cli.core.tables import RECEIVED_LAYERS, TableName
from salesperf_cli.core.vacuum_records import refuse_vacuumed_release, refuse_vacuumed_run
from salesperf_cli.errors import InputError, RefusedError

if TYPE_CHECKING:
    from salesperf_cli.core.events.relations import LandedTables
    from salesperf_cli.core.pipeline import Pipeline

_RUN_ID = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{6}")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB)?", re.IGNORECASE)
_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}

ATHENA_MINIMUM_BYTES = 10 * _UNITS["MB"]
"""Athena bills at least 10 MB a query, and rounds up to the next MB (https://aws.amazon.com/athena/pricing/)."""


@dataclass(frozen=True, slots=True)
class ScanPrice:
    """What Athena charges in a region for a terabyte scanned; None where the price book has no such price."""

    region: str
    usd_per_terabyte: float | None

    def usd(self, size: int) -> float | None:
        """The price in USD of a query that scans `size` bytes."""
        return None if self.usd_per_terabyte is None else athena_billed(size) / _UNITS["TB"] * self.usd_per_terabyte


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a query scans: bytes, files read of all files, and what Athena would charge in a region (None: unpriced)."""

    bytes: int
    files: int
    files_in_all: int
    region: str
    usd: float | None


@dataclass(frozen=True, slots=True)
class Question:
    """A translated query, the files that it reads, and what that means in bytes and money."""

    translation: Translation
    listings: Mapping[str, Listing]
    estimate: Estimate


class LakeCatalog:
    """What the SQL compiler may know of the lake: the tables of one state, the serving views, empty quarantines, and
    landed events.
    """

    def __init__(
        self,
        state: Mapping[str, TableState],
        pipeline: Pipeline,
        landed: LandedTables | None = None,
        landed_from: Callable[[str], str] | None = None,
    ) -> None:
        self._state = state
        self._pipeline = pipeline
        self._landed_from = landed_from
        self.landed = landed
        self._views: Mapping[str, str] | None = None

    def tables(self) -> Sequence[str]:
        """Every table and serving view."""
        landed = self.landed.names if self.landed else ()
        return sorted({*self._state, *self._serving(), *self._quarantines(), *landed})

    def table(self, name: str) -> TableSchema | None:
        """A stored table's schema, or None."""
        if state := self._state.get(name):
            return TableSchema(name, state.columns)
        if name.startswith("speed.") and self.landed:
            return self.landed.schema(name)
        if name.startswith("quarantine.") and name in self._quarantines():
            from salesperf_cli.core.build import QUARANTINE_COLUMNS

            return TableSchema(name, tuple((column.name, str(column.type)) for column in QUARANTINE_COLUMNS))
        return None

    def view(self, name: str) -> str | None:
        """A serving view's SQL, or None; with the day that `landed_from` gives for it, where it is a bounded one."""
        sql = self._serving().get(name)
        if sql is None or not is_bounded(sql):
            return sql
        return with_bound(sql, self._landed_from(name) if self._landed_from else FIRST_DAY)

    def _serving(self) -> Mapping[str, str]:
        if self._views is None:
            self._views = self._pipeline.serving_views()
        return self._views

    def _quarantines(self) -> set[str]:
        """Each source has a quarantine that can be asked, though it is stored only once a row is in it."""
        folders = (self._pipeline.folder / "contracts" / layer for layer in RECEIVED_LAYERS)
        return {f"quarantine.{file.stem}" for folder in folders for file in folder.glob("*.yaml")}


def state_as_of(ledger: Ledger, when: str | None) -> Mapping[str, TableState]:
    """The tables that a query sees: the last release's, or those of a release (r3), a run (its audit branch) or a
    time (UTC); raises RefusedError where they were vacuumed.
    """
    if when is None:
        return ledger.current_release().tables
    if _RUN_ID.fullmatch(when):
        run, release = ledger.run(when), ledger.current_release()
        refuse_vacuumed_run(ledger, run)
        return release.tables | run.tables
    release = _release_as_of(ledger, when)
    refuse_vacuumed_release(ledger, release)
    return release.tables


def _release_as_of(ledger: Ledger, when: str) -> Release:
    releases = ledger.releases()
    if re.fullmatch(r"r\d+", when):
        from salesperf_cli.core.promotion import find_release

        return find_release(releases, when)
    at = _timestamp(when)
    before = [release for release in releases if release.at <= at]
    if not before:
        first = f"the first release is of {releases[0].at:%Y-%m-%d %H:%M:%S}" if releases else "there is no release yet"
        raise InputError(f"nothing was published at {when}", why=first, remedy="see: salesperf releases")
    return before[-1]


def published_state(ledger: Ledger, when: str | None) -> Mapping[str, TableState]:
    """As `state_as_of`; raises InputError while nothing is published."""
    state = state_as_of(ledger, when)
    if not state:
        raise InputError(
            "nothing is published yet", why="readers see releases only", remedy="salesperf run-batch --promote"
        )
    return state


def _timestamp(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as fault:
        raise InputError(
            f"--as-of cannot be {text!r}",
            why="it is a release (r3), a run id, or a time such as 2026-11-23T14:00",
            remedy="see: salesperf releases",
        ) from fault
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def ask(
    translation: Translation,
    state: Mapping[str, TableState],
    catalog: LakeCatalog,
    listing: Callable[[TableName, int], Listing],
    *,
    price: ScanPrice,
) -> Question:
    """Find the files that the query reads, and what they come to."""
    listings, size, read, in_all = {}, 0, 0, 0
    for name in translation.tables:
        table_state = state.get(name)
        if catalog.landed and name in catalog.landed.names:
            listings[name], total = catalog.landed.listing(name, translation.filters.get(name, ()))
            size += listings[name].bytes
            read, in_all = read + len(listings[name].files), in_all + total
            continue
        whole = listing(TableName.parse(name), table_state.snapshot_id) if table_state else _nothing(catalog, name)
        kept = tuple(file for file in whole.files if _may_match(file, whole, translation.filters.get(name, ())))
        listings[name] = replace(whole, files=kept)
        columns = translation.columns.get(name, ())
        size += sum(file.column_bytes.get(column, 0) for file in kept for column in columns)
        read, in_all = read + len(kept), in_all + len(whole.files)
    return Question(translation, listings, Estimate(size, read, in_all, price.region, price.usd(size)))


def _nothing(catalog: LakeCatalog, name: str) -> Listing:
    """The listing of a table that can be asked and holds no file yet."""
    schema = catalog.table(name)
    return Listing(0, schema.columns if schema else (), ())


def athena_billed(size: int) -> int:
    """The bytes that Athena charges for when a query scans `size`: rounded up to the MB, at least 10 MB."""
    megabyte = _UNITS["MB"]
    return max(-(-size // megabyte) * megabyte, ATHENA_MINIMUM_BYTES)


def guard(estimate: Estimate, max_scan: str | None) -> None:
    """Refuse a query that would scan more than `max_scan` (`1GB`); raises RefusedError with both figures."""
    if max_scan is None:
        return
    limit = parse_size(max_scan)
    if estimate.bytes > limit:
        raise RefusedError(
            f"the query would scan {estimate.bytes:,} bytes, more than the limit of {limit:,}",
            why=f"it reads {estimate.files} of {estimate.files_in_all} files in the columns that it names",
            remedy="name fewer columns, filter by the partition column, or raise --max-scan",
        )


def parse_size(text: str) -> int:
    """A size such as `500MB` or `1.5GB` (1 KB = 1024 bytes) in bytes; raises InputError for anything else."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise InputError(
            f"{text!r} is not a size", why="sizes are written like 500MB or 1.5GB", remedy="correct the value"
        )
    return int(float(found[1]) * _UNITS[(found[2] or "B").upper()])


def _may_match(file: DataFile, listing: Listing, filters: Sequence[Filter]) -> bool:
    """Whether a file can hold a row that meets all filters, by its columns' least and greatest values."""
    types = dict(listing.columns)
    return all(_overlaps(file, each, types.get(each.column, "")) for each in filters)


def _overlaps(file: DataFile, predicate: Filter, type_: str) -> bool:
    low_text, high_text = file.least.get(predicate.column), file.most.get(predicate.column)
    if low_text is None or high_text is None:
        return True
    low, high = _comparable(low_text, type_), _comparable(high_text, type_)
    values = predicate.value if isinstance(predicate.value, tuple) else (predicate.value,)
    wanted = [_comparable(value, type_) for value in values]
    if low is None or high is None or any(each is None for each in wanted):
        return True
    return any(_within(predicate.op, low, high, each) for each in wanted if each is not None)


def _within(op: str, low: float, high: float, value: float) -> bool:
    match op:
        case "<":
            return low < value
        case "<=":
            return low <= value
        case ">":
            return high > value
        case ">=":
            return high >= value
        case _:
            return low <= value <= high


def _comparable(value: object, type_: str) -> float | None:
    """A bound or a literal as a number, where its type can be compared so; None keeps the file."""
    from datetime import date
    from decimal import Decimal

    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000
    if isinstance(value, date):
        days = (value - date(1970, 1, 1)).days
        return float(days if type_ == "date" else days * 86_400_000_000)
    if type_ not in ("int", "long", "double", "date", "timestamp") and not type_.startswith("decimal"):
        return None
    if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            return None
    return None
