"""Brazil's states with their capitals, postal ranges and shares of customers and sellers; the sample's postal
areas.
"""

from __future__ import annotations

from dataclasses import dataclass

from salesperf_cli.core.sample.dice import Weighted, fraction, mixed

_AREA, _CITY, _LATITUDE, _LONGITUDE = 301, 302, 303, 304


@dataclass(frozen=True, slots=True)
class State:
    """One of the 27 states.

    `customers` and `sellers` are shares in ten-thousandths, `postal` the first and last zip prefix,
    `latitude` and `longitude` the capital's place, `reach` how many degrees the sample's places lie around it
    at most, `delay` the extra percentage of delivery time, `cities` the capital first.
    """

    code: str
    customers: int
    sellers: int
    postal: tuple[int, int]
    latitude: float
    longitude: float
    reach: float
    delay: int
    cities: tuple[str, ...]


STATES = (
    State("SP", 4198, 5974, (1000, 19999), -23.55, -46.63, 1.6, 0, (
        "são paulo", "campinas", "guarulhos", "santos", "são bernardo do campo", "osasco", "ribeirão preto",
        "sorocaba",
        "são josé dos campos", "jundiaí", "piracicaba", "bauru", "franca", "limeira", "itu")),
    State("RJ", 1292, 552, (20000, 28999), -22.91, -43.2, 0.7, 40, (
        "rio de janeiro", "niterói", "são gonçalo", "nova iguaçu", "petrópolis", "duque de caxias", "macaé",
        "volta redonda")),
    State("MG", 1170, 788, (30000, 39999), -19.92, -43.94, 1.5, 25, (
        "belo horizonte", "uberlândia", "contagem", "juiz de fora", "betim", "montes claros", "uberaba",
        "ipatinga")),
    State("RS", 550, 417, (90000, 99999), -30.03, -51.22, 1.3, 55, (
        "porto alegre", "caxias do sul", "pelotas", "canoas", "santa maria", "novo hamburgo", "gravataí")),
    State("PR", 507, 1128, (80000, 87999), -25.43, -49.27, 1.2, 25, (
        "curitiba", "londrina", "maringá", "ponta grossa", "cascavel", "foz do iguaçu",
        "são josé dos pinhais")),
    State("SC", 366, 614, (88000, 89999), -27.59, -48.55, 0.9, 50, (
        "florianópolis", "joinville", "blumenau", "são josé", "chapecó", "criciúma", "itajaí")),
    State("BA", 340, 61, (40000, 48999), -12.97, -38.51, 1.4, 90, (
        "salvador", "feira de santana", "vitória da conquista", "camaçari", "ilhéus", "itabuna")),
    State("DF", 215, 97, (70000, 72799), -15.79, -47.88, 0.2, 30, ("brasília", "taguatinga", "ceilândia")),
    State("ES", 204, 74, (29000, 29999), -20.32, -40.34, 0.7, 50, (
        "vitória", "vila velha", "serra", "cariacica")),
    State("GO", 203, 129, (73700, 76799), -16.68, -49.25, 1.1, 45, (
        "goiânia", "anápolis", "rio verde", "catalão")),
    State("PE", 166, 29, (50000, 56999), -8.05, -34.88, 0.8, 90, (
        "recife", "olinda", "caruaru", "petrolina")),
    State("CE", 134, 42, (60000, 63999), -3.72, -38.54, 0.9, 110, (
        "fortaleza", "caucaia", "sobral", "maracanaú")),
    State("PA", 98, 3, (66000, 68899), -1.46, -48.5, 1.1, 130, ("belém", "ananindeua", "marabá", "santarém")),
    State("MT", 91, 13, (78000, 78899), -15.6, -56.1, 1.2, 90, (
        "cuiabá", "várzea grande", "sinop", "rondonópolis")),
    State("MA", 75, 3, (65000, 65999), -2.53, -44.3, 0.9, 120, ("são luís", "imperatriz", "timon")),
    State("MS", 72, 16, (79000, 79999), -20.44, -54.65, 1.1, 60, ("campo grande", "dourados", "três lagoas")),
    State("PB", 54, 19, (58000, 58999), -7.12, -34.86, 0.6, 100, ("joão pessoa", "campina grande", "patos")),
    State("PI", 50, 3, (64000, 64999), -5.09, -42.8, 0.7, 110, ("teresina", "parnaíba", "picos")),
    State("RN", 49, 16, (59000, 59999), -5.79, -35.21, 0.6, 100, ("natal", "mossoró", "parnamirim")),
    State("AL", 41, 1, (57000, 57999), -9.67, -35.74, 0.4, 130, ("maceió", "arapiraca")),
    State("SE", 35, 6, (49000, 49999), -10.91, -37.07, 0.4, 110, ("aracaju", "lagarto")),
    State("TO", 28, 1, (77000, 77999), -10.18, -48.33, 0.8, 90, ("palmas", "araguaína", "gurupi")),
    State("RO", 25, 6, (76800, 76999), -8.76, -63.9, 0.7, 110, ("porto velho", "ji-paraná", "vilhena")),
    State("AM", 15, 3, (69000, 69299), -3.12, -60.02, 0.5, 140, ("manaus", "parintins")),
    State("AC", 8, 3, (69900, 69999), -9.97, -67.81, 0.4, 120, ("rio branco", "cruzeiro do sul")),
    State("AP", 7, 1, (68900, 68999), 0.53, -51.07, 0.3, 150, ("macapá", "santana")),
    State("RR", 5, 1, (69300, 69399), 2.82, -60.67, 0.3, 160, ("boa vista", "rorainópolis")),
)  # fmt: skip

