"""Questions put to a lake, and their answers: here, or by a service that is paid for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from salesperf_cli.core.athena_statement import Statement


class Answer(Protocol):
    """The rows of a query, fetched as they are asked for; columns are (name, Athena type)."""

    columns: tuple[tuple[str, str], ...]

    def fetch(self, count: int) -> list[tuple[Any, ...]]:
        """The next rows, at most `count`; none at the end."""

    def arrow(self) -> Any:
        """All remaining rows as an Arrow table."""


@dataclass(frozen=True, slots=True)
class QueryProgress:
    """How far a query is: its state in the service's own word, seconds since it was sent, bytes scanned so far."""

    state: str
    seconds: float
    bytes_scanned: int


@dataclass(frozen=True, slots=True)
class QueryCost:
    """What a query took. `is_charged` is False for what the service does for nothing: SHOW, and answers used again."""

    query_id: str
    seconds: float
    bytes_scanned: int
    is_charged: bool
    is_reused: bool


class CostedAnswer(Answer, Protocol):
    """The rows of a query that a service ran, and what that took."""

    @property
    def cost(self) -> QueryCost:
        """What the query took."""


class Queries(Protocol):
    """A service that takes Athena SQL as it is written: Athena, where the target lies on AWS."""

    @property
    def region(self) -> str:
        """The region whose prices hold."""

    @property
    def databases(self) -> Mapping[str, str]:
        """The catalog database of each layer."""

    def answer(
        self, statement: Statement, watch: Callable[[QueryProgress], None], *, reuse_minutes: int = 0
    ) -> AbstractContextManager[CostedAnswer]:
        """Run a query; its rows can be fetched inside the block.

        `watch` is told how it goes, and stops it by raising. An answer to the same statement that is at most
        `reuse_minutes` old will do (0: none will).
        """

    def run(self, statement: Statement) -> None:
        """Run a statement whose answer is of no interest, such as CREATE VIEW."""
