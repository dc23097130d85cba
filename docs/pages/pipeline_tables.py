"""The page of the built-in pipeline's tables: a data dictionary in English and Portuguese."""

from __future__ import annotations

from pages.markdown import anchor, table, words
from salesperf_cli.core.contracts import Contract, RowRule, Rule
from salesperf_cli.core.pipeline import load_pipeline


def tables_page() -> str:
    """The data dictionary of the built-in pipeline, in English and Portuguese."""
    contracts = list(load_pipeline("olist").contracts().values())
    parts = [
        (
            "# Tables of the Olist pipeline\n\nEvery table and column, in English and Portuguese, from the contracts in\n"
            "`glue_scripts/olist/contracts`. `*` after a name: never null. Bold: part of the key.\n"
        )
    ]
    layer = ""
    for contract in contracts:
        if contract.name.layer != layer:
            layer = contract.name.layer
            inside = [
                f"[{each.name.table}](#{anchor(str(each.name))})" for each in contracts if each.name.layer == layer
            ]
            parts.append(f"## {layer.capitalize()}\n\n{', '.join(inside)}\n")
        parts.append(_table_section(contract))
    return "\n".join(parts).rstrip() + "\n"


def _table_section(contract: Contract) -> str:
    facts = []
    if contract.source is not None:
        facts.append(f"Files: {words(contract.source.file_patterns)}.")
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
        table(("Column", "Type", "Class", "English", "Português"), columns),
    ]
    if rules := [rule for rule in (*contract.row_rules, *contract.table_rules) if not _follows(rule)]:
        shown = [(f"`{rule.name}`", rule.severity, rule.description) for rule in rules]
        parts.append(table(("Rule", "Severity", "What must hold"), shown))
    return "\n".join(parts)


def _follows(rule: Rule) -> bool:
    """Whether a rule says no more than its column's declaration: required, bounds, lengths."""
    endings = ("_required", "_minimum", "_maximum", "_min_length", "_max_length")
    return (
        isinstance(rule, RowRule) and rule.column is not None and rule.name in {rule.column + each for each in endings}
    )
