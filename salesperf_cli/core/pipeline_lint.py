"""Holds a whole pipeline folder against its own rules: contracts read, models portable, columns and types as
promised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from salesperf_cli.core.contracts import Contract, ForeignKeyRule, RowRule, SqlRule, TableRule
from salesperf_cli.core.pipeline import EventQuery, Model, Pipeline, landed_source
from salesperf_cli.core.serving_lint import lint_view
from salesperf_cli.core.tables import BUILT_LAYERS, LAYERS, TableName
from salesperf_cli.core.text_shapes import shape
from salesperf_cli.errors import InputError

Schema = Mapping[str, Mapping[str, str]]
_WRITTEN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend: where (file or table) and what."""

    where: str
    message: str


@dataclass(frozen=True, slots=True)
class LintReport:
    """What was looked at and what was found; the JSON shape of `contract lint`."""

    pipeline: str
    contracts: int
    models: int
    rules: int
    problems: tuple[Problem, ...]


def lint_pipeline(pipeline: Pipeline) -> LintReport:
    """Every problem in the folder, contracts first."""
    contracts, problems = _read_contracts(pipeline)
    try:
        models = pipeline.models()
    except InputError as fault:
        return LintReport(str(pipeline.folder), len(contracts), 0, 0, (*problems, *_told("models", fault)))
    schema = {str(name): {column.name: str(column.type) for column in each.columns} for name, each in contracts.items()}
    found = [*problems]
    for contract in contracts.values():
        found += _contract(contract, contracts, schema)
    for model in models:
        found += _model(model, contracts, schema)
    try:
        found += [each for query in pipeline.event_queries().values() for each in _events(query, contracts, schema)]
    except InputError as fault:
        found += _told("events", fault)
    for name, sql in pipeline.serving_views().items():
        found += [Problem(name, message) for message in lint_view(name, sql, pipeline.serving_views(), models)]
    built = {model.name for model in models}
    found += [
        Problem(str(name), "has a contract but no model builds it")
        for name in contracts
        if name.layer in BUILT_LAYERS and name not in built
    ]
    written = [each for each in contracts.values() if not each.may_be_empty]
    rules = sum(len(each.row_rules) + len(each.table_rules) for each in written)
    return LintReport(str(pipeline.folder), len(written), len(models), rules, tuple(found))


def _read_contracts(pipeline: Pipeline) -> tuple[dict[TableName, Contract], list[Problem]]:
    """All contracts that can be read: one that cannot does not hide what is wrong with the others."""
    from salesperf_cli.core.contract_files import read_contract

    contracts: dict[TableName, Contract] = {}
    problems: list[Problem] = []
    for layer in (*LAYERS, "speed"):
        for file in sorted((pipeline.folder / "contracts" / layer).glob("*.yaml")):
            where = str(file.relative_to(pipeline.folder))
            try:
                contract = read_contract(file)
            except InputError as fault:
                problems += _told(where, fault)
                continue
            if contract.name != TableName(layer, file.stem):
                problems.append(Problem(where, f"defines {contract.name}: name the file after its table"))
            contracts[contract.name] = contract
            if layer == "speed":
                source = landed_source(contract)
                if source.name in contracts:
                    problems.append(Problem(where, f"{source.name} has a contract too: landed events are that table"))
                contracts[source.name] = source
    return contracts, problems


def _told(where: str, fault: InputError) -> list[Problem]:
    return [Problem(where, line) for line in (fault.why or fault.what, *fault.detail)]


def _columns(contract: Contract) -> Iterator[Problem]:
    where = str(contract.name)
    for column in contract.columns:
        try:
            shape(column.type, column.format)
        except ValueError as fault:
            yield Problem(where, f"column {column.name}: {fault}")
        if not column.description:
            yield Problem(where, f"column {column.name} has no description")
        if contract.source and not _WRITTEN_NAME.fullmatch(column.name):
            told = "name it in lower-case letters, digits and _, and what files call it as its physicalName"
            yield Problem(where, f"column {column.name!r}: {told}")


def _contract(contract: Contract, contracts: Mapping[TableName, Contract], schema: Schema) -> Iterator[Problem]:
    where = str(contract.name)
    columns = schema[where]
    yield from _columns(contract)
    for rule in contract.row_rules:
        yield from _row_rule(where, rule, columns)
    for each in contract.table_rules:
        yield from _table_rule(contract, each, contracts, schema)
    if contract.incremental == "merge" and not contract.key:
        yield Problem(where, "incremental: merge needs a primary key")
    if contract.incremental == "touched" and contract.partition is None:
        yield Problem(where, "incremental: touched needs a partitioned column")


