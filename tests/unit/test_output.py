"""The sink: tables that fit, data that programs read, talk on stderr, cells that cannot steer a terminal."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesperf_cli.errors import InputError
from salesperf_cli.output import Column, Fields, Line, Look, OutputFormat, Sink, Table
from salesperf_cli.output.plain import plain, to_csv
from salesperf_cli.output.tables import Tone, draw_table
from salesperf_cli.output.text import cell, cut, escape, width_of, wrap


def _plainly(text: str, _tone: Tone) -> str:
    return text


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)


@dataclass(frozen=True, slots=True)
class Streams:
    sink: Sink
    stdout: io.TextIOWrapper
    stderr: io.TextIOWrapper

    def texts(self) -> tuple[str, str]:
        return tuple(stream.buffer.getvalue().decode() for stream in (self.stdout, self.stderr))  # type: ignore[attr-defined]


def _streams(form: OutputFormat | None = None, *, tty: bool = False, quiet: bool = False, width: int = 80) -> Streams:
    out, err = _stream(), _stream()
    look = Look(stdout_tty=tty, stderr_tty=tty, color=False, quiet=quiet, width=width)
    return Streams(Sink(out, err, form, look), out, err)


@dataclass(frozen=True, slots=True)
class Release:
    name: str
    rows: int
    revenue: Decimal
    at: datetime
    took: timedelta
    tables: tuple[str, ...]


RELEASE = Release(
    "r1",
    112650,
    Decimal("13591643.70"),
    datetime(2018, 9, 1, 12, 30, tzinfo=UTC),
    timedelta(seconds=1.5),
    ("a", "b"),
)
COLUMNS = (Column("state"), Column("Items sold"), Column("revenue"))
ROWS = [("SP", 47449, Decimal("5202955.05")), ("RR", 52, None)]


# -- documents and tables


def test_a_document_is_json_with_its_fields_and_money_as_text() -> None:
    streams = _streams()
    streams.sink.document(RELEASE)
    assert json.loads(streams.texts()[0]) == {
        "name": "r1",
        "rows": 112650,
        "revenue": "13591643.70",
        "at": "2018-09-01T12:30:00+00:00",
        "took": 1.5,
        "tables": ["a", "b"],
    }


def test_a_document_without_a_view_is_drawn_field_by_field() -> None:
    streams = _streams(tty=True)
    streams.sink.document(RELEASE)
    assert streams.texts()[0] == (
        "name     r1\nrows     112,650\nrevenue  13,591,643.70\nat       2018-09-01 12:30:00\n"
        "took     1.5 s\n"
        "tables   a, b\n"
    )


def test_a_table_aligns_numbers_right_and_shows_nothing_as_a_dash() -> None:
    streams = _streams(OutputFormat.TABLE)
    streams.sink.table("Sales", COLUMNS, ROWS, footer="2 states")
    assert streams.texts()[0] == (
        "Sales\n"
        "state  Items sold       revenue\n"
        "─────  ──────────  ────────────\n"
        "SP         47,449  5,202,955.05\n"
        "RR             52             –\n"
        "2 states\n"
    )


def test_the_same_table_as_json_ndjson_and_csv_has_the_same_fields() -> None:
    texts = {}
    for form in (OutputFormat.JSON, OutputFormat.NDJSON, OutputFormat.CSV):
        streams = _streams(form)
        streams.sink.table("Sales", COLUMNS, ROWS)
        texts[form] = streams.texts()[0]
    expected = [
        {"state": "SP", "items_sold": 47449, "revenue": "5202955.05"},
        {"state": "RR", "items_sold": 52, "revenue": None},
    ]
    assert json.loads(texts[OutputFormat.JSON]) == expected
    assert [json.loads(line) for line in texts[OutputFormat.NDJSON].splitlines()] == expected
    assert texts[OutputFormat.CSV] == "state,items_sold,revenue\nSP,47449,5202955.05\nRR,52,\n"


def test_a_document_has_no_csv_and_says_what_to_use() -> None:
    with pytest.raises(InputError) as caught:
        _streams(OutputFormat.CSV).sink.document(RELEASE)
    assert caught.value.remedy == "use -o json"


def test_columns_that_do_not_fit_are_counted() -> None:
    columns = [Column(f"column_{number:02}") for number in range(20)]
    lines = draw_table(Table(columns, [tuple("x" * 9 for _ in columns)]), 80, _plainly)
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "… and 13 more columns; -o csv or -o json shows all"


def test_long_text_is_cut_or_wrapped_and_numbers_never() -> None:
    table = Table(
        (Column("text"), Column("number"), Column("note", wrap=True)),
        [("a" * 60, 10**9, "one two three " * 4)],
    )
    lines = draw_table(table, 60, _plainly)
    assert max(map(width_of, lines)) <= 60
    assert "1,000,000,000" in lines[2]
    assert "…" in lines[2]
    assert len(lines) > 3


def test_years_may_stay_without_a_comma() -> None:
    assert draw_table(Table((Column("year", grouped=False),), [(2018,)]), 80, _plainly)[-1] == "2018"


def test_blocks_are_set_apart_by_a_blank_line() -> None:
    streams = _streams(tty=True)
    streams.sink.blocks((Fields((("a", 1),)), Table((Column("b"),), [(2,)]), Line("end")))
    assert streams.texts()[0] == "a  1\n\nb\n─\n2\nend\n"


# -- cells


def test_control_characters_in_data_cannot_steer_the_terminal() -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07 caf\u00e9\u202e\r\n\t\x9b31m"
    assert escape(hostile) == "\\x1b[2J\\x1b]0;owned\\x07 café\\u202e\\r\\n\\t\\x9b31m"
    for form in (OutputFormat.TABLE, OutputFormat.JSON, OutputFormat.CSV):
        streams = _streams(form, tty=True)
        streams.sink.table("t", (Column("c"),), [(hostile,)])
        streams.sink.warn(hostile)
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set("".join(streams.texts()))


def test_data_in_a_pipe_keeps_every_byte() -> None:
    streams = _streams(OutputFormat.CSV)
    streams.sink.table("t", (Column("c"),), [("a\x1b\nb",)])
    assert list(csv.reader(io.StringIO(streams.texts()[0]))) == [["c"], ["a\x1b\nb"]]


def test_wide_and_combining_characters_are_measured() -> None:
    assert [width_of(text) for text in ("abc", "São", "日本", "e\u0301")] == [3, 3, 4, 1]
    assert cut("日本語", 5) == "日本…"


@given(st.text(max_size=60), st.integers(1, 30))
def test_a_cut_text_is_never_wider_than_asked(text: str, width: int) -> None:
    assert width_of(cut(escape(text), width)) <= width


@given(st.text(max_size=80), st.integers(2, 30))
def test_wrapping_keeps_every_character_and_the_width(text: str, width: int) -> None:
    text = escape(text)
    lines = wrap(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(width_of(line) <= width for line in lines)


@given(st.text())
def test_an_escaped_text_holds_no_control_character(text: str) -> None:
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in escape(text))


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.lists(st.tuples(*[st.one_of(st.none(), st.text(max_size=40), st.integers())] * n), max_size=5)
    ),
    st.integers(40, 120),
)
def test_a_drawn_table_is_as_wide_as_the_terminal_or_has_one_column(rows: list[tuple[object, ...]], width: int) -> None:
    columns = [Column(f"c{index}") for index in range(len(rows[0]) if rows else 3)]
    lines = draw_table(Table(columns, rows), width, _plainly)
    assert all(width_of(line) <= max(width, 56) for line in lines)


def test_values_read_well() -> None:
    values = [
        True,
        1234.5,
        0.1 + 0.2,
        1e-9,
        float("nan"),
        date(2018, 9, 1),
        b"\x01\xff",
        Path("a/b"),
        OutputFormat.CSV,
    ]
    assert [cell(value) for value in values] == [
        "yes", "1,234.5", "0.3", "1e-09", "nan", "2018-09-01", "01ff", "a/b", "csv",
    ]  # fmt: skip


def test_json_has_no_nan() -> None:
    assert plain({"a": float("nan"), "b": float("inf"), "c": {2, 1}}) == {"a": None, "b": None, "c": [1, 2]}


@given(st.lists(st.tuples(st.text(min_size=1), st.integers()), max_size=8))
def test_csv_reads_back(rows: list[tuple[str, int]]) -> None:
    text = to_csv((Column("a"), Column("b")), rows)
    rows_back = list(csv.reader(io.StringIO(text, newline="")))
    assert rows_back[1:] == [[a, str(b)] for a, b in rows]


# -- rows of a query


@dataclass(frozen=True, slots=True)
class Numbers:
    """A row source of a single column."""

    row_count: int

    @property
    def columns(self) -> Sequence[Column]:
        return (Column("n"),)

    def preview(self, limit: int) -> Iterable[Sequence[object]]:
        return [(n,) for n in range(min(limit, self.row_count))]

    def write(self, form: OutputFormat, stream: BinaryIO) -> None:
        stream.write(f"{form}\n".encode() + b"\n".join(b"%d" % n for n in range(self.row_count)) + b"\n")


def test_rows_are_csv_in_a_pipe_and_a_preview_on_a_terminal() -> None:
    piped, shown = _streams(), _streams(tty=True)
    piped.sink.write_rows(Numbers(2))
    shown.sink.write_rows(Numbers(1200), limit=2)
    assert piped.texts()[0] == "csv\n0\n1\n"
    assert shown.texts()[0] == "n\n─\n0\n1\nthe first 2 of 1,200 rows; -o csv or --out FILE writes all\n"


def test_the_ending_of_a_file_chooses_its_format(tmp_path: Path) -> None:
    streams = _streams(tty=True)
    assert streams.sink.write_rows(Numbers(1), tmp_path / "x.parquet") is OutputFormat.PARQUET
    assert streams.sink.write_rows(Numbers(1), tmp_path / "x.jsonl") is OutputFormat.NDJSON
    assert (tmp_path / "x.parquet").read_text() == "parquet\n0\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.jsonl", "x.parquet"]
    with pytest.raises(InputError, match="does not say its format"):
        streams.sink.write_rows(Numbers(1), tmp_path / "x.dat")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    class Breaking(Numbers):
        def write(self, form: OutputFormat, stream: BinaryIO) -> None:
            stream.write(b"half")
            raise RuntimeError("engine died")

    target = tmp_path / "x.csv"
    target.write_text("before")
    with pytest.raises(RuntimeError):
        _streams().sink.write_rows(Breaking(1), target)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x.csv", "before")]


def test_binary_rows_never_land_on_a_terminal() -> None:
    with pytest.raises(InputError, match="parquet is binary"):
        _streams(OutputFormat.PARQUET, tty=True).sink.write_rows(Numbers(1))


# -- talk


def test_talk_goes_to_stderr_and_is_silent_when_quiet() -> None:
    loud, quiet = _streams(), _streams(quiet=True)
    for streams in (loud, quiet):
        streams.sink.say("hello")
        streams.sink.step("read orders.csv", "99,441 rows")
        streams.sink.next_steps(["salesperf status"])
        streams.sink.warn("look")
    assert loud.texts() == ("", "hello\n✓ read orders.csv  99,441 rows\n\nNext\n  salesperf status\n! look\n")
    assert quiet.texts() == ("", "! look\n")


def test_progress_is_one_line_where_there_is_no_terminal() -> None:
    streams = _streams()
    with streams.sink.progress(9, "Reading files", "files") as progress:
        for _ in range(9):
            progress.advance()
    assert streams.texts() == ("", "Reading files: 9 files, 0.0 s\n")


def test_short_work_on_a_terminal_leaves_no_trace() -> None:
    streams = _streams(tty=True)
    with streams.sink.progress(1, "Reading") as progress:
        progress.advance()
    assert streams.texts() == ("", "Reading …\r\x1b[2K")
