"""Engines that run models, and the backends of a lake that hold one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from salesperf_cli.backends.ports.lake import Lake

if TYPE_CHECKING:
    from salesperf_cli.backends.ports.queries import Answer
    from salesperf_cli.core.athena import Translation
    from salesperf_cli.core.build import BuildRequest, BuildResult, CheckRequest, CheckResult, StageRequest, StageResult
    from salesperf_cli.core.listing import Listing
    from salesperf_cli.core.tables import TableName


class Engine(Protocol):
    """Runs models: DuckDB here, Spark on Glue. One engine object serves one run, from several threads."""

    def stage(self, request: StageRequest) -> StageResult:
        """Read bronze files, cast, judge, de-duplicate; afterwards models can read `bronze.<table>`."""

    def build(self, request: BuildRequest) -> BuildResult:
        """Run a model and commit its rows to the run's audit branch."""

    def check(self, request: CheckRequest) -> tuple[CheckResult, ...]:
        """Judge a table's candidate state by its contract's rules."""

    def unstage(self, table: TableName) -> None:
        """Drop the staged rows of a bronze table: no later step reads them."""

    def interrupt(self) -> None:
        """Stop what is under way; the steps then raise."""


class BatchBackend(Lake, Protocol):
    """A lake with an engine that runs in this process."""

    @property
    def engine_name(self) -> str:
        """What the ledger calls the engine."""

    def engine(self, run_id: str) -> AbstractContextManager[Engine]:
        """An engine for one run; heavy imports happen here."""


class Backend(BatchBackend, Protocol):
    """All of the local target's parts, made by the factory from the settings."""

    def expect_question(self) -> None:
        """A question is being compiled: get ready to answer it."""

    def answer(self, translation: Translation, listings: Mapping[str, Listing]) -> AbstractContextManager[Answer]:
        """Run a query; its rows can be fetched inside the block."""
