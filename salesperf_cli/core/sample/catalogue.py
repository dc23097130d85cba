"""What orders choose from: products, sellers and postal areas, and the four files that describe them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from random import Random

from salesperf_cli.core.sample.dice import Weighted, along, dice, fraction, identifier, mixed
from salesperf_cli.core.sample.places import Area, Places, plain
from salesperf_cli.core.sample.words import CATEGORIES

_PRODUCT, _SELLER, _SELLER_PLACE, _POINT = 201, 202, 203, 204

# Quantiles in equal steps from the least to the greatest value.
_PRICES = (
    450, 1700, 2390, 2990, 3490, 3990, 4690, 5290, 5990, 6690, 7490,
    8500, 9500, 10900, 12000, 13490, 15500, 18500, 22990, 34990, 120000,
)  # fmt: skip
_GRAMS = (
    50, 120, 175, 220, 260, 300, 350, 400, 480, 560, 650,
    750, 900, 1100, 1400, 1900, 2500, 3800, 6300, 10500, 24000,
)  # fmt: skip
_LETTERS = (60, 200, 300, 400, 500, 600, 720, 900, 1200, 1700, 3900)
_LENGTHS, _HEIGHTS, _WIDTHS = (
    (15, 17, 20, 25, 30, 40, 100),
    (2, 5, 9, 13, 18, 28, 68),
    (11, 14, 16, 20, 24, 32, 62),
)

UNCATEGORISED = 0.0185
"""Share of products without category, texts and photos."""
REPEATED_POINT = 0.26
"""Share of geolocation rows that repeat another row exactly."""


def quoted(text: str) -> str:
    """A text as the published files write it: quoted where it begins with a digit or holds a quote, comma or
    line end.
    """
    if text and (text[0].isdigit() or '"' in text or "," in text or "\n" in text):
        return '"' + text.replace('"', '""') + '"'
    return text


def money(cents: int) -> str:
    """A whole number of cents as `12.34`."""
    return f"{cents // 100}.{cents % 100:02d}"


class Catalogue:
    """Products, sellers and areas that belong to a sample of `orders` orders; the same for each sample that
    continues it.
    """

    def __init__(self, seed: int, orders: int) -> None:
        self._seed = seed
        self.places = Places(seed, min(19_000, max(120, orders // 5)))
        self.repeated_points = 0
        """How many rows `geolocation_rows` has repeated so far."""
        self._product_count = max(30, orders * 331 // 1000)
        self._seller_count = max(10, orders * 31 // 1000)
        self._categories = Weighted(range(len(CATEGORIES)), [each[2] for each in CATEGORIES])
        self.product_ids = [identifier(seed, _PRODUCT, number) for number in range(self._product_count)]
        self.seller_ids = [identifier(seed, _SELLER, number) for number in range(self._seller_count)]
        self.prices, self.grams, self.sellers = array("l"), array("l"), array("l")
        for number in range(self._product_count):
            self._lay_out(number)

    def _lay_out(self, number: int) -> None:
        _, _, _, level, heaviness = CATEGORIES[self._category(number)]
        share = fraction(mixed(self._seed, _PRODUCT + 1, number))
        price = along(_PRICES, share) * level // 100
        self.prices.append(max(85, price // 100 * 100 + (90 if price % 3 else 99 if price % 2 else 0)))
        self.grams.append(along(_GRAMS, fraction(mixed(self._seed, _PRODUCT + 2, number))) * heaviness // 100)
        place = fraction(mixed(self._seed, _PRODUCT + 3, number))
        self.sellers.append(int(self._seller_count * place * place))

    def _category(self, number: int) -> int:
        return self._categories.at(fraction(mixed(self._seed, _PRODUCT + 4, number)))

    def popular(self, chance: Random) -> int:
        """The number of a product, the popular ones often."""
        place = chance.random()
        return int(self._product_count * place * place * place)

    def product_rows(self) -> Iterator[str]:
        """The rows of the products' file."""
        for number, product in enumerate(self.product_ids):
            chance = dice(mixed(self._seed, _PRODUCT + 5, number))
            if chance.random() < UNCATEGORISED:
                described = ",,,"
            else:
                letters = along(_LETTERS, chance.random())
                photos = 1 + int(6 * chance.random() * chance.random())
                category, name = CATEGORIES[self._category(number)][0], 20 + int(44 * chance.random())
                described = f"{category},{name},{letters},{photos}"
            measures = ",".join(str(along(steps, chance.random())) for steps in (_LENGTHS, _HEIGHTS, _WIDTHS))
            measured = ",,," if chance.random() < 0.0001 else f"{max(20, self.grams[number])},{measures}"
            yield f"{quoted(product)},{described},{measured}"

    def seller_rows(self) -> Iterator[str]:
        """The rows of the sellers' file."""
        for number, seller in enumerate(self.seller_ids):
            area = self.places.of_seller(mixed(self._seed, _SELLER_PLACE, number))
            yield f'{quoted(seller)},"{area.prefix}",{plain(area.city)},{area.state.code}'

    def translation_rows(self) -> Iterator[str]:
        """The rows of the translation file, which lacks two categories."""
        yield from (f"{portuguese},{english}" for portuguese, english, *_ in CATEGORIES if english)

    def geolocation_rows(self) -> Iterator[str]:
        """The rows of the geolocation file: several points an area, some of them repeated, at times with
        accents.
        """
        for area in self.places.all():
            chance = dice(mixed(self._seed, _POINT, int(area.prefix)))
            row = _point(area, chance)
            yield row
            for _ in range(1 + int(20 * chance.random())):
                if chance.random() < REPEATED_POINT:
                    self.repeated_points += 1
                else:
                    row = _point(area, chance)
                yield row


def _point(area: Area, chance: Random) -> str:
    latitude = area.latitude + (chance.random() - 0.5) * 0.02
    longitude = area.longitude + (chance.random() - 0.5) * 0.02
    city = area.city if chance.random() < 0.1 else plain(area.city)
    return f'"{area.prefix}",{latitude:.14f},{longitude:.14f},{city},{area.state.code}'
