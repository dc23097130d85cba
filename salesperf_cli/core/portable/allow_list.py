"""The allow-list of functions: each was seen to give equal results on Spark 3.5.6, Spark 4.1.1 and DuckDB
2.0.

Data only. The edge cases that show it are in tests/spark/edge_cases.py; a name without cases fails a test.
Operators and clauses are in `constructs`, what is refused with advice in `refused`.
"""

from __future__ import annotations

from collections.abc import Sequence

from salesperf_cli.core.portable.functions import Argument, Function, Result, Role
from salesperf_cli.core.portable.kinds import (
    EXACT,
    NOT_PRINTABLE,
    NUMBER,
    PRINTABLE,
    TEMPORAL,
    TEXT,
    TRUTH,
    WHOLE,
    Kind,
)
from salesperf_cli.core.portable.letters import lower_sql, upper_sql
from salesperf_cli.core.portable.patterns import (
    parse_problem,
    quoted,
    regex_problem,
    replacement_problem,
    strftime_format,
    timestamp_problem,
    timestamp_regex,
)


def _not_empty(text: str) -> str | None:
    return None if text else "give at least one character"


def _at_least(minimum: int, maximum: int = 2**31 - 1) -> Argument:
    def problem(text: str) -> str | None:
        whole = text.isascii() and text.isdigit()
        return None if whole and minimum <= int(text) <= maximum else f"write a whole number from {minimum}"

    return Argument(WHOLE, "write the number itself", problem)


def _one_of(*words: str) -> Argument:
    return Argument(
        TEXT,
        "write the word itself",
        lambda text: None if text in words else f"write one of {', '.join(words)}",
    )


any_value = Argument()
text = Argument(TEXT, "give a string")
number = Argument(NUMBER, "give a number")
whole = Argument(WHOLE, "give an integer")
truth = Argument(TRUTH, "give a condition")
ratio = Argument(NUMBER - {Kind.DECIMAL}, "cast decimals to double first", guard=True)
exact = Argument(EXACT, "cast it to decimal first: doubles round differently", guard=True)
summable = Argument(
    EXACT,
    "a sum of doubles depends on the order of rows: sum decimals, or write avg(x) * count(x)",
    guard=True,
)
averaged = Argument(
    NUMBER - {Kind.DECIMAL}, "write avg(cast(x as double)): the average of decimals differs", guard=True
)
printed = Argument(PRINTABLE, NOT_PRINTABLE, guard=True)
moment = Argument(
    TEMPORAL,
    "give a date or a timestamp; from text use try_to_timestamp(x, 'yyyy-MM-dd HH:mm:ss')",
    guard=True,
)
some_text = Argument(TEXT, "write the string itself", _not_empty)
constant_text = Argument(TEXT, "write the string itself", lambda _: None)
regex = Argument(TEXT, "write the pattern itself", regex_problem)
trunc_unit = _one_of("year", "quarter", "month", "week", "day", "hour", "minute", "second")
positive, not_negative = _at_least(1), _at_least(0)


def _try_to_timestamp(arguments: Sequence[str], literals: Sequence[str]) -> str:
    shape, form = quoted(timestamp_regex(literals[1])), quoted(strftime_format(literals[1]))
    value = arguments[0]
    return f"CASE WHEN regexp_full_match({value}, {shape}) THEN try_strptime({value}, {form}) END"


def _date_format(arguments: Sequence[str], literals: Sequence[str]) -> str:
    return f"strftime(CAST({arguments[0]} AS TIMESTAMP), {quoted(strftime_format(literals[1]))})"


def _concat(arguments: Sequence[str], _: Sequence[str]) -> str:
    return "(" + " || ".join(f"CAST({argument} AS VARCHAR)" for argument in arguments) + ")"


def _call(name: str, result: Kind | Result, *arguments: Argument) -> Function:
    return Function(f"{name}({{all}})", result, arguments)


def _aggregate(name: str, result: Kind | Result, *arguments: Argument) -> Function:
    return Function(f"{name}({{all}})", result, arguments, role=Role.AGGREGATE)


def _ranking(name: str, result: Kind | Result, *arguments: Argument) -> Function:
    return Function(f"{name}({{all}})", result, arguments, role=Role.RANKING)


def _real(name: str) -> Function:
    return _call(name, Kind.DOUBLE, number)


def _logarithm(name: str) -> Function:
    # Spark gives NULL from zero down, DuckDB -inf and nan.
    return Function(f"CASE WHEN NOT {{0}} <= 0 THEN {name}({{0}}) END", Kind.DOUBLE, (number,))


def _to_whole(step: str) -> Function:
    # DuckDB's own floor and ceil of a bigint go through a double and lose digits.
    return Function(f"CAST(trunc({{0}}) {step} THEN 1 ELSE 0 END AS BIGINT)", Result.WHOLE, (number,))


