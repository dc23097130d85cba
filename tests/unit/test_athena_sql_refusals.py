"""What SQL may not do: change anything, reach a file, or be answered otherwise than by Athena."""

# ruff: noqa: E501
from __future__ import annotations

import pytest

from salesperf_cli.core.athena import Translation, translate
from salesperf_cli.errors import InputError
from tests.unit.athena_answers import failure
from tests.unit.test_athena_sql_translation import Lake


def refused(sql: str) -> InputError:
    with pytest.raises(InputError) as caught:
        translate(sql, Lake())
    assert caught.value.remedy, "a refusal says what to do"
    return caught.value


@pytest.mark.parametrize(
    "sql",
    [
        "insert into gold.sales_wide values (1)",
        "create table x as select 1",
        "drop table gold.sales_wide",
        "delete from gold.sales_wide",
        "update gold.sales_wide set qty = 1",
        "merge into x using y on 1 = 1 when matched then delete",
        "truncate table gold.sales_wide",
        "alter table gold.sales_wide add column y int",
        "copy gold.sales_wide to 'x'",
        "attach 'x.db'",
        "pragma version",
        "set threads = 1",
        "call foo()",
        "install httpfs",
        "load httpfs",
        "export database 'x'",
        "use gold",
        "prepare x from select 1",
        "unload (select 1) to 's3://x'",
        "vacuum",
    ],
)
def test_only_queries_are_allowed(sql: str) -> None:
    fault = refused(sql)
    assert fault.what == f"{sql.split()[0].upper()} is not allowed"
    assert "SELECT" in fault.why


@pytest.mark.parametrize("sql", ["select 1; drop table x", "select 1; select 2", "explain select 1; drop table x"])
def test_one_statement_at_a_time(sql: str) -> None:
    assert refused(sql).what == "more than one statement"


@pytest.mark.parametrize("sql", ["", "  ", "-- only a comment", ";"])
def test_no_sql_is_said_to_be_none(sql: str) -> None:
    assert refused(sql).what == "there is no SQL"


@pytest.mark.parametrize(
    "source",
    [
        "read_csv('x.csv')",
        "read_csv_auto('x.csv')",
        "read_parquet('x')",
        "parquet_scan('x')",
        "read_json('x')",
        "read_text('/etc/passwd')",
        "read_blob('/etc/passwd')",
        "glob('*')",
        "'x.csv'",
        '"x.csv"',
        '"/etc/passwd"',
        "'https://example.org/x.parquet'",
        "duckdb_tables()",
        "duckdb_settings()",
        "pragma_table_info('x')",
        "sqlite_scan('x', 'y')",
        "postgres_scan('x', 'y', 'z')",
        "range(5)",
        "generate_series(1, 5)",
        "query('select 1')",
        "query_table('x')",
    ],
)
def test_a_query_reads_tables_of_the_lake_and_nothing_else(source: str) -> None:
    assert "is no table of the lake" in refused(f"select * from {source}").what


@pytest.mark.parametrize(
    "name",
    [
        "duckdb_settings",
        "sqlite_master",
        "pg_catalog.pg_tables",
        "main.x",
        "temp.x",
        "information_schema.schemata",
        "system.x",
    ],
)
def test_the_engines_own_tables_are_out_of_sight(name: str) -> None:
    refused(f"select * from {name}")


@pytest.mark.parametrize(
    "call",
    [
        "getenv('HOME')", "read_text('/etc/passwd')", "current_setting('threads')", "pg_sleep(1)", "version()", "system('ls')",
        "getvariable('x')", "query('select 1')", "nextval('x')", "error('x')", "struct_pack(1)", "list_value(1)", "columns('x')",
        "uuid()", "random()", "rand()", "checksum(order_id)", "xxhash64(to_utf8(order_id))", "url_encode(order_id)", "soundex(order_id)",
        "string_agg(order_id, ',')", "date_part('year', purchase_date)", "strftime(purchase_date, '%Y')", "unnest(array[1])",
    ],
)  # fmt: skip
def test_functions_that_are_not_listed_are_refused_by_name(call: str) -> None:
    fault = refused(f"select {call} from gold.sales_wide")
    assert f"the function {call.split('(')[0]} is not supported here" in fault.what


