"""What every engine's reader of bronze files has: the contract, the files chosen, and what was malformed in them."""

from __future__ import annotations

from salesperf_cli.core.contracts import Contract, Source
from salesperf_cli.core.csv_records import Dialect, Malformed
from salesperf_cli.core.staging import ReadFile


class BronzeReader:
    """The files of one bronze table, as an engine is reading them."""

    def __init__(self, contract: Contract) -> None:
        assert contract.source is not None
        self._contract = contract
        self._source: Source = contract.source
        self.malformed: list[tuple[int, Malformed]] = []
        self.files: tuple[ReadFile, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """The contract's columns."""
        return self._contract.column_names

    @property
    def dialect(self) -> Dialect:
        """The dialect of the files as they were received."""
        return self._source.dialect
