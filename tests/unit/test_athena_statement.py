"""The user's SQL as it is sent to Athena: layers become databases, and all else stays as it was typed."""

from __future__ import annotations

import pytest

from salesperf_cli.core.athena import translate
from salesperf_cli.errors import InputError
from tests.unit.athena_statements import CATALOG, sent, with_databases

# layers become databases


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("SELECT * FROM gold.sales_wide", "SELECT * FROM {gold}.sales_wide"),
        ('SELECT * FROM "gold" . "sales_wide"', 'SELECT * FROM {gold} . "sales_wide"'),
        ("SELECT * FROM GOLD.Sales_Wide AS w", "SELECT * FROM {gold}.Sales_Wide AS w"),
        ("SELECT * FROM awsdatacatalog.gold.sales_wide", "SELECT * FROM awsdatacatalog.{gold}.sales_wide"),
        ("SELECT * FROM other.gold.sales_wide", "SELECT * FROM other.gold.sales_wide"),
        ("SELECT * FROM sales_wide", "SELECT * FROM {gold}.sales_wide"),
        ("SELECT sales_wide.price FROM sales_wide", "SELECT sales_wide.price FROM {gold}.sales_wide"),
        ("SELECT * FROM nowhere", "SELECT * FROM nowhere"),
        ("SELECT * FROM speed.sale_events", "SELECT * FROM {speed}.sale_events"),
        ('SELECT * FROM gold."sales_wide$files"', 'SELECT * FROM {gold}."sales_wide$files"'),
        ("TABLE gold.sales_wide", "TABLE {gold}.sales_wide"),
        ("SELECT * FROM salesperf_dev_gold.sales_wide", "SELECT * FROM {gold}.sales_wide"),
        ("SELECT * FROM information_schema.tables", "SELECT * FROM information_schema.tables"),
        ("VALUES 1, 2", "VALUES 1, 2"),
        (
            "SELECT * FROM gold.sales_wide FOR VERSION AS OF 3 x, silver.orders",
            "SELECT * FROM {gold}.sales_wide FOR VERSION AS OF 3 x, {silver}.orders",
        ),
        (
            "SELECT * FROM (gold.sales_wide a JOIN silver.orders b ON a.x = b.x)",
            "SELECT * FROM ({gold}.sales_wide a JOIN {silver}.orders b ON a.x = b.x)",
        ),
        (
            "SELECT * FROM gold.sales_wide MATCH_RECOGNIZE (MEASURES a.x AS y PATTERN (a) DEFINE a AS a.x > 1)",
            "SELECT * FROM {gold}.sales_wide MATCH_RECOGNIZE (MEASURES a.x AS y PATTERN (a) DEFINE a AS a.x > 1)",
        ),
    ],
)
def test_a_layer_before_a_table_becomes_its_database(typed: str, expected: str) -> None:
    assert sent(typed).sql == with_databases(expected)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("SELECT gold.sales_wide.price FROM gold.sales_wide", "SELECT {gold}.sales_wide.price FROM {gold}.sales_wide"),
        ("SELECT gold.sales_wide.* FROM gold.sales_wide", "SELECT {gold}.sales_wide.* FROM {gold}.sales_wide"),
        ("SELECT gold.sales_wide.r.f FROM gold.sales_wide", "SELECT {gold}.sales_wide.r.f FROM {gold}.sales_wide"),
        (
            "SELECT (SELECT max(gold.sales_wide.price)) FROM gold.sales_wide",
            "SELECT (SELECT max({gold}.sales_wide.price)) FROM {gold}.sales_wide",
        ),
        (
            "SELECT 1 FROM gold.sales_wide CROSS JOIN UNNEST(gold.sales_wide.parts) AS gold_parts(p)",
            "SELECT 1 FROM {gold}.sales_wide CROSS JOIN UNNEST({gold}.sales_wide.parts) AS gold_parts(p)",
        ),
        (
            "SELECT gold.sales_wide.f FROM silver.orders AS gold",
            "SELECT gold.sales_wide.f FROM {silver}.orders AS gold",
        ),
        ("SELECT gold.price FROM (SELECT 1 AS price) AS gold", "SELECT gold.price FROM (SELECT 1 AS price) AS gold"),
        ("SELECT w.gold.price FROM gold.sales_wide w", "SELECT w.gold.price FROM {gold}.sales_wide w"),
        ("SELECT gold.sales_wide.x FROM gold.sales_wide w", "SELECT gold.sales_wide.x FROM {gold}.sales_wide w"),
    ],
)
def test_a_column_keeps_its_table_and_an_alias_is_no_layer(typed: str, expected: str) -> None:
    assert sent(typed).sql == with_databases(expected)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            "WITH gold AS (SELECT 1 AS x) SELECT gold.x FROM gold",
            "WITH gold AS (SELECT 1 AS x) SELECT gold.x FROM gold",
        ),
        (
            "WITH sales_wide AS (SELECT * FROM sales_wide) SELECT * FROM sales_wide, gold.sales_wide g",
            "WITH sales_wide AS (SELECT * FROM {gold}.sales_wide) SELECT * FROM sales_wide, {gold}.sales_wide g",
        ),
        (
            "WITH orders AS (SELECT 1), b AS (SELECT * FROM orders) SELECT * FROM (SELECT * FROM orders), b",
            "WITH orders AS (SELECT 1), b AS (SELECT * FROM orders) SELECT * FROM (SELECT * FROM orders), b",
        ),
        (
            "WITH RECURSIVE orders(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM orders) SELECT * FROM orders",
            "WITH RECURSIVE orders(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM orders) SELECT * FROM orders",
        ),
        (
            "SELECT * FROM (WITH orders AS (SELECT 1) SELECT * FROM orders), orders",
            "SELECT * FROM (WITH orders AS (SELECT 1) SELECT * FROM orders), {silver}.orders",
        ),
    ],
)
def test_a_common_table_is_no_table_of_the_lake_where_it_can_be_seen(typed: str, expected: str) -> None:
    assert sent(typed).sql == with_databases(expected)