def test_a_refused_function_names_its_neighbours() -> None:
    assert "date_diff" in refused("select datediff(1, 2)").why
    assert "date_format" in refused("select date_fromat(date '2018-01-01', '%Y')").remedy


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("select * from gold.sales_wide tablesample bernoulli (10)", "TABLESAMPLE"),
        ("select * from gold.sales_wide for version as of 3", "AS OF"),
        ("select 1 from gold.sales_wide natural join silver.orders", "NATURAL JOIN"),
        ("select distinct on (state) state from gold.sales_wide", "DISTINCT ON"),
        ("select * exclude (state) from gold.sales_wide", "* EXCEPT"),
        ("select * replace (1 as qty) from gold.sales_wide", "* REPLACE"),
        ("with recursive r(n) as (select 1 union all select n + 1 from r) select * from r", "WITH RECURSIVE"),
        ("select qty from gold.sales_wide order by qty fetch first 3 rows with ties", "WITH TIES"),
        ("select state from gold.sales_wide group by distinct state", "GROUP BY ALL or DISTINCT"),
        ("select 1 into x", "INTO"),
        ("select array[1] = array[1]", "comparing array(integer)"),
        ("select row(1, 2) in (select 1)", "cannot compare"),
        ("select (1, 2) in (select 1, 2)", "a row IN (subquery)"),
        ("select time '10:00'", "the type TIME"),
        ("select cast('a' as char(3))", "the type CHAR"),
        ("select timestamp '2018-01-01 00:00:00 +02:00'", "the zone +02:00"),
        ("select try((select 1))", "try around a subquery"),
        ("select regexp_like('a', '(?=a)')", "lookaround"),
        ("select regexp_like('a', '(a)\\1')", "\\1 in the pattern"),
        ("select regexp_like('a', 'a++')", "possessive"),
        ("select regexp_like('a', '\\ba')", "\\b in the pattern"),
        ("select regexp_extract('b', '(x)?b', 1)", "optional groups"),
        ("select regexp_like('a', state) from gold.sales_wide", "must be a string literal"),
        ("select json_extract('{}', '$..a')", "the JSON path"),
        ("select date_parse('05-03-69', '%d-%m-%y')", "%y when reading a date"),
        ("select date_format(date '2018-01-01', '%D')", "%D in the date format"),
        ("select current_timestamp at time zone state from gold.sales_wide", "time zone"),
        ("select cast(from_iso8601_timestamp('2018-01-01T00:00:00Z') as date)", "zone differs from row to row"),
        ("select sum(qty) over (order by qty) from gold.sales_wide where sum(qty) over () > 1", "WHERE cannot hold"),
        ("select current_user", "CURRENT_USER"),
        ("select ?", "parameters are named here"),
    ],
)  # fmt: skip
def test_what_cannot_be_vouched_for_is_refused(sql: str, what: str) -> None:
    assert what in refused(sql).what


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("select * from gold.sales_wide where purchase_date = '2018-01-01'", "cannot compare date = varchar"),
        ("select 1 = '1'", "cannot compare integer = varchar"),
        ("select 'a' || 1", "the types varchar and integer do not go together"),
        ("select 1 + 'a'", "cannot apply + to integer and varchar"),
        ("select 1 union select 'a'", "column 1 of UNION"),
        ("select 1 union select 1, 2", "1 and 2 columns"),
        ("select if(1, 2, 3)", "if must be boolean"),
        ("select 1 where 1", "WHERE must be boolean"),
        ("select coalesce(1, 'a')", "coalesce"),
        ("select sum(state) from gold.sales_wide", "sum takes numbers"),
        ("select year('2018-01-01')", "year takes a date or timestamp"),
        ("select hour(date '2018-01-01')", "hour takes a timestamp"),
        ("select substr('a')", "substr takes 2 to 3 arguments"),
        ("select upper(distinct 'a')", "upper is no aggregate"),
        ("select row_number()", "row_number is a window function"),
        ("select sum(sum(qty)) from gold.sales_wide", "aggregates cannot be nested"),
        ("select count(*), state from gold.sales_wide", "'state' must be an aggregate or appear in GROUP BY"),
        ("select qty + 1 from gold.sales_wide group by state", "'qty' must be an aggregate"),
        ("select qty from gold.sales_wide group by 3", "GROUP BY position 3"),
        ("select qty from gold.sales_wide order by 0", "ORDER BY position 0"),
        ("select qty from gold.sales_wide limit 1 + 1", "LIMIT and OFFSET take a whole number"),
        ("select cast(date '2018-01-01' as bigint)", "cannot cast date to bigint"),
        ("select 99999999999999999999", "out of the range of bigint"),
        ("select cast(1 as decimal(20,18)) * cast(1 as decimal(30,22))", "40 fraction digits"),
        ("select date '2018-01-01' + interval '1' hour", "cannot be added to a date"),
        ("select 'abc' like 'a#bc' escape '#'", "escape character"),
        ("select regexp_extract('abc', 'b', 1)", "0 groups"),
        ("select (select 1, 2)", "has 2 columns"),
        ("select a.x from (values 1) a(x), (values 1) b(x) where x = 1", "'x' is ambiguous"),
        ("select t.x from (values 1) t(x) join (values 1) u(x) using (x)", "'t.x' cannot be resolved"),
        ("select y.x from (select x, x from (values 1) t(x)) y", "ambiguous"),
    ],
)  # fmt: skip
def test_what_athena_refuses_is_refused(sql: str, what: str) -> None:
    assert what in refused(sql).what


