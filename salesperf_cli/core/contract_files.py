"""Reads contract files: YAML → validated `odcs` document → frozen `Contract`.

Everything that follows from a document (row rules from type options, unique and foreign keys) is derived here, once, so
that engines and commands see rules only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesperf_cli.core.contracts import (
    Bounds,
    Contract,
    ForeignKeyRule,
    FreshnessRule,
    RowCountChangeRule,
    RowCountRule,
    RowRule,
    Source,
    SqlRule,
    TableRule,
    UniqueRule,
)
from salesperf_cli.core.csv_records import Dialect
from salesperf_cli.core.tables import RECEIVED_LAYERS, Column, ColumnType, Partition, TableName
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from salesperf_cli.core.api.description import Api
    from salesperf_cli.core.odcs import ContractDocument, CustomProperty, Property, Quality, Relationship, SchemaObject

_LOGICAL_TYPES = {
    "string": "string",
    "int": "integer",
    "bigint": "integer",
    "double": "number",
    "decimal": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


def read_contract(file: Path) -> Contract:
    """Read one contract file; raises InputError that lists every fault found in it."""
    import yaml
    from pydantic import ValidationError

    from salesperf_cli.core.odcs import ContractDocument

    text = file.read_bytes()
    try:
        raw = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
        document = ContractDocument.model_validate(raw)
        return _contract(document, origin=str(file), fingerprint=hashlib.sha256(text).hexdigest())
    except yaml.YAMLError as fault:
        raise _invalid(file, str(fault).splitlines()) from fault
    except ValidationError as fault:
        lines = [f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in fault.errors()]
        raise _invalid(file, lines) from fault
    except ValueError as fault:
        raise _invalid(file, [str(fault)]) from fault


def _invalid(file: Path, lines: list[str]) -> InputError:
    return InputError(
        f"the contract {file.name} is not valid",
        why=lines[0],
        detail=tuple(lines[1:]),
        remedy=f"edit {file} and run: salesperf contract lint",
    )


def _contract(document: ContractDocument, *, origin: str, fingerprint: str) -> Contract:
    table = document.schema_[0]
    custom = _values(table.customProperties)
    name = TableName.parse(table.physicalName)
    _check_table(table, name, custom)
    return Contract(
        name=name,
        version=document.version,
        owner=document.team.name or "",
        description=table.description or document.description.purpose or "",
        description_pt=str(custom.get("descriptionPt", "")),
        columns=tuple(_column(each) for each in table.properties),
        key=_key(table),
        partition=_partition(table),
        incremental=custom.get("incremental", "full"),
        row_rules=tuple(_row_rules(table)),
        table_rules=tuple(_table_rules(table)),
        source=(
            _source(custom, tuple(each.name for each in table.properties)) if name.layer in RECEIVED_LAYERS else None
        ),
        origin=origin,
        fingerprint=fingerprint,
    )


def _values(properties: list[CustomProperty]) -> Mapping[str, Any]:
    return {each.property: each.value for each in properties}


def _check_table(table: SchemaObject, name: TableName, custom: Mapping[str, Any]) -> None:
    names = [each.name for each in table.properties]
    doubled = sorted({each for each in names if names.count(each) > 1})
    if doubled:
        raise ValueError(f"columns stand twice: {', '.join(doubled)}")
    received = name.layer in RECEIVED_LAYERS
    if name.layer != "bronze" and (odd := [each.name for each in table.properties if each.physicalName]):
        raise ValueError(f"column {odd[0]}: physicalName is what received files call it, and {name} is none of them")
    if received and not custom.get("filePatterns"):
        raise ValueError("a bronze contract needs the custom property filePatterns")
    if received and (wrong := [each.name for each in table.properties if each.unique or each.relationships]):
        raise ValueError(f"column {wrong[0]}: unique and relationships belong on silver or gold; bronze judges rows")
    if custom.get("incremental", "full") not in ("full", "merge", "touched"):
        raise ValueError("incremental is one of full, merge, touched")
    for rule in (*table.quality, *(rule for each in table.properties for rule in each.quality)):
        _check_rule(rule, of_source=received)


def _check_rule(rule: Quality, *, of_source: bool) -> None:
    """Refuse a rule that would silently do nothing."""
    custom, fault = rule.implementation, ""
    if rule.type == "custom" and custom is None:
        fault = "a custom rule needs an implementation"
    elif rule.type == "sql" and not rule.query:
        fault = "an sql rule needs a query"
    elif rule.type == "library" and rule.metric is None:
        fault = "a library rule needs a metric"
    elif custom and custom.rule == "row" and not custom.expression:
        fault = "a row rule needs an expression"
    elif custom and custom.rule == "freshness" and not custom.column:
        fault = "a freshness rule needs a column"
    elif rule.metric in ("invalidValues", "nullValues") and rule.mustBe not in (None, 0):
        fault = f"{rule.metric} judges each row, so mustBe is 0"
    elif of_source and not _judges_rows(rule):
        fault = "on a bronze contract rules judge rows; a rule of the whole table belongs on silver or gold"
    if fault:
        raise ValueError(f"rule {rule.name}: {fault}")


def _judges_rows(rule: Quality) -> bool:
    if rule.type == "text":
        return True
    return rule.metric in ("invalidValues", "nullValues") or bool(
        rule.implementation and rule.implementation.rule == "row"
    )


def _column(each: Property) -> Column:
    type_ = ColumnType.parse(each.physicalType)
    if _LOGICAL_TYPES[type_.kind] != each.logicalType:
        raise ValueError(f"column {each.name}: physicalType {type_} does not fit logicalType {each.logicalType}")
    return Column(
        name=each.name,
        type=type_,
        required=each.required or each.primaryKey,
        description=each.description,
        description_pt=str(_values(each.customProperties).get("descriptionPt", "")),
        classification=each.classification,
        format=each.logicalTypeOptions.format,
        physical_name=each.physicalName,
    )


def _key(table: SchemaObject) -> tuple[str, ...]:
    keyed = sorted((each for each in table.properties if each.primaryKey), key=lambda each: each.primaryKeyPosition)
    return tuple(each.name for each in keyed)


def _partition(table: SchemaObject) -> Partition | None:
    partitioned = [each for each in table.properties if each.partitioned]
    if not partitioned:
        return None
    if len(partitioned) > 1:
        raise ValueError("a table is partitioned by one column at most")
    transform = _values(partitioned[0].customProperties).get("partitionTransform", "identity")
    if transform not in ("identity", "day", "month", "year"):
        raise ValueError("partitionTransform is one of identity, day, month, year")
    return Partition(partitioned[0].name, transform)


def _source(custom: Mapping[str, Any], columns: tuple[str, ...]) -> Source:
    dialect = custom.get("dialect") or {}
    known = {"delimiter", "quote", "escape", "encoding", "decimalSeparator"}
    if unknown := sorted(set(dialect) - known):
        raise ValueError(f"dialect: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    extra = custom.get("extraColumns", "refuse")
    if extra not in ("refuse", "ignore"):
        raise ValueError("extraColumns is one of refuse, ignore")
    renamed = {("decimal_separator" if name == "decimalSeparator" else name): value for name, value in dialect.items()}
    return Source(
        file_patterns=tuple(str(pattern).lower() for pattern in custom["filePatterns"]),
        dialect=Dialect(**renamed),
        ignore_extra_columns=extra == "ignore",
        api=_api(custom["api"], columns) if "api" in custom else None,
    )


def _api(value: object, columns: tuple[str, ...]) -> Api:
    from salesperf_cli.core.api.form import read_api

    return read_api(value, columns)


def _row_rules(table: SchemaObject) -> Iterator[RowRule]:
    for each in table.properties:
        yield from _column_row_rules(each)
    for rule in table.quality:
        if rule.implementation and rule.implementation.rule == "row":
            yield RowRule(rule.name, rule.severity, rule.description, None, rule.implementation.expression or "")


def _column_row_rules(each: Property) -> Iterator[RowRule]:
    """The rules that stand on a column: those that its declaration implies, and those that it names."""
    for name, words, expression in _implied(each):
        yield RowRule(f"{each.name}_{name}", "error", words, each.name, expression)
    for rule in each.quality:
        if built := _column_row_rule(each, rule):
            yield built


def _implied(each: Property) -> Iterator[tuple[str, str, str]]:
    """Name, reason and expression. Pattern and lengths read text, bounds compare in the column's type."""
    name, options = each.name, each.logicalTypeOptions
    if each.required or each.primaryKey:
        yield "required", f"{name} must not be missing", f"{name} IS NOT NULL"
    for word, sign, bound in (("minimum", ">=", options.minimum), ("maximum", "<=", options.maximum)):
        if bound is not None:
            limit = _literal(each, bound)
            yield word, f"{name} must be {sign} {limit}", f"{name} {sign} {limit}"
    for word, sign, length in (("min_length", ">=", options.minLength), ("max_length", "<=", options.maxLength)):
        if length is not None:
            yield word, f"{name} must have a length {sign} {length}", f"length({name}) {sign} {length}"
    if options.pattern is not None:
        whole = rf"^({options.pattern})\z"
        yield "pattern", f"{name} must look like {options.pattern}", f"{name} RLIKE {_quoted(whole)}"


