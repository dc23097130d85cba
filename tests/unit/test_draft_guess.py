"""What a column is taken for: never a type that a text of it does not have."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesperf_cli.core.draft.guess import ColumnGuess, Guess
from salesperf_cli.core.draft.names import identifier, identifiers, pattern_of, table_of
from salesperf_cli.core.portable.refused import RESERVED
from salesperf_cli.core.text_shapes import shape

NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda each: f"{each:f}"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"[+-]?0*[0-9]{1,6}(?:\.[0-9]{0,8})?", fullmatch=True),
)
MOMENTS = st.datetimes(datetime(1000, 1, 1)).flatmap(  # noqa: DTZ001
    lambda each: st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M"]).map(
        each.strftime
    )
)
TEXTS = st.one_of(NUMBERS, MOMENTS, st.sampled_from(["true", "False", "1", "0"]), st.text(min_size=1, max_size=5))


def guess_of(*texts: str | None, separator: str = ".") -> Guess:
    column = ColumnGuess(separator)
    for text in texts:
        column.see(text)
    return column.guess()


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_every_text_has_the_shape_of_the_type(texts: list[str]) -> None:
    found = guess_of(*texts)
    pattern = shape(found.type, found.format)
    assert pattern is None or all(re.fullmatch(pattern, text) for text in texts)


@pytest.mark.parametrize(
    ("texts", "type_", "format_"),
    [
        (["1", "-2", None], "int", None),
        (["1", "3000000000"], "bigint", None),
        (["99999999999999999999"], "string", None),
        (["01310", "20000"], "string", None),
        (["1", "2.50"], "decimal(10,2)", None),
        (["123456789012.5"], "decimal(15,1)", None),
        (["-23.5489129018"], "double", None),
        (["1e5", "2"], "double", None),
        (["true", "FALSE"], "boolean", None),
        (["0", "1"], "int", None),
        (["2017-02-28"], "date", "yyyy-MM-dd"),
        (["2017-02-30"], "string", None),
        (["28/02/2017 09:30"], "timestamp", "dd/MM/yyyy HH:mm"),
        (["2017-02-28T09:30:00Z"], "timestamp", "yyyy-MM-dd'T'HH:mm:ss'Z'"),
        (["2017-02-28T09:30:00Z", "2017-02-28T09:30:00"], "string", None),
        (["02/28/2017", "01/02/2017"], "date", "MM/dd/yyyy"),
        (["2017-02-28", "none"], "string", None),
        ([None], "string", None),
    ],
)
def test_a_column_is_the_narrowest_type_that_all_its_texts_have(
    texts: list[str | None], type_: str, format_: str | None
) -> None:
    found = guess_of(*texts)
    assert (str(found.type), found.format) == (type_, format_)


def test_a_day_that_can_be_read_in_two_ways_is_told() -> None:
    assert guess_of("01/02/2017").note == "could be MM/dd/yyyy, too"
    assert guess_of("31/01/2017").note == ""


def test_decimals_may_stand_behind_a_comma() -> None:
    assert str(guess_of("1250,5", "7", separator=",").type) == "decimal(10,1)"
    assert str(guess_of("1250.5", "7", separator=",").type) == "string"


@pytest.mark.parametrize(
    ("file", "table", "pattern"),
    [
        ("vendas.csv", "vendas", "vendas.csv"),
        ("vendas-2025-01.csv.gz", "vendas", "vendas-*.csv.gz"),
        ("Vendas 2025.01.31.csv", "vendas", "Vendas *.csv"),
        ("orders2.ndjson", "orders", "orders[0-9]*.ndjson"),
        ("2025-01.csv", "table_2025_01", "2025-01.csv"),
        ("Order.csv", "order_value", "Order.csv"),
    ],
)
def test_a_table_and_the_pattern_of_its_files_follow_from_a_file_name(file: str, table: str, pattern: str) -> None:
    assert (table_of(file), pattern_of(file)) == (table, pattern)


@given(st.lists(st.text(max_size=12), max_size=8, unique=True))
def test_names_are_words_that_models_may_use_and_no_two_are_alike(texts: list[str]) -> None:
    names = list(identifiers(texts).values())
    assert len(set(names)) == len(texts)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) and name not in RESERVED for name in names)


def test_names_are_written_in_words() -> None:
    assert [identifier(each, otherwise="column") for each in ("Preço Unitário", "precoUnitario", "Nº", "%", "1st")] == [
        "preco_unitario", "preco_unitario", "no", "column_value", "column_1st",
    ]  # fmt: skip
