"""Files in JSON, JSON lines and Parquet for the source `plain` of `malformed`, good and bad.

The same rows for the same seed.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.parity.malformed import COLUMNS, IN_FILES, VALUES

_JSON_VALUES = (
    "null", "true", "false", "0", "-0", "1", "1.5", "1.50", "1E2", "1e-3", "-1.0", "12345678901234567890", "1e400",
    "[]", "{}", "[1, 2.50, null]", '{"a": {"b": [true, "x"]}}', '""', '"a"', r'"\u00e7\t\"x\\"', r'"\ud83d\ude00"',
    '"2017-01-02 03:04:05"', '"1.50"', '" 1"', r'"a\nb"', r'"\u0000"',
)  # fmt: skip
_NOT_JSON = ("{", '{"code": "half', '{"code": 1,}', "{'code': 1}", "nonsense", '{"code": NaN}', "  ", '{"code": 01}',
             '{"code": "a"} x')  # fmt: skip

_NOT_OBJECTS = ("[]", "1", '"text"', "null", "[1, 2]", " {} ")
_TYPED: dict[str, tuple[pa.DataType, tuple[Any, ...]]] = {
    "code": (pa.string(), ("a", "", None, "ç", "a b", " a")),
    "amount": (pa.decimal128(12, 3), (Decimal("1.500"), Decimal("-2.000"), Decimal("12345678.125"), None)),
    "seen": (pa.timestamp("us"), (datetime(2017, 1, 2, 3, 4, 5), datetime(2016, 2, 29), None)),  # noqa: DTZ001
    "day": (pa.date32(), (date(2017, 1, 2), date(2016, 2, 29), None)),
    "share": (pa.float64(), (0.5, -0.0, 1e308, 1e-300, 3.0, None)),
    "flag": (pa.bool_(), (True, False, None)),
    "many": (pa.int64(), (1, -2_147_483_648, 2_147_483_648, None)),
    "logged": (pa.timestamp("us"), (datetime(2017, 1, 2, 3, 4, 5), datetime(2016, 2, 29), None)),  # noqa: DTZ001
    "note": (pa.string(), ("plain", "", None, "x" * 300)),
}
_DOUBLES = (0.0, -0.0, 0.1, 1e-4, 9.9e-05, 1e-05, 0.00012345678901234567, 1234567.0, 12345678.5, 1e15, 1e16, -2.5e17,
            1.5e-300, 1.7976931348623157e308, 58.9, float("nan"), float("inf"), -float("inf"), None)  # fmt: skip
_FLOATS = (0.1, 58.9, 1e-5, 16777216.0, 3.4e38, None)


def write_documents(folder: Path, seed: int, files: int) -> Path:
    """`files` files of each form."""
    folder.mkdir(parents=True)
    dice = Random(seed)
    for number in range(files):
        (folder / f"plain-{number:03d}.ndjson").write_bytes(_lines(dice))
        records = [_object(dice, 1.0), *(_object(dice) for _ in range(dice.randint(0, 8)))]
        (folder / f"plain-{number:03d}.json").write_text("[" + ",\n".join(records) + "]", "utf-8")
        _write_parquet(folder / f"plain-{number:03d}.parquet", dice)
    return folder


def _lines(dice: Random) -> bytes:
    end = dice.choice(("\n", "\n", "\r\n"))
    damage = dice.choice((0.0, 0.0, 0.1, 0.3))
    lines = [_object(dice, 1.0)]  # a file that begins otherwise is refused whole
    lines += [
        dice.choice((*_NOT_JSON, "")) if dice.random() < damage else _object(dice) for _ in range(dice.randint(0, 12))
    ]
    if dice.random() < 0.1:  # and so is one that holds something else than objects where it is looked at
        lines += ["{}"] * 100 + [*_NOT_OBJECTS, _object(dice)]
    data = (end.join(lines) + (end if dice.random() < 0.8 else "")).encode()
    return b"\xef\xbb\xbf" + data if dice.random() < 0.15 else data


def _object(dice: Random, filled: float = 0.9) -> str:
    names = [name for name in COLUMNS if dice.random() < filled]
    dice.shuffle(names)
    return "{" + ", ".join(f"{json.dumps(IN_FILES[name])}: {_value(dice, name)}" for name in names) + "}"


def _value(dice: Random, name: str) -> str:
    if dice.random() < 0.3:
        return dice.choice(_JSON_VALUES)
    text = dice.choice(VALUES[name]) if dice.random() < 0.5 else VALUES[name][0]
    return json.dumps(text, ensure_ascii=dice.random() < 0.5)


def _write_parquet(path: Path, dice: Random) -> None:
    rows = dice.randint(1, 12)
    columns = {}
    for name in dice.sample(COLUMNS, len(COLUMNS)):
        type_, values = _TYPED[name]
        # A producer that keeps all as text is as common as one that keeps types.
        if name == "note" and dice.random() < 0.5:
            type_, values = dice.choice(((pa.float64(), _DOUBLES), (pa.float32(), _FLOATS)))
            columns[name] = pa.array([dice.choice(values) for _ in range(rows)], type_)
        elif dice.random() < 0.4:
            columns[name] = pa.array([dice.choice(VALUES[name]) for _ in range(rows)], pa.string())
        else:
            columns[name] = pa.array([dice.choice(values) for _ in range(rows)], type_)
    pq.write_table(pa.table({IN_FILES[name]: column for name, column in columns.items()}), path)
