"""What always holds, against models in Python: division, rounding, differences of dates, text."""

# ruff: noqa: E501
from __future__ import annotations

import calendar
import contextlib
import datetime
import decimal
from decimal import Decimal

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from salesperf_cli.errors import InputError
from tests.unit.athena_answers import answer, failure, value

QUICK = settings(max_examples=60, deadline=None)
INTEGERS = st.integers(-(2**31) + 1, 2**31 - 1)
DAYS = st.dates(datetime.date(1990, 1, 1), datetime.date(2040, 12, 31))


def decimals(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    limit = 10**precision - 1
    return st.integers(-limit, limit).map(lambda unscaled: Decimal(unscaled).scaleb(-scale))


def written(number: Decimal, precision: int, scale: int) -> str:
    return f"cast('{number:f}' as decimal({precision},{scale}))"


def half_up(number: Decimal, scale: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-scale), decimal.ROUND_HALF_UP)


@QUICK
@given(INTEGERS, INTEGERS)
def test_integers_divide_toward_zero_and_the_remainder_fits(dividend: int, divisor: int) -> None:
    sql = f"select a / b, a % b from (values ({dividend}, {divisor})) t(a, b)"
    if divisor == 0:
        assert failure(sql) == "DIVISION_BY_ZERO: Division by zero"
        return
    quotient = abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)
    assert answer(sql).rows == [(quotient, dividend - quotient * divisor)]


@QUICK
@given(decimals(12, 2), decimals(9, 4))
def test_decimals_divide_with_trinos_scale_and_round_half_up(dividend: Decimal, divisor: Decimal) -> None:
    sql = f"select {written(dividend, 12, 2)} / {written(divisor, 9, 4)}"
    if divisor == 0:
        assert failure(sql) == "DIVISION_BY_ZERO: Division by zero"
        return
    with decimal.localcontext(prec=80):
        assert answer(sql).rows == [(half_up(dividend / divisor, 4),)]
    assert answer(sql).types == ["decimal(18,4)"]


@QUICK
@given(decimals(15, 3), decimals(15, 3))
def test_decimals_add_and_multiply_exactly(one: Decimal, other: Decimal) -> None:
    a, b = written(one, 15, 3), written(other, 15, 3)
    with decimal.localcontext(prec=80):
        assert answer(f"select {a} + {b}, {a} - {b}, {a} * {b}").rows == [(one + other, one - other, one * other)]


@QUICK
@given(st.lists(decimals(7, 2), min_size=1, max_size=8))
def test_the_average_of_decimals_keeps_their_scale(numbers: list[Decimal]) -> None:
    rows = ", ".join(written(number, 7, 2) for number in numbers)
    with decimal.localcontext(prec=80):
        expected = half_up(sum(numbers, Decimal(0)) / len(numbers), 2)
    assert answer(f"select avg(x), sum(x) from (values {rows}) t(x)").rows == [(expected, sum(numbers, Decimal(0)))]


@QUICK
@given(decimals(12, 4), st.integers(0, 4))
def test_decimals_round_half_away_from_zero(number: Decimal, digits: int) -> None:
    assert value(f"round({written(number, 12, 4)}, {digits})") == half_up(number, digits)
    assert value(f"cast({written(number, 12, 4)} as bigint)") == int(half_up(number, 0))


@QUICK
@given(st.floats(-1e9, 1e9, allow_nan=False))
def test_a_cast_of_a_double_rounds_half_away_from_zero(number: float) -> None:
    assert value(f"cast({number!r}e0 as bigint)" if "e" not in repr(number) else f"cast({number!r} as bigint)") == int(
        half_up(Decimal(number), 0)
    )


@QUICK
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_written_as_text_is_read_back_the_same(number: float) -> None:
    literal = repr(number) if "e" in repr(number) else f"{number!r}e0"
    shown = value(f"cast({literal} as varchar)")
    assert "E" in shown
    assert float(shown) == number
    assert value(f"cast('{shown}' as double)") == number


def add_months(day: datetime.date, count: int) -> datetime.date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(first: datetime.date, last: datetime.date) -> int:
    """Complete months elapsed, as Joda counts them."""
    if last < first:
        return -months_between(last, first)
    count = (last.year - first.year) * 12 + last.month - first.month
    return count - (add_months(first, count) > last)


def toward_zero(number: int, divisor: int) -> int:
    return abs(number) // divisor * (1 if number >= 0 else -1)


@QUICK
@given(DAYS, DAYS)
def test_date_diff_counts_complete_units(first: datetime.date, last: datetime.date) -> None:
    units = ("day", "week", "month", "quarter", "year")
    calls = ", ".join(f"date_diff('{unit}', date '{first}', date '{last}')" for unit in units)
    days, months = (last - first).days, months_between(first, last)
    expected = (days, toward_zero(days, 7), months, toward_zero(months, 3), toward_zero(months, 12))
    assert answer(f"select {calls}").rows == [expected]


@QUICK
@given(DAYS, st.integers(-500, 500))
def test_date_add_stays_within_the_month(day: datetime.date, count: int) -> None:
    sql = f"select date_add('month', {count}, date '{day}'), date '{day}' + interval '{count}' month, date_add('day', {count}, date '{day}')"
    moved = add_months(day, count)
    assert answer(sql).rows == [(moved, moved, day + datetime.timedelta(days=count))]


@QUICK
@given(DAYS)
def test_parts_of_a_date_are_the_iso_ones(day: datetime.date) -> None:
    sql = f"select year_of_week(x), week(x), day_of_week(x), day_of_year(x), date_trunc('week', x) from (values date '{day}') t(x)"
    year, week, weekday = day.isocalendar()
    monday = day - datetime.timedelta(days=weekday - 1)
    assert answer(sql).rows == [(year, week, weekday, day.timetuple().tm_yday, monday)]


@QUICK
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    st.integers(-14, 14),
    st.integers(-2, 14),
)
def test_substr_counts_code_points_from_one_or_from_the_end(words: str, start: int, length: int) -> None:
    literal = words.replace("'", "''")
    position = start - 1 if start > 0 else len(words) + start
    inside = start != 0 and position >= 0
    expected = words[position : position + max(length, 0)] if inside else ""
    assert value(f"substr('{literal}', {start}, {length})") == expected
    assert value(f"substr('{literal}', {start})") == (words[position:] if inside else "")
    assert value(f"reverse('{literal}')") == words[::-1]
    assert value(f"length('{literal}')") == len(words)


@QUICK
@given(st.lists(st.one_of(st.none(), st.integers(-3, 3)), max_size=6))
def test_array_functions_keep_nulls_where_trino_does(items: list[int | None]) -> None:
    array = "cast(array[" + ", ".join("null" if item is None else str(item) for item in items) + "] as array(integer))"
    distinct = list(dict.fromkeys(items))
    known = sorted(item for item in items if item is not None)
    largest = None if None in items or not items else known[-1]
    found = answer(
        f"select array_distinct({array}), array_sort({array}), array_max({array}), contains({array}, 1), cardinality({array})"
    )
    has_one = True if 1 in items else None if None in items else False
    assert found.rows == [(distinct, known + [None] * items.count(None), largest, has_one, len(items))]


@QUICK
@given(st.text(max_size=40))
def test_any_text_is_either_compiled_or_refused(sql: str) -> None:
    with contextlib.suppress(InputError, duckdb.Error):
        answer(f"select {sql}")
