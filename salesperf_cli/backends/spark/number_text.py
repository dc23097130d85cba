"""Doubles as text in Spark SQL, as every engine here writes them: 12345678.5 and 1e-05, where Spark says 1.23456785E7
and 1.0E-5.
"""

from __future__ import annotations

_PARTS = r"^(.*)E(-?)([0-9]+)$"


def double_text(value: str) -> str:
    """The shortest text that reads back as the double `value` (SQL): plain from 1e-4 to 1e16, else with an exponent of
    two digits at least.
    """
    said = f"CAST({value} AS string)"
    mantissa, sign, exponent = (f"regexp_extract({said}, r'{_PARTS}', {part})" for part in (1, 2, 3))
    digits = f"CAST(CAST({said} AS decimal(38, 21)) AS string)"  # 17 digits from the fourth place on
    plain = f"regexp_replace(regexp_replace({digits}, '0+$', ''), '[.]$', '.0')"
    powered = (
        f"concat(regexp_replace({mantissa}, '[.]0$', ''), 'e', if({sign} = '-', '-', '+'),"
        f" if(length({exponent}) < 2, concat('0', {exponent}), {exponent}))"
    )
    return (
        f"CASE WHEN isnan({value}) THEN 'nan'"
        f" WHEN abs({value}) = double('inf') THEN if({value} < 0, '-inf', 'inf')"
        f" WHEN NOT contains({said}, 'E') THEN {said}"
        f" WHEN abs({value}) >= 1e-4 AND abs({value}) < 1e16 THEN {plain}"
        f" ELSE {powered} END"
    )