def _column_row_rule(each: Property, rule: Quality) -> RowRule | None:
    name = each.name
    if rule.metric == "invalidValues":
        values = rule.arguments.get("validValues")
        if not isinstance(values, list) or not values:
            raise ValueError(f"rule {rule.name}: invalidValues needs arguments.validValues, a list")
        listed = ", ".join(_literal(each, value) for value in values)
        words, expression = f"{name} is not one of the known values", f"{name} IN ({listed})"
    elif rule.metric == "nullValues":
        words, expression = f"{name} is missing", f"{name} IS NOT NULL"
    elif rule.implementation and rule.implementation.rule == "row":
        words = expression = rule.implementation.expression or ""
    else:
        return None
    return RowRule(rule.name, rule.severity, rule.description or words, name, expression)


def _literal(each: Property, value: object) -> str:
    """A bound or value as a literal of portable SQL, in the column's type."""
    if each.logicalType in ("date", "timestamp"):
        return f"{each.logicalType.upper()} {_quoted(str(value))}"
    if each.logicalType == "string":
        return _quoted(str(value))
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def _quoted(text: str) -> str:
    """A string literal of Spark SQL, where a backslash escapes and so stands doubled."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _table_rules(table: SchemaObject) -> Iterator[TableRule]:
    if table.physicalType == "table":
        if key := _key(table):
            yield UniqueRule("unique_key", "error", f"{' + '.join(key)} identifies a row", None, key)
        for each in table.properties:
            if each.unique:
                yield UniqueRule(f"{each.name}_unique", "error", f"{each.name} is unique", each.name, (each.name,))
            for relationship in each.relationships:
                yield _foreign_key(each, relationship)
    for column, rule in _all_rules(table):
        if built := _table_rule(column, rule):
            yield built


def _all_rules(table: SchemaObject) -> Iterator[tuple[str | None, Quality]]:
    yield from ((None, rule) for rule in table.quality)
    yield from ((each.name, rule) for each in table.properties for rule in each.quality)


def _foreign_key(each: Property, relationship: Relationship) -> ForeignKeyRule:
    severity = _values(relationship.customProperties).get("severity", "error")
    if severity not in ("error", "warning"):
        raise ValueError(f"column {each.name}: the severity of a relationship is error or warning")
    layer, table, column = relationship.to.split(".")
    description = f"{each.name} stands in {relationship.to}"
    return ForeignKeyRule(f"{each.name}_known", severity, description, each.name, TableName(layer, table), column)


def _table_rule(column: str | None, rule: Quality) -> TableRule | None:
    name, severity, words = rule.name, rule.severity, rule.description
    if rule.type == "sql":
        return SqlRule(name, severity, words, column, rule.query or "", _bounds(rule))
    if rule.metric == "rowCount":
        return RowCountRule(name, severity, words, column, _bounds(rule))
    if rule.metric == "duplicateValues":
        columns = tuple(rule.arguments.get("properties", [column] if column else []))
        return UniqueRule(name, severity, words, column, columns)
    custom = rule.implementation
    if custom and custom.rule == "freshness":
        return FreshnessRule(name, severity, words, custom.column, custom.maxAgeDays, custom.neverBackwards)
    if custom and custom.rule == "rowCountChange":
        return RowCountChangeRule(name, severity, words, None, Bounds(custom.minPercent, custom.maxPercent))
    return None


def _bounds(rule: Quality) -> Bounds:
    if rule.mustBe is not None:
        return Bounds(rule.mustBe, rule.mustBe)
    if rule.mustBeBetween is not None:
        return Bounds(rule.mustBeBetween[0], rule.mustBeBetween[1])
    least = rule.mustBeGreaterThan if rule.mustBeGreaterThan is not None else rule.mustBeGreaterOrEqualTo
    most = rule.mustBeLessThan if rule.mustBeLessThan is not None else rule.mustBeLessOrEqualTo
    if least is None and most is None:
        raise ValueError(f"rule {rule.name}: say what the figure must be (mustBe, mustBeBetween, mustBeGreaterThan, …)")
    return Bounds(least, most, rule.mustBeGreaterThan is None, rule.mustBeLessThan is None)
