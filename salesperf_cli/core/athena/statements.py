"""The statement as a whole: what may be run at all, SHOW, DESCRIBE, EXPLAIN, and the finished translation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from sqlglot import Token, TokenType

from salesperf_cli.core.athena import parameters, parsing, queries
from salesperf_cli.core.athena.context import Compilation, Field, Relation, Scan, near, quoted, refuse
from salesperf_cli.core.athena.model import Catalog, Filter, OutputColumn, Translation
from salesperf_cli.core.athena.relations import LAYERS, constant
from salesperf_cli.errors import InputError

_QUERY_STARTS = ("SELECT", "WITH", "VALUES", "(", "TABLE")
_OTHERS = (
    "ALTER", "ANALYZE", "ATTACH", "BEGIN", "CALL", "COMMENT", "COMMIT", "COPY", "CREATE", "DEALLOCATE", "DELETE",
    "DENY", "DETACH", "DROP", "EXECUTE", "EXPORT", "FORCE", "GRANT", "IMPORT", "INSERT", "INSTALL", "LOAD", "MERGE",
    "MSCK", "OPTIMIZE", "PRAGMA", "PREPARE", "REFRESH", "RESET", "REVOKE", "ROLLBACK", "SET", "START", "TRUNCATE",
    "UNLOAD", "UPDATE", "USE", "VACUUM",
)  # fmt: skip
_NAME = r'"?([\w]+)"?'
_SHOW_TABLES = re.compile(rf"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+{_NAME})?(?:\s+(?:LIKE\s+)?'([^']*)')?\s*", re.I)
_SHOW_COLUMNS = re.compile(
    rf"(?:SHOW\s+COLUMNS\s+(?:IN|FROM)|DESCRIBE|DESC)\s+(?:{_NAME}\.)?{_NAME}(?:\s+(?:IN|FROM)\s+{_NAME})?\s*", re.I
)
_SHOW_SCHEMAS = re.compile(r"SHOW\s+(?:SCHEMAS|DATABASES)\s*", re.I)


def translate_statement(sql: str, catalog: Catalog, given: Mapping[str, str]) -> Translation:
    """Compile one statement of any allowed kind."""
    tokens = statement_tokens(sql)
    word = expect_reading(sql, tokens)
    if word == "EXPLAIN":
        return _explain(without_first(sql, tokens), catalog, given)
    if word in ("SHOW", "DESCRIBE", "DESC"):
        return _show(f"{word} {without_first(sql, tokens)}", catalog)
    return _query(sql, tokens, catalog, given)


def statement_tokens(sql: str) -> list[Token]:
    """The tokens of the one statement in a text, without semicolons at its end; none and several are refused."""
    tokens = list(parsing.tokens_of(sql))
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        refuse(
            "there is no SQL",
            "The text is empty or only comments.",
            'Write e.g. "SELECT count(*) FROM gold.sales_wide".',
        )
    if any(token.token_type == TokenType.SEMICOLON for token in tokens):
        refuse("more than one statement", "Athena runs one statement at a time.", "Run them one by one.")
    return tokens


def expect_reading(sql: str, tokens: list[Token]) -> str:
    """The first word of a statement, in capitals; a statement that does more than read is refused."""
    word = tokens[0].text.upper()
    if word in (*_QUERY_STARTS, "EXPLAIN", "SHOW", "DESCRIBE", "DESC"):
        return word
    close = near(word, ("select", "with", "values", "show", "describe", "explain")) if word not in _OTHERS else ""
    if close:
        raise parsing.syntax_error(sql, tokens[0].line, tokens[0].col, f"unexpected {tokens[0].text}; {close}")
    return refuse(
        f"{word} is not allowed",
        "query only reads: SELECT, WITH, VALUES, SHOW, DESCRIBE and EXPLAIN.",
        "Data is changed by ingest and run-batch.",
    )


def expect_explained(tokens: list[Token]) -> None:
    """Refuse to explain anything but a query."""
    words = [token.text.upper() for token in tokens[:2]]
    if not words or words[0] not in _QUERY_STARTS or (words[0] == "(" and words[1:] != ["SELECT"]):
        refuse("EXPLAIN takes a query", "Options and other statements are not supported.", "Write EXPLAIN SELECT …")


def without_first(sql: str, tokens: list[Token]) -> str:
    """The SQL with its first word blanked out, so that line and column of the rest stay."""
    rest = sql[tokens[0].end + 1 :]
    blank = re.sub(r"[^\n]", " ", sql[: tokens[0].end + 1])
    return blank + rest


def _query(sql: str, tokens: list[Token], catalog: Catalog, given: Mapping[str, str]) -> Translation:
    used = _parameters_used(tokens)
    ctx = Compilation(catalog, parameters.resolve(sql, used, given))
    try:
        relation = queries.query(ctx, None, parsing.parse(sql, tokens))
    except RecursionError:
        raise InputError("the query is nested too deeply", why="", remedy="Split it with WITH.") from None
    shown, output = _shown(ctx, relation)
    return Translation(
        sql=shown,
        tables=tuple(ctx.columns),
        columns={table: tuple(columns) for table, columns in ctx.columns.items()},
        filters=_common_filters(ctx.scans),
        parameters=tuple(ctx.bound),
        parameter_names=tuple(name for name, _ in ctx.bound_names),
        macros=tuple(ctx.macros),
        output=output,
        notes=tuple(ctx.notes),
    )


def _parameters_used(tokens: list[Token]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for before, token in pairwise(tokens):
        if before.token_type == TokenType.COLON and token.token_type not in (TokenType.NUMBER, TokenType.STRING):
            names[token.text] = None
    return tuple(names)


def _shown(ctx: Compilation, relation: Relation) -> tuple[str, tuple[OutputColumn, ...]]:
    """The last touch: intervals, counted inside, are shown as Athena writes them."""
    output = tuple(OutputColumn(field.name, str(field.type)) for field in relation.fields)
    kinds = {field.type.name for field in relation.fields}
    if "parsed_json" in kinds:
        refuse(
            "json_parse cannot be shown",
            "Trino sorts the keys, DuckDB does not.",
            "Use json_extract, or the text itself.",
        )
    if not kinds & {"interval_day", "interval_month"}:
        return relation.sql, output
    parts = [_readable(ctx, field) for field in relation.fields]
    return f"SELECT {', '.join(parts)} FROM ({relation.sql}) AS shown", output


def _readable(ctx: Compilation, field: Field) -> str:
    if field.type.name.startswith("interval"):
        return f"{ctx.macro(f'trino_{field.type.name}_text', field.sql)} AS {field.sql}"
    return field.sql


def _common_filters(scans: list[Scan]) -> dict[str, tuple[Filter, ...]]:
    """Per table the predicates that every reading of it shares; only those may prune its files."""
    result: dict[str, tuple[Filter, ...]] = {}
    for scan in scans:
        kept = tuple(dict.fromkeys(scan.filters))
        known = result.get(scan.table)
        result[scan.table] = kept if known is None else tuple(item for item in known if item in kept)
    return {table: filters for table, filters in result.items() if filters}


def _explain(sql: str, catalog: Catalog, given: Mapping[str, str]) -> Translation:
    analyze = re.match(r"\s*ANALYZE\b", sql, re.I)
    if analyze:
        sql = re.sub(r"[^\n]", " ", analyze[0]) + sql[analyze.end() :]
    expect_explained(parsing.tokens_of(sql))
    inner = translate_statement(sql, catalog, given)
    output = (OutputColumn("explain_key", "varchar"), OutputColumn("explain_value", "varchar"))
    return replace(inner, sql=f"EXPLAIN {'ANALYZE ' if analyze else ''}{inner.sql}", output=output)


def _show(sql: str, catalog: Catalog) -> Translation:
    written = " ".join(re.sub(r"--[^\n]*", " ", sql).split()).rstrip("; ")
    tables = [table for table in catalog.tables() if table.split(".")[0] in LAYERS]
    if found := _SHOW_TABLES.fullmatch(written):
        return _show_tables(tables, found[1], found[2])
    if _SHOW_SCHEMAS.fullmatch(written):
        layers = list(dict.fromkeys(table.split(".")[0] for table in tables))
        return _constant(("database_name",), [(layer,) for layer in sorted(layers)])
    if found := _SHOW_COLUMNS.fullmatch(written):
        return _describe(found[2], found[1] or found[3] or "", catalog, shown=written.upper().startswith("SHOW"))
    return refuse(
        f"{written[:40]} is not supported here",
        "SHOW TABLES, SHOW COLUMNS, SHOW SCHEMAS and DESCRIBE are.",
        "Use one of those.",
    )


def _show_tables(tables: list[str], layer: str | None, pattern: str | None) -> Translation:
    if layer and layer.lower() not in LAYERS:
        refuse(
            f"there is no layer {layer!r}", near(layer, LAYERS) or f"Layers: {', '.join(LAYERS)}.", "Correct the name."
        )
    chosen = [table for table in tables if layer is None or table.startswith(layer.lower() + ".")]
    names = [table.split(".")[1] if layer else table for table in chosen]
    if pattern:
        wanted = re.compile(".*".join(map(re.escape, re.split(r"\.?\*|%", pattern))))
        names = [name for name in names if wanted.fullmatch(name.split(".")[-1])]
    return _constant(("tab_name",), [(name,) for name in sorted(names)])


def _describe(table: str, layer: str, catalog: Catalog, shown: bool) -> Translation:
    sql = f"SELECT * FROM {quoted(layer.lower()) + '.' if layer else ''}{quoted(table.lower())}"
    ctx = Compilation(catalog, {})
    fields = queries.query(ctx, None, parsing.parse(sql, parsing.tokens_of(sql))).fields
    if shown:
        return _constant(("field",), [(field.name,) for field in fields])
    return _constant(("col_name", "data_type", "comment"), [(field.name, str(field.type), "") for field in fields])


def _constant(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> Translation:
    relation = constant(names, rows)
    output = tuple(OutputColumn(name, "varchar") for name in names)
    return Translation(f"SELECT * FROM {relation.sql}", (), {}, {}, (), (), output)
