"""Answers of Athena, from pages and from the file of the results: every value exactly, downloads that break."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest

from salesperf_cli.backends.aws import athena_results
from salesperf_cli.backends.aws.athena import AthenaQueries
from salesperf_cli.errors import InputError, RetryableError
from tests.aws.asking import asked, quiet, rows_of
from tests.aws.played_athena import Play, athena_csv, column, page, state

NOON = dt.datetime.fromisoformat("2018-01-01 12:00:00.123")
TYPED = [
    (column("a", "varchar"), ["x", "", None], ["x", "", None], "varchar"),
    (column("a", "decimal", 38, 2), ["1.50", "-12345678901234567890.12", None],
     [Decimal("1.50"), Decimal("-12345678901234567890.12"), None], "decimal(38,2)"),
    (column("a", "bigint"), ["9007199254740993", "-1", None], [9007199254740993, -1, None], "bigint"),
    (column("a", "double"), ["0.1", "Infinity", "1.0E-7"], [0.1, float("inf"), 1e-7], "double"),
    (column("a", "float"), ["0.5", None, "-0.25"], [0.5, None, -0.25], "real"),
    (column("a", "boolean"), ["true", "false", None], [True, False, None], "boolean"),
    (column("a", "date"), ["2018-02-28", "0001-01-01", None], [dt.date(2018, 2, 28), dt.date(1, 1, 1), None], "date"),
    (column("a", "timestamp"), ["2018-01-01 12:00:00.123", "2018-01-01 12:00:00.123456", None],
     [NOON, NOON + dt.timedelta(microseconds=456), None], "timestamp"),
    (column("a", "timestamp with time zone"),
     ["2018-01-01 10:00:00.500 America/Sao_Paulo", "2018-01-01 10:00:00.000 UTC", "2018-01-01 10:00:00.000 +03:00"],
     [dt.datetime(2018, 1, 1, 12, 0, 0, 500000, dt.UTC), dt.datetime(2018, 1, 1, 10, tzinfo=dt.UTC),
      dt.datetime(2018, 1, 1, 7, tzinfo=dt.UTC)], "timestamp with time zone"),
    (column("a", "varbinary"), ["68 65", "", None], [b"he", b"", None], "varbinary"),
    (column("a", "array"), ["[1, null]", "[]", None], ["[1, null]", "[]", None], "array"),
    (column("a", "map"), ["{a=1, b=}", "{}", None], ["{a=1, b=}", "{}", None], "map"),
    (column("a", "row"), ["{x=1, y=2}", None, None], ["{x=1, y=2}", None, None], "row"),
    (column("a", "json"), ['{"a": "ü"}', "null", None], ['{"a": "ü"}', "null", None], "json"),
    (column("a", "unknown"), [None, None, None], [None, None, None], "unknown"),
]  # fmt: skip


@pytest.mark.parametrize("source", ["pages", "file"])
@pytest.mark.parametrize(("info", "texts", "values", "kind"), TYPED, ids=[each[3] for each in TYPED])
def test_texts_become_values_of_the_columns_type(
    queries: AthenaQueries, play: Play, source: str, info: Any, texts: Any, values: Any, kind: str
) -> None:
    def offer() -> None:
        rows = [[text] for text in texts]
        if source == "file":
            play.file, play.pages = athena_csv(["a"], rows), [page([info], [["a"]], token="0")]
        else:
            play.pages = [page([info], [["a"], *rows])]

    offer()
    assert rows_of(queries) == [(value,) for value in values]
    with queries.answer(asked(), quiet) as answer:
        assert answer.columns == (("a", kind),)
        assert answer.arrow().column("a").to_pylist() == values


def test_many_rows_are_read_from_the_file_and_few_from_the_first_page(queries: AthenaQueries, play: Play) -> None:
    columns = [column("a", "varchar"), column("a", "bigint")]  # names may stand twice
    rows: list[list[str | None]] = [[f'line\n"{n}",\r\nü', str(n)] for n in range(5000)]
    rows += [["", None], [None, "1"], [None, None]]
    play.file = athena_csv(["a", "a"], rows)
    play.pages = [page(columns, [["a", "a"], *rows[:999]], token="1")]
    expected = [(text, None if number is None else int(number)) for text, number in rows]
    assert rows_of(queries) == expected
    assert play.actions().count("GetQueryResults") == 1
    play.pages = [page(columns, [["a", "a"], *rows[:2]])]
    play.asked.clear()
    assert rows_of(queries) == expected[:2]
    assert "GetObject" not in play.actions()


def test_pages_are_turned_where_the_file_is_not_to_be_had(queries: AthenaQueries, play: Play) -> None:
    columns = [column("a", "integer")]
    play.pages = [
        page(columns, [["a"], ["1"], ["2"]], token="1"), page(columns, [], token="2"), page(columns, [["3"], [None]]),
    ]  # fmt: skip
    assert rows_of(queries) == [(1,), (2,), (3,), (None,)]


def test_a_download_that_breaks_off_goes_on_where_it_was(queries: AthenaQueries, play: Play) -> None:
    rows: list[list[str | None]] = [[str(n)] for n in range(20_000)]
    play.file = athena_csv(["a"], rows)
    play.pages = [page([column("a", "integer")], [["a"]], token="1")]
    play.break_at = [50_000, 10_000]
    assert rows_of(queries) == [(n,) for n in range(20_000)]
    ranges = [body for action, body in play.asked if action == "GetObject"]
    assert ranges[0] is None
    assert len(ranges) == 3


def test_a_download_that_keeps_breaking_can_be_tried_again_later(queries: AthenaQueries, play: Play) -> None:
    play.file = athena_csv(["a"], [[str(n)] for n in range(20_000)])
    play.pages = [page([column("a", "integer")], [["a"]], token="1")]
    play.break_at = [1000, *[0] * 20]
    with pytest.raises(RetryableError, match="could not be read to its end"):
        rows_of(queries)


def test_no_rows_are_no_rows(queries: AthenaQueries, play: Play) -> None:
    columns = [column("a", "integer")]
    play.pages = [page(columns, [["a"]])]
    assert rows_of(queries) == []
    with queries.answer(asked(), quiet) as answer:
        assert answer.arrow().num_rows == 0
    play.pages, play.file = [page(columns, [["a"]], token="0")], athena_csv(["a"], [])
    assert rows_of(queries) == []


def test_a_first_row_that_is_no_heading_stays(queries: AthenaQueries, play: Play) -> None:
    play.executions = [state("SUCCEEDED", kind="UTILITY")]
    play.pages = [page([column("tab_name", "string")], [["sales_monthly"], ["sales_wide"]])]
    assert rows_of(queries, asked("SHOW TABLES IN gold")) == [("sales_monthly",), ("sales_wide",)]


def test_describe_comes_in_one_cell_a_line(queries: AthenaQueries, play: Play) -> None:
    play.executions = [state("SUCCEEDED", kind="UTILITY")]
    columns = [column(name, "string") for name in ("col_name", "data_type", "comment")]
    play.pages = [page(columns, [["price               \tdecimal(12,2)       \t    "], ["a\tint\tits \tx"], [None]])]
    assert rows_of(queries, asked("DESCRIBE gold.sales_wide")) == [
        ("price", "decimal(12,2)", ""), ("a", "int", "its"), (None, None, None),
    ]  # fmt: skip


def test_what_cannot_be_kept_exactly_is_refused_and_not_cut(queries: AthenaQueries, play: Play) -> None:
    play.pages = [page([column("at", "timestamp")], [["at"], ["2018-01-01 10:00:00.123456789"]])]
    with pytest.raises(InputError, match=r"column at \(timestamp\) of the answer cannot be read"):
        rows_of(queries)


def test_the_file_is_read_as_python_reads_it_by_any_block(
    queries: AthenaQueries, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[list[str | None]] = [["x" * (n % 7000), "a\n" * (n % 5), f'"{n}"'] for n in range(400)]
    play.file = athena_csv(["a", "b", "c"], rows)
    play.pages = [page([column(name, "varchar") for name in "abc"], [["a", "b", "c"]], token="0")]
    monkeypatch.setattr(athena_results, "LONGEST_ROW", 1 << 16)
    expected = [tuple(row) for row in csv.reader(io.StringIO(play.file.decode(), newline=""))][1:]
    assert rows_of(queries) == expected
