"""The page of the contract format: fields from the pydantic models, and what the engine derives from them."""

from __future__ import annotations

from dataclasses import fields
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from pages.contract_fields import MEANINGS, PARTS
from pages.markdown import anchor, table, words
from salesperf_cli.core.csv_records import Dialect
from salesperf_cli.core.tables import PartitionTransform, TypeKind

_FORMAT_HEAD = """# Contract format

A contract is one YAML file a table, `contracts/<layer>/<table>.yaml`, in the form of the Open Data Contract Standard
(ODCS) v3.1. A field that is not listed here is refused, so that a typing error cannot switch a rule off. Check a folder
with `salesperf contract lint`.

What the engine adds stands in the standard's own extension points: `customProperties`, and rules with
`type: custom, engine: salesperf`.
"""


def contract_format_page() -> str:
    """Fields from the pydantic models, and what the engine derives from them."""
    parts = [_FORMAT_HEAD]
    for model, title in PARTS.items():
        rows = []
        for name, field in model.model_fields.items():
            need = "yes" if field.is_required() else ""
            rows.append(
                (f"`{field.alias or name}`", _shown_type(field.annotation), need, MEANINGS[f"{model.__name__}.{name}"])
            )
        parts.append(f"## {title}\n\n{table(('Field', 'Type', 'Required', 'Meaning'), rows)}")
    parts.append(_types_section())
    parts.append(_CUSTOM_SECTION.format(dialect=_dialect_defaults(), transforms=words(get_args(PartitionTransform))))
    parts.append(_RULES_SECTION)
    return "\n".join(parts).rstrip() + "\n"


def _shown_type(annotation: Any) -> str:
    """A pydantic annotation in the words of YAML."""
    arguments = [each for each in get_args(annotation) if each is not type(None)]
    origin = get_origin(annotation)
    if origin is list:
        return f"list of {_shown_type(arguments[0])}"
    if origin is dict:
        return "mapping"
    if arguments and all(isinstance(each, str) for each in arguments):
        return words(arguments)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_shown_type(each) for each in arguments))
    if hasattr(annotation, "__metadata__"):  # Annotated[type, …]
        return _shown_type(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{anchor(PARTS[annotation])})"
    return {str: "text", int: "whole number", float: "number", bool: "true or false"}.get(annotation, "anything")


def _types_section() -> str:
    kinds = [f"{kind}(p,s)" if kind == "decimal" else kind for kind in get_args(TypeKind)]
    return (
        f"## Types\n\n`physicalType` is one of {words(kinds)}. A decimal has 1 to 38 digits.\nA timestamp has no zone. "
        "In bronze a text must have the type's shape before it is cast: `12.7` is no int, and\n"
        "`1.999` is no decimal with two decimals.\n"
    )


def _dialect_defaults() -> str:
    names = {"decimal_separator": "decimalSeparator"}
    shown = [f"`{names.get(field.name, field.name)}` `{field.default}`" for field in fields(Dialect)]
    return ", ".join(shown)


_CUSTOM_SECTION = """## Custom properties

| Property | Where | Meaning |
|---|---|---|
| `descriptionPt` | table, column | The description in Portuguese. |
| `filePatterns` | bronze table | Patterns of file names in lower case, such as `["orders*"]`. Required in bronze. |
| `dialect` | bronze table | How its CSV is written. The defaults: {dialect}. |
| `api` | bronze table | The HTTP API that gives its records; [its fields](#api-a-custom-property-an-http-api-as-a-source). |
| `extraColumns` | bronze table | `refuse` (the default) or `ignore` columns that the contract does not name. |
| `incremental` | silver, gold table | `full` (the default), `merge` or `touched`; see below. |
| `partitionTransform` | partition column | {transforms}; `identity` is the default. |
| `severity` | relationship | `error` (the default) or `warning`. |

`incremental` says how a table is kept up to date:

- `full`: recomputed whole when an input changed.
- `merge`: the model reads one bronze table row by row and keeps its key. Rows of new files pass through it and replace
  rows of the same key.
- `touched`: `models/gold/<table>.touched.sql` names the partitions to recompute. It may read `changed.<table>`: the rows,
  old and new, in which a silver table changed.
"""

_RULES_SECTION = """## Rules

These follow from the columns, without being written down:

| Declared | Bronze: judges rows | Silver and gold: judges the table |
|---|---|---|
| `physicalType` | `<column>_type` | held by the cast that the model pins |
| `required`, `primaryKey` | `<column>_required` | `<column>_required` |
| `minimum`, `maximum` | `<column>_minimum`, `<column>_maximum` | the same |
| `minLength`, `maxLength` | `<column>_min_length`, `<column>_max_length` | the same |
| `pattern` | `<column>_pattern` | the same |
| `primaryKey` | de-duplication; `duplicate_key` for conflicts | `unique_key` |
| `unique` | | `<column>_unique` |
| `relationships` | | `<column>_known` |

A record that cannot be read (wrong number of fields, broken quotes, NUL, invalid text) breaks the rule `malformed`.

Rules that are written down:

| Rule | Layer | Holds when |
|---|---|---|
| `metric: invalidValues` | all | every value that is not null is one of `arguments.validValues` |
| `metric: nullValues` | all | no value is null |
| `metric: rowCount` | silver, gold | the number of rows is what `mustBe…` says |
| `metric: duplicateValues` | silver, gold | no two rows share the values of the column, or of `arguments.properties` |
| `type: sql` | silver, gold | the number that `query` gives is what `mustBe…` says |
| `rule: row` | all | `expression` is true or null in every row |
| `rule: freshness` | silver, gold | the newest value is young enough, or not older than in the last release |
| `rule: rowCountChange` | silver, gold | rows changed by a percentage in range since the last release |

With severity `error`, a rule on a bronze contract sends the row to `quarantine.<table>`, and a rule on a silver or gold
contract blocks promotion. With `warning` both only count.
"""
