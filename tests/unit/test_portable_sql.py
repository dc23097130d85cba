"""What the linter of the portable SQL refuses, where it says so, and what it tells about a query."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesperf_cli.core.portable_sql import (
    Finding,
    expression_to_duckdb,
    lint,
    output_columns,
    tables,
    to_duckdb,
)
from salesperf_cli.errors import ExitCode, InputError

COLUMNS = {
    "silver.t": {
        "s": "string",
        "i": "int",
        "b": "bigint",
        "d": "double",
        "m": "decimal(12,2)",
        "f": "boolean",
        "dt": "date",
        "ts": "timestamp",
    }
}

# The trap, and a word of the portable way that the message must name.
REFUSED = {
    "percentile(d, 0.5)": "row_number",
    "median(d)": "row_number",
    "percentile_approx(d, 0.5)": "row_number",
    "approx_count_distinct(s)": "count(DISTINCT",
    "first(s)": "row_number",
    "max_by(s, i)": "row_number",
    "collect_list(s)": "array_join",
    "collect_set(s)": "array_join",
    "array_join(collect_set(s), ',')": "array_sort",
    "initcap(s)": "lower",
    "split(s, ',')": "split_part",
    "acos(d)": "asin",
    "rand()": "same rows",
    "current_date": "same rows",
    "current_timestamp()": "same rows",
    "to_date(s, 'yyyy-MM-dd')": "try_to_timestamp",
    "to_timestamp(s)": "try_to_timestamp",
    "unknown_function(s)": "allow_list",
    "cast(s as int)": "try_cast",
    "cast(s as double)": "try_cast",
    "cast(s as decimal(12,2))": "try_cast",
    "cast(s as date)": "try_to_timestamp",
    "try_cast(s as date)": "try_to_timestamp",
    "try_cast(s as timestamp)": "try_to_timestamp",
    "cast('2018-1-3' as date)": "try_to_timestamp",
    "cast(d as decimal(12,2))": "double",
    "cast(d as string)": "printed",
    "cast(m as string)": "printed",
    "cast(i as boolean)": "comparison",
    "cast(m as decimal)": "decimal(p,s)",
    "cast(m as float)": "double",
    "s::int": "try_cast",
    "concat(s, d)": "printed",
    "s || m": "printed",
    "m / i": "cast(a as double)",
    "m / nullif(m, 0)": "cast(a as double)",
    "d / m": "nullif",
    "d / 0": "nullif",
    "d / cast(nullif(d, 0) as int)": "nullif",
    "i % b": "nullif",
    "i div 2": "floor",
    "mod(i, 2)": "%",
    "avg(m)": "cast(x as double)",
    "sum(d)": "avg",
    "round(d, 2)": "decimal",
    "try_divide(m, m)": "double",
    "substring(s, 0, 2)": "from 1",
    "substring(s, -2)": "number itself",
    "substring(s, i)": "number itself",
    "lpad(s, 5, '')": "at least one",
    "lpad(s, 5)": "arguments",
    "split_part(s, ',', 0)": "from 1",
    "sha2(s, 512)": "from 256",
    "date_trunc('decade', ts)": "one of",
    "date_format(ts, 'MMM yyyy')": "yyyy MM dd",
    "try_to_timestamp(s)": "arguments",
    "try_to_timestamp(s, 'yyyy-M-d')": "yyyy MM dd",
    "try_to_timestamp(s, 'HH:mm')": "year, month and day",
    "regexp_replace(s, '.', 'x')": "[^x]",
    "regexp_replace(s, '\\\\s+', ' ')": "[ ]",
    "regexp_replace(s, 'a$', '')": "$",
    "regexp_replace(s, '(a)', '$1')": "regexp_extract",
    "regexp_replace(s, 'a*', 'x')": "at least one",
    "regexp_extract(s, '(a)')": "arguments",
    "s RLIKE '[[:alpha:]]'": "classes",
    "s RLIKE s": "contains",
    "s LIKE s": "contains",
    "s LIKE '5\\\\%'": "backslash",
    "s ILIKE 'a%'": "lower",
    "s LIKE ANY ('a', 'b')": "OR",
    "'it''s'": "\\'",
    "'a' 'b'": "one string",
    '"text"': "single quotes",
    "'\\d'": "backslash",
    "dt + 1": "date_add",
    "dt - dt": "datediff",
    "ts + INTERVAL 1 DAY": "date_add",
    "s = i": "cast to one type",
    "dt > '2018-01-31'": "DATE",
    "i IN (1, 'a')": "cast to one type",
    "CASE WHEN f THEN s ELSE i END": "cast to one type",
    "coalesce(s, i)": "cast to one type",
    "i AND f": "condition",
    "99999999999999999999": "bigint",
    "row_number()": "OVER",
    "row_number() OVER (PARTITION BY s)": "ORDER BY",
    "lag(s) OVER (PARTITION BY i)": "ORDER BY",
    "last_value(s) IGNORE NULLS OVER (ORDER BY i)": "IGNORE NULLS",
    "count(DISTINCT s) OVER (PARTITION BY i)": "WITH",
    "count(*) FILTER (WHERE f) OVER (PARTITION BY i)": "CASE",
    "sum(i) OVER (ORDER BY i RANGE BETWEEN 5 PRECEDING AND CURRENT ROW)": "ROWS",
    "sum(i) OVER (ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)": "ORDER BY",
    "lower(s) FILTER (WHERE f)": "FILTER",
    "count(DISTINCT s, i)": "one expression",
    "sum(DISTINCT i)": "count(DISTINCT",
    "i & 1": "listed",
    "s[0]": "arrays",
    ":p": "parameters",
}

REFUSED_QUERIES = {
    "SELECT s FROM silver.t QUALIFY row_number() OVER (ORDER BY i) = 1": "WITH",
    "SELECT s, count(*) AS n FROM silver.t GROUP BY ALL": "GROUP BY a, b",
    "SELECT s, count(*) AS n FROM silver.t GROUP BY CUBE (s)": "UNION ALL",
    "SELECT s FROM silver.t LATERAL VIEW explode(s) x AS y": "VALUES",
    "SELECT s FROM silver.t TABLESAMPLE (10 PERCENT)": "TABLESAMPLE",
    "SELECT /*+ BROADCAST(t) */ s FROM silver.t": "hints",
    "SELECT s FROM silver.t NATURAL JOIN silver.u": "ON",
    "SELECT a.s FROM silver.t AS a JOIN silver.u AS b": "ON or USING",
    "SELECT * FROM silver.t JOIN silver.u USING (s)": "USING",
    "SELECT * EXCEPT (s) FROM silver.t": "list the columns",
    "SELECT s FROM silver.t UNION ALL BY NAME SELECT s FROM silver.u": "same order",
    "SELECT s FROM silver.t UNION ALL SELECT s, i FROM silver.t": "1 columns beside 2",
    "SELECT s FROM silver.t UNION ALL SELECT i FROM silver.t": "cast to one type",
    "SELECT s FROM silver.t EXCEPT ALL SELECT s FROM silver.t": "EXCEPT",
    "SELECT s FROM silver.t LIMIT 3": "ORDER BY",
    "SELECT s FROM silver.t ORDER BY s LIMIT 3 OFFSET 1": "row_number",
    "SELECT s FROM orders": "silver.orders",
    "SELECT s FROM lake.silver.t": "layer.table",
    "SELECT s AS at FROM silver.t": "at_value",
    "SELECT Total FROM silver.t": "total",
    "SELECT lower(s) AS s, count(*) AS n FROM silver.t GROUP BY s": "alias",
    "WITH a AS (SELECT count(*) FROM silver.t) SELECT * FROM a": "AS name",
    "SELECT a FROM (SELECT s AS a FROM silver.t)": "name",
    "SELECT * FROM VALUES (1, 2)": "AS name",
    "SELECT * FROM VALUES (1, 2) AS v": "AS name(a, b)",
    "SELECT * FROM range(10)": "table",
    "DELETE FROM silver.t": "listed",
    "SELECT 1; SELECT 2": "exactly one",
    "SELECT (1": "Expecting",
    "SELECT 'a": "quote",
    "": "exactly one",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_a_trap_is_refused_with_the_portable_way(expression: str) -> None:
    findings = lint(f"SELECT {expression} AS x FROM silver.t", COLUMNS)
    assert REFUSED[expression] in " ".join(finding.message for finding in findings)


@pytest.mark.parametrize("query", REFUSED_QUERIES)
def test_a_construct_that_an_engine_lacks_is_refused(query: str) -> None:
    assert REFUSED_QUERIES[query] in " ".join(finding.message for finding in lint(query, COLUMNS))


def test_a_finding_says_where_it_is() -> None:
    sql = "SELECT\n  s,\n  lower(s) || initcap(s) AS x\nFROM silver.t"
    (finding,) = lint(sql)
    assert (finding.line, finding.column, finding.construct) == (3, 15, "initcap")
    assert isinstance(finding, Finding)


def test_comments_blank_lines_and_a_last_semicolon_change_nothing() -> None:
    assert to_duckdb("-- why\r\nSELECT s /* what */\r\nFROM silver.t;\r\n") == 'SELECT "s" FROM "silver"."t"'


def test_every_finding_is_reported_in_the_order_of_the_text() -> None:
    sql = "SELECT percentile(d, 0.5) AS p,\n  initcap(s) AS c\nFROM silver.t\nQUALIFY 1 = 1"
    assert [finding.line for finding in lint(sql)] == [1, 2, 4]


def test_sql_that_is_not_portable_is_not_translated() -> None:
    with pytest.raises(InputError) as caught:
        to_duckdb("SELECT initcap(s) AS x FROM silver.t")
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.detail[0].startswith("1:8 initcap: ")


def test_a_rule_is_an_expression_and_not_a_query() -> None:
    assert expression_to_duckdb("price >= 0 OR price IS NULL") == '(("price" >= 0) OR ("price" IS NULL))'
    with pytest.raises(InputError):
        expression_to_duckdb("SELECT 1 AS x")
    with pytest.raises(InputError, match="not portable"):
        expression_to_duckdb("price / 2 > 1", {"price": "decimal(12,2)"})


def test_tables_are_those_read_and_not_the_names_of_with_clauses() -> None:
    sql = """
        WITH orders AS (SELECT order_id FROM silver.orders), paid AS (SELECT order_id FROM bronze.payments)
        SELECT o.order_id FROM orders AS o JOIN paid USING (order_id)
        WHERE o.order_id IN (SELECT order_id FROM changed.orders)
    """
    assert tables(sql) == ("bronze.payments", "changed.orders", "silver.orders")


def test_output_columns_carry_the_type_of_their_outermost_cast() -> None:
    sql = """
        SELECT cast(a as decimal(12, 2)) AS price, cast(b as timestamp) AS bought_at, c, count(*) AS n,
               try_cast(d as int) AS d, (cast(e as string)) AS e
        FROM silver.t
        UNION ALL SELECT a, b, c, d, e, f FROM silver.u
    """
    assert output_columns(sql) == (
        ("price", "decimal(12,2)"),
        ("bought_at", "timestamp"),
        ("c", None),
        ("n", None),
        ("d", "int"),
        ("e", "string"),
    )


def test_text_that_does_not_parse_has_no_tables_and_no_columns() -> None:
    for ask in (tables, output_columns):
        with pytest.raises(InputError):
            ask("SELECT FROM WHERE")


def test_types_are_carried_through_with_clauses_subqueries_and_set_operations() -> None:
    sql = """
        WITH a AS (SELECT cast(m as double) AS x, i AS y FROM silver.t UNION ALL SELECT d, i FROM silver.t),
             b AS (SELECT t.x AS z FROM (SELECT x FROM a) AS t)
        SELECT z / 2 AS half FROM b
    """
    assert lint(sql, COLUMNS) == ()
    assert lint(sql.replace("z / 2", "z || 'x'"), COLUMNS) != ()


def test_columns_renamed_by_an_alias_keep_their_types() -> None:
    sql = "WITH a AS (SELECT d, s FROM silver.t) SELECT {} AS x FROM a AS b(s, d)"
    assert lint(sql.format("s / 2"), COLUMNS) == ()
    assert lint(sql.format("lower(s)"), COLUMNS) != ()


def test_an_unknown_type_that_would_differ_stops_the_query_on_duckdb() -> None:
    sql = "SELECT cast(d as string) AS x FROM silver.t"
    assert lint(sql) == ()
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA silver; CREATE TABLE silver.t AS SELECT 1.5::DOUBLE AS d")
        with pytest.raises(duckdb.Error, match="printed differently"):
            connection.execute(to_duckdb(sql)).fetchall()
        connection.execute("CREATE OR REPLACE TABLE silver.t AS SELECT 15 AS d")
        assert connection.execute(to_duckdb(sql)).fetchall() == [("15",)]


@given(st.text(max_size=60))
def test_any_text_gives_findings_or_a_translation_and_never_a_crash(sql: str) -> None:
    if not lint(sql):
        to_duckdb(sql)


@given(st.text(st.characters(exclude_characters="\\'", exclude_categories=["Cs", "Cc"]), max_size=20))
def test_any_text_in_quotes_comes_back_as_it_was(text: str) -> None:
    literal = expression_to_duckdb(f"'{text}'")
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT {literal}").fetchall() == [(text,)]


def test_importing_the_module_does_not_import_the_parser() -> None:
    code = "import sys, salesperf_cli.core.portable_sql; print('sqlglot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