def _table_rule(
    contract: Contract, rule: TableRule, contracts: Mapping[TableName, Contract], schema: Schema
) -> Iterator[Problem]:
    where, looks_into = str(contract.name), list[str]()
    if isinstance(rule, SqlRule):
        yield from _portable(where, f"rule {rule.name}", rule.query, schema)
        looks_into = re.findall(r"\b(?:silver|gold)\.\w+", rule.query)
    if isinstance(rule, ForeignKeyRule):
        looks_into = [str(rule.to_table)]
        if rule.to_table not in contracts or rule.to_column not in schema[str(rule.to_table)]:
            yield Problem(where, f"rule {rule.name}: {rule.to_table} has no such column")
    if contract.name.layer == "silver" and (later := [each for each in looks_into if each.startswith("gold.")]):
        yield Problem(where, f"rule {rule.name}: {later[0]} is made after silver is judged; put the rule there")


def _row_rule(where: str, rule: RowRule, columns: Mapping[str, str]) -> Iterator[Problem]:
    from salesperf_cli.core.portable_sql import expression_to_duckdb

    try:
        expression_to_duckdb(rule.expression, columns)
    except InputError as fault:
        yield Problem(where, f"rule {rule.name}: {' '.join(fault.detail) or fault.why}")


def _portable(where: str, what: str, sql: str, schema: Schema) -> Iterator[Problem]:
    from salesperf_cli.core.portable_sql import lint

    for finding in lint(sql, schema):
        yield Problem(where, f"{what}, line {finding.line}: {finding.construct}: {finding.message}")


def _model(model: Model, contracts: Mapping[TableName, Contract], schema: Schema) -> Iterator[Problem]:
    from salesperf_cli.core.portable_sql import output_columns

    where, contract = str(model.name), contracts.get(model.name)
    yield from _portable(where, "model", model.sql, schema)
    if model.touched is not None:
        changed = {f"changed.{name.table}": schema[str(name)] for name in model.inputs if str(name) in schema}
        yield from _portable(where, "touched query", model.touched, {**schema, **changed})
    for name in model.inputs:
        if name not in contracts:
            yield Problem(where, f"reads {name}, which no contract defines")
    if contract is None:
        yield Problem(where, "has a model but no contract")
        return
    wanted = [(column.name, str(column.type)) for column in contract.columns]
    given = list(output_columns(model.sql))
    if [name for name, _ in given] != [name for name, _ in wanted]:
        missing = [name for name, _ in wanted if name not in dict(given)]
        extra = [name for name, _ in given if name not in dict(wanted)]
        detail = ", ".join([*(f"- {name}" for name in missing), *(f"+ {name}" for name in extra)]) or "another order"
        yield Problem(where, f"the model's columns are not the contract's: {detail}")
    for column, type_ in given:
        promised = dict(wanted).get(column)
        if promised and type_ != promised:
            yield Problem(where, f"column {column}: the model pins {type_ or 'no type'}, the contract says {promised}")
    yield from _strategy(model, contract)


def _events(query: EventQuery, contracts: Mapping[TableName, Contract], schema: Schema) -> Iterator[Problem]:
    from salesperf_cli.core.portable_sql import output_columns

    where = f"events/{query.table}.sql"
    yield from _portable(where, "query", query.sql, schema)
    contract = contracts.get(TableName("speed", query.table))
    if contract is None:
        yield Problem(where, f"gives the events of speed.{query.table}, which no contract defines")
        return
    given = [name for name, _ in output_columns(query.sql)]
    if given != list(contract.column_names):
        yield Problem(where, f"its columns are not those of {contract.name}: {', '.join(contract.column_names)}")
    if query.key not in given:
        yield Problem(where, f"the key {query.key} is none of its columns")


def _strategy(model: Model, contract: Contract) -> Iterator[Problem]:
    where = str(model.name)
    if contract.incremental == "touched" and model.touched is None:
        yield Problem(where, f"incremental: touched needs models/{model.name.layer}/{model.name.table}.touched.sql")
    sources = [name for name in model.inputs if name.layer == "bronze"]
    if contract.incremental == "merge" and (len(model.inputs) != 1 or len(sources) != 1):
        yield Problem(where, "incremental: merge needs a model that reads exactly one bronze table and nothing else")
