"""What the batch layer asks of an engine, and what it answers: stage a source, build a model, check a table.

Plain frozen data. DuckDB answers it here, Spark on Glue; neither knows why it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.ledger import CheckRecord, FileCount, Receipt, TableState
from salesperf_cli.core.pipeline import Model
from salesperf_cli.core.tables import Column, ColumnType, TableName

Mode = Literal["full", "merge", "touched"]


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A bronze file to read: where it lies, its receipt, and the version of the ingest that brought it."""

    location: str
    receipt: Receipt
    version: int


@dataclass(frozen=True, slots=True)
class StageRequest:
    """Read these files of a bronze table, all that count when `complete`; `quarantine` is its quarantine's state."""

    contract: Contract
    files: tuple[StagedFile, ...]
    complete: bool
    quarantine: TableState | None
    branch: str
    run_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class StageResult:
    """The accounting a file, the warnings, and the quarantine table's new state (None: there never was a row)."""

    files: tuple[FileCount, ...]
    warnings: tuple[CheckRecord, ...]
    quarantine: TableState | None


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """Run `model` on the states `inputs`.

    `full` replaces the table; `merge` passes staged rows through the model and replaces rows of the same key in `base`;
    `touched` recomputes the partitions that the model's touched query names, given what changed since `previous`.
    """

    model: Model
    contract: Contract
    mode: Mode
    base: TableState | None
    inputs: Mapping[TableName, TableState]
    previous: Mapping[TableName, int]
    branch: str
    run_id: str


@dataclass(frozen=True, slots=True)
class BuildResult:
    """The snapshot that holds the new state, the rows written, and the partitions rewritten of all."""

    snapshot_id: int
    metadata: str
    rows: int
    bytes: int
    files: int
    rows_written: int
    partitions_written: int
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """Judge `state` of a table by its contract; `base` is what is released, `tables` all candidate states."""

    contract: Contract
    state: TableState
    base: TableState | None
    tables: Mapping[TableName, TableState]
    now: datetime


CheckResult = CheckRecord


def _quarantine_column(
    name: str, kind: Literal["string", "bigint", "timestamp"], english: str, portuguese: str
) -> Column:
    return Column(name, ColumnType(kind), False, english, portuguese, "restricted")


QUARANTINE_COLUMNS = (
    _quarantine_column("rule", "string", "Rule that the row broke.", "Regra que a linha violou."),
    _quarantine_column("reason", "string", "What was wrong, in words.", "O que estava errado, em palavras."),
    _quarantine_column("file", "string", "File as it was delivered.", "Arquivo como foi entregue."),
    _quarantine_column("line", "bigint", "Line on which the record begins.", "Linha em que o registro começa."),
    _quarantine_column("record", "string", "The record as received.", "O registro como foi recebido."),
    _quarantine_column("object_key", "string", "Bronze object that holds it.", "Objeto bronze que o contém."),
    _quarantine_column("run_id", "string", "Run that set it aside.", "Execução que o separou."),
    _quarantine_column("quarantined_at", "timestamp", "When it was set aside (UTC).", "Quando foi separado (UTC)."),
)


def quarantine_contract(source: Contract) -> Contract:
    """The contract of the quarantine table of a bronze table: one shape for all."""
    return Contract(
        name=TableName("quarantine", source.name.table),
        version="1.0.0",
        owner=source.owner,
        description=f"Rows of {source.name} that a rule refused.",
        description_pt=f"Linhas de {source.name} recusadas por uma regra.",
        columns=QUARANTINE_COLUMNS,
        key=(),
        partition=None,
        incremental="full",
        row_rules=(),
        table_rules=(),
        source=None,
        origin="",
        fingerprint="quarantine-1",
    )