@pytest.mark.parametrize(
    "sql",
    [
        "select state s from gold.sales_wide where s = 'SP'",
        "select state s, count(*) from gold.sales_wide group by s",
        "select state s, count(*) from gold.sales_wide group by 1 having s = 'SP'",
        "select 1 as s, s + 1",
    ],
)
def test_an_alias_is_seen_by_order_by_only_and_the_refusal_says_so(sql: str) -> None:
    fault = refused(sql)
    assert "column 's' cannot be resolved" in fault.what
    assert "alias" in fault.why
    assert "GROUP BY: 1" in fault.remedy


def test_unknown_tables_and_columns_name_near_ones() -> None:
    assert refused("select * from gold.sale_wide").why == "did you mean gold.sales_wide?"
    assert refused("select prise from gold.sales_wide").why == "did you mean price?"
    assert "order_id" in refused("select zzz from gold.sales_wide").why
    assert refused("select t.price from gold.sales_wide").why == "FROM has sales_wide."
    assert "silver.orders" in refused("select * from bronze.orders").remedy


def test_positions_are_told_as_athena_tells_them() -> None:
    assert refused("select state,\n  prise from gold.sales_wide").what.startswith("line 2:3: ")


@pytest.mark.parametrize(
    ("sql", "line", "column"),
    [
        ("selec 1", 1, 5),
        ("select (1", 1, 9),
        ("select *\nfrom gold.sales_wide\nwhere", 3, 5),
        ("select price::int from gold.sales_wide", 1, 14),
        ("select 1_000", 1, 12),
        ("select 0x1F", 1, 11),
        ("select `a` from gold.sales_wide", 1, 10),
        ("explain select 1 +", 1, 18),
    ],
)
def test_a_syntax_error_shows_the_place_with_a_caret(sql: str, line: int, column: int) -> None:
    fault = refused(sql)
    assert fault.what == f"syntax error at line {line}, column {column}"
    excerpt, caret = fault.detail
    assert excerpt.strip() == sql.splitlines()[line - 1].removeprefix("explain ")
    assert caret == " " * (column - 1) + "^"


