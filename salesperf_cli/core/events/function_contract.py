"""Compiles an event contract into the small JSON by which the function judges: it knows no YAML and no SQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesperf_cli.core.tables import ColumnType
from salesperf_cli.core.text_shapes import ISO_FORMATS, shape, strptime_format

if TYPE_CHECKING:
    from salesperf_cli.core.odcs import Property


def function_contract(file: Path) -> bytes:
    """The contract file of an event table as `contract.json` has it.

    Rules on whole rows are left to the batch layer: the function judges columns one by one.
    """
    import yaml

    from salesperf_cli.core.contract_files import read_contract
    from salesperf_cli.core.odcs import ContractDocument

    contract = read_contract(file)
    document = ContractDocument.model_validate(yaml.safe_load(file.read_text("utf-8")))
    compiled = {
        "table": contract.name.table,
        "version": contract.version,
        "ignore_extra_columns": contract.source is not None and contract.source.ignore_extra_columns,
        "columns": [_column(each) for each in document.schema_[0].properties],
    }
    return (json.dumps(compiled, indent=1, ensure_ascii=False) + "\n").encode()


def _column(each: Property) -> dict[str, Any]:
    type_, options = ColumnType.parse(each.physicalType), each.logicalTypeOptions
    column: dict[str, Any] = {"name": each.name, "kind": type_.kind, "required": each.required or each.primaryKey}
    if type_.kind == "decimal":
        column |= {"precision": type_.precision, "scale": type_.scale}
    if type_.kind in ISO_FORMATS:
        format_ = options.format or ISO_FORMATS[type_.kind]
        column |= {"format": strptime_format(format_), "shape": shape(type_, format_)}
    limits = {
        "minimum": _plain(options.minimum),
        "maximum": _plain(options.maximum),
        "min_length": options.minLength,
        "max_length": options.maxLength,
        "pattern": options.pattern,
        "values": _values(each),
    }
    return column | {name: value for name, value in limits.items() if value is not None}


def _values(each: Property) -> list[Any] | None:
    """The values that an error rule on the column admits."""
    for rule in each.quality:
        if rule.metric == "invalidValues" and rule.severity == "error":
            return list(rule.arguments.get("validValues", ()))
    return None


def _plain(bound: float | str | None) -> float | str | None:
    """A bound as a person would write it: 1, not 1.0."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound
