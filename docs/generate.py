"""Writes the generated pages of docs/reference/ from the code and the contracts, so that they cannot drift.

`make docs` runs it; tests/unit/test_docs.py fails when a committed page differs. Pages written by hand are not touched.
"""

from __future__ import annotations

import inspect
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))  # the checkout's package, also where another one is installed

from pydantic import BaseModel  # noqa: E402

from salesperf_cli.app import SECTIONS, load_verb, run  # noqa: E402
from salesperf_cli.core import odcs  # noqa: E402
from salesperf_cli.core.api import form  # noqa: E402
from salesperf_cli.core.athena import reference_page  # noqa: E402
from salesperf_cli.core.contracts import Contract, RowRule, Rule  # noqa: E402
from salesperf_cli.core.cost.reference import reference_page as usage_page  # noqa: E402
from salesperf_cli.core.csv_records import Dialect  # noqa: E402
from salesperf_cli.core.events.function_contract import function_contract  # noqa: E402
from salesperf_cli.core.pipeline import load_pipeline  # noqa: E402
from salesperf_cli.core.portable import reference as portable  # noqa: E402
from salesperf_cli.core.tables import PartitionTransform, TypeKind  # noqa: E402
from salesperf_cli.environment import Environment  # noqa: E402
from salesperf_cli.errors import ExitCode, SalesperfError  # noqa: E402
from salesperf_cli.options import VerbGroup  # noqa: E402

HEAD = "<!-- Written by docs/generate.py. Change what it reads, then run: make docs -->\n\n"


def pages() -> dict[str, str]:
    """Every generated page: path below docs/ and text."""
    return {
        "reference/commands.md": HEAD + commands_page(),
        "reference/exit-codes.md": HEAD + exit_codes_page(),
        "reference/contract-format.md": HEAD + contract_format_page(),
        "reference/olist-tables.md": HEAD + tables_page(),
        "reference/athena-sql.md": reference_page(),
        "reference/usage-figures.md": HEAD + usage_page(),
        "reference/portable-functions.md": HEAD + portable.reference_page(_edge_cases()),
    }


def write() -> list[str]:
    """Write the pages that differ from what is on disk, and name them."""
    changed = []
    for name, text in pages().items():
        file = DOCS / name
        if not file.exists() or file.read_text("utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
            changed.append(name)
    return changed


# portable functions


def _edge_cases() -> dict[str, list[portable.Example]]:
    """The cases that tests/spark holds every engine to, by function."""
    found: dict[str, list[portable.Example]] = {}
    for line in (DOCS.parent / "tests" / "spark" / "edge_cases.jsonl").read_text("utf-8").split("\n"):
        if line:
            case = json.loads(line)
            for *inputs, result in case["rows"]:
                words = [json.dumps(each, ensure_ascii=False) for each in (*inputs, result)]
                example = portable.Example(case["sql"], ", ".join(words[:-1]), words[-1])
                found.setdefault(case["entry"], []).append(example)
    return found


# commands


def command_paths() -> Iterator[tuple[str, ...]]:
    """Every command as it is typed, groups before their commands, in the order of the first help page."""
    for verbs in SECTIONS.values():
        for name in verbs:
            yield (name,)
            command = load_verb(name)
            if isinstance(command, VerbGroup):
                yield from ((name, each) for each in command.commands)


def help_text(*words: str) -> str:
    """What `salesperf WORDS --help` prints on a terminal of 80 columns."""
    out = io.StringIO()
    world = Environment(stdin=io.StringIO(), stdout=out, stderr=io.StringIO(), variables={}, cwd=DOCS)
    code = run([*words, "--help"], world)
    if code:
        raise RuntimeError(f"salesperf {' '.join(words)} --help ends with {code}")
    return out.getvalue().rstrip()


def commands_page() -> str:
    """The help of every command."""
    parts = [
        "# Commands\n\nWhat each command prints with `--help`. Global options may stand before or after the command.\n"
        "Exit codes have [a page of their own](exit-codes.md), and so has [the SQL that `query` takes](athena-sql.md).\n",
        _code(help_text()),
    ]
    for words in command_paths():
        level = "##" if len(words) == 1 else "###"
        parts.append(f"{level} salesperf {' '.join(words)}\n\n{_code(help_text(*words))}")
    return "\n".join(parts)


def _code(text: str) -> str:
    return f"```text\n{text}\n```\n"


# exit codes

_NEXT = {
    ExitCode.DONE: ("Done. Also when there was nothing to do.", "go on"),
    ExitCode.INTERRUPTED: ("Stopped with Ctrl-C.", "run the same command again"),
    ExitCode.DEFECT: ("A defect of salesperf: an error that nobody foresaw.", "report it with `--debug`"),
    ExitCode.READER_GONE: ("The reader of a pipe left, as in `salesperf … | head`.", "nothing is wrong"),
}
_ADVICE = {
    ExitCode.USAGE: "correct the command, the setting or the file; trying again does not help",
    ExitCode.REFUSED: "read which rule or guard said no; a person decides",
    ExitCode.PERMISSION: "log in, or ask for the right",
    ExitCode.RETRYABLE: "run the same command again",
    ExitCode.CONFLICT: "look at what changed, then run the command again",
}


def exit_codes_page() -> str:
    """Every exit code, from the table in errors.py."""
    rows = []
    kinds = {kind.exit_code: kind for kind in SalesperfError.__subclasses__() if kind.__module__.endswith(".errors")}
    for code in ExitCode:
        meaning, advice = _NEXT[code] if code in _NEXT else (_sentence(kinds[code]), _ADVICE[code])
        error = f"`{kinds[code].__name__}`" if code in kinds else ""
        rows.append((int(code), f"`{code.name}`", meaning, error, advice))
    return (
        "# Exit codes\n\nEvery command ends with one of these. What went wrong is said on stderr in three\n"
        "parts: what, why, and what to do next. With `-o json` or `-o ndjson` the error is one\nJSON object on stderr.\n\n"
        + _table(("Code", "Name", "Meaning", "Error", "What a script does"), rows)
        + "\n```json\n"
        '{"error": {"what": "…", "why": "…", "remedy": "…", "detail": [],\n'
        '           "kind": "RefusedError", "exit_code": 3}}\n'
        "```\n"
    )


def _sentence(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n\n")[0].replace("\n", " ")


# the contract format

_PARTS: dict[type[BaseModel], str] = {
    odcs.ContractDocument: "The file",
    odcs.Description: "`description`",
    odcs.Team: "`team`",
    odcs.SchemaObject: "`schema` (the table; exactly one)",
    odcs.Property: "`properties` (a column)",
    odcs.TypeOptions: "`logicalTypeOptions`",
    odcs.Relationship: "`relationships`",
    odcs.Quality: "`quality` (a rule, of the table or of a column)",
    odcs.CustomRule: "`implementation` of a rule with `engine: salesperf`",
    odcs.CustomProperty: "`customProperties`",
    form.ApiForm: "`api`, a custom property: an HTTP API as a source",
    form.ApiPaging: "`paging` of `api`",
    form.ApiPageSize: "`pageSize` of `api`",
    form.ApiAuth: "`auth` of `api`",
    form.ApiSince: "`since` of `api`",
}
MEANINGS: Mapping[str, str] = {
    "ContractDocument.apiVersion": "Version of the standard.",
    "ContractDocument.kind": "Always this word.",
    "ContractDocument.id": "Unique name of the contract, by convention `pipeline.layer.table`.",
    "ContractDocument.version": "Version of this contract.",
    "ContractDocument.status": "Such as `draft`, `active`, `deprecated`; for people.",
    "ContractDocument.name": "For people.",
    "ContractDocument.tenant": "For people.",
    "ContractDocument.domain": "For people.",
    "ContractDocument.dataProduct": "For people.",
    "ContractDocument.tags": "For people.",
    "ContractDocument.description": "What the data is for.",
    "ContractDocument.schema_": "The table.",
    "ContractDocument.team": "Who owns it.",
    "ContractDocument.customProperties": "Accepted; the engine reads those of the table and of columns.",
    "ContractDocument.support": "Accepted as it is.",
    "ContractDocument.price": "Accepted as it is.",
    "ContractDocument.roles": "Accepted as it is.",
    "ContractDocument.slaProperties": "Accepted as it is.",
    "ContractDocument.servers": "Accepted as it is.",
    "ContractDocument.authoritativeDefinitions": "Accepted as it is.",
    "ContractDocument.contractCreatedTs": "Accepted as it is.",
    "Description.purpose": "Shown where the table itself has no description.",
    "Description.usage": "For people.",
    "Description.limitations": "For people.",
    "Description.customProperties": "Accepted.",
    "Team.name": "The owner that `contract show -o json` names.",
    "Team.description": "For people.",
    "Team.members": "For people.",
    "SchemaObject.name": "The table's bare name.",
    "SchemaObject.physicalName": "`layer.table`; the layer is that of the folder.",
    "SchemaObject.physicalType": "`file` for bronze, `table` for silver and gold.",
    "SchemaObject.businessName": "For people.",
    "SchemaObject.description": "What one row is.",
    "SchemaObject.dataGranularityDescription": "For people.",
    "SchemaObject.tags": "For people.",
    "SchemaObject.properties": "The columns, in order. For a CSV this is the order of its header.",
    "SchemaObject.quality": "Rules of the table.",
    "SchemaObject.customProperties": "See below.",
    "Property.name": "The column's name; in bronze exactly the header's.",
    "Property.logicalType": "Must fit `physicalType`.",
    "Property.physicalType": "See below.",
    "Property.businessName": "For people.",
    "Property.description": "What it holds, in English.",
    "Property.primaryKey": "Part of the key, and so never null.",
    "Property.primaryKeyPosition": "Place in a key of several columns, from 1.",
    "Property.required": "Never null. An empty CSV field is null.",
    "Property.unique": "No value twice (silver and gold).",
    "Property.partitioned": "Files are laid apart by this column; at most one, not in bronze.",
    "Property.partitionKeyPosition": "Always 1 where it stands.",
    "Property.classification": "`restricted` is personal data under the LGPD.",
    "Property.criticalDataElement": "For people.",
    "Property.examples": "For people.",
    "Property.tags": "For people.",
    "Property.logicalTypeOptions": "Limits of the values; each is a rule.",
    "Property.relationships": "Where its values must stand; each is a rule.",
    "Property.quality": "Rules of the column.",
    "Property.customProperties": "See below.",
    "Property.transformSourceObjects": "For people.",
    "Property.transformLogic": "For people.",
    "Property.transformDescription": "For people.",
    "TypeOptions.format": "Bronze dates and timestamps: a pattern of `yyyy MM dd HH mm ss` and separators.",
    "TypeOptions.minimum": "Least value, itself allowed.",
    "TypeOptions.maximum": "Greatest value, itself allowed.",
    "TypeOptions.minLength": "Least number of characters.",
    "TypeOptions.maxLength": "Greatest number of characters.",
    "TypeOptions.pattern": "Regular expression that the whole text matches (what RE2 and Java read alike).",
    "Relationship.type": "Always this word.",
    "Relationship.to": "`layer.table.column` in which every value that is not null stands.",
    "Relationship.customProperties": "`severity`: `error` (the default) or `warning`.",
    "Quality.name": "Name of the rule, as reports and quarantine show it.",
    "Quality.type": "`library` with a metric, `sql` with a query, `custom` with an implementation; `text` is for people.",
    "Quality.metric": "See below.",
    "Quality.arguments": "`validValues` of `invalidValues`; `properties` of `duplicateValues`.",
    "Quality.query": "Portable SQL that gives one number (silver and gold).",
    "Quality.engine": "With `type: custom`.",
    "Quality.implementation": "With `type: custom`.",
    "Quality.severity": "`error` quarantines a bronze row or blocks a silver or gold table; `warning` counts.",
    "Quality.description": "What must hold, in words; quarantine gives it as the reason.",
    "Quality.dimension": "For people.",
    "Quality.businessImpact": "For people.",
    "Quality.unit": "For people.",
    "Quality.tags": "For people.",
    "Quality.mustBe": "The figure, exactly.",
    "Quality.mustBeGreaterThan": "The figure is greater.",
    "Quality.mustBeGreaterOrEqualTo": "The figure is greater or equal.",
    "Quality.mustBeLessThan": "The figure is less.",
    "Quality.mustBeLessOrEqualTo": "The figure is less or equal.",
    "Quality.mustBeBetween": "Least and greatest, both allowed.",
    "CustomRule.rule": "Which kind of rule; see below.",
    "CustomRule.expression": "`row`: portable SQL over the columns of a row. True or null passes.",
    "CustomRule.column": "`freshness`: the column whose newest value counts.",
    "CustomRule.maxAgeDays": "`freshness`: how old the newest value may be.",
    "CustomRule.neverBackwards": "`freshness`: the newest value is not older than that of the last release.",
    "CustomRule.minPercent": "`rowCountChange`: least change against the last release, such as `-20`.",
    "CustomRule.maxPercent": "`rowCountChange`: greatest change.",
    "CustomProperty.property": "See below.",
    "CustomProperty.value": "See below.",
    "CustomProperty.description": "For people.",
    "ApiForm.url": "Where the API is. The secret is then sent to that host only.",
    "ApiForm.records": "Path to the list of records in a page, such as `data.items`; empty: the page is the list. Left "
    "out: the page is the list, or holds exactly one.",
    "ApiForm.paging": "How one page leads to the next. Left out: a Link header is followed, and a page that seems to name "
    "a next one in another way is refused.",
    "ApiForm.pageSize": "How many records a page is asked for.",
    "ApiForm.parameters": "Query parameters that are always sent. No credential.",
    "ApiForm.headers": "Headers that are always sent. No credential.",
    "ApiForm.auth": "How the secret is sent, and its name.",
    "ApiForm.since": "How to ask for what is new.",
    "ApiForm.rateLimit": "Requests a second, at most.",
    "ApiForm.maxPages": "More pages are refused; 10000 if left out.",
    "ApiForm.maxBytes": "More bytes, inflated, are refused; 4 GiB if left out. A page has at most 64 MiB.",
    "ApiForm.timeout": "Seconds of silence after which a request is given up; 30 if left out. A page may take ten times that.",
    "ApiForm.attempts": "How often a page is asked for; 5 if left out.",
    "ApiForm.backoff": "Seconds before the second attempt, then twice as long each time; 0.5 if left out.",
    "ApiPaging.kind": "`nextLink` and `cursor` stand in the body, `linkHeader` in the header `Link`; `page` counts pages, "
    "`offset` records.",
    "ApiPaging.path": "Path to the link or the cursor in the body.",
    "ApiPaging.parameter": "Query parameter that takes the cursor, the page's number or the offset.",
    "ApiPaging.first": "Number of the first page (1 if left out), or the first offset (0).",
    "ApiPaging.total": "With `page` and `offset`: path to the number of all records. Left out: an empty page is the end.",
    "ApiPageSize.parameter": "Query parameter.",
    "ApiPageSize.value": "Number of records.",
    "ApiAuth.kind": "`bearer` (the default): `Authorization: Bearer …`. `basic`: the secret is `user:password`. `header` and "
    "`query`: a header or parameter called `name`.",
    "ApiAuth.name": "Name of the header or parameter.",
    "ApiAuth.prefix": "With `header`: text before the secret, such as `\"Token \"`.",
    "ApiAuth.secret": "Name or ARN of the secret in Secrets Manager. Never the secret.",
    "ApiAuth.field": "Name of the field, where the secret is a JSON object.",
    "ApiSince.parameter": "Query parameter that is sent with the largest value that was taken so far.",
    "ApiSince.column": "Column whose values are compared, in its type.",
    "ApiSince.start": "Value to begin with, in quotes. Left out: the first ingest takes everything.",
}

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
    for model, title in _PARTS.items():
        rows = []
        for name, field in model.model_fields.items():
            need = "yes" if field.is_required() else ""
            rows.append(
                (f"`{field.alias or name}`", _shown_type(field.annotation), need, MEANINGS[f"{model.__name__}.{name}"])
            )
        parts.append(f"## {title}\n\n{_table(('Field', 'Type', 'Required', 'Meaning'), rows)}")
    parts.append(_types_section())
    parts.append(_CUSTOM_SECTION.format(dialect=_dialect_defaults(), transforms=_words(get_args(PartitionTransform))))
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
        return _words(arguments)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_shown_type(each) for each in arguments))
    if hasattr(annotation, "__metadata__"):  # Annotated[type, …]
        return _shown_type(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{_anchor(_PARTS[annotation])})"
    return {str: "text", int: "whole number", float: "number", bool: "true or false"}.get(annotation, "anything")


