"""Judges events by the compiled contract: `contract.json`, made of the pipeline's event contract.

The standard library only. What becomes of an event, refused or not, is `event_landing`'s business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

Check = Callable[[Any], str | None]
"""Gives the reason why a value is refused, or None."""


class Refused(Exception):  # noqa: N818 - it says what was found, not what went wrong
    """An event that breaks its contract; it is set aside with this reason and holds nothing up."""


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def _refuse_constant(word: str) -> None:
    raise Refused(f"{word} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("a name stands twice")  # readers would differ on which value counts
    return found


def _has_half_character(event: Mapping[str, Any]) -> bool:
    return any("\ud800" <= each <= "\udfff" for value in event.values() if isinstance(value, str) for each in value)


_DECODER = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_refuse_constant, object_pairs_hook=_object
)


class Contract:
    """The compiled contract: which columns an event has, and what each may hold."""

    def __init__(self, compiled: Mapping[str, Any]) -> None:
        self._ignore_extra = bool(compiled["ignore_extra_columns"])
        self._checks = [(each["name"], bool(each["required"]), _check(each)) for each in compiled["columns"]]
        self._names = {each["name"] for each in compiled["columns"]}
        self._usual = _UsualForm(compiled["columns"])

    def line(self, data: bytes) -> bytes:
        """The event as one line of text without its end; raises Refused when it breaks the contract."""
        if self._usual.fits(data):
            return data
        try:
            text = data.decode("utf-8").strip()
            event = _DECODER.decode(text)
        except UnicodeDecodeError as fault:
            raise Refused("it is not UTF-8") from fault
        except (ValueError, RecursionError) as fault:
            raise Refused(f"it is not JSON: {fault}") from fault
        if type(event) is not dict:
            raise Refused("it is not a JSON object")
        self._judge(event)
        if "\\u" in text and _has_half_character(event):
            raise Refused("it holds half a character (a lone surrogate)")  # readers fail on the whole object
        # A line end between two fields is fine in JSON and would be two lines here.
        return (json.dumps(json.loads(text)) if "\n" in text or "\r" in text else text).encode()

    def _judge(self, event: Mapping[str, Any]) -> None:
        value = event.get
        for name, required, check in self._checks:
            found = value(name)
            if found is None or found == "":
                if required:
                    raise Refused(f"{name} must not be missing")
            elif reason := check(found):
                raise Refused(f"{name} {reason}")
        if not self._ignore_extra and (unknown := event.keys() - self._names):
            raise Refused(f"{min(unknown)} is no column of the contract")


def read_contract(file: Path | None = None) -> Contract:
    """The contract that travels with the function, or another compiled one."""
    return Contract(json.loads((file or Path(__file__).with_name("contract.json")).read_text("utf-8")))


class _UsualForm:
    """The form that nearly all events have: every column in the contract's order, plain ASCII on one line.

    What fits is valid; of anything else this knows nothing, and it is read as JSON. It takes a tenth of the time.
    """

    def __init__(self, columns: Sequence[Mapping[str, Any]]) -> None:
        fields, self._checks = [], []
        for each in columns:
            value, is_certain = _usual_value(each)
            if not is_certain:
                value = f"({value})"
                self._checks.append((each["kind"] == "string" or each["kind"] in _MOMENTS, _check(each)))
            or_null = "" if each["required"] else "|null"
            fields.append(f'"{re.escape(each["name"])}" ?: ?(?:{value}{or_null})')
        self._matches = re.compile((r"\{" + ", ?".join(fields) + r"\}").encode()).fullmatch

    def fits(self, data: bytes) -> bool:
        """Whether an event has this form and breaks no rule."""
        found = self._matches(data)
        if found is None:
            return False
        for value, (quoted, check) in zip(found.groups(), self._checks, strict=True):
            if value is not None:
                text = value.decode("ascii")
                if check(text[1:-1] if quoted else _Number(text)) is not None:
                    return False
        return True


_MOMENTS = ("date", "timestamp")
_PLAIN = "[ !#-\\[\\]-~]"
"""A character that JSON text holds as it is: ASCII without control characters, quote and backslash."""
_SIMPLE_PATTERN = re.compile(r"(?:\[(?:[A-Za-z0-9_]|-(?!\]))+\](?:\{[0-9]+(?:,[0-9]+)?\})?)+")


def _usual_value(column: Mapping[str, Any]) -> tuple[str, bool]:
    """A pattern of a column's usual values, and whether each of them is surely valid.

    An empty text counts as missing, so none is usual.
    """
    kind, limits = column["kind"], {name for name in _LIMITS if column.get(name) is not None}
    if kind in ("int", "decimal"):
        return _usual_number(column)
    if kind == "bigint" or kind == "double":
        return r"-?(?:0|[1-9][0-9]{0,14})", not limits
    if kind == "boolean":
        return "true|false", True
    if kind == "string" and limits == {"values"}:
        return "|".join(f'"{re.escape(str(each))}"' for each in column["values"] if str(each)), True
    if kind == "string" and limits == {"pattern"} and _SIMPLE_PATTERN.fullmatch(column["pattern"]):
        return f'"{column["pattern"]}"', True
    if kind == "string" and limits <= {"min_length", "max_length"}:
        return f'"{_PLAIN}{{{max(column.get("min_length", 1), 1)},{column.get("max_length", "")}}}"', True
    return f'"{_PLAIN}+"', kind == "string" and not limits


def _usual_number(column: Mapping[str, Any]) -> tuple[str, bool]:
    """Numbers without an exponent, of so many digits that no limit is exceeded."""
    least, most, scale = column.get("minimum"), column.get("maximum"), column.get("scale", 0)
    digits = (column["precision"] - scale) if column["kind"] == "decimal" else 9
    if most is not None:
        digits = min(digits, max((n for n in range(1, 19) if 10**n - 10**-scale <= float(most)), default=0))
    decimals = f"(?:\\.[0-9]{{1,{scale}}})?" if scale else ""
    if digits < 1 or least not in (None, 0, 1) or (least == 1 and scale):
        return f"-?(?:0|[1-9][0-9]*){decimals}", False
    sign, zero = ("-?", "0|") if least is None else ("", "0|" if least == 0 else "")
    return f"{sign}(?:{zero}[1-9][0-9]{{0,{digits - 1}}}){decimals}", True


_LIMITS = ("minimum", "maximum", "min_length", "max_length", "pattern", "values")


def _check(column: Mapping[str, Any]) -> Check:
    """The one check of a column, made of its type and its limits."""
    base = _TYPES[column["kind"]](column)
    limits = list(_limits(column))
    if not limits:
        return base

    def check(value: Any) -> str | None:
        if reason := base(value):
            return reason
        for limit in limits:
            if reason := limit(value):
                return reason
        return None

    return check


def _text_check(_column: Mapping[str, Any]) -> Check:
    return lambda value: None if type(value) is str else "is not a string"


def _shaped(pattern: str, words: str) -> Callable[[Mapping[str, Any]], Check]:
    matches = re.compile(pattern).fullmatch
    return lambda _column: lambda value: None if isinstance(value, str) and matches(value) else words


def _decimal_check(column: Mapping[str, Any]) -> Check:
    scale, whole = column["scale"], column["precision"] - column["scale"]
    matches = re.compile(rf"[+-]?0*[0-9]{{1,{max(whole, 1)}}}(?:\.[0-9]{{0,{scale}}}0*)?").fullmatch
    words = f"is not a decimal({column['precision']},{scale})"
    return lambda value: None if isinstance(value, str) and matches(value) else words


def _integer_check(column: Mapping[str, Any]) -> Check:
    bound = 1 << (31 if column["kind"] == "int" else 63)
    matches = re.compile(r"0|-?[1-9][0-9]{0,18}").fullmatch  # readers of JSON take no + and no leading 0
    words = f"is not {'an int' if column['kind'] == 'int' else 'a bigint'}"

    def check(value: Any) -> str | None:
        return None if isinstance(value, str) and matches(value) and -bound <= int(value) < bound else words

    return check


def _moment_check(column: Mapping[str, Any]) -> Check:
    format_ = column["format"]
    is_iso = format_ in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
    matches = re.compile(column["shape"]).fullmatch
    words = f"is not a {column['kind']}"

    def check(value: Any) -> str | None:
        if type(value) is not str or not matches(value):
            return words
        try:
            # The usual forms have a reader in C.
            datetime.fromisoformat(value) if is_iso else datetime.strptime(value, format_)  # noqa: DTZ007
        except ValueError:
            return words
        return None

    return check


def _boolean_check(_column: Mapping[str, Any]) -> Check:
    return lambda value: None if isinstance(value, bool) else "is not a boolean"


_TYPES: dict[str, Callable[[Mapping[str, Any]], Check]] = {
    "string": _text_check,
    "int": _integer_check,
    "bigint": _integer_check,
    "decimal": _decimal_check,
    "double": _shaped(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", "is not a double"),
    "boolean": _boolean_check,
    "date": _moment_check,
    "timestamp": _moment_check,
}


def _limits(column: Mapping[str, Any]) -> Sequence[Check]:
    """The checks of what the type alone does not say."""
    found: list[Check] = []
    numeric = column["kind"] in ("int", "bigint", "decimal", "double")
    comparable: Callable[[Any], Any] = float if numeric else str
    if (least := column.get("minimum")) is not None:
        low = comparable(str(least))
        found.append(lambda value: None if comparable(value) >= low else f"must be >= {least}")
    if (most := column.get("maximum")) is not None:
        high = comparable(str(most))
        found.append(lambda value: None if comparable(value) <= high else f"must be <= {most}")
    if (shortest := column.get("min_length")) is not None:
        found.append(lambda value: None if len(value) >= shortest else f"must have a length >= {shortest}")
    if (longest := column.get("max_length")) is not None:
        found.append(lambda value: None if len(value) <= longest else f"must have a length <= {longest}")
    if (pattern := column.get("pattern")) is not None:
        matches = re.compile(pattern).fullmatch
        found.append(lambda value: None if matches(value) else f"must look like {pattern}")
    if (values := column.get("values")) is not None:
        known = {str(each) for each in values}
        found.append(lambda value: None if value in known else "is not one of the known values")
    return found
