"""How CSV is read, damage included: by hand-made corpora, by round trips, and against DuckDB's own reader."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesperf_cli.core import csv_records
from salesperf_cli.core.csv_records import (
    DEFAULT_DIALECT,
    Dialect,
    Malformed,
    Record,
    split_records,
    write_clean,
)
from salesperf_cli.core.engine_traps import EngineTraps

REAL_DATA = Path(__file__).parents[3] / "shared" / "data" / "brazilian-ecommerce.zip"
BACKSLASH = Dialect(escape="\\")


def read(body: bytes, dialect: Dialect = DEFAULT_DIALECT, columns: int = 3) -> list[Record | Malformed]:
    return list(split_records(io.BytesIO(b"a,b,c\n" + body), dialect, columns))


def duckdb_rows(file: Path, header: Sequence[str], dialect: Dialect = DEFAULT_DIALECT) -> list[tuple[str | None, ...]]:
    columns = dict.fromkeys(header, "VARCHAR")
    relation = duckdb.connect().read_csv(
        str(file), header=True, sep=dialect.delimiter, quotechar=dialect.quote, escapechar=dialect.escape,
        encoding=dialect.encoding, all_varchar=True, auto_detect=False, columns=columns,
    )  # fmt: skip
    return relation.fetchall()


def test_fields_are_split_and_empty_ones_are_null_quoted_or_not() -> None:
    assert read(b'1,,""\n,x,\n') == [Record(2, ("1", None, None)), Record(3, (None, "x", None))]


def test_doubled_quotes_delimiters_and_line_breaks_stand_inside_quotes() -> None:
    assert read(b'"a ""b""","c,d","e\r\nf\n\ng"\n7,8,9\n') == [
        Record(2, ('a "b"', "c,d", "e\r\nf\n\ng")),
        Record(6, ("7", "8", "9")),
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_ends_a_record(end: bytes) -> None:
    body = end.join([b"a,b,c", b"1,2,3", b'4,"5' + end + b'",6', b"7,8,9"])
    expected = [
        Record(2, ("1", "2", "3")),
        Record(3, ("4", "5" + end.decode(), "6")),
        Record(5, ("7", "8", "9")),
    ]
    assert list(split_records(io.BytesIO(body), DEFAULT_DIALECT, 3)) == expected
    assert list(split_records(io.BytesIO(body + end), DEFAULT_DIALECT, 3)) == expected


def test_blank_lines_are_skipped_and_counted() -> None:
    assert read(b"\n\n1,2,3\n\r\n4,5,6\n\n") == [Record(4, ("1", "2", "3")), Record(6, ("4", "5", "6"))]


def test_a_byte_order_mark_is_dropped_even_before_a_quoted_header() -> None:
    assert list(split_records(io.BytesIO(b'\xef\xbb\xbf"a",b\r\n1,2\r\n'), DEFAULT_DIALECT, 2)) == [
        Record(2, ("1", "2"))
    ]


def test_files_without_records_give_none() -> None:
    for body in (b"", b"\xef\xbb\xbf", b"\n\n", b"a,b,c", b"a,b,c\n", b"\r"):
        assert list(split_records(io.BytesIO(body), DEFAULT_DIALECT, 3)) == []


def test_a_wrong_number_of_fields_is_malformed_and_says_both_numbers() -> None:
    assert read(b'1,2\n1,2,3\n1,2,3,4\r\n   \n1,"x\ny",3,4\n1,2,3') == [
        Malformed(2, "expected 3 fields, found 2", "1,2"),
        Record(3, ("1", "2", "3")),
        Malformed(4, "expected 3 fields, found 4", "1,2,3,4"),
        Malformed(5, "expected 3 fields, found 1", "   "),
        Malformed(6, "expected 3 fields, found 4", '1,"x\ny",3,4'),
        Record(8, ("1", "2", "3")),
    ]


def test_a_quote_never_closed_spoils_its_own_line_only() -> None:
    assert read(b'1,"2,3\n4,5,6\n7,8,9\n') == [
        Malformed(2, "quote not closed", '1,"2,3'),
        Record(3, ("4", "5", "6")),
        Record(4, ("7", "8", "9")),
    ]
    assert read(b'1,2,"')[0] == Malformed(2, "quote not closed", '1,2,"')


def test_a_quote_closed_by_a_later_records_quote_spoils_its_own_line_only() -> None:
    assert read(b'1,"2,3\n4,5,6\n7,"8",9\n1,"a\nb",3\n') == [
        Malformed(2, "text after a closing quote", '1,"2,3'),
        Record(3, ("4", "5", "6")),
        Record(4, ("7", "8", "9")),
        Record(5, ("1", "a\nb", "3")),
    ]


def test_text_after_a_closing_quote_is_malformed_but_spaces_are_dropped() -> None:
    assert read(b'1,"2"x,3\n1,"2"  ,"3" \n') == [
        Malformed(2, "text after a closing quote", '1,"2"x,3'),
        Record(3, ("1", "2", "3")),
    ]


def test_a_quote_inside_an_unquoted_field_is_text() -> None:
    assert read(b'1,a"b,c""d\n1, "ab",3\n') == [
        Record(2, ("1", 'a"b', 'c""d')),
        Record(3, ("1", ' "ab"', "3")),
    ]


