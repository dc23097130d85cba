"""Writes a sample to a folder, row by row: memory grows with the list of products alone."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from salesperf_cli.core.sample.catalogue import Catalogue
from salesperf_cli.core.sample.faults import FaultPlan
from salesperf_cli.core.sample.orders import OrderMaker
from salesperf_cli.core.sample.report import Fault, SampleFile, SampleReport
from salesperf_cli.errors import InputError

_HEADERS = {
    "customers": "customer_id customer_unique_id customer_zip_code_prefix customer_city customer_state",
    "geolocation": """geolocation_zip_code_prefix geolocation_lat geolocation_lng geolocation_city
        geolocation_state""",
    "order_items": "order_id order_item_id product_id seller_id shipping_limit_date price freight_value",
    "order_payments": "order_id payment_sequential payment_type payment_installments payment_value",
    "order_reviews": """review_id order_id review_score review_comment_title review_comment_message
        review_creation_date review_answer_timestamp""",
    "orders": """order_id customer_id order_status order_purchase_timestamp order_approved_at
        order_delivered_carrier_date order_delivered_customer_date order_estimated_delivery_date""",
    "products": """product_id product_category_name product_name_lenght product_description_lenght
        product_photos_qty product_weight_g product_length_cm product_height_cm product_width_cm""",
    "sellers": "seller_id seller_zip_code_prefix seller_city seller_state",
    "product_category_name_translation": "product_category_name product_category_name_english",
}
_TRANSLATION = "product_category_name_translation"
_OF_ORDERS = ("customers", "orders", "order_items", "order_payments", "order_reviews")
_CRLF = ("order_reviews", _TRANSLATION)
"""Files with CRLF line ends, and none after the last row."""


def write_sample(
    folder: Path, orders: int, seed: int, dirty: bool, *, first_order: int = 0, base_orders: int | None = None
) -> SampleReport:
    """Write the nine files with `orders` orders to `folder`, made where it is missing; files of these names
    are replaced.

    With `first_order` the five files of orders alone are written, with orders that go on from a sample of
    that many: the same customers come again, the same products are bought, and purchases run from 2018-09-01
    at the pace of the month before. `write_sample(a, 10_000, 7, False)` and then `write_sample(b, 100, 7,
    False, first_order=10_000)` is one per cent more. A third part names the size of the first:
    `first_order=10_100, base_orders=10_000`.

    `dirty` adds faulty rows, which the report counts; without them the files hold what a clean sample holds.
    Raises InputError for numbers that make no sample.
    """
    base = base_orders or first_order or orders
    if orders < 1 or first_order < 0 or base < 1 or (first_order and base > first_order):
        raise InputError(
            f"no sample of {orders} orders from number {first_order} on",
            why="orders is at least 1, first_order at least 0, base_orders at most first_order",
            remedy="give for example --orders 10000",
        )
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue(seed, base)
    files = [] if first_order else _write_catalogue(folder, catalogue)
    plan = FaultPlan(seed, first_order, orders) if dirty else None
    numbers = range(first_order, first_order + orders)
    written, warned = _write_orders(folder, OrderMaker(seed, base, catalogue), numbers, plan)
    repeated = Fault("repeated point", "geolocation", catalogue.repeated_points, "duplicate")
    faults = [*(plan.faults() if plan else ()), repeated, *warned]
    return SampleReport(tuple(files + written), tuple(fault for fault in faults if fault.count))


def _write_catalogue(folder: Path, catalogue: Catalogue) -> list[SampleFile]:
    rows = {
        "geolocation": catalogue.geolocation_rows(),
        "products": catalogue.product_rows(),
        "sellers": catalogue.seller_rows(),
        _TRANSLATION: catalogue.translation_rows(),
    }
    files = []
    for table, each in rows.items():
        with _TableFile(folder, table) as file:
            file.add(each)
        files.append(file.described())
    return files


def _write_orders(
    folder: Path, maker: OrderMaker, numbers: range, plan: FaultPlan | None
) -> tuple[list[SampleFile], list[Fault]]:
    backwards = zeroes = unpaid = 0
    waiting: list[tuple[str, str]] = []
    with ExitStack() as stack:
        files = {table: stack.enter_context(_TableFile(folder, table)) for table in _OF_ORDERS}
        for number in numbers:
            made = maker.make(number)
            backwards += made.backwards
            zeroes += made.zero_payments
            unpaid += made.no_instalments
            files["customers"].add([made.customer])
            files["orders"].add([made.order])
            files["order_items"].add(made.items)
            files["order_payments"].add(made.payments)
            files["order_reviews"].add(made.reviews)
            if plan:
                waiting += plan.due(number)
                waiting = [(kind, table) for kind, table in waiting if not files[table].plant(plan, kind)]
        if plan:
            files["order_payments"].end_with(plan.unclosed())
    warned = [
        Fault("dates run backwards", "orders", backwards, "warned"),
        Fault("zero payment", "order_payments", zeroes, "warned"),
        Fault("no instalment", "order_payments", unpaid, "warned"),
    ]
    return [files[table].described() for table in _OF_ORDERS], warned


class _TableFile:
    """One CSV file that is being written."""

    def __init__(self, folder: Path, table: str) -> None:
        self._table = table
        self._name = f"{table}.csv" if table == _TRANSLATION else f"olist_{table}_dataset.csv"
        self._target = (folder / self._name).open("wb")
        self._end = "\r\n" if table in _CRLF else "\n"
        columns = _HEADERS[table].split()
        if table == _TRANSLATION:
            self._pending = ["\ufeff" + ",".join(columns)]
        else:
            self._pending = [",".join(f'"{column}"' for column in columns)]
        self._ended = table not in _CRLF
        self._rows = self._size = 0
        self._good = ""

    def __enter__(self) -> _TableFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush(last=True)
        self._target.close()

    def add(self, rows: Iterable[str]) -> None:
        """Write rows."""
        for row in rows:
            self._pending.append(row)
            self._rows += 1
            self._good = row
            if len(self._pending) > 5_000:
                self._flush(last=False)

    def plant(self, plan: FaultPlan, kind: str) -> bool:
        """Write a row with a fault after the good row written last; False where there is none yet."""
        good = self._good
        if good:
            self.add([plan.row(kind, self._table, good)])
            self._good = good
        return bool(good)

    def end_with(self, row: str) -> None:
        """Write the very last row, and no line end after it."""
        self.add([row])
        self._ended = False

    def described(self) -> SampleFile:
        """What the file holds, once it is closed."""
        return SampleFile(self._name, self._table, self._rows, self._size)

    def _flush(self, *, last: bool) -> None:
        text = self._end.join(self._pending) + ("" if last and not self._ended else self._end)
        self._size += self._target.write(text.encode("utf-8", "surrogateescape"))
        self._pending.clear()
