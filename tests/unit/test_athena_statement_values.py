"""Parameters of the user's SQL: sent beside the text, as literals of their types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from salesperf_cli.core.athena import Translation, translate
from salesperf_cli.core.athena_statement import statement_of
from salesperf_cli.core.athena_statement.values import literal
from salesperf_cli.errors import InputError
from tests.unit.athena_statements import CATALOG, NOW, sent


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
    translation: Translation = translate(sql, CATALOG, values)
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
