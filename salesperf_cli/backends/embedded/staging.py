"""Staging: bronze files become typed, judged and de-duplicated rows, which models read as `bronze.<table>`.

The fast reader is DuckDB's. A file that it rejects a record of, or whose bytes are damaged, is read again record by
record (`csv_records`), so that what is malformed is the same on every engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from salesperf_cli.backends.embedded import duck
from salesperf_cli.backends.embedded.shelf import staged
from salesperf_cli.backends.reading import BronzeReader
from salesperf_cli.core.build import StagedFile
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.csv_records import Dialect
from salesperf_cli.core.portable_sql import expression_to_duckdb
from salesperf_cli.core.staging import ReadFile, error_rules, inflated, needs_record_reader
from salesperf_cli.core.tables import Column
from salesperf_cli.core.text_shapes import ISO_FORMATS, shape, strptime_format

if TYPE_CHECKING:
    import duckdb


class Reader(BronzeReader):
    """Reads the files of one bronze table into the table `staged`, once fast and where needed once more record by
    record.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, contract: Contract, scratch: Path) -> None:
        super().__init__(contract)
        self._connection = connection
        self._scratch = scratch

    @property
    def table(self) -> str:
        """The staged table's name in the session."""
        return staged("typed", self.contract.name)

    def read(self, files: Sequence[StagedFile]) -> None:
        """Fill the staged table with the typed rows of all files, each with its file number and the first rule it
        breaks.
        """
        self.files = tuple(self._plain(number, file) for number, file in enumerate(files))
        damaged = {file.number for file in self.files if needs_record_reader(file)}
        while True:
            self.files = tuple(self._split(file) if file.number in damaged else file for file in self.files)
            damaged = self._fill()
            if not damaged:
                return

    def refused(self) -> Iterator[tuple[int, int, tuple[str | None, ...]]]:
        """Rows that break a rule, as (file number, rule number, raw fields)."""
        cursor = self._connection.execute(self._judged(raw=True) + " WHERE _rule IS NOT NULL")
        while rows := cursor.fetchmany(10_000):
            yield from ((row[0], row[1], tuple(row[2:])) for row in rows)

    def raw_of(self, conflicts: str) -> Iterator[tuple[int, tuple[str | None, ...]]]:
        """The raw fields of the typed rows in the table `conflicts`, one for each, as (file number, raw fields)."""
        columns = [*self.contract.column_names, "_file"]
        same = " AND ".join(f"j.{duck.name(each)} IS NOT DISTINCT FROM c.{duck.name(each)}" for each in columns)
        raw = duck.names((f"raw {each}" for each in self.contract.column_names), prefix="j.")
        # Copies of a refused row are duplicates: they are counted, not set aside once more.
        first = f"QUALIFY row_number() OVER (PARTITION BY {duck.names(columns, prefix='j.')} ORDER BY {raw}) = 1"
        judged = self._judged(raw=True, typed=True)
        rows = self._connection.execute(
            f"SELECT j._file, {raw} FROM ({judged} WHERE _rule IS NULL) j SEMI JOIN {conflicts} c ON {same} {first}"
        ).fetchall()
        yield from ((row[0], tuple(row[1:])) for row in rows)

    def open(self, file: ReadFile) -> BinaryIO:
        """The content of a file as it was received, inflated."""
        return _open(file.staged)

    # forms of files

    def _plain(self, number: int, file: StagedFile) -> ReadFile:
        receipt = file.receipt
        form = receipt.format.removesuffix(".gz")
        return ReadFile(number, file, file.location, form, self._source.dialect, self.contract.named(receipt.header))

    def _split(self, file: ReadFile) -> ReadFile:
        """Write the good records of a file to a clean one and remember the others."""
        if self._is_clean(file):
            return file
        target = self._scratch / f"{self.contract.name.table}-{file.number}.csv"
        with self.open(file) as content, target.open("wb") as out:
            return self.write_clean(file, content, out, str(target))

    # the one statement

    def _fill(self) -> set[int]:
        """(Re)create the staged table; gives the numbers of the CSV files of which the fast reader rejected records."""
        duckdb = duck.module()
        for table in ("reject_errors", "reject_scans"):
            self._connection.execute(f"DROP TABLE IF EXISTS {table}")
        try:
            self._connection.execute(f"CREATE OR REPLACE TABLE {self.table} AS {self._judged(typed=True)}")
            rejected = self._connection.execute(
                "SELECT DISTINCT s.file_path FROM reject_scans s JOIN reject_errors e USING (scan_id, file_id)"
            ).fetchall()
        except duckdb.CatalogException:
            rejected = []
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            rejected = [(file.location,) for file in self.files if file.form == "csv" and not self._is_clean(file)]
            if not rejected:
                raise
        paths = {path for (path,) in rejected}
        return {file.number for file in self.files if file.location in paths and not self._is_clean(file)}

    def _is_clean(self, file: ReadFile) -> bool:
        return file.location.startswith(str(self._scratch))

    def _judged(self, *, raw: bool = False, typed: bool = False) -> str:
        """SELECT of file number, first broken rule, and the raw (`raw c`) or typed columns (`c`)."""
        columns = self.contract.columns
        casts = ", ".join(f"{self._cast(column)} AS {duck.name(column.name)}" for column in columns)
        kept = ", ".join(f"{_raw(column.name)}" for column in columns)
        wrong_type = "".join(
            f" WHEN {_raw(column.name)} IS NOT NULL AND {duck.name(column.name)} IS NULL THEN {at}"
            for at, column in enumerate(columns)
            if shape(column.type, column.format) is not None
        )
        types = {column.name: str(column.type) for column in columns}
        broken = "".join(
            f" WHEN NOT ({expression_to_duckdb(rule.expression, types)}) THEN {at}"
            for at, rule in enumerate(error_rules(self.contract), start=len(columns))
        )
        first = f"CASE{wrong_type}{broken} END" if wrong_type or broken else "NULL"
        chosen = [f"CAST({first} AS SMALLINT) AS _rule"]
        if raw:
            chosen.append(kept)
        if typed:
            chosen.append(duck.names(self.contract.column_names))
        inner = f"SELECT _file, {kept}, {casts} FROM ({self._raw_rows()})"
        return f"SELECT * FROM (SELECT _file, {', '.join(chosen)} FROM ({inner}))"

    def _raw_rows(self) -> str:
        """All files' rows as text: `_file`, and `raw <column>` for each column of the contract."""
        if not self.files:
            none = ", ".join(f"CAST(NULL AS VARCHAR) AS {_raw(each)}" for each in self.contract.column_names)
            return f"SELECT CAST(NULL AS INTEGER) AS _file, {none} WHERE false"
        groups: dict[tuple[str, Dialect, tuple[str, ...], int], list[ReadFile]] = {}
        for file in self.files:
            # A scan of several CSV files may drop a last record whose quote is not closed and not say so; of one, it
            # tells.
            alone = file.number if file.form == "csv" else -1
            groups.setdefault((file.form, file.dialect, file.header, alone), []).append(file)
        return " UNION ALL ".join(
            self._group(form, dialect, header, files) for (form, dialect, header, _), files in groups.items()
        )

    def _group(self, form: str, dialect: Dialect, header: tuple[str, ...], files: list[ReadFile]) -> str:
        value: Callable[[str], str] = duck.name
        if form == "csv":
            rows = _csv_scan(files, dialect, header)
        else:
            rows, value = _scan("read_parquet", files, "hive_partitioning = false"), self._parquet_value
        picked = ", ".join(
            f"{value(each) if each in header else 'CAST(NULL AS VARCHAR)'} AS {_raw(each)}"
            for each in self.contract.column_names
        )
        if len(files) == 1:
            return f"SELECT CAST({files[0].number} AS INTEGER) AS _file, {picked} FROM {rows}"
        numbers = ", ".join(f"({duck.text(file.location)}, {file.number})" for file in files)
        return f"SELECT n._file, {picked} FROM {rows} r JOIN (VALUES {numbers}) n(path, _file) ON r.filename = n.path"

    def _cast(self, column: Column) -> str:
        raw = _raw(column.name)
        if column.type.kind == "string":
            return raw
        value, separator = raw, self._source.dialect.decimal_separator
        if separator != "." and column.type.kind in ("decimal", "double"):
            value = f"replace(replace({raw}, '.', 'x'), {duck.text(separator)}, '.')"
        pattern = shape(column.type, column.format)
        assert pattern is not None
        if column.type.kind in ISO_FORMATS:
            format_ = strptime_format(column.format or ISO_FORMATS[column.type.kind])
            cast_ = f"CAST(try_strptime({value}, {duck.text(format_)}) AS {duck.sql_type(column.type.kind)})"
        else:
            cast_ = f"TRY_CAST({value} AS {duck.sql_type(str(column.type))})"
        shaped = f"regexp_full_match({value}, {duck.text(pattern)})"
        if column.type.kind == "double":
            # Zero has one sign (-0.0 + 0.0 is 0.0): engines group both, and each keeps another of them.
            cast_ = f"CASE WHEN isfinite({cast_}) THEN {cast_} + CAST(0 AS DOUBLE) END"
            shaped = f"({_surely_double(value)} OR {shaped})"
        return f"CASE WHEN {shaped} THEN {cast_} END"

    def _parquet_value(self, name: str) -> str:
        """A typed value as the text that the contract's CSV form would hold; a text as it is."""
        column = self.contract.column(name)
        value = duck.name(column.name_in_files)
        typed = plain = f"CAST({value} AS VARCHAR)"
        if column.type.kind in ISO_FORMATS:
            format_ = strptime_format(column.format or ISO_FORMATS[column.type.kind])
            typed = f"coalesce(strftime(TRY_CAST({value} AS TIMESTAMP), {duck.text(format_)}), {plain})"
        elif column.type.kind in ("decimal", "double"):
            typed = f"replace({plain}, '.', {duck.text(self._source.dialect.decimal_separator)})"
        return f"nullif(CASE typeof({value}) WHEN 'VARCHAR' THEN {plain} ELSE {typed} END, '')"


