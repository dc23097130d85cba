"""What a sample holds: its files, and the faults that whoever reads it must find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["quarantined", "duplicate", "blocks promotion", "warned"]


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One CSV file: `rows` counts records without the header, damaged ones included; `size` is in bytes."""

    name: str
    table: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Fault:
    """`count` rows of `table` have the fault `kind`, and the pipeline's answer to it must be `outcome`."""

    kind: str
    table: str
    count: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What `write_sample` wrote.

    A clean sample has faults too, oddities that the published data has as well: points that the geolocation
    file repeats (`duplicate`), zero payments, payments in no instalment and dates that run backwards
    (`warned`).
    """

    files: tuple[SampleFile, ...]
    faults: tuple[Fault, ...]

    def rows(self, table: str) -> int:
        """The rows of one table's file; 0 when the file was not written."""
        return sum(file.rows for file in self.files if file.table == table)

    def count(self, outcome: Outcome, table: str) -> int:
        """How many rows of one table must meet `outcome`."""
        return sum(fault.count for fault in self.faults if fault.outcome == outcome and fault.table == table)
