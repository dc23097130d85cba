"""What staging means on every engine: the rules that refuse a row and their numbers, damaged files, the accounting.

Reading, casting and judging rows is an engine's business (`backends/embedded/staging`, `backends/spark/staging`).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from salesperf_cli.core.build import StagedFile
from salesperf_cli.core.contracts import Contract, RowRule
from salesperf_cli.core.csv_records import Dialect, Malformed, Record, split_records
from salesperf_cli.core.json_records import JsonRecord, json_records
from salesperf_cli.core.ledger import CheckRecord, FileCount, Receipt

JSON_FORMS = ("ndjson", "json")
"""One object a line, and one array of objects."""
Raw = tuple[str | None, ...]
"""A row's fields as text, in the order of the contract's columns."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rule by which a row can be refused: its name and the reason given."""

    rule: str
    reason: str


DUPLICATE_KEY = Judgement("duplicate_key", "another row of the same delivery has this key and other values")


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as it will be read: its number in this staging, where it lies, in which form and dialect."""

    number: int
    staged: StagedFile
    location: str
    form: str
    dialect: Dialect
    header: tuple[str, ...]


def judgements(contract: Contract) -> tuple[Judgement, ...]:
    """Every reason for refusing a row that can be read, at the place of its number: columns' types, then the rules."""
    types = (
        Judgement(f"{column.name}_type", f"{column.name} is not {_article(str(column.type))}")
        for column in contract.columns
    )
    rules = (Judgement(rule.name, rule.description or rule.expression) for rule in error_rules(contract))
    return (*types, *rules)


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def error_rules(contract: Contract) -> tuple[RowRule, ...]:
    """The row rules that refuse a row."""
    return tuple(rule for rule in contract.row_rules if rule.severity == "error")


def warning_rules(contract: Contract) -> tuple[RowRule, ...]:
    """The row rules that only count."""
    return tuple(rule for rule in contract.row_rules if rule.severity == "warning")


def warning_records(contract: Contract, counts: Sequence[int]) -> tuple[CheckRecord, ...]:
    """The verdicts of the warning rules, given how many loaded rows break each."""
    return tuple(
        CheckRecord(str(contract.name), rule.name, "warning", count == 0, count, rule.description or rule.expression)
        for rule, count in zip(warning_rules(contract), counts, strict=True)
    )


def needs_record_reader(file: ReadFile) -> bool:
    """Whether a file must be read record by record from the start: engines differ on such bytes."""
    if file.form == "csv":
        return file.staged.receipt.damaged or file.dialect.encoding == "windows-1252"
    return file.form in JSON_FORMS


def good_records(
    content: BinaryIO, file: ReadFile, contract: Contract, malformed: list[tuple[int, Malformed]]
) -> Iterator[Record]:
    """The records of a CSV or JSON file that can be read; the others are added to `malformed` with the file's
    number.
    """
    is_csv = file.form == "csv"
    records = split_records(content, file.dialect, len(file.header)) if is_csv else _of_json(content, file, contract)
    for record in records:
        if isinstance(record, Malformed):
            malformed.append((file.number, record))
        else:
            yield record


def _of_json(content: BinaryIO, file: ReadFile, contract: Contract) -> Iterator[Record | Malformed]:
    for record in json_records_of(content, file.form, contract):
        if record.fields is None:
            yield Malformed(record.line, record.reason, record.text)
        else:
            yield Record(record.line, record.fields)


def json_records_of(content: BinaryIO, form: str, contract: Contract) -> Iterator[JsonRecord]:
    """The records of a JSON file with the contract's columns."""
    assert contract.source is not None
    separator = contract.source.dialect.decimal_separator
    return json_records(content, contract.names_in_files, lines=form == "ndjson", decimal_separator=separator)


def inflated(stream: BinaryIO, receipt: Receipt) -> BinaryIO:
    """A file's content, given its bytes as stored."""
    return cast(BinaryIO, gzip.open(stream, "rb")) if receipt.format.endswith(".gz") else stream


def file_counts(
    contract: Contract,
    files: Sequence[ReadFile],
    *,
    read: Mapping[int, int],
    loaded: Mapping[int, int],
    refused: Mapping[int, int],
    duplicates: Mapping[int, int],
) -> tuple[FileCount, ...]:
    """The accounting of each file, given the counts by file number."""
    return tuple(
        FileCount(
            table=contract.name.table,
            key=file.staged.receipt.key,
            name=file.staged.receipt.name,
            read=read.get(file.number, 0),
            loaded=loaded.get(file.number, 0),
            quarantined=refused.get(file.number, 0),
            duplicates=duplicates.get(file.number, 0),
        )
        for file in files
    )
