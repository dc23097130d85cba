"""`salesperf query` on a target whose questions Athena answers: the same flags, and the same forms of answer."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from salesperf_cli.errors import SalesperfError

if TYPE_CHECKING:
    from collections.abc import Callable

    from salesperf_cli.backends.ports import CostedAnswer, QueryCost, QueryProgress
    from salesperf_cli.commands.query import QueryRequest
    from salesperf_cli.core.athena_question import AthenaQuestion
    from salesperf_cli.core.query import ScanPrice
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import AwsWorkspace

_NESTED = ("array", "map", "row")


def query_athena(world: Environment, workspace: AwsWorkspace, request: QueryRequest) -> None:
    """Ask Athena, and write the answer."""
    from salesperf_cli.commands.query_rows import AnswerRows
    from salesperf_cli.core.athena_question import scan_guard
    from salesperf_cli.core.cost.queries import scan_price

    queries = workspace.backend.queries
    price = scan_price(world.settings.project, queries.region)
    question = _question(workspace, request, price)
    if request.estimate:
        world.sink.document(question.expect_estimate())
        return
    watch = _told(world, scan_guard(question, request.max_scan))
    _tell_before(world, question)
    with queries.answer(question.statement, watch, reuse_minutes=request.reuse_minutes) as answer:
        rows = AnswerRows(answer, request.limit)
        world.sink.write_rows(rows, world.cwd / request.out if request.out else None)
    for note in (*question.statement.notes, *_notes(answer)):
        world.sink.say(note)
    world.sink.say(statistics(rows.row_count, answer.cost, price))
    _remember(world, workspace, question, answer.cost, price)
    if request.out is not None:
        world.sink.step(f"written to {request.out}")


def _remember(
    world: Environment, workspace: AwsWorkspace, question: AthenaQuestion, cost: QueryCost, price: ScanPrice
) -> None:
    """Enter in the ledger what was predicted and what was charged; whoever may only ask need not be able to."""
    from decimal import Decimal
    from hashlib import sha256

    from salesperf_cli.core.athena_question import billed
    from salesperf_cli.core.cost.accuracy import CostLedger, CostRecord

    if not cost.is_charged or question.estimate is None:
        return
    usd, charged = question.estimate.usd, billed(cost, price).usd
    record = CostRecord(
        kind="query",
        name=sha256(question.statement.sql.encode()).hexdigest()[:12],
        at=world.clock(),
        region=price.region,
        predicted_usd=None if usd is None else Decimal(repr(usd)),
        billed_usd=None if charged is None else Decimal(repr(charged)),
        basis=f"{cost.bytes_scanned} bytes scanned",
    )
    with suppress(SalesperfError):
        CostLedger(workspace.backend.objects).add(record)


def _question(workspace: AwsWorkspace, request: QueryRequest, price: ScanPrice) -> AthenaQuestion:
    from salesperf_cli.core.athena_question import LakeFiles, ask_athena
    from salesperf_cli.core.athena_statement import AthenaLake
    from salesperf_cli.core.query import LakeCatalog, published_state

    queries = workspace.backend.queries
    state = published_state(workspace.ledger, request.as_of)
    catalog = LakeCatalog(state, workspace.pipeline)
    versions = {name: table.snapshot_id for name, table in state.items()} if request.as_of else None
    lake = AthenaLake(catalog, queries.databases, versions, request.as_of or "")
    files = LakeFiles(workspace.backend.tables.listing, workspace.backend.objects)
    return ask_athena(request.sql, lake, state, catalog, files, request.values, price=price)


def _tell_before(world: Environment, question: AthenaQuestion) -> None:
    """What it is expected to cost, before it does."""
    estimate = question.estimate
    if estimate is None:
        world.sink.say(f"the scan cannot be estimated: {question.unknown}")
    elif not question.statement.is_free:
        price = f", ${estimate.usd:.6f}" if estimate.usd is not None else ""
        world.sink.say(f"about {estimate.bytes:,} bytes to scan{price} ({estimate.region})")


def _told(world: Environment, guard: Callable[[QueryProgress], None]) -> Callable[[QueryProgress], None]:
    """The guard, and a line that shows how far the query is."""

    def watch(progress: QueryProgress) -> None:
        world.sink.busy(
            f"Athena: {progress.state.lower()}, {progress.seconds:.1f} s, {progress.bytes_scanned:,} bytes scanned"
        )
        guard(progress)

    return watch


def _notes(answer: CostedAnswer) -> list[str]:
    nested = [name for name, kind in answer.columns if kind.split("(")[0] in _NESTED]
    if not nested:
        return []
    return [f"{', '.join(nested)}: as Athena writes it; CAST(… AS json) gives what a program can read"]


def statistics(rows: int, cost: QueryCost, price: ScanPrice) -> str:
    """The line below an answer: rows, time, bytes scanned, and what Athena charges."""
    from salesperf_cli.core.athena_question import billed

    head = f"{rows:,} {'row' if rows == 1 else 'rows'}, {cost.seconds:.2f} s, {cost.bytes_scanned:,} bytes scanned"
    bill = billed(cost, price)
    if cost.is_reused:
        return f"{head}; an earlier answer, free"
    if not cost.is_charged:
        return f"{head}; free"
    told = f"${bill.usd:.6f} ({price.region})" if bill.usd is not None else "unpriced region"
    return f"{head}, {bill.bytes:,} charged; {told}"