def test_the_excerpt_of_a_long_line_fits_in_eighty_columns() -> None:
    fault = refused(
        "select " + "1 + " * 60 + "+ * from gold.sales_wide where qty = 1 and state = 'SP' " + "or 1 = 1 " * 20 + ")"
    )
    assert all(len(part) <= 80 for part in (*fault.detail, fault.why, fault.what))
    assert fault.detail[1].rstrip().endswith("^")


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("5 % 0", "DIVISION_BY_ZERO: Division by zero"),
        ("mod(1.5, 0.0)", "DIVISION_BY_ZERO: Division by zero"),
        ("1.0 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("cast('12.7' as integer)", "INVALID_CAST_ARGUMENT: Cannot cast '12.7' to an integer"),
        ("cast(' 12' as integer)", "INVALID_CAST_ARGUMENT"),
        ("cast('' as bigint)", "INVALID_CAST_ARGUMENT"),
        ("cast('1,5' as double)", "INVALID_CAST_ARGUMENT"),
        ("cast(' 1.2 ' as decimal(3,2))", "INVALID_CAST_ARGUMENT"),
        ("cast('yes' as boolean)", "INVALID_CAST_ARGUMENT"),
        ("cast('2018-01-01T10:00:00' as timestamp)", "INVALID_CAST_ARGUMENT"),
        ("cast(12 as varchar(1))", "INVALID_CAST_ARGUMENT: Value 12 cannot be represented as varchar(1)"),
        ("split_part('a,b', ',', 0)", "INVALID_FUNCTION_ARGUMENT: Index must be greater than zero"),
        ("lpad('a', -1, 'x')", "INVALID_FUNCTION_ARGUMENT: Target length"),
        ("lpad('a', 3, '')", "INVALID_FUNCTION_ARGUMENT"),
        ("array[1, 2][3]", "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 3 > 2"),
        ("array[1, 2][0]", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
        ("element_at(array[1], 0)", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
        ("map(array['a'], array[1])['b']", "INVALID_FUNCTION_ARGUMENT: Key not present in map: b"),
        ("sequence(1, 5, 0)", "INVALID_FUNCTION_ARGUMENT: step must not be zero"),
        ("sequence(1, 5, -1)", "INVALID_FUNCTION_ARGUMENT: sequence stop value"),
        ("cardinality(sequence(1, 10001))", "INVALID_FUNCTION_ARGUMENT: result of sequence"),
        ("slice(array[1], 0, 1)", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
        ("json_parse('x') is null", "INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: x"),
        ("date_parse('2018-01-01x', '%Y-%m-%d')", "INVALID_FUNCTION_ARGUMENT: Invalid format: 2018-01-01x"),
        ("width_bucket(1e0, 0e0, 1e0, 0)", "INVALID_FUNCTION_ARGUMENT: bucketCount"),
        ("date '2018-01-01' + (timestamp '2018-01-01 01:00:00' - timestamp '2018-01-01 00:00:00')", "INVALID_FUNCTION_ARGUMENT"),
        ("try_cast('1d' as double)", "NOT_SUPPORTED: a double written as 1d"),
        ("json_extract_scalar('{\"a\":2.50}', '$.a')", "NOT_SUPPORTED"),
        ("2147483647 + 1", "Overflow"),
        ("cast(9223372036854775807 as bigint) + 1", "Overflow"),
        ("-cast(-2147483648 as integer)", "Overflow"),
        ("cast(3000000000 as integer)", "out of range"),
        ("cast(999.99 as decimal(3,2))", "out of range"),
        ("cast(1e21 as decimal(20,4))", "INVALID_CAST_ARGUMENT"),
        ("map(array['a', 'a'], array[1, 2])", "unique"),
        ("(select x from (values 1, 2) t(x))", "More than one row"),
    ],
)  # fmt: skip
def test_what_trino_fails_on_fails_while_it_runs(expression: str, code: str) -> None:
    assert code in failure(f"select {expression}")


def test_no_statement_of_the_translation_is_anything_but_a_query() -> None:
    found = translate("select * from gold.sales_wide where state = 'x''; drop table y; --'", Lake())
    assert isinstance(found, Translation)
    assert found.sql.startswith("SELECT ")
    assert found.sql.endswith("'x''; drop table y; --')")
