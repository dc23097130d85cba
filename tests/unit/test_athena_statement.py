"""The user's SQL as it is sent to Athena: what is spliced in, and that all else stays as it was typed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from salesperf_cli.core.athena import TableSchema, Translation, translate
from salesperf_cli.core.athena_statement import AthenaLake, Statement, statement_of
from salesperf_cli.core.athena_statement.splices import Splice, Spliced
from salesperf_cli.core.athena_statement.values import literal
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.serving_views import plan_views
from salesperf_cli.errors import InputError

LAYERS = ("silver", "gold", "quarantine", "serving", "speed")
DATABASES = {layer: f"salesperf_dev_{layer}" for layer in LAYERS}
VIEW = "-- items that were sold\nSELECT order_id, price FROM gold.sales_wide WHERE price > 0; -- the end"
COLUMNS = (("order_id", "string"), ("price", "decimal(12,2)"), ("sold_on", "date"))


@dataclass(frozen=True)
class Names:
    """A catalog of three tables and a view."""

    views: Mapping[str, str] = field(default_factory=lambda: {"serving.sale_lines": VIEW})

    def tables(self) -> Sequence[str]:
        return ["gold.sales_wide", "gold.sales_monthly", "silver.orders", *self.views]

    def table(self, name: str) -> TableSchema | None:
        return TableSchema(name, COLUMNS) if name in ("gold.sales_wide", "silver.orders") else None

    def view(self, name: str) -> str | None:
        return self.views.get(name)


NOW = AthenaLake(Names(), DATABASES)
THEN = AthenaLake(Names(), DATABASES, {"gold.sales_wide": 11, "silver.orders": 22}, "r1")


def sent(sql: str, lake: AthenaLake = NOW, **values: str) -> Statement:
    return statement_of(sql, lake, values)


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
    names = {layer: f'"{name}"' for layer, name in DATABASES.items()}
    assert sent(typed).sql == expected.format(**names)


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
    names = {layer: f'"{name}"' for layer, name in DATABASES.items()}
    assert sent(typed).sql == expected.format(**names)


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
    names = {layer: f'"{name}"' for layer, name in DATABASES.items()}
    assert sent(typed).sql == expected.format(**names)


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
            translate(text, Names())
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


# parameters


@pytest.mark.parametrize(
    ("declared", "text", "expected"),
    [
        ("string", "O'Brien; DROP TABLE x --", "'O''Brien; DROP TABLE x --'"),
        ("string", "", "''"),
        ("string", "2018-01-01", "'2018-01-01'"),
        ("int", "-5", "-5"),
        ("bigint", "9007199254740993", "9007199254740993"),
        ("double", "0.5", "0.5E0"),
        ("double", "1e-9", "1E-09"),
        ("double", "nan", "nan()"),
        ("decimal(12,2)", "12.50", "12.50"),
        ("decimal(12,2)", "12", "DECIMAL '12'"),
        ("boolean", "TRUE", "true"),
        ("date", "2018-01-31", "DATE '2018-01-31'"),
        ("timestamp", "2018-01-31 10:00:00.25", "TIMESTAMP '2018-01-31 10:00:00.250000'"),
        ("timestamp", "2018-01-31", "TIMESTAMP '2018-01-31 00:00:00'"),
        ("", "7", "7"),
        ("", "2018-01-31", "DATE '2018-01-31'"),
        ("", "SP", "'SP'"),
    ],
)
def test_a_value_is_sent_beside_the_text_as_a_literal_of_its_type(declared: str, text: str, expected: str) -> None:
    header = f"-- param: v {declared}\n" if declared else ""
    statement = sent(f"{header}SELECT :v AS v", v=text)
    assert statement.sql == f"{header}SELECT ? AS v"
    assert statement.parameters == (expected,)


def test_parameters_come_in_the_order_in_which_they_stand_as_often_as_they_stand() -> None:
    statement = sent("SELECT :b, :a, ':a', :b FROM gold.sales_wide LIMIT :limit", a="1", b="x", limit="3")
    assert statement.sql == "SELECT ?, ?, ':a', ? FROM \"salesperf_dev_gold\".sales_wide LIMIT ?"
    assert statement.parameters == ("'x'", "1", "'x'", "3")


def test_a_parameter_has_the_type_in_which_the_local_compiler_read_it() -> None:
    sql = "SELECT * FROM gold.sales_wide WHERE order_id = :id AND price > :least"
    values = {"id": "2018", "least": "5"}
    translation: Translation = translate(sql, Names(), values)
    assert statement_of(sql, NOW, values).parameters == ("2018", "5")
    assert statement_of(sql, NOW, values, translation).parameters == ("'2018'", "5")


@pytest.mark.parametrize(
    ("sql", "values", "told"),
    [
        ("SELECT :a", {}, "no value for :a"),
        ("SELECT 1", {"a": "1"}, "unknown :a"),
        ("-- param: a int\nSELECT :a", {"a": "x"}, "parameter :a is not a integer"),
        ("SELECT ?", {}, r"\? has no value"),
        ("SELECT :a", {"a": "x" * 1023}, "the value of :a is too long"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(sql: str, values: dict[str, str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        statement_of(sql, NOW, values)


_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=3)


@given(
    st.one_of(st.text(max_size=60), st.integers(), st.floats(), st.booleans(), _DECIMALS, st.dates(), st.datetimes())
)
def test_every_literal_is_one_value_to_the_parser(value: object) -> None:
    tree = parse_one(f"SELECT {literal(value)}", dialect="trino")
    assert isinstance(tree, exp.Select)
    assert len(tree.expressions) == 1
    assert not tree.args.get("from_")
    if isinstance(value, str):
        assert tree.expressions[0].this == value


# --as-of


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            "SELECT 1 FROM gold.sales_wide w, orders",
            "SELECT 1 FROM {gold}.sales_wide FOR VERSION AS OF 11 w, {silver}.orders FOR VERSION AS OF 22",
        ),
        (
            "SELECT gold.sales_wide.price FROM gold.sales_wide TABLESAMPLE BERNOULLI (10)",
            "SELECT {gold}.sales_wide.price FROM {gold}.sales_wide FOR VERSION AS OF 11 TABLESAMPLE BERNOULLI (10)",
        ),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a"),
    ],
)
def test_as_of_names_the_snapshot_behind_each_table_and_before_its_alias(typed: str, expected: str) -> None:
    names = {layer: f'"{name}"' for layer, name in DATABASES.items()}
    assert sent(typed, THEN).sql == expected.format(**names)


def test_as_of_a_view_is_its_select_over_the_tables_as_of_then() -> None:
    statement = sent("SELECT serving.sale_lines.price FROM serving.sale_lines JOIN serving.sale_lines b ON true", THEN)
    view = (
        '(\n-- items that were sold\nSELECT order_id, price FROM "salesperf_dev_gold".sales_wide '
        "FOR VERSION AS OF 11 WHERE price > 0 -- the end\n)"
    )
    assert statement.sql == f'SELECT sale_lines.price FROM {view} AS "sale_lines" JOIN {view} b ON true'


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("SELECT * FROM gold.sales_monthly", "gold.sales_monthly cannot be read as of r1"),
        ("SELECT * FROM speed.sale_events", "speed.sale_events cannot be read as of r1"),
        ('SELECT * FROM gold."sales_wide$files"', r"gold.sales_wide\$files cannot be read as of r1"),
        ("SELECT * FROM gold.sales_wide FOR VERSION AS OF 3", "gold.sales_wide is told twice"),
        ("TABLE gold.sales_wide", "TABLE gold.sales_wide cannot be read as of r1"),
        ("SELECT * FROM serving.unknown", "serving.unknown cannot be read as of r1"),
        ("SELECT %% FROM gold.sales_wide", "syntax error"),
    ],
)
def test_what_cannot_be_read_as_of_then_is_refused_by_name(typed: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        sent(typed, THEN)


def test_views_that_read_each_other_in_a_circle_are_refused() -> None:
    names = Names({"serving.a": "SELECT * FROM serving.b", "serving.b": "SELECT * FROM serving.a"})
    lake = AthenaLake(names, DATABASES, {"gold.sales_wide": 1}, "r1")
    with pytest.raises(InputError, match=r"the view serving\.a reads itself"):
        sent("SELECT * FROM serving.a", lake)


# the way back, and what always holds


def test_a_place_in_the_sent_text_is_shown_in_the_users_line() -> None:
    typed = "SELECT order_id,\n  prise FROM gold.sales_wide WHERE nothing = 1"
    statement = sent(typed)
    line = statement.sql.split("\n")[1]
    shown = statement.shown_at(2, line.index("nothing") + 1)
    assert shown == (
        "  prise FROM gold.sales_wide WHERE nothing = 1",
        " " * typed.split("\n")[1].index("nothing") + "^",
    )


def test_a_place_inside_a_written_out_view_is_shown_where_the_view_is_named() -> None:
    statement = sent("SELECT *\nFROM serving.sale_lines", THEN)
    assert statement.spliced.given_place(4, 3) == (2, 6)


_WANTED = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3), st.text("XY\n", max_size=4)), max_size=5)


@given(st.text("ab\n", max_size=30), _WANTED)
def test_text_outside_of_splices_is_unchanged_and_found_again(text: str, wanted: list[tuple[int, int, str]]) -> None:
    splices, end = [], 0
    for start, length, new in sorted(wanted):
        if start >= end and start + length <= len(text) and (start, length) != (end, 0):
            splices.append(Splice(start, start + length, new))
            end = start + length
    spliced = Spliced.of(text, splices)
    new, at = spliced.text, 0
    kept: list[int] = []
    for splice in spliced.splices:
        kept += range(at, splice.start)
        at = splice.end
    kept += range(at, len(text))
    assert len(new) == len(kept) + sum(len(splice.text) for splice in splices)
    grown = 0
    for offset in kept:
        grown = sum(len(s.text) - (s.end - s.start) for s in splices if s.end <= offset)
        assert new[offset + grown] == text[offset]
        before, was = new[: offset + grown], text[:offset]
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        assert spliced.given_place(*place) == (was.count("\n") + 1, len(was) - was.rfind("\n"))


_GAPS = st.sampled_from([" ", "\n", "  ", " /* gold.sales_wide */ ", " -- silver.orders :x\n"])
_DOTS = st.sampled_from([".", " . ", "./* x.y */", "\n."])
_TABLES = st.sampled_from(["gold.sales_wide", "silver.orders", "serving.sale_lines", "speed.sale_events"])
_ALIASES = st.sampled_from(["", " gold", " AS silver", ' "sales_wide"', " x"])


@st.composite
def _queries(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A query and the tables that it reads, in order."""
    read: list[str] = []

    def table() -> str:
        name = draw(_TABLES)
        read.append(name)
        layer, own = name.split(".")
        layer = draw(st.sampled_from([layer, layer.upper(), f'"{layer}"']))
        return f"{layer}{draw(_DOTS)}{own}{draw(_ALIASES)}"

    def select(depth: int) -> str:
        sources = [table() for _ in range(draw(st.integers(1, 2)))]
        if depth and draw(st.booleans()):
            sources.append(f"({select(depth - 1)}) AS gold")
        what = draw(st.sampled_from(["*", "1", "'gold.sales_wide'", "count(*)", "x.gold", '"gold.x"']))
        where = f" WHERE 1 IN ({select(depth - 1)})" if depth and draw(st.booleans()) else ""
        return f"SELECT {what}{draw(_GAPS)}FROM{draw(_GAPS)}{', '.join(sources)}{where}"

    body = select(2)
    if draw(st.booleans()):
        return f"WITH gold AS (SELECT 1 AS x){draw(_GAPS)}{body}", read
    return body, read