def _part(name: str) -> Function:
    return _call(name, Kind.INTEGER, moment)


STRINGS: dict[str, tuple[Function, ...]] = {
    "lower": (Function("", Kind.STRING, (text,), render=lambda arguments, _: lower_sql(arguments[0])),),
    "upper": (Function("", Kind.STRING, (text,), render=lambda arguments, _: upper_sql(arguments[0])),),
    **dict.fromkeys(("length", "char_length"), (_call("length", Kind.INTEGER, text),)),
    "trim": (Function("trim({0}, ' ')", Kind.STRING, (text,)),),
    "ltrim": (Function("ltrim({0}, ' ')", Kind.STRING, (text,)),),
    "rtrim": (Function("rtrim({0}, ' ')", Kind.STRING, (text,)),),
    "concat": (Function("", Kind.STRING, (printed,), variadic=True, render=_concat),),
    "concat_ws": (Function("concat_ws({all})", Kind.STRING, (constant_text, printed), variadic=True),),
    **dict.fromkeys(
        ("substring", "substr"),
        (
            _call("substring", Kind.STRING, text, positive),
            _call("substring", Kind.STRING, text, positive, not_negative),
        ),
    ),
    "left": (_call("left", Kind.STRING, text, not_negative),),
    "right": (_call("right", Kind.STRING, text, not_negative),),
    "replace": (_call("replace", Kind.STRING, text, some_text, constant_text),),
    "translate": (_call("translate", Kind.STRING, text, constant_text, constant_text),),
    "lpad": (_call("lpad", Kind.STRING, text, not_negative, some_text),),
    "rpad": (_call("rpad", Kind.STRING, text, not_negative, some_text),),
    "repeat": (_call("repeat", Kind.STRING, text, not_negative),),
    "split_part": (_call("split_part", Kind.STRING, text, some_text, positive),),
    "instr": (_call("instr", Kind.INTEGER, text, some_text),),
    "contains": (_call("contains", Kind.BOOLEAN, text, text),),
    "startswith": (_call("starts_with", Kind.BOOLEAN, text, text),),
    "endswith": (_call("ends_with", Kind.BOOLEAN, text, text),),
    "regexp_replace": (
        Function(
            "regexp_replace({0}, {1}, {2}, 'g')",
            Kind.STRING,
            (text, regex, Argument(TEXT, "write the string itself", replacement_problem)),
        ),
    ),
    "regexp_extract": (_call("regexp_extract", Kind.STRING, text, regex, _at_least(0, 9)),),
    "rlike": (_call("regexp_matches", Kind.BOOLEAN, text, regex),),
    "md5": (_call("md5", Kind.STRING, text),),
    "sha2": (Function("sha256({0})", Kind.STRING, (text, _at_least(256, 256))),),
}

NUMBERS: dict[str, tuple[Function, ...]] = {
    "abs": (_call("abs", Result.FIRST, number),),
    "sign": (Function("CAST(sign({0}) AS DOUBLE)", Kind.DOUBLE, (number,)),),
    "floor": (_to_whole("- CASE WHEN trunc({0}) > {0}"),),
    **dict.fromkeys(("ceil", "ceiling"), (_to_whole("+ CASE WHEN trunc({0}) < {0}"),)),
    "round": (_call("round", Result.FIRST, number), _call("round", Result.FIRST, exact, not_negative)),
    "sqrt": (_real("sqrt"),),
    "exp": (_real("exp"),),
    "ln": (_logarithm("ln"),),
    "log10": (_logarithm("log10"),),
    **dict.fromkeys(("power", "pow"), (_call("pow", Kind.DOUBLE, number, number),)),
    "sin": (_real("sin"),),
    "cos": (_real("cos"),),
    "tan": (_real("tan"),),
    "asin": (_real("asin"),),
    "atan": (_real("atan"),),
    "atan2": (_call("atan2", Kind.DOUBLE, number, number),),
    "radians": (_real("radians"),),
    "degrees": (_real("degrees"),),
    "pi": (_call("pi", Kind.DOUBLE),),
    "pmod": (Function("((({0} % {1}) + {1}) % {1})", Result.FIRST, (exact, positive)),),
    "try_divide": (Function("CASE WHEN {1} <> 0 THEN {0} / {1} END", Kind.DOUBLE, (ratio, ratio)),),
    "greatest": (Function("greatest({all})", Result.COMMON, (any_value, any_value), variadic=True),),
    "least": (Function("least({all})", Result.COMMON, (any_value, any_value), variadic=True),),
}

