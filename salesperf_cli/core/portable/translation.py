"""One text from Spark SQL to findings, DuckDB SQL, tables and output columns. The walk itself is in
`queries`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from salesperf_cli.core.portable.casts import contract_type
from salesperf_cli.core.portable.finding import Finding
from salesperf_cli.core.portable.kinds import kind_of
from salesperf_cli.core.portable.parsing import SyntaxProblemError, parse
from salesperf_cli.core.portable.queries import Queries
from salesperf_cli.core.portable.scopes import Findings, Scope
from salesperf_cli.core.portable.shapes import unwrapped


@dataclass(frozen=True, slots=True)
class Translation:
    """What became of one text; `sql` means nothing where there are findings."""

    sql: str
    findings: tuple[Finding, ...]
    tables: tuple[str, ...] = ()
    output_columns: tuple[tuple[str, str | None], ...] = ()
    parsed: bool = True


def translate(sql: str, schema: Mapping[str, Mapping[str, str]] | None) -> Translation:
    """Translate a SELECT or an expression; `schema` maps tables to columns to contract types."""
    try:
        tree = parse(sql)
    except SyntaxProblemError as problem:
        return Translation("", (problem.finding,), parsed=False)
    findings = Findings(sql)
    queries = Queries(findings, schema or {})
    if isinstance(tree, exp.Query):
        text, _ = queries.query(tree, Scope())
    else:
        text = queries.expressions.write(tree, Scope()).sql
    return Translation(text, _sorted(findings), tuple(sorted(queries.tables)), _output_columns(tree))


def translate_expression(sql: str, columns: Mapping[str, str] | None) -> Translation:
    """Translate an expression over one table's columns (names to contract types)."""
    try:
        tree = parse(sql)
    except SyntaxProblemError as problem:
        return Translation("", (problem.finding,), parsed=False)
    findings = Findings(sql)
    if isinstance(tree, exp.Query):
        findings.add(tree, "SELECT", "write an expression, such as price >= 0 OR price IS NULL")
        return Translation("", _sorted(findings))
    scope = Scope(
        sources={"": {name.lower(): kind_of(text) for name, text in (columns or {}).items()} if columns else None}
    )
    return Translation(Queries(findings, {}).expressions.write(tree, scope).sql, _sorted(findings))


def _sorted(findings: Findings) -> tuple[Finding, ...]:
    return tuple(
        sorted(
            set(findings.items),
            key=lambda finding: (finding.line, finding.column, finding.construct, finding.message),
        )
    )


def _output_columns(tree: exp.Expr) -> tuple[tuple[str, str | None], ...]:
    while isinstance(tree, (exp.SetOperation, exp.Subquery)):
        tree = tree.this
    if not isinstance(tree, exp.Select):
        return ()
    return tuple((item.alias_or_name, _pinned(item)) for item in tree.expressions)


def _pinned(item: exp.Expr) -> str | None:
    inner = unwrapped(item.this if isinstance(item, exp.Alias) else item)
    return contract_type(inner.to) if isinstance(inner, exp.Cast) else None