@settings(max_examples=150, deadline=None)
@given(_queries())
def test_every_table_and_nothing_else_is_renamed(made: tuple[str, list[str]]) -> None:
    typed, read = made
    statement = sent(typed)
    tables = parse_one(statement.sql, dialect="trino").find_all(exp.Table)
    named = sorted(f"{table.db}.{table.name}" for table in tables)
    assert named == sorted(f"salesperf_dev_{name}" for name in read)
    for splice in statement.spliced.splices:
        assert re.fullmatch(r'"salesperf_dev_\w+"', splice.text)
        assert typed[splice.start : splice.end].strip('"').lower() == splice.text.strip('"').removeprefix(
            "salesperf_dev_"
        )
    assert _without(typed, statement, sent_side=False) == _without(typed, statement, sent_side=True)


def _without(typed: str, statement: Statement, *, sent_side: bool) -> list[str]:
    """The pieces between the splices, read from the one text or the other."""
    pieces, at, grown = [], 0, 0
    text = statement.sql if sent_side else typed
    for splice in (*statement.spliced.splices, Splice(len(typed), len(typed), "")):
        shift = grown if sent_side else 0
        pieces.append(text[at + shift : splice.start + shift])
        grown += len(splice.text) - (splice.end - splice.start)
        at = splice.end
    return pieces