def test_a_nul_byte_is_malformed_alone() -> None:
    assert read(b'1,2,3\n1,"a\0b\nc",3\n4,5,6\n') == [
        Record(2, ("1", "2", "3")),
        Malformed(3, "NUL byte", '1,"a\0b\nc",3'),
        Record(5, ("4", "5", "6")),
    ]


def test_bytes_that_are_not_valid_say_where() -> None:
    assert read("1,é,3\n".encode() + b'1,\xe9,3\n"\xc3\xa9\nx\xff",2,3\n4,5,6\n') == [
        Record(2, ("1", "é", "3")),
        Malformed(3, "not valid utf-8 at byte 3", "1,\ufffd,3"),
        Malformed(4, "not valid utf-8 at byte 6", '"é\nx\ufffd",2,3'),
        Record(6, ("4", "5", "6")),
    ]


def test_other_encodings_are_read_and_their_gaps_are_malformed() -> None:
    assert read(b"1,\xe9\x93,3\n", Dialect(encoding="latin-1")) == [Record(2, ("1", "é\x93", "3"))]
    assert read(b"1,\xe9\x93,3\n1,\x81,3\n", Dialect(encoding="windows-1252")) == [
        Record(2, ("1", "é“", "3")),
        Malformed(3, "not valid windows-1252 at byte 3", "1,\ufffd,3"),
    ]


def test_separators_that_only_unicode_knows_end_no_line() -> None:
    body = "1,a\x0bb\x0cc\x1cd\x85e\u2028f,3\n"
    assert read(body.encode()) == [Record(2, ("1", "a\x0bb\x0cc\x1cd\x85e\u2028f", "3"))]


def test_an_escape_of_its_own_works_inside_quotes_only() -> None:
    assert read(rb'1,"a\"b\\c\nd",e\"f' + b'\n1,"a\\\r\nb",3\n1,"a""b",3\n', BACKSLASH) == [
        Record(2, ("1", 'a"b\\cnd', 'e\\"f')),
        Record(3, ("1", "a\r\nb", "3")),
        Malformed(5, "text after a closing quote", '1,"a""b",3'),
    ]


def test_a_semicolon_file_with_decimal_commas_keeps_its_texts() -> None:
    dialect = Dialect(delimiter=";", encoding="latin-1", decimal_separator=",")
    assert read("1;9,90;São\n".encode("latin-1"), dialect) == [Record(2, ("1", "9,90", "São"))]


@pytest.mark.parametrize(
    "arguments",
    [
        {"delimiter": ""},
        {"quote": "''"},
        {"escape": "\n"},
        {"delimiter": '"'},
        {"encoding": "utf-16"},
        {"decimal_separator": ";"},
    ],
)
def test_a_dialect_that_no_engine_reads_alike_is_refused(arguments: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="dialect"):
        Dialect(**arguments)


def test_a_record_beyond_the_limit_is_malformed_and_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "MAX_RECORD", 10_000)
    monkeypatch.setattr(csv_records, "_BLOCK", 1_000)
    huge = b"x" * 30_000
    found = read(b"1,2,3\n1," + huge + b',3\r\n4,5,6\n1,"' + huge + b'",3\n7,8,9\n' + huge)
    assert [(each.line, each[1]) for each in found] == [
        (2, ("1", "2", "3")),
        (3, "longer than 16 MiB"),
        (4, ("4", "5", "6")),
        (5, "longer than 16 MiB"),
        (6, ("7", "8", "9")),
        (7, "longer than 16 MiB"),
    ]
    assert all(len(each.text) <= 4096 for each in found if isinstance(each, Malformed))


def test_a_quote_left_open_over_the_limit_spoils_its_own_line_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "MAX_RECORD", 10_000)
    monkeypatch.setattr(csv_records, "_BLOCK", 1_000)
    found = read(b'1,"2,3\n' + b"4,5,6\n" * 5_000)
    assert found[0] == Malformed(2, "longer than 16 MiB", '1,"2,3')
    assert found[1:] == [Record(line, ("4", "5", "6")) for line in range(3, 5_003)]


def test_many_damaged_lines_do_not_make_reading_slow() -> None:
    started = time.perf_counter()
    found = read(b'1,"2,3\n' * 50_000)
    assert len(found) == 50_000 and time.perf_counter() - started < 5


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
SPECIAL = st.text(alphabet='ab",;\n\r \\é', max_size=8)
ROWS = st.lists(st.tuples(*[st.one_of(TEXTS, SPECIAL)] * 3), max_size=20)


def line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


@settings(deadline=None)
@given(rows=ROWS, block=st.integers(1, 40))
def test_what_a_csv_writer_wrote_comes_back_with_its_lines(rows: list[tuple[str, ...]], block: int) -> None:
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow("abc")
    lines = []
    for row in rows:
        lines.append(1 + line_ends(target.getvalue()))
        writer.writerow(row)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "_BLOCK", block)
        found = list(split_records(io.BytesIO(target.getvalue().encode()), DEFAULT_DIALECT, 3))
    assert found == [Record(line, tuple(text or None for text in row)) for line, row in zip(lines, rows, strict=True)]


