"""What always holds of the text that is sent: only tables differ, and each place leads back to the user's line."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from salesperf_cli.core.athena_statement import Statement
from salesperf_cli.core.athena_statement.splices import Splice, Spliced
from tests.unit.athena_statements import THEN, sent


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
