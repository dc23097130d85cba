"""One order after another: the customer, the order, its items, payments and reviews, as rows of five files.

An order follows from the seed, its number and the size of the first sample alone, so that a later sample can
go on from it.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from random import Random
from typing import NamedTuple

from salesperf_cli.core.sample import words
from salesperf_cli.core.sample.catalogue import Catalogue, money, quoted
from salesperf_cli.core.sample.dice import Weighted, along, dice, fraction, identifier, mixed
from salesperf_cli.core.sample.places import State, plain

_PERSON, _HOME, _REVIEW, _AGAIN, _DICE = 101, 102, 103, 104, 105
_HOUR, _DAY = 3600, 86_400
_EPOCH = date(2016, 9, 1).toordinal()

# Orders of a month in 2016-09 … 2018-08, of weekdays from Monday, of hours from midnight.
_MONTHS = (
    1, 33, 0, 1,
    80, 178, 268, 240, 370, 325, 403, 433, 428, 463, 640, 567,
    727, 673, 721, 694, 687, 617, 629, 651,
)  # fmt: skip
_WEEKDAYS = (163, 161, 157, 148, 142, 109, 120)
_HOURS = (24, 12, 5, 3, 2, 2, 5, 12, 30, 48, 62, 66, 60, 65, 66, 65, 67, 62, 58, 60, 62, 62, 58, 41)
_BLACK_FRIDAY = {date(2017, 11, 24): 6, date(2017, 11, 25): 3, date(2017, 11, 26): 2, date(2017, 11, 27): 2}
_LAST_MONTH_SHARE = 66
"""Of a thousand orders, those of 2018-08: the pace at which later samples go on."""

_STATUSES = Weighted(
    ("delivered", "shipped", "canceled", "unavailable", "invoiced", "processing", "created", "approved"),
    (96_478, 1_107, 625, 609, 314, 301, 5, 2),
)
_WITHOUT_ITEMS = {"unavailable": 0.99, "canceled": 0.262, "created": 1.0, "invoiced": 0.006, "shipped": 0.001}
_ITEM_COUNTS = Weighted((1, 2, 3, 4, 5, 6, 8, 12, 20), (90_080, 7_600, 1_340, 510, 210, 200, 40, 16, 4))
_INSTALMENTS = Weighted((1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 24), (335, 162, 136, 92, 68, 51, 21, 56, 72, 6, 1))
_SCORES_IN_TIME = Weighted((1, 2, 3, 4, 5), (67, 26, 80, 202, 625))
_SCORES_LATE = Weighted((1, 2, 3, 4, 5), (480, 85, 125, 110, 200))
_MESSAGES = {1: 0.77, 2: 0.68, 3: 0.43, 4: 0.31, 5: 0.36}
_TITLES = {1: 0.16, 2: 0.15, 3: 0.1, 4: 0.09, 5: 0.12}

# Quantiles in equal steps: hours to the carrier and to the customer in the state of São Paulo, promised days,
# freight in cents.
_TO_CARRIER = (2, 14, 18, 22, 25, 28, 32, 38, 44, 48, 53, 60, 68, 76, 86, 98, 115, 132, 154, 210, 600)
_TO_CUSTOMER = (
    20, 50, 65, 80, 95, 110, 125, 140, 150, 162, 175, 188, 203, 222, 245, 270, 300, 340, 395, 480, 900,
)  # fmt: skip
_PROMISED = (7, 11, 13, 14, 15, 16, 17, 17, 18, 19, 20, 20, 21, 22, 23, 24, 25, 27, 29, 33, 50)
_FREIGHT = (
    0, 700, 780, 820, 900, 1000, 1050, 1100, 1150, 1200, 1250,
    1310, 1380, 1450, 1530, 1620, 1750, 1950, 2300, 3000, 6500,
)  # fmt: skip


class OrderRows(NamedTuple):
    """An order's rows, by file, and its oddities: whether its dates run backwards, how many of its payments
    are of zero, and how many are made in no instalment.
    """

    customer: str
    order: str
    items: list[str]
    payments: list[str]
    reviews: list[str]
    backwards: bool
    zero_payments: int
    no_instalments: int


class _Journey(NamedTuple):
    """An order's moments in seconds since 2016-09-01; None where it did not get that far."""

    bought: int
    approved: int | None
    carried: int | None
    delivered: int | None
    promised: int


