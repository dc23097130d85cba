"""Writes docs/reference/athena-sql.md from the allow-list, so that the page cannot drift from the code."""

from __future__ import annotations

from salesperf_cli.core.athena.registry import REFUSED, groups

_TITLES = {
    "aggregates": "Aggregates",
    "windows_list": "Window functions",
    "conditional": "Conditions and types",
    "text": "Text and binary",
    "patterns": "Regular expressions",
    "mathematics": "Mathematics",
    "dates": "Dates and times",
    "nested": "Arrays, maps and lambdas",
    "json_functions": "JSON",
}

# The page's own lines are as long as Markdown tables want them.
# ruff: noqa: E501
_HEAD = """# Athena SQL on the local lake

`salesperf query` reads Athena SQL (engine version 3, Trino) on every target. On the target `local` each query is compiled
for DuckDB so that it gives Athena's answer; what cannot be vouched for is refused by name, never answered otherwise.
The answers of the functions below were checked against Trino 426, the open-source engine; Athena's own build may differ from it.

## Statements

| statement | |
|---|---|
| `SELECT`, `WITH`, `VALUES`, `UNION`, `INTERSECT`, `EXCEPT` | one statement at a time |
| `SHOW TABLES [IN layer]`, `SHOW COLUMNS IN table`, `SHOW SCHEMAS`, `DESCRIBE table` | also `information_schema.tables` and `.columns` |
| `EXPLAIN [ANALYZE] query` | shows DuckDB's plan |
| `:name` | bound as a value, never pasted; `-- param: name type default` declares type and default |

Tables are `gold.x`, `serving.x`, `silver.x` and `quarantine.x`; a bare name is looked for in that order. Files, other
catalogs, table functions and settings are out of reach of SQL. Everything else (`INSERT`, `CREATE`, `COPY`, `SET`, …) is refused.

## What is kept of Trino

- Integer division truncates; a division or modulo by zero raises for integers and decimals, and gives Infinity or NaN for doubles.
- Decimal `+ - * / %`, `avg` and casts have Trino's precision and scale and round half up; `1.5` is `decimal(2,1)`.
- Overflow raises. A bad cast raises, or gives NULL under `TRY_CAST` and `try`. Text casts accept what Trino accepts: `'12.7'` is no integer.
- NULLs sort last, ascending and descending. Comparisons with NaN are false. Text compares by bytes.
- Types must match: `date_column = '2018-01-01'` is refused, write `DATE '2018-01-01'`.
- SELECT aliases are seen by ORDER BY only. Unnamed columns are `_col0`, `_col1`, …
- The session's zone is UTC. A `timestamp with time zone` is compared and computed exactly; its zone must be a literal name.

## Known differences

- `approx_distinct` and `approx_percentile` are exact here and approximate in Athena.
- A double as text (`CAST(x AS varchar)`) has the fewest digits that read back the same; Java before 19 sometimes wrote one more.
- Upper and lower case and `\\p{L}` know the letters of a newer Unicode than Trino's.
- A result that Trino gives and DuckDB cannot (`'1d'` as a double, a JSON number such as `2.50`, bytes that are no UTF-8) raises;
  inside `try(…)` it becomes NULL, as every failure does.
- A few forms that Athena's grammar refuses are understood: a comma before FROM, `[1, 2]` for `ARRAY[1, 2]`, `a = b = c`.

"""
_REFUSED_FORMS = """
## Refused forms

| form | why |
|---|---|
| `TABLESAMPLE`, `MATCH_RECOGNIZE`, `QUALIFY`, `NATURAL JOIN`, `DISTINCT ON`, `WITH RECURSIVE`, `FETCH … WITH TIES` | not Athena SQL, or another answer from run to run, or not proven equal |
| `=`, `<` of arrays, maps, rows and json | NULLs inside them count otherwise in DuckDB |
| `IN (subquery)` with a row on the left | the same; use `EXISTS` |
| `char(n)`, `time`, `timestamp(7)` to `(12)`, `ipaddress`, `uuid` | no type of a contract needs them |
| a format, pattern, path, unit or zone that is computed | they are compiled; `:name` may give text where a value is meant |

## Refused functions

| function | why |
|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    parts = [_HEAD, "## Functions\n\nAnything not listed is refused, with the nearest listed names.\n"]
    for group, functions in groups().items():
        parts.append(f"\n### {_TITLES[group]}\n\n| function | how it is honoured |\n|---|---|\n")
        parts.extend(f"| `{function.name}` | {_cell(function.how)} |\n" for function in functions)
    parts.append(_REFUSED_FORMS)
    parts.extend(f"| `{name}` | {_cell(why)} |\n" for name, why in sorted(REFUSED.items()))
    return "".join(parts)


def _cell(written: str) -> str:
    return written.replace("|", "\\|")
