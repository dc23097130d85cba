"""Bronze files as rows of text: the same records on Spark as on every engine.

Spark's CSV reader reads what is clean. A file that it stumbles over, or whose bytes are damaged, is read again record
by record (`core/csv_records`); so is all JSON (`core/json_records`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, BinaryIO

from salesperf_cli.backends.reading import BronzeReader
from salesperf_cli.backends.spark.number_text import double_text
from salesperf_cli.core import tables
from salesperf_cli.core.build import StagedFile
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.csv_records import MAX_RECORD, Dialect
from salesperf_cli.core.staging import ReadFile, inflated
from salesperf_cli.core.text_shapes import ISO_FORMATS, java_format

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, DataFrameReader, SparkSession

    from salesperf_cli.backends.spark.scratch import Scratch


class Reader(BronzeReader):
    """Reads the files of one bronze table. `open_object` gives the stored bytes of a bronze key."""

    def __init__(
        self, spark: SparkSession, contract: Contract, open_object: Callable[[str], BinaryIO], scratch: Scratch
    ) -> None:
        super().__init__(contract)
        self._spark = spark
        self._open_object = open_object
        self._scratch = scratch

    def open(self, file: ReadFile) -> BinaryIO:
        """The content of a file as it was received, inflated."""
        return inflated(self._open_object(file.staged.receipt.key), file.staged.receipt)

    def take(self, files: Sequence[StagedFile]) -> None:
        """Choose the files to read, each in the form in which Spark can read it."""
        self.files = tuple(self._plain(number, file) for number, file in enumerate(files))

    def split(self, numbers: set[int]) -> None:
        """From now on read these CSV and JSON files from a clean copy; what is malformed in them is remembered."""
        self.files = tuple(self._clean_copy(file) if file.number in numbers else file for file in self.files)

    def is_original(self, file: ReadFile) -> bool:
        """Whether Spark reads the CSV file as it was received, and so may stumble over it."""
        return file.form == "csv" and file.location == file.staged.location

    def raw_rows(self) -> DataFrame:
        """All files' rows: `_file`, `_corrupt`, and the text of each column of the contract as `_raw_N`."""
        groups: dict[tuple[str, Dialect, tuple[str, ...], bool], list[ReadFile]] = {}
        for file in self.files:
            crlf = self.is_original(file) and self._ends_lines_in_crlf(file)
            groups.setdefault((file.form, file.dialect, file.header, crlf), []).append(file)
        if not groups:
            raw = ", ".join(f"_raw_{at} string" for at in range(len(self.contract.columns)))
            schema = f"_file int, _corrupt boolean, {raw}"
            return self._spark.createDataFrame([], schema)
        frames = [self._group(*how, files) for how, files in groups.items()]
        rows = frames[0]
        for frame in frames[1:]:
            rows = rows.unionByName(frame)
        return rows

    # forms of files

    def _plain(self, number: int, file: StagedFile) -> ReadFile:
        form = file.receipt.format.removesuffix(".gz")
        return ReadFile(
            number, file, file.location, form, self._source.dialect, self.contract.named(file.receipt.header)
        )

    def _clean_copy(self, file: ReadFile) -> ReadFile:
        name = f"{self.contract.name.table}-{file.number}.csv"
        with self.open(file) as content, self._scratch.writing(name) as out:
            return self.write_clean(file, content, out, self._scratch.location(name))

    def _ends_lines_in_crlf(self, file: ReadFile) -> bool:
        """By the header's end: a file that mixes line ends is read record by record."""
        with self.open(file) as content:
            return content.readline(MAX_RECORD).endswith(b"\r\n")

    # Spark's readers

    def _group(
        self, form: str, dialect: Dialect, header: tuple[str, ...], crlf: bool, files: list[ReadFile]
    ) -> DataFrame:
        from pyspark.sql import functions as sf

        rows = self._parquet(files) if form == "parquet" else self._csv(files, dialect, header)
        types = dict(rows.dtypes)
        picked = [
            (self._value(form, header, name, types) if name in header else sf.lit(None).cast("string")).alias(
                f"_raw_{at}"
            )
            for at, name in enumerate(self.contract.column_names)
        ]
        corrupt = sf.lit(False) if form == "parquet" else sf.col("_corrupt_record").isNotNull()
        if crlf:  # Spark makes LF of every CRLF there, inside quotes too, and what it was cannot be told
            fields = [
                sf.coalesce(sf.contains(sf.col(f"_field_{at}"), sf.lit("\n")), sf.lit(False))
                for at in range(len(header))
            ]
            corrupt = reduce(or_, fields, corrupt)
        return rows.select(_number(files).alias("_file"), corrupt.alias("_corrupt"), *picked)

    def _csv(self, files: list[ReadFile], dialect: Dialect, header: tuple[str, ...]) -> DataFrame:
        # Fields are named by their place: a header may hold names that Spark takes for the same.
        fields = ", ".join(f"_field_{at} string" for at in range(len(header)))
        return (
            self._reader()
            .schema(f"{fields}, _corrupt_record string")
            .options(
                header=True,
                sep=dialect.delimiter,
                quote=dialect.quote,
                escape=dialect.escape,
                charToEscapeQuoteEscaping="\0" if dialect.escape == dialect.quote else dialect.escape,
                encoding={"latin-1": "ISO-8859-1", "utf-8": "UTF-8"}[dialect.encoding],
                multiLine=True,
                mode="PERMISSIVE",
                columnNameOfCorruptRecord="_corrupt_record",
                unescapedQuoteHandling="RAISE_ERROR",
                nullValue="",
                emptyValue="",
                maxCharsPerColumn=-1,
            )
            .csv(_paths(files))
        )

    def _parquet(self, files: list[ReadFile]) -> DataFrame:
        return self._reader().parquet(*_paths(files))

    def _reader(self) -> DataFrameReader:
        # Folders such as ingest_date=… are no column of the files.
        return self._spark.read.option("recursiveFileLookup", True)

    def _value(self, form: str, header: tuple[str, ...], name: str, types: Mapping[str, str]) -> Column:
        """A field as text, None where it is empty."""
        from pyspark.sql import functions as sf

        if form == "parquet":
            column = self.contract.column(name)
            return self._parquet_value(column, types[column.name_in_files])
        return sf.expr(f"nullif(_field_{header.index(name)}, '')")

    def _parquet_value(self, column: tables.Column, type_: str) -> Column:
        """A typed value as the text that the contract's CSV form would hold; a text as it is."""
        from pyspark.sql import functions as sf

        field = "`" + column.name_in_files.replace("`", "``") + "`"
        if type_ == "string":
            return sf.expr(f"nullif({field}, '')")
        plain = sf.expr(double_text(field) if type_ in ("double", "float") else f"CAST({field} AS string)")
        if column.type.kind in ISO_FORMATS:
            format_ = java_format(column.format or ISO_FORMATS[column.type.kind])
            moment = sf.expr(f"try_cast(CAST({field} AS string) AS timestamp_ntz)")
            return sf.coalesce(sf.date_format(moment, format_), plain)
        if column.type.kind in ("decimal", "double"):
            return sf.replace(plain, sf.lit("."), sf.lit(self._source.dialect.decimal_separator))
        return plain


def _paths(files: list[ReadFile]) -> list[str]:
    return [file.location for file in files]


def _number(files: list[ReadFile]) -> Column:
    """The number of the file that a row comes from, by the file's name: a bronze name begins with its content's
    hash.
    """
    from pyspark.sql import functions as sf

    if len(files) == 1:
        return sf.lit(files[0].number)
    names = {file.location.rsplit("/", 1)[1]: file.number for file in files}
    assert len(names) == len(files), "two files of one staging have the same name"
    pairs = [part for name, number in names.items() for part in (sf.lit(name), sf.lit(number))]
    path = sf.substring_index(sf.col("_metadata.file_path"), "/", -1)
    return sf.element_at(sf.create_map(*pairs), path)


def damaged_originals(reader: Reader, told: str) -> set[int]:
    """The CSV files that an error of Spark's reader may speak of: those it names, else all that it reads as
    received.
    """
    originals = [file for file in reader.files if reader.is_original(file)]
    named = {file.number for file in originals if file.location.rsplit("/", 1)[1] in told}
    return named or {file.number for file in originals}