class RefusingReader:
    """Stands for csv.reader where it refuses every record, so that the rules' own reading must do."""

    line_num = 0

    def __init__(self, *arguments: object, **options: object) -> None:
        pass

    def __iter__(self) -> RefusingReader:
        return self

    def __next__(self) -> list[str]:
        raise csv.Error


@settings(deadline=None)
@given(rows=ROWS.filter(bool), end=st.sampled_from(["\r\n", ""]))
def test_the_rules_own_reading_is_that_of_the_csv_module(rows: list[tuple[str, ...]], end: str) -> None:
    target = io.StringIO(newline="")
    csv.writer(target).writerows(rows)
    body = (target.getvalue().removesuffix("\r\n") + end).encode()
    quick = read(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv, "reader", RefusingReader)
        assert read(body) == quick


@settings(deadline=None)
@given(body=st.binary(max_size=60) | SPECIAL.map(str.encode), block=st.integers(1, 40))
def test_no_bytes_are_lost_and_the_size_of_blocks_changes_nothing(body: bytes, block: int) -> None:
    whole = read(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "_BLOCK", block)
        assert read(body) == whole
    lines = [each.line for each in whole]
    assert lines == sorted(set(lines))
    filled = [line for line in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n") if line]
    assert bool(whole) == bool(filled)


@settings(deadline=None, max_examples=50)
@given(rows=ROWS)
def test_a_clean_copy_holds_the_same_rows(rows: list[tuple[str, ...]]) -> None:
    records = [Record(0, tuple(text or None for text in row)) for row in rows]
    target = io.BytesIO()
    assert write_clean(records, target, header=("a", "b", "c")) == len(records)
    again = [each[1] for each in split_records(io.BytesIO(target.getvalue()), DEFAULT_DIALECT, 3)]
    assert again == [record.fields for record in records]


def test_a_clean_copy_is_written_plainly() -> None:
    target = io.BytesIO()
    write_clean([Record(2, ("a", None, ' b"')), Record(3, ("x\ry", "é", "1,5"))], target)
    assert target.getvalue().decode() == 'a,," b"""\n"x\ry",é,"1,5"\n'
    alone = io.BytesIO()
    assert write_clean([Record(2, (None,))], alone) == 1
    assert alone.getvalue() == b'""\n'


def has_traps(body: bytes) -> bool:
    """Whether engines read something of a file in ways of their own."""
    traps = EngineTraps(DEFAULT_DIALECT)
    traps.watch(body)
    traps.finish()
    return traps.seen


def test_duckdb_reads_what_engines_agree_on_in_the_same_way(tmp_path: Path) -> None:
    header = ("a", "b", "c")
    bodies = [
        b'a,b,c\n1,,""\n"x ""y""","1,2"," z "\n1,a"b,"l\nm"\n\n,,\n',
        b'\xef\xbb\xbfa,b,c\r\n1,"p\nq","p\r\nq"\r\n"1" ,2,3\r\n',
        b'a,b,c\n1,"x\n\ny",\xc3\xa9',
    ]
    for body in bodies:
        file = tmp_path / "clean.csv"
        file.write_bytes(body)
        assert not has_traps(body.replace(b"p\nq", b""))
        assert duckdb_rows(file, header) == [each[1] for each in split_records(io.BytesIO(body), DEFAULT_DIALECT, 3)]


def test_duckdb_reads_written_text_in_the_same_way(tmp_path: Path) -> None:
    texts = ["", " ", "a b ", ' "x"', 'q"', "a,b", "l\nm", "l\rm", "l\r\nm", "é", '\t"t"', "\\", "NULL", "''"]
    records = [Record(0, (one or None, two or None, "z")) for one in texts for two in texts]
    file = tmp_path / "clean.csv"
    with file.open("wb") as target:
        write_clean(records, target, header=("a", "b", "c"))
    assert duckdb_rows(file, ("a", "b", "c")) == [record.fields for record in records]


@pytest.mark.parametrize(
    "body",
    [b"a,b\n1,\0\n", b'a,b\n1, "x"\n', b"\na,b\n1,2\n", b"a,b\r\n1,2\n", b"a,b\r1,2\r", b"a,b\n1,\xff\n"],
)
def test_traps_that_engines_read_in_their_own_way_are_seen(body: bytes) -> None:
    assert has_traps(body)


@pytest.mark.skipif(not REAL_DATA.exists(), reason="the real data is not beside the checkout")
@pytest.mark.parametrize(
    "name", ["olist_order_reviews_dataset", "olist_products_dataset", "product_category_name_translation"]
)
def test_the_real_files_read_as_duckdb_reads_them(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(REAL_DATA) as archive:
        file = Path(archive.extract(f"{name}.csv", tmp_path))
    with file.open("rb") as stream:
        header = stream.readline().decode("utf-8-sig").strip().replace('"', "").split(",")
        stream.seek(0)
        found = [each[1] for each in split_records(stream, DEFAULT_DIALECT, len(header))]
    assert found == duckdb_rows(file, header)
