"""JSON files as records of text: nothing is lost, nothing is made up, and nothing that is no JSON stops the rest."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesperf_cli.core.json_records import JsonRecord, json_records

NAMES = ("code", "two words", "class")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS, lambda each: st.lists(each) | st.dictionaries(TEXTS, each)
)
OBJECTS = st.dictionaries(st.sampled_from((*NAMES, "other")), VALUES)


def read(data: bytes, *, lines: bool = True, separator: str = ".") -> list[JsonRecord]:
    return list(json_records(io.BytesIO(data), NAMES, lines=lines, decimal_separator=separator))


def expected(value: Any) -> str | None:
    """The text that a CSV would hold."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(st.lists(OBJECTS), st.booleans(), st.booleans())
def test_every_object_gives_its_fields_in_lines_and_in_an_array(
    objects: list[Any], ascii_only: bool, lines: bool
) -> None:
    texts = [json.dumps(each, ensure_ascii=ascii_only) for each in objects]
    data = "\n".join(texts) if lines else "[" + ",".join(texts) + "]"
    found = read(data.encode(), lines=lines)
    wanted = [tuple(expected(each.get(name)) for name in NAMES) for each in objects]
    assert [record.fields for record in found] == wanted
    assert [record.line for record in found] == list(range(1, len(objects) + 1))
    assert [record.text for record in found] == texts


@given(st.lists(st.binary().filter(lambda each: b"\n" not in each)))
def test_any_bytes_are_records_or_refused_line_by_line(lines: list[bytes]) -> None:
    found = read(b"\n".join(lines))
    assert len(found) <= len(lines)
    assert all((record.fields is None) == bool(record.reason) for record in found)


@pytest.mark.parametrize("number", ["0", "-0", "1.50", "1E2", "1e-3", "12345678901234567890.10", "1e400"])
def test_a_number_is_the_text_that_the_file_holds(number: str) -> None:
    (record,) = read(f'{{"code": {number}, "class": [{number}]}}'.encode())
    assert record.fields == (number, None, f"[{number}]")


def test_a_number_gets_the_decimal_separator_of_the_contract_and_a_text_does_not() -> None:
    (record,) = read(b'{"code": 1.5, "class": "1.5"}', separator=",")
    assert record.fields == ("1,5", None, "1.5")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"code": "a', "truncated"),
        (b'{"code": NaN}', "malformed"),
        (b'{"code": 1,}', "trailing comma"),
        (b'{"code": 01}', "invalid number"),
        (b"[]", "not an object"),
        (b'"text"', "not an object"),
        (b'{"code": "\xff"}', "not valid utf-8"),
        (b'{"code": "\\u0000"}', "NUL byte"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_lines_around_it_are_read(line: bytes, reason: str) -> None:
    good = b'{"code": "x"}'
    before, bad, after = read(b"\xef\xbb\xbf" + good + b"\r\n\r\n" + line + b"\n" + good)
    assert (before.fields, after.fields) == (("x", None, None), ("x", None, None))
    assert (before.line, bad.line, after.line) == (1, 3, 4)
    assert bad.fields is None and reason in bad.reason