# the views


def test_views_are_made_after_those_that_they_read() -> None:
    views = {
        "serving.a_last": "SELECT * FROM serving.b_middle JOIN c_first USING (x)",
        "serving.b_middle": "SELECT x FROM serving.c_first",
        "serving.c_first": "SELECT x FROM sales_wide -- gold",
    }
    steps = plan_views(views, ["gold.sales_wide"], DATABASES)
    assert [step.view for step in steps] == ["serving.c_first", "serving.b_middle", "serving.a_last"]
    assert steps[0].reads == ("gold.sales_wide",)
    assert steps[0].statement.sql == (
        'CREATE OR REPLACE VIEW "salesperf_dev_serving"."c_first" AS\n'
        'SELECT x FROM "salesperf_dev_gold".sales_wide -- gold'
    )


@pytest.mark.parametrize(
    ("views", "told"),
    [
        ({"serving.a": "SELECT * FROM serving.b", "serving.b": "SELECT * FROM serving.a"}, "in a circle"),
        ({"serving.a": "SELECT :x"}, "the view serving.a is no view's SELECT"),
        ({"serving.a": "DROP TABLE gold.x"}, "DROP is not allowed"),
        ({"serving.a": "SELECT 1; DROP TABLE gold.x"}, "more than one statement"),
    ],
)
def test_what_is_no_view_is_refused(views: dict[str, str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        plan_views(views, [], DATABASES)


def test_every_view_and_saved_query_of_the_built_in_pipeline_can_be_sent() -> None:
    pipeline = load_pipeline("olist")
    for step in plan_views(pipeline.serving_views(), [], DATABASES):
        assert "salesperf_dev_" in step.statement.sql
    for saved in pipeline.saved_queries().values():
        statement = statement_of(saved.sql, NOW)
        assert '"salesperf_dev_gold".' in statement.sql
        assert len(statement.parameters) == sum(splice.text == "?" for splice in statement.spliced.splices)