CONDITIONS: dict[str, tuple[Function, ...]] = {
    "coalesce": (Function("coalesce({all})", Result.COMMON, (any_value,), variadic=True),),
    "nvl": (_call("coalesce", Result.COMMON, any_value, any_value),),
    "ifnull": (_call("coalesce", Result.COMMON, any_value, any_value),),
    "nvl2": (Function("CASE WHEN {0} IS NOT NULL THEN {1} ELSE {2} END", Result.REST, (any_value,) * 3),),
    "nullif": (_call("nullif", Result.FIRST, any_value, any_value),),
}

DATES: dict[str, tuple[Function, ...]] = {
    **{
        name: (_part(name),)
        for name in ("year", "quarter", "month", "day", "hour", "minute", "second", "dayofyear", "weekofyear")
    },
    "dayofmonth": (_part("day"),),
    # Spark counts from Sunday = 1 and from Monday = 0, DuckDB from Sunday = 0 and (isodow) from Monday = 1.
    "dayofweek": (Function("(dayofweek({0}) + 1)", Kind.INTEGER, (moment,)),),
    "weekday": (Function("(isodow({0}) - 1)", Kind.INTEGER, (moment,)),),
    "last_day": (_call("last_day", Kind.DATE, moment),),
    "date_add": (Function("(CAST({0} AS DATE) + CAST({1} AS INTEGER))", Kind.DATE, (moment, whole)),),
    "date_sub": (Function("(CAST({0} AS DATE) - CAST({1} AS INTEGER))", Kind.DATE, (moment, whole)),),
    "datediff": (Function("date_diff('day', CAST({1} AS DATE), CAST({0} AS DATE))", Kind.INTEGER, (moment, moment)),),
    "add_months": (
        Function("CAST(CAST({0} AS DATE) + to_months(CAST({1} AS INTEGER)) AS DATE)", Kind.DATE, (moment, whole)),
    ),
    "date_trunc": (Function("date_trunc({0}, CAST({1} AS TIMESTAMP))", Kind.TIMESTAMP, (trunc_unit, moment)),),
    "trunc": (
        Function(
            "CAST(date_trunc({1}, CAST({0} AS DATE)) AS DATE)",
            Kind.DATE,
            (moment, _one_of("year", "quarter", "month", "week")),
        ),
    ),
    "date_format": (
        Function(
            "",
            Kind.STRING,
            (moment, Argument(TEXT, "write the format itself", timestamp_problem)),
            render=_date_format,
        ),
    ),
    "try_to_timestamp": (
        Function(
            "",
            Kind.TIMESTAMP,
            (text, Argument(TEXT, "write the format itself", parse_problem)),
            render=_try_to_timestamp,
        ),
    ),
    "unix_timestamp": (Function("CAST(trunc(epoch(CAST({0} AS TIMESTAMP))) AS BIGINT)", Kind.INTEGER, (moment,)),),
}

AGGREGATES: dict[str, tuple[Function, ...]] = {
    "count": (_aggregate("count", Kind.INTEGER, any_value),),
    # DuckDB's own count_if is NULL where no row has a known condition.
    "count_if": (Function("count(CASE WHEN {0} THEN 1 END)", Kind.INTEGER, (truth,), role=Role.AGGREGATE),),
    "sum": (_aggregate("sum", Result.FIRST, summable),),
    "avg": (_aggregate("avg", Kind.DOUBLE, averaged),),
    "min": (_aggregate("min", Result.FIRST, any_value),),
    "max": (_aggregate("max", Result.FIRST, any_value),),
    "bool_and": (_aggregate("bool_and", Kind.BOOLEAN, truth),),
    "bool_or": (_aggregate("bool_or", Kind.BOOLEAN, truth),),
    "stddev_pop": (_aggregate("stddev_pop", Kind.DOUBLE, number),),
    "stddev_samp": (_aggregate("stddev_samp", Kind.DOUBLE, number),),
}

RANKINGS: dict[str, tuple[Function, ...]] = {
    "row_number": (_ranking("row_number", Kind.INTEGER),),
    "rank": (_ranking("rank", Kind.INTEGER),),
    "dense_rank": (_ranking("dense_rank", Kind.INTEGER),),
    "percent_rank": (_ranking("percent_rank", Kind.DOUBLE),),
    "cume_dist": (_ranking("cume_dist", Kind.DOUBLE),),
    "ntile": (_ranking("ntile", Kind.INTEGER, positive),),
    "lag": (_ranking("lag", Result.FIRST, any_value), _ranking("lag", Result.FIRST, any_value, not_negative)),
    "lead": (
        _ranking("lead", Result.FIRST, any_value),
        _ranking("lead", Result.FIRST, any_value, not_negative),
    ),
    "first_value": (_ranking("first_value", Result.FIRST, any_value),),
    "last_value": (_ranking("last_value", Result.FIRST, any_value),),
}

FUNCTIONS = STRINGS | NUMBERS | CONDITIONS | DATES | AGGREGATES | RANKINGS
