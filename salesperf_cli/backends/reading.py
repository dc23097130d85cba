"""What every engine's reader of bronze files has: the contract, the files chosen, and what was malformed in them."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from salesperf_cli.core.contracts import Contract, Source
from salesperf_cli.core.csv_records import DEFAULT_DIALECT, Dialect, Malformed, write_clean
from salesperf_cli.core.staging import ReadFile, good_records


class BronzeReader:
    """The files of one bronze table, as an engine is reading them."""

    def __init__(self, contract: Contract) -> None:
        assert contract.source is not None
        self.contract = contract
        self._source: Source = contract.source
        self.malformed: list[tuple[int, Malformed]] = []
        self.files: tuple[ReadFile, ...] = ()

    @property
    def dialect(self) -> Dialect:
        """The dialect of the files as they were received."""
        return self._source.dialect

    def write_clean(self, file: ReadFile, content: BinaryIO, target: BinaryIO, location: str) -> ReadFile:
        """Write the records of a CSV or JSON file that can be read where every engine reads the same; gives the file
        that is there then. What cannot be read is remembered.
        """
        header = file.header if file.form == "csv" else self.contract.column_names
        write_clean(good_records(content, file, self.contract, self.malformed), target, header)
        return replace(file, location=location, form="csv", dialect=DEFAULT_DIALECT, header=header)
