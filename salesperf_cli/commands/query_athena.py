"""`salesperf query` on a target whose questions Athena answers: the same flags, and the same forms of answer."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from salesperf_cli.errors import RefusedError, SalesperfError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from salesperf_cli.backends.ports import CostedAnswer, QueryCost, QueryProgress
    from salesperf_cli.commands.query import QueryRequest
    from salesperf_cli.core.athena_question import AthenaQuestion
    from salesperf_cli.core.cost.budget import Limits
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
    guard = scan_guard(question, request.max_scan)
    _tell_before(world, question)
    costs = _QueryCosts(world, workspace, question, price, request.limits)
    costs.ask()
    with (
        costs.entered_when_stopped(),
        queries.answer(
            question.statement, _told(world, (costs.watch, guard)), reuse_minutes=request.reuse_minutes
        ) as answer,
    ):
        rows = AnswerRows(answer, request.limit)
        world.sink.write_rows(rows, world.cwd / request.out if request.out else None)
    for note in (*question.statement.notes, *_notes(answer)):
        world.sink.say(note)
    world.sink.say(statistics(rows.row_count, answer.cost, price))
    if answer.cost.is_charged:
        costs.enter(answer.cost.bytes_scanned)
    if request.out is not None:
        world.sink.step(f"written to {request.out}")


class _QueryCosts:
    """What a query costs: held against the budget before and while it runs, and entered in the ledger.

    Whoever may only ask need not be able to write there; where there is a budget, which is then blind, that is told.
    """

    def __init__(
        self, world: Environment, workspace: AwsWorkspace, question: AthenaQuestion, price: ScanPrice, limits: Limits
    ) -> None:
        self._world = world
        self._objects = workspace.backend.objects
        self._question = question
        self._price = price
        self._limits = limits
        self._over = ""
        self._scanned = 0
        self._guard: Callable[[QueryProgress], None] | None = None

    def ask(self) -> None:
        """Ask the budget. Raises RefusedError; what is free is not asked about."""
        from salesperf_cli.commands.cost.budgeting import ask, spent_so_far
        from salesperf_cli.core.cost.budget import affordable, of_operation
        from salesperf_cli.core.cost.queries import cost_guard, query_expense

        if self._question.statement.is_free or not self._limits.are_set:
            return
        spent = spent_so_far(self._world, self._objects, self._limits)
        estimate = self._question.estimate
        expense = query_expense(self._price, estimate.bytes if estimate else None)
        self._over = ask(self._world, of_operation(expense, self._limits, spent), self._limits)
        self._guard = cost_guard(self._price, affordable(self._limits, spent))

    def watch(self, progress: QueryProgress) -> None:
        """Look at a running query. Raises RefusedError where it costs more than it may."""
        self._scanned = progress.bytes_scanned
        if self._guard is not None:
            self._guard(progress)

    @contextmanager
    def entered_when_stopped(self) -> Iterator[None]:
        """A query that is stopped, or whose reader goes, is charged for what it had scanned."""
        try:
            yield
        except (RefusedError, KeyboardInterrupt, OSError):
            if self._scanned:
                self.enter(self._scanned)
            raise

    def enter(self, scanned: int) -> None:
        """Enter what was predicted, and what so many bytes are charged."""
        from decimal import Decimal
        from hashlib import sha256

        from salesperf_cli.commands.cost.budgeting import enter
        from salesperf_cli.core.cost.accuracy import CostLedger, CostRecord

        estimate, charged = self._question.estimate, self._price.usd(scanned)
        record = CostRecord(
            kind="query",
            name=sha256(self._question.statement.sql.encode()).hexdigest()[:12],
            at=self._world.clock(),
            region=self._price.region,
            predicted_usd=None if estimate is None or estimate.usd is None else Decimal(repr(estimate.usd)),
            billed_usd=None if charged is None else Decimal(repr(charged)),
            basis=f"{scanned} bytes scanned",
            over_budget=self._over,
        )
        if self._limits.are_set:
            enter(self._world, self._objects, record)
            return
        with suppress(SalesperfError):
            CostLedger(self._objects).add(record)


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


def _told(world: Environment, guards: Iterable[Callable[[QueryProgress], None]]) -> Callable[[QueryProgress], None]:
    """The guards, and a line that shows how far the query is."""

    def watch(progress: QueryProgress) -> None:
        world.sink.busy(
            f"Athena: {progress.state.lower()}, {progress.seconds:.1f} s, {progress.bytes_scanned:,} bytes scanned"
        )
        for guard in guards:
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
