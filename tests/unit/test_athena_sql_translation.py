"""What a translation tells the engine: columns, filters, parameters, macros; views, SHOW and the reference page."""

# ruff: noqa: E501
from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from salesperf_cli.backends.embedded import trino_macros
from salesperf_cli.core.athena import Filter, TableSchema, Translation, reference_page, translate
from salesperf_cli.core.athena.registry import REFUSED, names
from salesperf_cli.errors import InputError
from tests.unit.athena_answers import run

TABLES = {
    "gold.sales_wide": (
        ("order_id", "string"), ("state", "string"), ("price", "decimal(12,2)"), ("purchased_at", "timestamp"),
        ("purchase_date", "date"), ("qty", "int"),
    ),
    "gold.both": (("a", "int"),),
    "silver.both": (("b", "int"),),
    "silver.orders": (("order_id", "string"), ("status", "string")),
    "quarantine.orders": (("file", "string"), ("line", "bigint")),
}  # fmt: skip
VIEWS = {
    "serving.top": "select state, sum(price) as total from gold.sales_wide group by 1",
    "serving.live": "select order_id, purchase_date from gold.sales_wide "
    "union all select order_id, date '2018-05-01' from silver.orders",
    "serving.loop": "select * from serving.loop",
}


class Lake:
    """A lake of schemas and views; `asked` keeps the tables whose schema was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def tables(self) -> Sequence[str]:
        return [*TABLES, *VIEWS]

    def table(self, name: str) -> TableSchema | None:
        self.asked.append(name)
        return TableSchema(name, TABLES[name]) if name in TABLES else None

    def view(self, name: str) -> str | None:
        return VIEWS.get(name)


def made(sql: str, **parameters: str) -> Translation:
    return translate(sql, Lake(), parameters)


def in_duckdb(translation: Translation) -> list[tuple[object, ...]]:
    """The rows over a lake of three sales."""
    connection = duckdb.connect()
    for statement in (*trino_macros.SETTINGS, *trino_macros.definitions(translation.macros)):
        connection.execute(statement)
    connection.execute(
        """CREATE SCHEMA gold; CREATE SCHEMA silver;
        CREATE TABLE gold.sales_wide(order_id VARCHAR, state VARCHAR, price DECIMAL(12,2), purchased_at TIMESTAMP, purchase_date DATE, qty INTEGER);
        INSERT INTO gold.sales_wide VALUES ('1', 'SP', 10.50, '2018-01-05 10:00:00', '2018-01-05', 1),
            ('2', 'RJ', 20.25, '2018-02-01 00:00:00', '2018-02-01', 2), ('3', 'SP', 5, '2018-03-01 12:00:00', '2018-03-01', 3);
        CREATE TABLE silver.orders(order_id VARCHAR, status VARCHAR); INSERT INTO silver.orders VALUES ('9', 'x')"""
    )
    return connection.execute(translation.sql, list(translation.parameters)).fetchall()


def test_tables_and_columns_are_those_that_are_read() -> None:
    found = made("select state, sum(price) from gold.sales_wide where qty > 1 group by state order by 2")
    assert found.tables == ("gold.sales_wide",)
    assert set(found.columns["gold.sales_wide"]) == {"state", "price", "qty"}
    assert [(column.name, column.type) for column in found.output] == [("state", "varchar"), ("_col1", "decimal(38,2)")]


def test_a_star_reads_every_column_and_a_count_none() -> None:
    assert made("select * from silver.orders").columns == {"silver.orders": ("order_id", "status")}
    assert made("select count(*) from silver.orders").columns == {"silver.orders": ()}


def test_only_the_schemas_named_are_asked_for() -> None:
    lake = Lake()
    translate("select order_id from silver.orders", lake)
    assert lake.asked == ["silver.orders"]


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("sales_wide", "gold.sales_wide"), ("orders", "silver.orders"), ("both", "gold.both"), ("SALES_WIDE", "gold.sales_wide"),
        ('"gold"."sales_wide"', "gold.sales_wide"), ('"awsdatacatalog".gold.sales_wide', "gold.sales_wide"),
        ("awsdatacatalog.quarantine.orders", "quarantine.orders"), ("Gold.Sales_Wide", "gold.sales_wide"),
    ],
)  # fmt: skip
def test_names_of_tables_are_found(name: str, table: str) -> None:
    assert made(f"select * from {name}").tables == (table,)


def test_simple_conjunctive_predicates_become_filters() -> None:
    found = made(
        "select count(*) from gold.sales_wide where purchased_at >= timestamp '2018-01-01 00:00:00' and purchased_at < date '2018-02-01' "
        "and state in ('SP', 'RJ') and price between 1.5 and 20 and 3 >= qty and state like 'S%' and not (qty = 1) and qty + 1 = 2"
    )
    assert found.filters["gold.sales_wide"] == (
        Filter("purchased_at", ">=", datetime.datetime.fromisoformat("2018-01-01")),
        Filter("purchased_at", "<", datetime.datetime.fromisoformat("2018-02-01")),
        Filter("state", "in", ("SP", "RJ")),
        Filter("price", ">=", Decimal("1.5")),
        Filter("price", "<=", 20),
        Filter("qty", "<=", 3),
    )


@pytest.mark.parametrize(
    "sql",
    [
        "select * from gold.sales_wide where qty = 1 or state = 'SP'",
        "select * from (select * from gold.sales_wide limit 5) where qty = 1",
        "select * from (select qty, row_number() over (order by price) r from gold.sales_wide) where qty = 1",
        "select * from gold.sales_wide a join gold.sales_wide b on a.order_id = b.order_id where a.qty = 1",
        "select * from gold.sales_wide where qty = 1 union all select * from gold.sales_wide",
        "select * from gold.sales_wide w where exists (select 1 from (values 1) t(x) where w.qty = 1) or true",
        "select * from (select sum(qty) qty from gold.sales_wide) where qty = 1",
        "select * from gold.sales_wide where qty <> 1",
        "select * from gold.sales_wide where qty is null",
    ],
)
def test_what_does_not_hold_for_every_row_is_no_filter(sql: str) -> None:
    assert made(sql).filters == {}


def test_filters_reach_through_views_groups_and_unions() -> None:
    assert made("select * from serving.top where state = 'SP'").filters == {
        "gold.sales_wide": (Filter("state", "=", "SP"),)
    }
    found = made("select * from serving.live where purchase_date >= date '2018-02-01'")
    assert found.filters == {"gold.sales_wide": (Filter("purchase_date", ">=", datetime.date(2018, 2, 1)),)}
    assert set(found.tables) == {"gold.sales_wide", "silver.orders"}
    assert sorted(map(str, in_duckdb(found))) == [
        "('2', datetime.date(2018, 2, 1))", "('3', datetime.date(2018, 3, 1))", "('9', datetime.date(2018, 5, 1))",
    ]  # fmt: skip


def test_a_view_is_read_as_a_subquery_and_a_circle_is_refused() -> None:
    assert sorted(in_duckdb(made("select t.total from serving.top t where t.state = 'SP'"))) == [(Decimal("15.50"),)]
    with pytest.raises(InputError, match="reads itself"):
        made("select * from serving.loop")


def test_names_of_a_query_do_not_leak_into_a_view() -> None:
    assert len(in_duckdb(made("with sales_wide as (select 1 as x) select state from serving.top"))) == 2


@pytest.mark.parametrize(
    ("sql", "given", "rows"),
    [
        ("select order_id from gold.sales_wide where state = :state order by 1", {"state": "SP"}, [("1",), ("3",)]),
        ("select order_id from gold.sales_wide where order_id = :id", {"id": "2"}, [("2",)]),
        ("select order_id from gold.sales_wide where qty = :n", {"n": "2"}, [("2",)]),
        ("select order_id from gold.sales_wide where price > :p order by 1", {"p": "10.5"}, [("2",)]),
        ("select order_id from gold.sales_wide where price >= :p order by 1", {"p": "10"}, [("1",), ("2",)]),
        ("select order_id from gold.sales_wide where purchase_date >= :d order by 1", {"d": "2018-02-01"}, [("2",), ("3",)]),
        ("select order_id from gold.sales_wide where purchased_at > :t", {"t": "2018-02-01 00:00:00"}, [("3",)]),
        ("select order_id from gold.sales_wide where purchased_at > :t", {"t": "2018-02-01"}, [("3",)]),
        ("select order_id from gold.sales_wide where state in (:a, :b) and qty < :n order by 1", {"a": "SP", "b": "RJ", "n": "3"},
         [("1",), ("2",)]),
        ("select order_id from gold.sales_wide order by qty desc limit :limit", {"limit": "1"}, [("3",)]),
        ("select :x || :x", {"x": "a"}, [("aa",)]),
        ("select :x", {"x": "true"}, [(True,)]),
        ("select :a + :a", {"a": "2"}, [(4,)]),
        ("select order_id from gold.sales_wide where state = :from order by 1 limit 1", {"from": "SP"}, [("1",)]),
        ("-- param: n bigint 3\nselect order_id from gold.sales_wide where qty = :n", {}, [("3",)]),
        ("-- title: x\n-- param: s string 'RJ'\nselect order_id from gold.sales_wide where state = :s", {}, [("2",)]),
        ("-- param: s string\nselect length(:s)", {"s": "123"}, [(3,)]),
        ("-- param: d date\nselect year(:d)", {"d": "2018-01-01"}, [(2018,)]),
    ],
)  # fmt: skip
def test_parameters_are_typed_by_their_use(sql: str, given: dict[str, str], rows: list[tuple[object, ...]]) -> None:
    assert in_duckdb(made(sql, **given)) == rows


@pytest.mark.parametrize("value", ["' or 1=1 --", "x'; drop table gold.sales_wide; --", '"', "$1", ":x", "\\", "%'"])
def test_a_value_that_looks_like_sql_stays_a_value(value: str) -> None:
    found = made("select :x", x=value)
    assert found.sql == 'SELECT CAST($1 AS VARCHAR) AS "_col0"'
    assert found.parameters == (value,)
    assert in_duckdb(found) == [(value,)]
    assert in_duckdb(made("select order_id from gold.sales_wide where state = :x", x=value)) == []


def test_missing_and_superfluous_parameters_are_named() -> None:
    with pytest.raises(InputError, match="no value for :a, :b; unknown :c"):
        made("select :a, :b", c="1")
    with pytest.raises(InputError, match="is not a bigint"):
        made("-- param: n bigint\nselect :n", n="x")
    with pytest.raises(InputError, match="is not a bigint"):
        made("select 1 limit :n", n="1; drop")
    with pytest.raises(InputError, match="unknown type"):
        made("-- param: n float8 1\nselect :n")


def test_a_parameter_filters_files_as_a_literal_does() -> None:
    assert made("select * from gold.sales_wide where state = :s", s="SP").filters == {
        "gold.sales_wide": (Filter("state", "=", "SP"),)
    }


def test_only_the_macros_needed_are_named_and_their_helpers_come_first() -> None:
    assert made("select state, sum(price) from gold.sales_wide group by 1").macros == ()
    assert made("select avg(price) from gold.sales_wide").macros == ("trino_rounded_quotient",)
    statements = trino_macros.definitions(("trino_array_union",))
    assert [statement.split("(")[0].split()[-1] for statement in statements] == [
        "trino_array_distinct",
        "trino_array_union",
    ]


def test_every_macro_can_be_created_alone() -> None:
    for name in trino_macros.names():
        connection = duckdb.connect()
        for statement in trino_macros.definitions((name,)):
            connection.execute(statement)


def test_exact_answers_to_approximate_functions_are_noted() -> None:
    assert "exactly" in made("select approx_distinct(state) from gold.sales_wide").notes[0]
    assert made("select count(distinct state) from gold.sales_wide").notes == ()


def test_show_and_describe() -> None:
    assert in_duckdb(made("show tables in gold")) == [("both",), ("sales_wide",)]
    assert ("silver.orders",) in in_duckdb(made("SHOW TABLES"))
    assert in_duckdb(made("show tables like 'sales*'")) == [("gold.sales_wide",)]
    assert in_duckdb(made("show columns from silver.orders;")) == [("order_id",), ("status",)]
    assert in_duckdb(made("show schemas")) == [("gold",), ("quarantine",), ("serving",), ("silver",)]
    assert in_duckdb(made("describe serving.top"))[1] == ("total", "decimal(38,2)", "")
    assert ("gold", "sales_wide", "BASE TABLE") in in_duckdb(
        made("select table_schema, table_name, table_type from information_schema.tables")
    )
    assert in_duckdb(
        made(
            "select column_name, data_type from information_schema.columns where table_name = 'sales_wide' and ordinal_position = 3"
        )
    ) == [("price", "decimal(12,2)")]


def test_explain_shows_a_plan_and_reads_no_data() -> None:
    found = made("explain select count(*) from gold.sales_wide")
    assert found.tables == ("gold.sales_wide",)
    assert in_duckdb(found)[0][0] == "physical_plan"


def test_repeated_output_names_are_kept_for_the_reader_and_told_apart_for_the_engine() -> None:
    found = made("select qty, qty as QTY, 1, 'x' as \"a b\" from gold.sales_wide limit 1")
    assert [column.name for column in found.output] == ["qty", "QTY", "_col2", "a b"]
    assert in_duckdb(found)[0] == (1, 1, 1, "x")


def test_a_struct_named_like_a_table_captures_nothing() -> None:
    sql = "select t.x from (select cast(row(7) as row(x integer)) as t, 1 as x) t"
    assert in_duckdb(made(sql)) == [(1,)]


def test_the_reference_page_is_the_one_committed() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "athena-sql.md"
    assert page.read_text(encoding="utf-8") == reference_page()


def test_every_function_is_on_the_page_and_none_is_both_listed_and_refused() -> None:
    page = reference_page()
    assert all(f"| `{name}` |" in page for name in names())
    assert not set(names()) & set(REFUSED)


def test_a_simple_query_is_compiled_within_milliseconds() -> None:
    sql = "select state, count(*), sum(price), avg(price) from gold.sales_wide where qty > 1 group by state order by 3 desc limit 10"
    made(sql)
    started = time.perf_counter()
    for _ in range(10):
        made(sql)
    assert (time.perf_counter() - started) / 10 < 0.025


def test_long_chains_of_conditions_do_not_exhaust_the_stack() -> None:
    conditions = " and ".join(f"qty <> {n}" for n in range(150))
    assert in_duckdb(made(f"select order_id from gold.sales_wide where {conditions}")) == []
    assert run(translate("select " + " || ".join(["'a'"] * 100), Lake())) == [("a" * 100,)]