def _open(file: StagedFile) -> BinaryIO:
    return inflated(Path(file.location).open("rb"), file.receipt)


def _raw(column: str) -> str:
    return duck.name(f"raw {column}")


def _surely_double(value: str) -> str:
    """Whether a text has a double's shape, given that it casts to one: cheap, and true of nearly all that have.

    DuckDB's cast takes more than the shape: digits grouped by `_`, white space around, `+-1`. What sorts below `-` is
    left to the pattern: texts that begin with white space or `+`.
    """
    return f"({value} >= '-' AND substr({value}, -1) > ' ' AND NOT contains({value}, '_'))"


def _csv_scan(files: list[ReadFile], dialect: Dialect, header: tuple[str, ...]) -> str:
    columns = ", ".join(f"{duck.text(each)}: 'VARCHAR'" for each in header)
    delimiter, quote, escape = map(duck.text, (dialect.delimiter, dialect.quote, dialect.escape))
    options = (
        f"columns = {{{columns}}}, auto_detect = false, header = true, store_rejects = true, "
        f"delim = {delimiter}, quote = {quote}, escape = {escape}, encoding = {duck.text(dialect.encoding)}"
    )
    return _scan("read_csv", files, options)


def _scan(function: str, files: list[ReadFile], options: str) -> str:
    paths = ", ".join(duck.text(file.location) for file in files)
    return f"{function}([{paths}], filename = true, {options})"
