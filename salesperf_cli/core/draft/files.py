"""The files of a drafted pipeline: a contract of what is received, one of what is made of it, and the model between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesperf_cli.core.csv_records import DEFAULT_DIALECT, Dialect
from salesperf_cli.core.draft.names import identifier, identifiers
from salesperf_cli.core.draft.reading import DraftColumn, DraftTable
from salesperf_cli.core.tables import ColumnType
from salesperf_cli.errors import InputError

_LOGICAL = {"string": "string", "int": "integer", "bigint": "integer", "boolean": "boolean", "date": "date",
            "timestamp": "timestamp"}  # fmt: skip
_UNSAID = "Not described yet."


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file to be written, below the pipeline's folder."""

    path: Path
    text: str


def draft_files(folder: Path, tables: Sequence[DraftTable]) -> tuple[DraftFile, ...]:
    """What is to be written into a pipeline folder; raises InputError where one of the files is there already."""
    files = tuple(_files(folder, tables))
    if there := [each.path for each in files if each.path.exists()]:
        raise InputError(
            f"{there[0]} is there already",
            why="a draft overwrites nothing",
            remedy="draft into another folder, or remove that file first",
        )
    return files


def write(files: Sequence[DraftFile]) -> None:
    """Write them; what names the pipeline comes first."""
    for each in files:
        each.path.parent.mkdir(parents=True, exist_ok=True)
        with each.path.open("x", encoding="utf-8") as target:
            target.write(each.text)


def _files(folder: Path, tables: Sequence[DraftTable]) -> Iterator[DraftFile]:
    if not (folder / "pipeline.yaml").exists():
        yield DraftFile(folder / "pipeline.yaml", _yaml(_pipeline(folder)))
    for table in tables:
        names = identifiers(column.name for column in table.columns)
        yield DraftFile(
            folder / "contracts" / "bronze" / f"{table.name}.yaml", _remarks(table) + _yaml(_bronze(table, names))
        )
        yield DraftFile(folder / "contracts" / "silver" / f"{table.name}.yaml", _yaml(_silver(table, names)))
        yield DraftFile(folder / "models" / "silver" / f"{table.name}.sql", _model(table, names))


def _pipeline(folder: Path) -> Mapping[str, Any]:
    name = identifier(folder.resolve().name, otherwise="pipeline")
    return {"name": name, "title": name.replace("_", " ").capitalize(), "description": _UNSAID, "version": "0.1.0"}


def _remarks(table: DraftTable) -> str:
    """What a person has to look at, as comments."""
    rows = f"{'all' if table.is_all else 'the first'} {table.rows:,} rows"
    lines = [
        f"Drafted from {rows} of {', '.join(table.files)}. Look it through: types, keys, descriptions,",
        "what is personal data (classification: restricted), and names of later deliveries (filePatterns).",
    ]
    if not table.key:
        lines.append("No column tells all rows apart, nor do two or three: rows that are equal in all count once.")
    if table.unreadable:
        lines.append(f"{table.unreadable:,} rows are damaged: they go to quarantine.")
    lines += [f"{column.name}: {column.note}." for column in table.columns if column.note]
    return "".join(f"# {line}\n" for line in lines)


def _bronze(table: DraftTable, names: Mapping[str, str]) -> Mapping[str, Any]:
    custom: list[Mapping[str, Any]] = [{"property": "filePatterns", "value": list(table.patterns)}]
    if table.dialect != DEFAULT_DIALECT:
        custom.append({"property": "dialect", "value": _dialect(table.dialect)})
    properties = [_property(each, names[each.name], table.key, is_received=True) for each in table.columns]
    return _contract(f"bronze.{table.name}", "file", custom, properties)


def _silver(table: DraftTable, names: Mapping[str, str]) -> Mapping[str, Any]:
    custom = [{"property": "incremental", "value": "merge" if table.key else "full"}]
    properties = [_property(each, names[each.name], table.key, is_received=False) for each in table.columns]
    some = {"name": "some_rows", "type": "library", "metric": "rowCount", "mustBeGreaterThan": 0}
    return _contract(f"silver.{table.name}", "table", custom, properties, quality=[some])


def _contract(
    name: str, kind: str, custom: Sequence[Mapping[str, Any]], properties: Sequence[Mapping[str, Any]], **more: Any
) -> Mapping[str, Any]:
    table = name.partition(".")[2]
    schema = {
        "name": table,
        "physicalName": name,
        "physicalType": kind,
        "description": _UNSAID,
        "customProperties": list(custom),
        "properties": list(properties),
        **more,
    }
    head = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": name, "name": table, "version": "0.1.0"}
    return {**head, "status": "draft", "schema": [schema]}


def _property(column: DraftColumn, name: str, key: Sequence[str], *, is_received: bool) -> Mapping[str, Any]:
    kind = ColumnType.parse(column.type).kind
    said: dict[str, Any] = {"name": name}
    if is_received and name != column.name:
        said["physicalName"] = column.name
    said |= {"logicalType": _LOGICAL.get(kind, "number"), "physicalType": column.type}
    if column.name in key:
        said |= {"primaryKey": True, "primaryKeyPosition": key.index(column.name) + 1}
    if column.required:
        said["required"] = True
    if is_received and column.format:
        said["logicalTypeOptions"] = {"format": column.format}
    return {**said, "classification": "internal", "description": _UNSAID}


def _dialect(dialect: Dialect) -> Mapping[str, str]:
    said = {
        "delimiter": dialect.delimiter,
        "encoding": dialect.encoding,
        "decimalSeparator": dialect.decimal_separator,
    }
    usual = {"delimiter": ",", "encoding": "utf-8", "decimalSeparator": "."}
    return {name: value for name, value in said.items() if value != usual[name]}


def _model(table: DraftTable, names: Mapping[str, str]) -> str:
    """One SELECT that gives every column as it is: the place for what makes them clean."""
    columns = ",\n".join(
        f"  CAST({names[each.name]} AS {each.type.upper()}) AS {names[each.name]}" for each in table.columns
    )
    return f"SELECT\n{columns}\nFROM bronze.{table.name}\n"


def _yaml(document: Mapping[str, Any]) -> str:
    import yaml

    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110))
