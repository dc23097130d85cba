"""Reads the columns that a file declares and compares them with its contract's. Rows are not judged here."""

from __future__ import annotations

import csv
import io
import json
import zipfile
import zlib
from dataclasses import replace

from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.csv_records import Dialect
from salesperf_cli.core.sources import SourceFile
from salesperf_cli.errors import InputError, RefusedError

HEAD_BYTES = 1 << 20


def head(source: SourceFile) -> bytes:
    """The first bytes of a file's content, inflated; raises InputError when the file cannot be read."""
    try:
        with source.open() as stream:
            data = stream.read(HEAD_BYTES)
            return zlib.decompressobj(31).decompress(data, HEAD_BYTES) if source.gzip else data
    except (zlib.error, zipfile.BadZipFile, EOFError, OSError, ValueError) as fault:
        raise InputError(
            f"{source.shown} cannot be read", why=str(fault), remedy="check the file, then run the same command"
        ) from fault


def with_actual_form(source: SourceFile) -> SourceFile:
    """The file as what it is: `.json` names an array of objects as well as one object a line."""
    if source.format != "json" or _json_text(head(source)).startswith("["):
        return source
    return replace(source, format="ndjson")


def declared_columns(source: SourceFile, dialect: Dialect) -> tuple[str, ...]:
    """The columns that the file declares; raises RefusedError when it holds no row."""
    if source.format == "parquet":
        return _parquet_columns(source)
    data = head(source)
    if source.format == "csv":
        columns, has_rows = _csv_columns(data, dialect)
    else:
        columns, has_rows = _json_columns(source, data)
    if not has_rows:
        raise RefusedError(
            f"{source.shown} is empty",
            why="it holds no row, and an empty file must never replace data",
            remedy="check the export that wrote it; nothing was loaded",
        )
    return columns


def _csv_columns(data: bytes, dialect: Dialect) -> tuple[tuple[str, ...], bool]:
    encoding = "utf-8-sig" if dialect.encoding.lower() in ("utf-8", "utf8") else dialect.encoding
    text = data.decode(encoding, errors="replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter, quotechar=dialect.quote)
    rows = (row for row in reader if row)
    try:
        return tuple(name.strip() for name in next(rows, [])), next(rows, None) is not None
    except csv.Error:
        return (), True


def _json_columns(source: SourceFile, data: bytes) -> tuple[tuple[str, ...], bool]:
    """The keys of the first records; of later ones the engine reads the contract's columns only."""
    names: dict[str, None] = {}
    for record in _first_records(source, _json_text(data)):
        names |= dict.fromkeys(record)
    return tuple(names), bool(names)


def _json_text(data: bytes) -> str:
    return data.decode("utf-8-sig", errors="replace").lstrip()


def _first_records(source: SourceFile, text: str, limit: int = 100) -> list[dict[str, object]]:
    records: list[dict[str, object]] = []
    decoder, at = json.JSONDecoder(), 1 if text.startswith("[") else 0
    while len(records) < limit:
        while at < len(text) and text[at] in " \r\n\t,":
            at += 1
        try:
            record, at = decoder.raw_decode(text, at)
        except ValueError as fault:
            if records or not text.strip() or text[at : at + 1] == "]":
                break
            raise InputError(
                f"{source.shown} is not JSON", why=str(fault), remedy="give one object a line, or one array of objects"
            ) from fault
        if not isinstance(record, dict):
            raise InputError(
                f"{source.shown} does not hold records",
                why=f"a {type(record).__name__} stands where an object is expected",
                remedy="give one object a line, or one array of objects",
            )
        records.append(record)
    return records


def _parquet_columns(source: SourceFile) -> tuple[str, ...]:
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        with source.open() as stream:
            file = parquet.ParquetFile(io.BytesIO(stream.read()) if source.member else stream)
            if file.metadata.num_rows == 0:
                raise RefusedError(
                    f"{source.shown} is empty",
                    why="it holds no row, and an empty file must never replace data",
                    remedy="check the export that wrote it; nothing was loaded",
                )
            return tuple(str(name) for name in file.schema_arrow.names)
    except pyarrow.ArrowInvalid as fault:
        raise InputError(
            f"{source.shown} cannot be read as Parquet", why=str(fault), remedy="write the file again"
        ) from fault


def differences(source: SourceFile, columns: tuple[str, ...], contract: Contract) -> tuple[str, ...]:
    """What is wrong with the file's columns, a line each; empty when they fit the contract.

    A CSV names its columns by their place, so their order counts. JSON leaves out what is null, so only required
    columns must be there.
    """
    expected, given = contract.names_in_files, set(columns)
    sparse = source.format in ("json", "ndjson")
    needed = {column.name_in_files for column in contract.columns if column.required or not sparse}
    lines = [f"- {name}   (missing)" for name in expected if name in needed and name not in given]
    ignore_extra = contract.source is not None and contract.source.ignore_extra_columns
    if not ignore_extra:
        lines += [f"+ {name}   (not in the contract)" for name in columns if name not in expected]
    if len(columns) != len(given):
        lines += [f"! {name}   (stands twice)" for name in sorted(given) if columns.count(name) > 1]
    if not lines and source.format == "csv":
        known = [name for name in columns if name in expected]
        lines += [
            f"~ {name}   (column {at + 1} of the contract, found in another place)"
            for at, (name, found) in enumerate(zip(expected, known, strict=True))
            if name != found
        ]
    return tuple(lines)
