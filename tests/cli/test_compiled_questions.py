"""A question asked again is not compiled again, and never answers from a lake that has changed since."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesperf_cli.core.athena import TableSchema
from salesperf_cli.core.compiled import PREFIX, compiled
from tests.lake import Lake, small_lake

STATES = "SELECT customer_state, count(*) AS items FROM gold.sales_wide WHERE price > :least GROUP BY 1 ORDER BY 1"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return small_lake(tmp_path_factory.mktemp("asked"))


def _kept(lake: Lake) -> list[Path]:
    return sorted((lake.root / PREFIX).glob("*.json"))


def test_the_second_time_neither_sqlglot_nor_pyiceberg_nor_duckdbs_wrappers_are_imported(lake: Lake) -> None:
    code = (
        f"import sys; sys.argv = ['salesperf', 'query', {STATES!r}, '--param', 'least=10.5'];"
        "from salesperf_cli.app import main\ntry: main()\nexcept SystemExit: pass\n"
        "print(*(n for n in ('sqlglot', 'pyiceberg', 'duckdb') if n in sys.modules), file=sys.stderr)"
    )
    first, again = (
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=lake.folder,
            env={"PYTHONPATH": str(Path(__file__).resolve().parents[2]), **lake.variables},
            capture_output=True,
            text=True,
            check=True,
        )
        for _ in range(2)
    )
    assert first.stdout == again.stdout
    assert first.stdout.startswith("customer_state,items\n")
    assert first.stderr.splitlines()[-1] == "sqlglot"
    assert again.stderr.splitlines()[-1] == ""


def test_other_values_and_other_texts_are_other_questions(lake: Lake) -> None:
    before = len(_kept(lake))
    few = lake.done("query", STATES, "--param", "least=500", "-o", "json")
    many = lake.done("query", STATES, "--param", "least=0", "-o", "json")
    assert sum(row["items"] for row in few) < sum(row["items"] for row in many)
    assert len(_kept(lake)) == before + 2


def test_a_damaged_entry_is_made_anew(lake: Lake) -> None:
    sql = "SELECT count(*) AS orders FROM silver.orders"
    answer = lake.done("query", sql, "-o", "json")
    entries = _kept(lake)
    for garbage in (b"", b"{", b'{"names":1}', entries[0].read_bytes()[:-20]):
        for entry in entries:
            entry.write_bytes(garbage)
        assert lake.done("query", sql, "-o", "json") == answer


def test_a_lake_that_cannot_be_written_can_be_asked(lake: Lake) -> None:
    lake.done("query", STATES, "--param", "least=1", "-o", "json")
    folder = lake.root / PREFIX
    moved = folder.with_name("moved")
    folder.rename(moved)
    folder.write_text("a file where the folder should be")  # a mode would not stop root
    try:
        assert lake.done("query", "SELECT 1 AS one FROM gold.sales_wide LIMIT 1", "-o", "json") == [{"one": 1}]
    finally:
        folder.unlink()
        moved.rename(folder)


class _Tables:
    """A catalog of one table and one view, which a test changes."""

    def __init__(self, columns: tuple[tuple[str, str], ...], view: str = "SELECT a FROM gold.t") -> None:
        self.columns = columns
        self.sql = view

    def tables(self) -> list[str]:
        return ["gold.t", "serving.v"]

    def table(self, name: str) -> TableSchema | None:
        return TableSchema(name, self.columns) if name == "gold.t" else None

    def view(self, name: str) -> str | None:
        return self.sql if name == "serving.v" else None


@pytest.mark.parametrize(
    "changed",
    [
        _Tables((("a", "string"), ("b", "int"))),
        _Tables((("a", "int"), ("b", "int")), view="SELECT b AS a FROM gold.t"),
    ],
)
def test_a_changed_table_or_view_is_compiled_anew(lake: Lake, changed: _Tables) -> None:
    objects, sql = lake.backend.objects, "SELECT v.a, t.a AS other FROM serving.v JOIN gold.t ON true"
    first = compiled(sql, _Tables((("a", "int"), ("b", "int"))), {}, objects)
    assert compiled(sql, _Tables((("a", "int"), ("b", "int"))), {}, objects) == first
    other = compiled(sql, changed, {}, objects)
    assert (other.sql, other.output) != (first.sql, first.output)
    assert compiled(sql, changed, {}, objects) == other


_COLUMNS = (("n", "long"), ("d", "decimal(12,2)"), ("x", "double"), ("s", "string"), ("b", "boolean"),
            ("day", "date"), ("at", "timestamp"))  # fmt: skip


@given(
    n=st.integers(-(2**63), 2**63 - 1),
    d=st.decimals(Decimal("-9999999999.99"), Decimal("9999999999.99"), places=2),
    x=st.floats(allow_nan=False, allow_infinity=False),
    s=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    b=st.booleans(),
    day=st.dates(date(1, 1, 1)),
    at=st.datetimes(),
)
def test_what_comes_out_of_the_cache_is_what_went_in(
    lake: Lake, n: int, d: Decimal, x: float, s: str, b: bool, day: date, at: datetime
) -> None:
    sql = (
        "-- param: n bigint\n-- param: d decimal(12,2)\n-- param: x double\n-- param: s varchar\n"
        "SELECT * FROM gold.t WHERE n = :n AND d >= :d AND x < :x AND s IN (:s, 'é') AND b = :b"
        " AND day > :day AND at <= :at"
    )
    values = {"n": str(n), "d": str(d), "x": repr(x), "s": s, "b": str(b).lower(), "day": day.isoformat(),
              "at": at.isoformat(sep=" ")}  # fmt: skip
    catalog = _Tables(_COLUMNS)
    made = compiled(sql, catalog, values, lake.backend.objects)
    again = compiled(sql, catalog, values, lake.backend.objects)
    assert again == made
    assert [type(value) for value in again.parameters] == [type(value) for value in made.parameters]