def test_strings_comments_and_layout_stay_as_they_were_typed() -> None:
    typed = (
        "-- gold.sales_wide, :limit and ; are words here\n"
        "select 'gold.sales_wide; :x',  \"gold.sales_wide\"  /* silver.orders */\n\tFROM  gold.sales_wide\t-- ü 😀\n"
    )
    assert sent(typed).sql == typed.replace("FROM  gold.", 'FROM  "salesperf_dev_gold".')


def test_semicolons_at_the_end_go_and_comments_after_them_stay() -> None:
    assert sent("SELECT 1 ; -- done\n;").sql == "SELECT 1  -- done\n"


# what no parser here can read


def test_text_that_cannot_be_read_here_is_sent_for_athena_to_judge() -> None:
    typed = "SELECT %% FROM gold.sales_wide WHERE gold.sales_wide.x = :y"
    statement = sent(typed, y="it's")
    assert statement.sql == typed.replace("gold.", '"salesperf_dev_gold".').replace(":y", "?")
    assert statement.parameters == ("'it''s'",)


def test_text_that_cannot_be_read_and_could_mean_an_alias_is_refused() -> None:
    with pytest.raises(InputError, match="syntax error at line 1"):
        sent("SELECT %% FROM silver.orders gold WHERE gold.x = 1")


def test_a_json_key_with_a_colon_is_no_parameter() -> None:
    typed = "SELECT json_object('a':price), json_object('b' :order_id) FROM gold.sales_wide"
    assert sent(typed).parameters == ()


# reading only


@pytest.mark.parametrize("verb", ["INSERT INTO gold.x SELECT 1", "DROP TABLE gold.x", "UNLOAD (SELECT 1) TO 's3://x/'"])
def test_anything_but_reading_is_refused_in_the_same_words_as_locally(verb: str) -> None:
    for text in (verb, f"SELECT 1; {verb}", f"EXPLAIN {verb}", f"EXPLAIN ANALYZE {verb}"):
        with pytest.raises(InputError) as here:
            sent(text)
        with pytest.raises(InputError) as locally:
            translate(text, CATALOG)
        assert (here.value.what, here.value.why, here.value.remedy) == (
            locally.value.what, locally.value.why, locally.value.remedy,
        )  # fmt: skip


def test_several_statements_are_refused_behind_show_and_explain_too() -> None:
    for text in ("SHOW TABLES; DROP TABLE x", "EXPLAIN SELECT 1; DROP TABLE x", "DESCRIBE gold.x; SELECT 1"):
        with pytest.raises(InputError, match="more than one statement"):
            sent(text)


def test_bronze_is_refused_in_the_same_words_as_locally() -> None:
    with pytest.raises(InputError, match="bronze is not queryable"):
        sent("SELECT * FROM bronze.orders")
    with pytest.raises(InputError, match="bronze is not queryable"):
        sent("SHOW TABLES IN bronze")


# SHOW, DESCRIBE, EXPLAIN


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("SHOW TABLES IN gold", "SHOW TABLES IN salesperf_dev_gold"),
        ("show tables from GOLD 'sales.*';", "show tables from salesperf_dev_gold 'sales.*'"),
        ("SHOW COLUMNS IN gold.sales_wide", "SHOW COLUMNS IN salesperf_dev_gold.sales_wide"),
        ("SHOW COLUMNS IN sales_wide IN gold", "SHOW COLUMNS IN sales_wide IN salesperf_dev_gold"),
        ("SHOW COLUMNS IN orders", "SHOW COLUMNS IN salesperf_dev_silver.orders"),
        ("DESCRIBE gold.sales_wide", "DESCRIBE salesperf_dev_gold.sales_wide"),
        ("DESC `gold`.`sales_wide`", "DESC `salesperf_dev_gold`.`sales_wide`"),
        ("DESCRIBE sales_wide", "DESCRIBE salesperf_dev_gold.sales_wide"),
        ("SHOW CREATE VIEW serving.sale_lines", "SHOW CREATE VIEW salesperf_dev_serving.sale_lines"),
        ("SHOW DATABASES", "SHOW DATABASES"),
        ("EXPLAIN SELECT * FROM gold.sales_wide", 'EXPLAIN SELECT * FROM "salesperf_dev_gold".sales_wide'),
        (
            "EXPLAIN ANALYZE VERBOSE\nSELECT * FROM gold.sales_wide;",
            'EXPLAIN ANALYZE VERBOSE\nSELECT * FROM "salesperf_dev_gold".sales_wide',
        ),
        ("EXPLAIN (TYPE IO, FORMAT JSON) SELECT 1", "EXPLAIN (TYPE IO, FORMAT JSON) SELECT 1"),
    ],
)
def test_show_and_describe_name_databases_in_hives_way(typed: str, expected: str) -> None:
    assert sent(typed).sql == expected


def test_only_what_reads_data_is_charged_for() -> None:
    free = {text: sent(text).is_free for text in ("SHOW TABLES IN gold", "EXPLAIN SELECT 1", "SELECT 1")}
    assert free == {"SHOW TABLES IN gold": True, "EXPLAIN SELECT 1": True, "SELECT 1": False}
    assert not sent("-- why\nEXPLAIN ANALYZE SELECT 1").is_free
