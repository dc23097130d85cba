"""Made-up till exports for the pipeline `corner_shop`: the same rows for the same numbers, everywhere.

Semicolons, decimal commas, dd/MM/yyyy, latin-1 and CRLF, as office software in Brazil writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

HEADER = (
    "transacao", "transacao_original", "data_venda", "registrado_em", "loja", "cliente", "nome_cliente",
    "codigo_produto", "produto", "categoria", "quantidade", "preco_unitario", "desconto", "pagamento",
)  # fmt: skip

_FIRST_DAY = date(2025, 1, 2)
_LINES_A_DAY = 40
_SHOPS = ("Centro", "Praça da Sé", "Vila São João")
_METHODS = ("pix", "credito", "debito", "dinheiro")
_NAMES = (
    "Ana Conceição", "João Araújo", "Márcia Gonçalves", "Luís Antônio", 'Zé "do Pão" Brandão', "Inês; Filha",
    "Rui Leão",
)  # fmt: skip
_PRODUCTS = (
    # name, shelf (empty: not known), centavos
    ("Café torrado 500 g", "Mercearia", 1890),
    ("Pão de açúcar", "Padaria", 650),
    ("Feijão carioca; pacote", "Mercearia", 899),
    ("Maçã gala", "Hortifrúti", 1249),
    ("Sabão em pó", "Limpeza", 2390),
    ("Água sem gás", "Bebidas", 300),
    ('Pilha "AA"', "", 1275),
    ("Azeite português", "Mercearia", 4599),
)


@dataclass(frozen=True, slots=True)
class ShopTotals:
    """What a file holds, money in centavos: what the pipeline must find again."""

    rows: int
    returns: int
    without_customer: int
    customers: int
    net: int


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    original: int | None
    customer: int | None
    product: int
    quantity: int
    price: int
    discount: int

    @property
    def amount(self) -> int:
        return self.quantity * self.price - (self.discount if self.quantity > 0 else -self.discount)


def write_transactions(file: Path, rows: int, *, seed: int = 7, first_row: int = 0) -> ShopTotals:
    """Write `rows` receipt lines from the number `first_row` on, 40 a day from 2025-01-02.

    A second file goes on where the first ended. One line in twelve is a return that names its sale (always an
    earlier line), three in ten have no customer.
    """
    lines = [_line(seed, number) for number in range(first_row, first_row + rows)]
    text = "\r\n".join([";".join(HEADER), *(_written(seed, line) for line in lines)]) + "\r\n"
    file.write_bytes(text.encode("latin-1"))
    return ShopTotals(
        rows=len(lines),
        returns=sum(line.quantity < 0 for line in lines),
        without_customer=sum(line.customer is None for line in lines),
        customers=len({line.customer for line in lines if line.customer is not None}),
        net=sum(line.amount for line in lines),
    )


def _is_return(seed: int, number: int) -> bool:
    return number >= 10 and Random(seed * 1_000_003 + number * 7 + 1).random() < 1 / 12


def _line(seed: int, number: int) -> _Line:
    if _is_return(seed, number):
        sale = number - 1 - int(Random(seed + number).random() * 9)
        while _is_return(seed, sale):
            sale -= 1
        sold = _line(seed, sale)
        return _Line(number, sale, sold.customer, sold.product, -sold.quantity, sold.price, sold.discount)
    chance = Random(seed * 1_000_003 + number * 7)
    place = chance.random()
    product = int(chance.random() * len(_PRODUCTS))
    quantity = 1 + int(5 * chance.random() * chance.random())
    price = _PRODUCTS[product][2] * (95 + int(chance.random() * 11)) // 100
    discount = price // 10 if chance.random() < 0.15 else 0
    customer = int(200 * place * place) if chance.random() > 0.3 else None
    return _Line(number, None, customer, product, quantity, price, discount)


def _written(seed: int, line: _Line) -> str:
    chance = Random(seed * 31 + line.number)
    day = _FIRST_DAY + timedelta(days=line.number // _LINES_A_DAY)
    minute = 8 * 60 + line.number % _LINES_A_DAY * 15
    name, shelf, _ = _PRODUCTS[line.product]
    fields = (
        _name(line.number),
        "" if line.original is None else _name(line.original),
        f"{day:%d/%m/%Y}",
        f"{day:%d/%m/%Y} {minute // 60:02d}:{minute % 60:02d}:{int(chance.random() * 60):02d}",
        _SHOPS[int(chance.random() * len(_SHOPS))],
        "" if line.customer is None else f"C{line.customer:04d}",
        "" if line.customer is None else _NAMES[line.customer % len(_NAMES)],
        f"P{line.product:03d}",
        name,
        shelf,
        str(line.quantity),
        _money(line.price),
        _money(line.discount) if line.discount else "",
        _METHODS[int(chance.random() * len(_METHODS))],
    )
    return ";".join(_quoted(field) for field in fields)


def _name(number: int) -> str:
    return f"T{number:07d}"


def _money(centavos: int) -> str:
    return f"{centavos // 100},{centavos % 100:02d}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if '"' in text or ";" in text else text
