"""Questions that Athena answers: the statement to send, what it is expected to scan, and how far it may go.

What the local compiler cannot vouch for is sent all the same, for Athena is the judge there; only its estimate is then
unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesperf_cli.core.athena import Translation
from salesperf_cli.core.athena_statement import AthenaLake, Statement, statement_of
from salesperf_cli.core.query import Estimate, LakeCatalog, ScanPrice, ask, athena_billed, guard, parse_size
from salesperf_cli.errors import InputError, RefusedError, SalesperfError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Objects, QueryCost, QueryProgress
    from salesperf_cli.core.ledger import TableState
    from salesperf_cli.core.listing import Listing
    from salesperf_cli.core.tables import TableName


@dataclass(frozen=True, slots=True)
class LakeFiles:
    """What estimates are made from: the files of a table's snapshot, and where compiled questions are kept."""

    listing: Callable[[TableName, int], Listing]
    objects: Objects


@dataclass(frozen=True, slots=True)
class AthenaQuestion:
    """A statement and its estimate; where there is none, `unknown` says why."""

    statement: Statement
    estimate: Estimate | None
    unknown: str = ""

    def expect_estimate(self) -> Estimate:
        """The estimate. Raises InputError where there is none."""
        if self.estimate is None:
            raise InputError(
                "what it would scan cannot be told beforehand",
                why=self.unknown,
                remedy="run it with --max-scan, which stops it there",
            )
        return self.estimate


def ask_athena(
    sql: str,
    lake: AthenaLake,
    state: Mapping[str, TableState],
    catalog: LakeCatalog,
    files: LakeFiles,
    given: Mapping[str, str],
    *,
    price: ScanPrice,
) -> AthenaQuestion:
    """The question that a text asks of the tables in `state`; raises InputError as `statement_of` does."""
    statement = statement_of(sql, lake, given)  # what is wrong with the text is told before the lake is looked at
    translation, unknown = _compiled(sql, catalog, given, files.objects)
    if translation is not None and translation.parameters:
        statement = statement_of(sql, lake, given, translation)
    if statement.is_free:
        return AthenaQuestion(statement, Estimate(0, 0, 0, price.region, 0.0))
    if translation is None:
        return AthenaQuestion(statement, None, unknown)
    try:
        estimate = ask(translation, state, catalog, files.listing, price=price).estimate
    except SalesperfError as fault:
        # Whoever may ask need not be allowed to list the files.
        return AthenaQuestion(statement, None, _told(fault))
    return AthenaQuestion(statement, estimate)


def _compiled(
    sql: str, catalog: LakeCatalog, given: Mapping[str, str], objects: Objects
) -> tuple[Translation | None, str]:
    from salesperf_cli.core.compiled import compiled

    try:
        return compiled(sql, catalog, given, objects), ""
    except SalesperfError as fault:
        return None, _told(fault)


def _told(fault: SalesperfError) -> str:
    return f"{fault.what}: {fault.why}" if fault.why else fault.what


def scan_guard(question: AthenaQuestion, max_scan: str | None) -> Callable[[QueryProgress], None]:
    """Refuse what is expected to scan more than `max_scan`; the rest is watched, and stopped by RefusedError there."""
    if max_scan is None:
        return _let_it_run
    if question.estimate is not None:
        guard(question.estimate, max_scan)
    limit = parse_size(max_scan)

    def watch(progress: QueryProgress) -> None:
        if progress.bytes_scanned > limit:
            raise RefusedError(
                f"the query was stopped: it had scanned {progress.bytes_scanned:,} bytes, the limit is {limit:,}",
                why="what was scanned until then is charged",
                remedy="name fewer columns, filter by the partition column, or raise --max-scan",
            )

    return watch


def _let_it_run(progress: QueryProgress) -> None:
    """No limit."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a query was charged: bytes as billed, and USD in the region (None: unpriced)."""

    bytes: int
    usd: float | None


def billed(cost: QueryCost, price: ScanPrice) -> Bill:
    """What Athena charges for a query: scanned bytes rounded up to the MB, at least 10 MB; nothing where it is free."""
    if not cost.is_charged:
        return Bill(0, 0.0)
    return Bill(athena_billed(cost.bytes_scanned), price.usd(cost.bytes_scanned))
