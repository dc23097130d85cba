"""The damage of a dirty sample: rows added to the clean ones, so that leaving them out gives the clean sample
again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from salesperf_cli.core.sample.dice import dice, identifier, mixed
from salesperf_cli.core.sample.report import Fault, Outcome

_NEW, _ORDER = 401, 402

_PLANTED: tuple[tuple[str, str, Outcome], ...] = (
    ("short row", "orders", "quarantined"),
    ("short row", "order_items", "quarantined"),
    ("long row", "order_items", "quarantined"),
    ("long row", "order_payments", "quarantined"),
    ("bad number", "order_items", "quarantined"),
    ("bad number", "order_payments", "quarantined"),
    ("negative price", "order_items", "quarantined"),
    ("missing required id", "order_items", "quarantined"),
    ("missing required id", "order_reviews", "quarantined"),
    ("unknown status", "orders", "quarantined"),
    ("impossible timestamp", "orders", "quarantined"),
    ("exact duplicate row", "customers", "duplicate"),
    ("exact duplicate row", "orders", "duplicate"),
    ("exact duplicate row", "order_items", "duplicate"),
    ("conflicting duplicate key", "customers", "quarantined"),
    ("conflicting duplicate key", "order_items", "quarantined"),
    ("orphan item", "order_items", "blocks promotion"),
    ("NUL byte", "customers", "quarantined"),
    ("invalid UTF-8 byte", "customers", "quarantined"),
    ("invalid UTF-8 byte", "order_reviews", "quarantined"),
)
UNCLOSED = Fault("unclosed quote", "order_payments", 1, "quarantined")
"""Stands once, as the last row of one file, with no line end after it."""
INVALID_BYTE = "\udcff"
"""Becomes the byte 0xFF where text is encoded with `surrogateescape`."""


class FaultPlan:
    """Which fault goes where: a thousandth of the orders (at least one) of every kind and table, spread
    evenly.
    """

    def __init__(self, seed: int, first: int, orders: int) -> None:
        self._seed = seed
        self._first = first
        self._each = max(1, orders // 1000)
        chance = dice(mixed(seed, _ORDER, first))
        kinds = [(kind, table) for kind, table, _ in _PLANTED for _ in range(self._each)]
        shuffled = sorted((chance.getrandbits(64), *each) for each in kinds)
        self._at: dict[int, list[tuple[str, str]]] = {}
        for place, (_, kind, table) in enumerate(shuffled):
            self._at.setdefault(first + place * orders // len(shuffled), []).append((kind, table))
        self._made: Counter[tuple[str, str]] = Counter()

    def due(self, number: int) -> list[tuple[str, str]]:
        """The faults, as (kind, table), to plant after the order of this number."""
        return self._at.get(number, [])

    def row(self, kind: str, table: str, good: str) -> str:
        """A row of this fault; `good` is a row of the table that stands before it."""
        self._made[kind, table] += 1
        if kind == "exact duplicate row":
            return good
        if kind == "conflicting duplicate key":
            kept, _, last = good.rpartition(",")
            other = f"{999_000 + self._made.total()}.99" if table == "order_items" else _other_state(last)
            return f"{kept},{other}"
        return ",".join(_spoiled(kind, table, self._fresh(table)))

    def unclosed(self) -> str:
        """The row whose quote is not closed."""
        return f'"{",".join(self._fresh("order_payments"))}'

    def faults(self) -> Iterator[Fault]:
        """What was planted."""
        for kind, table, outcome in _PLANTED:
            yield Fault(kind, table, self._made[kind, table], outcome)
        yield UNCLOSED

    def _fresh(self, table: str) -> list[str]:
        """The fields of a well-formed row whose identifiers stand nowhere else."""
        number = self._first * 100 + self._made.total()
        new, other = (f"e{identifier(self._seed, _NEW, 2 * number + which)[1:]}" for which in (0, 1))
        moment = "2018-06-15 10:20:30"
        if table == "customers":
            return [new, other, '"01310"', "sao paulo", "SP"]
        if table == "orders":
            later = ["2018-06-16 10:20:30", "2018-06-20 10:20:30", "2018-07-01 00:00:00"]
            return [new, other, "delivered", moment, moment, *later]
        if table == "order_items":
            return [new, "1", other, other, moment, "59.90", "12.50"]
        if table == "order_payments":
            return [new, "1", "boleto", "1", "72.40"]
        return [new, other, "5", "", "Chegou bem", "2018-06-21 00:00:00", moment]


def _other_state(state: str) -> str:
    return "AC" if state != "AC" else "SP"


def _spoiled(kind: str, table: str, fields: list[str]) -> list[str]:
    price = {"order_items": 5, "order_payments": 4}.get(table, 0)
    changes = {
        "bad number": (price, "doze reais"),
        "negative price": (price, "-59.90"),
        "missing required id": (0, ""),
        "unknown status": (2, "teleported"),
        "impossible timestamp": (3, "2018-02-30 25:61:00"),
        "NUL byte": (3, "sao\0paulo"),
        "invalid UTF-8 byte": (4 if table == "order_reviews" else 3, f"s{INVALID_BYTE}o paulo"),
    }
    if kind == "short row":
        return fields[:-1]
    if kind == "long row":
        return [*fields, "0.00"]
    if kind in changes:
        place, text = changes[kind]
        return [*fields[:place], text, *fields[place + 1 :]]
    return fields