def _anchor(title: str) -> str:
    kept = "".join(each for each in title.lower() if each.isalnum() or each in " -_")
    return kept.replace(" ", "-")


def _words(words: Sequence[object]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _types_section() -> str:
    kinds = [f"{kind}(p,s)" if kind == "decimal" else kind for kind in get_args(TypeKind)]
    return (
        f"## Types\n\n`physicalType` is one of {_words(kinds)}. A decimal has 1 to 38 digits.\nA timestamp has no zone. "
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


# the pipeline's tables


def tables_page() -> str:
    """The data dictionary of the built-in pipeline, in English and Portuguese."""
    contracts = list(load_pipeline("olist").contracts().values())
    parts = [
        "# Tables of the Olist pipeline\n\nEvery table and column, in English and Portuguese, from the contracts in\n"
        "`glue_scripts/olist/contracts`. `*` after a name: never null. Bold: part of the key.\n"
    ]
    layer = ""
    for contract in contracts:
        if contract.name.layer != layer:
            layer = contract.name.layer
            inside = [
                f"[{each.name.table}](#{_anchor(str(each.name))})" for each in contracts if each.name.layer == layer
            ]
            parts.append(f"## {layer.capitalize()}\n\n{', '.join(inside)}\n")
        parts.append(_table_section(contract))
    return "\n".join(parts).rstrip() + "\n"


def _table_section(contract: Contract) -> str:
    facts = []
    if contract.source is not None:
        facts.append(f"Files: {_words(contract.source.file_patterns)}.")
    else:
        facts.append(f"Kept up to date: `{contract.incremental}`.")
    if contract.partition is not None:
        facts.append(f"Partitioned by `{contract.partition.column}` ({contract.partition.transform}).")
    columns = []
    for column in contract.columns:
        name = f"**`{column.name}`**" if column.name in contract.key else f"`{column.name}`"
        name += "*" if column.required else ""
        columns.append((name, str(column.type), column.classification, column.description, column.description_pt))
    parts = [
        f"### {contract.name}\n\n{contract.description}\n\n*{contract.description_pt}*\n\n{' '.join(facts)}\n",
        _table(("Column", "Type", "Class", "English", "Português"), columns),
    ]
    if rules := [rule for rule in (*contract.row_rules, *contract.table_rules) if not _follows(rule, contract)]:
        shown = [(f"`{rule.name}`", rule.severity, rule.description) for rule in rules]
        parts.append(_table(("Rule", "Severity", "What must hold"), shown))
    return "\n".join(parts)


def _follows(rule: Rule, contract: Contract) -> bool:
    """Whether a rule says no more than its column's declaration: required, bounds, lengths."""
    endings = ("_required", "_minimum", "_maximum", "_min_length", "_max_length")
    return (
        isinstance(rule, RowRule) and rule.column is not None and rule.name in {rule.column + each for each in endings}
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(each) for each in line) + " |" for line in lines) + "\n"


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def write_function_contract() -> list[str]:
    """Write the contract that the speed layer's function judges by, where it differs, and name it."""
    (contract,) = load_pipeline("olist").contracts(["speed"]).values()
    file, compiled = DOCS.parent / "infra" / "lambda" / "contract.json", function_contract(Path(contract.origin))
    if file.exists() and file.read_bytes() == compiled:
        return []
    file.write_bytes(compiled)
    return ["infra/lambda/contract.json"]


if __name__ == "__main__":
    for name in (*(f"docs/{page}" for page in write()), *write_function_contract()):
        print(name)
