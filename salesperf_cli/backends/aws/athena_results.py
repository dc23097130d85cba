"""The rows of an Athena answer: few from the API's first page, many from the CSV on S3, all typed by column.

Athena writes values as text. In the API a missing value is NULL; in the CSV a field without quotes, for texts are
always quoted. Arrays, maps and rows stay the text that Athena makes of them, from which no value can be read for sure.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesperf_cli.backends.aws.faults import code_of, told
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.backends.ports import QueryCost
from salesperf_cli.errors import InputError, RetryableError

if TYPE_CHECKING:
    from pyathena.model import AthenaQueryExecution

LONGEST_ROW = 32 << 20
"""Bytes of a row of the CSV that can be read (Athena's own limit: Amazon Athena service quotas)."""
TRIES = 4
"""So often one download is taken up again where it broke off."""

_NAMES = {"int": "integer", "float": "real", "string": "varchar"}


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of the answer: its name and Athena type, such as `decimal(38,2)`."""

    name: str
    type: str

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> ResultColumn:
        """From the API's ColumnInfo."""
        kind = str(info["Type"]).lower()
        if kind == "decimal":
            kind = f"decimal({info.get('Precision', 38)},{info.get('Scale', 0)})"
        return cls(str(info.get("Label") or info["Name"]), _NAMES.get(kind, kind))


class ResultPages:
    """The answer as the API pages it, up to 1,000 rows a page."""

    def __init__(self, athena: Any, query_id: str) -> None:
        self._athena = athena
        self._query_id = query_id

    def page(self, token: str | None = None) -> dict[str, Any]:
        """One page."""
        request = {"QueryExecutionId": self._query_id} | ({"NextToken": token} if token else {})
        with told("read the answer"):
            found: dict[str, Any] = self._athena.get_query_results(**request)
            return found

    def following(self, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A page and those after it."""
        yield page
        while token := page.get("NextToken"):
            page = self.page(token)
            yield page


class AthenaAnswer:
    """Implements `CostedAnswer` over batches of text columns."""

    def __init__(self, columns: Sequence[ResultColumn], batches: Iterator[list[Any]], cost: QueryCost) -> None:
        self.columns = tuple((column.name, column.type) for column in columns)
        self.cost = cost
        self._typed = columns
        self._batches = batches
        self._ahead: list[tuple[Any, ...]] = []
        self._at = 0

    @classmethod
    @contextmanager
    def opened(
        cls, session: AwsSession, pages: ResultPages, execution: AthenaQueryExecution, cost: QueryCost
    ) -> Iterator[AthenaAnswer]:
        """The answer of a query that succeeded."""
        first = pages.page()
        columns = [ResultColumn.of(each) for each in first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
        file = None
        if first.get("NextToken") and execution.statement_type == "DML":
            file = _opened_csv(session, execution.output_location)
        if file is None:
            yield cls(columns, _paged(pages.following(first), columns), cost)
            return
        with file:
            yield cls(columns, _read_csv(file, len(columns)), cost)

    def fetch(self, count: int) -> list[tuple[Any, ...]]:
        """The next rows, at most `count`; none at the end."""
        while self._at >= len(self._ahead):
            batch = next(self._batches, None)
            if batch is None:
                return []
            values = [_typed(texts, column).to_pylist() for texts, column in zip(batch, self._typed, strict=True)]
            self._ahead, self._at = list(zip(*values, strict=True)), 0
        rows = self._ahead[self._at : self._at + count]
        self._at += len(rows)
        return rows

    def arrow(self) -> Any:
        """All remaining rows as an Arrow table."""
        import pyarrow as pa

        schema = pa.schema([(column.name, _arrow_type(column.type)) for column in self._typed])
        batches = [
            pa.record_batch(
                [_typed(texts, column) for texts, column in zip(batch, self._typed, strict=True)], schema=schema
            )
            for batch in self._batches
        ]
        return pa.Table.from_batches(batches, schema)


# pages


def _paged(pages: Iterable[dict[str, Any]], columns: Sequence[ResultColumn]) -> Iterator[list[Any]]:
    """The pages as columns of text. A query's first row holds the names of its columns."""
    import pyarrow as pa

    names = [column.name for column in columns]
    for number, page in enumerate(pages):
        rows = [_cells(row, len(columns)) for row in page["ResultSet"]["Rows"]]
        if number == 0 and rows and [cell or "" for cell in rows[0]] == names:
            rows = rows[1:]
        if rows:
            yield [pa.array(texts, pa.string()) for texts in zip(*rows, strict=True)]


def _cells(row: Mapping[str, Any], width: int) -> list[str | None]:
    """A row's texts. DESCRIBE gives a whole line in one cell, padded and with tabs between."""
    cells = [cell.get("VarCharValue") for cell in row.get("Data", ())]
    if width > 1 and len(cells) == 1 and cells[0] is not None:
        cells = [part.strip() for part in str(cells[0]).split("\t")]
    return [*cells, *[None] * (width - len(cells))][:width]


# the CSV on S3


def _opened_csv(session: AwsSession, location: str | None) -> io.BufferedReader | None:
    """The answer's file, or None where it cannot be had: the pages then tell the same more slowly."""
    from botocore.exceptions import ClientError

    bucket, _, key = (location or "").removeprefix("s3://").partition("/")
    if not key.endswith(".csv"):
        return None
    try:
        return io.BufferedReader(_Download(session.client("s3"), bucket, key), 1 << 20)
    except ClientError as fault:
        if code_of(fault) in ("NoSuchKey", "NoSuchBucket", "AccessDenied", "403", "404"):
            return None
        raise


class _Download(io.RawIOBase):
    """An object's bytes; a connection that breaks is taken up where it broke off, on the same object."""

    def __init__(self, s3: Any, bucket: str, key: str) -> None:
        self._s3, self._where = s3, {"Bucket": bucket, "Key": key}
        self._at = 0
        found = s3.get_object(**self._where)
        self._body, self._etag, self._size = found["Body"], found["ETag"], int(found["ContentLength"])

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a part of the buffer; 0 at the end."""
        if self._at >= self._size:
            return 0
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _read(self, count: int) -> bytes:
        from botocore.exceptions import BotoCoreError

        for left in reversed(range(TRIES)):
            try:
                if data := bytes(self._body.read(count)):
                    return data
                fault: Exception = EOFError("the connection ended early")
            except (BotoCoreError, OSError) as error:
                fault = error
            if left:
                self._resume()
        raise RetryableError(
            "the answer could not be read to its end", why=str(fault), remedy="run the same command again"
        ) from fault

    def _resume(self) -> None:
        with told("read the answer"):
            found = self._s3.get_object(**self._where, Range=f"bytes={self._at}-", IfMatch=self._etag)
        self._body = found["Body"]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    def close(self) -> None:
        """Let go of the connection."""
        with suppress(Exception):
            self._body.close()
        super().close()


def _read_csv(file: io.BufferedReader, width: int) -> Iterator[list[Any]]:
    """The file's rows as columns of text, a block at a time."""
    import pyarrow as pa
    from pyarrow import csv

    names = [f"c{at}" for at in range(width)]
    size = file.raw.size if isinstance(file.raw, _Download) else LONGEST_ROW
    try:
        reader = csv.open_csv(
            pa.PythonFile(file, mode="r"),
            read_options=csv.ReadOptions(
                column_names=names, skip_rows_after_names=1, block_size=max(1 << 16, min(size + 1, LONGEST_ROW))
            ),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        for batch in reader:
            if batch.num_rows:
                yield batch.columns
    except pa.ArrowInvalid as fault:
        raise _unreadable("the file", str(fault)) from fault


# values


def _arrow_type(kind: str) -> Any:
    """The Arrow type of an Athena type; text for all that is not a plain value."""
    import pyarrow as pa

    if kind.startswith("decimal("):
        precision, scale = kind[8:-1].split(",")
        return pa.decimal128(int(precision), int(scale))
    plain: dict[str, Callable[[], Any]] = {
        "tinyint": pa.int8, "smallint": pa.int16, "integer": pa.int32, "bigint": pa.int64, "real": pa.float32,
        "double": pa.float64, "boolean": pa.bool_, "date": pa.date32, "varbinary": pa.binary,
        "timestamp": lambda: pa.timestamp("us"), "timestamp with time zone": lambda: pa.timestamp("us", "UTC"),
    }  # fmt: skip
    return plain.get(kind, pa.string)()


def _typed(texts: Any, column: ResultColumn) -> Any:
    """Texts as the values of a column's type. Raises InputError where one does not fit, as nanoseconds do not."""
    import pyarrow as pa
    from pyathena.converter import DefaultTypeConverter
    from pyathena.error import Error

    wanted = _arrow_type(column.type)
    try:
        if column.type in ("timestamp with time zone", "varbinary"):
            converter = DefaultTypeConverter()
            return pa.array([converter.convert(column.type, text) for text in texts.to_pylist()], wanted)
        return texts.cast(wanted)
    except (pa.ArrowInvalid, ValueError, Error) as fault:
        raise _unreadable(f"column {column.name} ({column.type})", str(fault)) from fault


def _unreadable(what: str, why: str) -> InputError:
    return InputError(
        f"{what} of the answer cannot be read",
        why=" ".join(why.split())[:200],
        remedy="select it as text: CAST(… AS varchar)",
    )