class OrderMaker:
    """Makes orders of a sample whose first part has `base` orders (numbers below it), and of those that go on
    from it.
    """

    def __init__(self, seed: int, base: int, catalogue: Catalogue) -> None:
        self._seed = seed
        self._base = base
        self._catalogue = catalogue
        days = range(date(2018, 9, 1).toordinal() - _EPOCH)
        self._days = Weighted(days, [_weight(date.fromordinal(_EPOCH + day)) for day in days])
        self._hours = Weighted(range(24), _HOURS)
        self._chance = dice(0)

    def make(self, number: int) -> OrderRows:
        """The order of this number, counted from 0."""
        chance = self._chance
        chance.seed(mixed(self._seed, _DICE, number))
        person = self._person(number)
        area = self._catalogue.places.of_customer(mixed(self._seed, _HOME, person))
        customer = quoted(f"{chance.getrandbits(128):032x}")
        order = quoted(f"{chance.getrandbits(128):032x}")
        status = _STATUSES.draw(chance)
        journey = self._journey(number, status, area.state, chance)
        backwards = status == "delivered" and journey.delivered is not None and chance.random() < 0.00025
        if backwards and journey.carried is not None:
            journey = journey._replace(delivered=journey.carried - _HOUR)
        items, total = self._items(order, status, area.state, journey.bought, chance)
        paid = total + (37 if chance.random() < 0.003 else 0)
        payments, zeroes, unpaid = _payments(order, number, paid, chance)
        who = quoted(identifier(self._seed, _PERSON, person))
        return OrderRows(
            customer=f'{customer},{who},"{area.prefix}",{plain(area.city)},{area.state.code}',
            order=f"{order},{customer},{status},{','.join(map(_moment, journey))}",
            items=items,
            payments=payments,
            reviews=self._reviews(order, number, journey, chance),
            backwards=backwards,
            zero_payments=zeroes,
            no_instalments=unpaid,
        )

    def _person(self, number: int) -> int:
        """Who orders: one order in thirty comes from somebody who has ordered before."""
        while number and fraction(bits := mixed(self._seed, _AGAIN, number)) < 0.034:
            number = bits % number
        return number

    def _journey(self, number: int, status: str, state: State, chance: Random) -> _Journey:
        if number < self._base:
            day = self._days.draw(chance)
        else:
            day = 730 + (number - self._base) * 31_000 // (self._base * _LAST_MONTH_SHARE)
        bought = day * _DAY + self._hours.draw(chance) * _HOUR + int(chance.random() * _HOUR)
        approved = bought + 600 + int((1200 if chance.random() < 0.8 else 2 * _DAY) * chance.random())
        travelled = along(_TO_CUSTOMER, chance.random()) * (100 + state.delay) * 36 + int(chance.random() * _HOUR)
        to_carrier = along(_TO_CARRIER, chance.random()) * _HOUR + int(chance.random() * _HOUR)
        carried, delivered = approved + min(to_carrier, travelled * 6 // 10), approved + travelled
        days = along(_PROMISED, chance.random()) * (250 + state.delay) // 250
        promised = (bought // _DAY + days) * _DAY
        far = chance.random()
        if status == "delivered":
            known, arrived = approved if far > 0.00015 else None, delivered if far < 0.9999 else None
            return _Journey(bought, known, carried, arrived, promised)
        if status == "shipped":
            return _Journey(bought, approved, carried, None, promised)
        if status == "created" or (status == "canceled" and far > 0.77):
            return _Journey(bought, None, None, None, promised)
        picked_up = carried if status == "canceled" and far < 0.12 else None
        return _Journey(bought, approved, picked_up, None, promised)

    def _items(self, order: str, status: str, state: State, bought: int, chance: Random) -> tuple[list[str], int]:
        """The items' rows and what they cost together with freight, in cents."""
        goods = self._catalogue
        without = _WITHOUT_ITEMS.get(status, 0.0)
        if without and chance.random() < without:
            return [], 500 + int(30_000 * chance.random())
        rows: list[str] = []
        total = 0
        product = goods.popular(chance)
        limit = _moment(bought + (4 + int(4 * chance.random())) * _DAY)
        freight = along(_FREIGHT, chance.random()) * (300 + state.delay) // 300 + goods.grams[product] // 20
        for sequence in range(1, _ITEM_COUNTS.draw(chance) + 1):
            if sequence > 1 and chance.random() < 0.25:
                product = goods.popular(chance)
            price = goods.prices[product] * (100 + int(chance.random() * 3) * 5) // 100
            seller = goods.seller_ids[goods.sellers[product]]
            total += price + freight
            goods_sold = f"{quoted(goods.product_ids[product])},{quoted(seller)}"
            rows.append(f"{order},{sequence},{goods_sold},{limit},{money(price)},{money(freight)}")
        return rows, total

    def _reviews(self, order: str, number: int, journey: _Journey, chance: Random) -> list[str]:
        how_many = chance.random()
        rows: list[str] = []
        for copy in range(0 if how_many < 0.0077 else 2 if how_many > 0.9945 else 1):
            late = journey.delivered is None or journey.delivered > journey.promised + _DAY
            score = (_SCORES_LATE if late else _SCORES_IN_TIME).draw(chance)
            # One review in 125 goes under the identifier of the order before, as a customer reviews two
            # orders at once.
            shared = number > 0 and copy == 0 and chance.random() < 0.008
            review = identifier(self._seed, _REVIEW, 2 * (number - shared) + copy)
            title = quoted(words.title(score, chance)) if chance.random() < _TITLES[score] else ""
            message = quoted(words.message(score, chance)) if chance.random() < _MESSAGES[score] else ""
            asked = ((journey.delivered or journey.promised) // _DAY + 1 + copy) * _DAY
            answered = asked + 6 * _HOUR + int(chance.random() * chance.random() * 6 * _DAY)
            said = f"{score},{title},{message}"
            rows.append(f"{quoted(review)},{order},{said},{_moment(asked)},{_moment(answered)}")
        return rows


def _payments(order: str, number: int, total: int, chance: Random) -> tuple[list[str], int, int]:
    """The payments' rows, which sum up to `total` cents; how many are of zero, how many of no instalment."""
    kind = chance.random()
    parts: list[tuple[str, int, int]] = []
    if kind < 0.03:
        vouchers = 1 + int(4 * chance.random() * chance.random())
        if chance.random() < 0.6:
            first = total * (2 + int(6 * chance.random())) // 10
            parts.append(("credit_card", 1, first))
            total -= first
        for left in range(vouchers, 0, -1):
            parts.append(("voucher", 1, total // left))
            total -= total // left
    elif kind < 0.78:
        parts.append(("credit_card", _INSTALMENTS.draw(chance) if chance.random() > 0.00003 else 0, total))
    elif kind < 0.975:
        parts.append(("boleto", 1, total))
    else:
        parts.append(("debit_card" if kind < 0.99 else "voucher", 1, total))
    if number % 2000 == 1000:
        parts.append(("voucher", 1, 0))
    rows = [
        f"{order},{sequence},{way},{times},{money(value)}"
        for sequence, (way, times, value) in enumerate(parts, start=1)
    ]
    return rows, sum(value == 0 for _, _, value in parts), sum(times == 0 for _, times, _ in parts)


def _weight(day: date) -> int:
    month = _MONTHS[(day.year - 2016) * 12 + day.month - 9]
    return month * _WEEKDAYS[day.weekday()] * _BLACK_FRIDAY.get(day, 1)


@lru_cache(maxsize=8192)
def _day(number: int) -> str:
    return date.fromordinal(_EPOCH + number).isoformat()


def _moment(seconds: int | None) -> str:
    """A moment as the published files write it; nothing for None."""
    if seconds is None:
        return ""
    day, rest = divmod(seconds, _DAY)
    hours, rest = divmod(rest, _HOUR)
    return f"{_day(day)} {hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