_PLAIN = str.maketrans("áàâãéêíóôõúüç", "aaaaeeiooouuc")


def plain(text: str) -> str:
    """A lower-case name without its accents, as customers and sellers are written."""
    return text.translate(_PLAIN)


@dataclass(frozen=True, slots=True)
class Area:
    """A postal area: zip prefix of five digits, city with accents, its state and its middle."""

    prefix: str
    city: str
    state: State
    latitude: float
    longitude: float


class Places:
    """The postal areas of one sample, and who lives where."""

    def __init__(self, seed: int, count: int) -> None:
        """Lay out about `count` areas, at least two a state."""
        self._by_state: dict[str, tuple[Area, ...]] = {}
        for number, state in enumerate(STATES):
            span = state.postal[1] - state.postal[0] + 1
            wanted = min(span, max(2, count * state.customers // 10_000))
            prefixes = [state.postal[0] + place * span // wanted for place in range(wanted)]
            self._by_state[state.code] = tuple(_area(seed, state, number, prefix) for prefix in prefixes)
        self._customers = Weighted(STATES, [state.customers for state in STATES])
        self._sellers = Weighted(STATES, [state.sellers for state in STATES])

    def all(self) -> tuple[Area, ...]:
        """All areas, by zip prefix."""
        areas = [area for areas in self._by_state.values() for area in areas]
        return tuple(sorted(areas, key=lambda area: area.prefix))

    def of_customer(self, bits: int) -> Area:
        """Where the customer with these 64 bits lives."""
        return self._in(self._customers.at(fraction(bits)), bits)

    def of_seller(self, bits: int) -> Area:
        """Where the seller with these 64 bits trades."""
        return self._in(self._sellers.at(fraction(bits)), bits)

    def _in(self, state: State, bits: int) -> Area:
        areas = self._by_state[state.code]
        return areas[mixed(bits, _AREA, 0) % len(areas)]


def _area(seed: int, state: State, number: int, prefix: int) -> Area:
    weights = [3 * len(state.cities)] + [2] * (len(state.cities) - 1)
    city = Weighted(state.cities, weights).at(fraction(mixed(seed, _CITY, prefix)))
    # Two draws a city and a small one an area: areas of one city lie close together.
    home = number * 1000 + state.cities.index(city)
    reach = 0.05 if city == state.cities[0] else state.reach
    return Area(
        prefix=f"{prefix:05d}",
        city=city,
        state=state,
        latitude=state.latitude + _shift(seed, _LATITUDE, home, reach) + _shift(seed, _LATITUDE, prefix, 0.05),
        longitude=state.longitude + _shift(seed, _LONGITUDE, home, reach) + _shift(seed, _LONGITUDE, prefix, 0.05),
    )


def _shift(seed: int, purpose: int, number: int, reach: float) -> float:
    return (fraction(mixed(seed, purpose, number)) - 0.5) * 2.0 * reach
