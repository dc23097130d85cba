"""Views as they are made on Athena, and tables and views as of an earlier release."""

from __future__ import annotations

import pytest

from salesperf_cli.core.athena_statement import AthenaLake, statement_of
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.serving_views import plan_views
from salesperf_cli.errors import InputError
from tests.athena_names import DATABASES, Catalog
from tests.unit.athena_statements import NOW, THEN, sent, with_databases

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
    assert sent(typed, THEN).sql == with_databases(expected)


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
    names = Catalog(views={"serving.a": "SELECT * FROM serving.b", "serving.b": "SELECT * FROM serving.a"})
    lake = AthenaLake(names, DATABASES, {"gold.sales_wide": 1}, "r1")
    with pytest.raises(InputError, match=r"the view serving\.a reads itself"):
        sent("SELECT * FROM serving.a", lake)


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
