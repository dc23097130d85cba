"""The made-up data: the same bytes everywhere, the published shape, and faults that are there as reported."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from salesperf_cli.core.csv_records import DEFAULT_DIALECT, Malformed, Record, split_records
from salesperf_cli.core.sample import SampleReport, write_sample
from salesperf_cli.errors import InputError

ORDERS = 3000
OF_ORDERS = {"customers", "orders", "order_items", "order_payments", "order_reviews"}

Row = dict[str, str | None]


@dataclass(frozen=True)
class Read:
    """A sample, read back: rows and damage by table."""

    report: SampleReport
    rows: dict[str, list[Row]]
    malformed: dict[str, list[Malformed]]


def fingerprints(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def read(folder: Path, report: SampleReport) -> Read:
    rows: dict[str, list[Row]] = {}
    malformed: dict[str, list[Malformed]] = {}
    for file in report.files:
        with (folder / file.name).open("rb") as stream:
            header = stream.readline().decode("utf-8-sig").strip().replace('"', "").split(",")
            stream.seek(0)
            found = list(split_records(stream, DEFAULT_DIALECT, len(header)))
        rows[file.table] = [dict(zip(header, each.fields, strict=True)) for each in found if isinstance(each, Record)]
        malformed[file.table] = [each for each in found if isinstance(each, Malformed)]
    return Read(report, rows, malformed)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Read:
    folder = tmp_path_factory.mktemp("clean")
    return read(folder, write_sample(folder, ORDERS, 7, False))


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Read:
    folder = tmp_path_factory.mktemp("dirty")
    return read(folder, write_sample(folder, ORDERS, 7, True))


def share(part: int, whole: int) -> float:
    return part / whole


def test_the_same_seed_gives_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    write_sample(tmp_path / "here", 300, 7, True)
    script = "import sys; from pathlib import Path; from salesperf_cli.core.sample import write_sample; "
    for hash_seed in ("0", "4711"):
        there = tmp_path / hash_seed
        command = [sys.executable, "-c", f"{script}write_sample(Path(sys.argv[1]), 300, 7, True)", str(there)]
        subprocess.run(
            command,
            check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        assert fingerprints(there) == fingerprints(tmp_path / "here")


def test_the_bytes_are_those_that_every_machine_has_written(tmp_path: Path) -> None:
    write_sample(tmp_path, 200, 1, True)
    together = "".join(fingerprints(tmp_path).values())
    assert (
        hashlib.sha256(together.encode()).hexdigest()
        == "b7dd9127e90d058dba40e0e70a9c55b891e40a9ed570efb00922ce94d5ed4e0e"
    )


def test_another_seed_gives_other_orders(tmp_path: Path) -> None:
    write_sample(tmp_path / "one", 50, 1, False)
    write_sample(tmp_path / "two", 50, 2, False)
    one, two = fingerprints(tmp_path / "one"), fingerprints(tmp_path / "two")
    assert [name for name in one if one[name] == two[name]] == ["product_category_name_translation.csv"]


def test_the_report_tells_each_files_rows_and_bytes(tmp_path: Path) -> None:
    report = write_sample(tmp_path, 200, 7, True)
    again = read(tmp_path, report)
    assert len(report.files) == 9
    for file in report.files:
        assert file.size == (tmp_path / file.name).stat().st_size
        assert file.rows == len(again.rows[file.table]) + len(again.malformed[file.table])


def test_files_look_like_the_published_ones(tmp_path: Path) -> None:
    write_sample(tmp_path, 500, 7, False)
    orders = (tmp_path / "olist_orders_dataset.csv").read_text("utf-8")
    assert orders.startswith('"order_id","customer_id","order_status","order_purchase_timestamp",')
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    name = r'("\d[0-9a-f]{31}"|[a-f][0-9a-f]{31})'
    line = re.compile(rf"{name},{name},[a-z]+,{moment},({moment})?,({moment})?,({moment})?,{moment}")
    assert all(line.fullmatch(each) for each in orders.splitlines()[1:])
    assert orders.endswith("\n") and "\r" not in orders
    translation = (tmp_path / "product_category_name_translation.csv").read_bytes()
    assert translation.startswith(b"\xef\xbb\xbfproduct_category_name,product_category_name_english\r\n")
    assert not translation.endswith(b"\n")
    reviews = (tmp_path / "olist_order_reviews_dataset.csv").read_bytes()
    assert reviews.count(b"\r\n") == reviews.count(b"\n") > 0 and not reviews.endswith(b"\n")


def test_a_clean_sample_has_no_malformed_row_and_unique_keys(clean: Read) -> None:
    assert not any(clean.malformed.values())
    keys = {
        "customers": ("customer_id",),
        "orders": ("order_id",),
        "order_items": ("order_id", "order_item_id"),
        "order_payments": ("order_id", "payment_sequential"),
        "order_reviews": ("review_id", "order_id"),
        "products": ("product_id",),
        "sellers": ("seller_id",),
        "product_category_name_translation": ("product_category_name",),
    }
    for table, columns in keys.items():
        found = [tuple(row[column] for column in columns) for row in clean.rows[table]]
        assert len(set(found)) == len(found), table


def test_every_reference_of_a_clean_sample_is_met(clean: Read) -> None:
    def values(table: str, column: str) -> set[str | None]:
        return {row[column] for row in clean.rows[table]}

    assert values("orders", "customer_id") == values("customers", "customer_id")
    for table in ("order_items", "order_payments", "order_reviews"):
        assert values(table, "order_id") <= values("orders", "order_id")
    assert values("order_items", "product_id") <= values("products", "product_id")
    assert values("order_items", "seller_id") <= values("sellers", "seller_id")
    prefixes = values("geolocation", "geolocation_zip_code_prefix")
    assert values("customers", "customer_zip_code_prefix") | values("sellers", "seller_zip_code_prefix") <= prefixes
    untranslated = values("products", "product_category_name") - values(
        "product_category_name_translation", "product_category_name"
    )
    assert None in untranslated and len(untranslated) <= 3


def test_payments_sum_up_to_items_and_freight_of_nearly_all_orders(clean: Read) -> None:
    owed: Counter[str | None] = Counter()
    paid: Counter[str | None] = Counter()
    for row in clean.rows["order_items"]:
        owed[row["order_id"]] += round(100 * float(row["price"] or 0)) + round(100 * float(row["freight_value"] or 0))
    for row in clean.rows["order_payments"]:
        paid[row["order_id"]] += round(100 * float(row["payment_value"] or 0))
    assert 0.99 < share(sum(paid[order] == cents for order, cents in owed.items()), len(owed)) < 1
    assert min(owed.values()) > 0


def test_the_shares_are_those_of_the_published_data(clean: Read) -> None:
    rows = clean.rows
    states = Counter(row["customer_state"] for row in rows["customers"])
    assert len(states) >= 25 and 0.38 < share(states["SP"], ORDERS) < 0.46
    statuses = Counter(row["order_status"] for row in rows["orders"])
    assert 0.96 < share(statuses["delivered"], ORDERS) < 0.98
    assert 1.09 < share(len(rows["order_items"]), ORDERS) < 1.18
    with_items = {row["order_id"] for row in rows["order_items"]}
    assert 0.003 < 1 - share(len(with_items), ORDERS) < 0.016
    assert 1.02 < share(len(rows["order_payments"]), ORDERS) < 1.07
    people = Counter(row["customer_unique_id"] for row in rows["customers"])
    assert 0.95 < share(len(people), ORDERS) < 0.98
    months = Counter((row["order_purchase_timestamp"] or "")[:7] for row in rows["orders"])
    assert min(months) >= "2016-09" and max(months) == "2018-08" and months["2017-11"] > months["2017-10"]
    days = Counter((row["order_purchase_timestamp"] or "")[:10] for row in rows["orders"])
    assert days.most_common(1)[0][0] == "2017-11-24"


def test_reviews_hold_commas_quotes_accents_and_line_breaks(clean: Read) -> None:
    messages = [row["review_comment_message"] or "" for row in clean.rows["order_reviews"]]
    for sign in (",", '"', "ã", "\r\n"):
        assert any(sign in message for message in messages)
    assert 0.35 < share(sum(map(bool, messages)), len(messages)) < 0.5
    assert {row["review_score"] for row in clean.rows["order_reviews"]} == {"1", "2", "3", "4", "5"}


def test_oddities_of_a_clean_sample_are_reported_as_they_are(clean: Read) -> None:
    counts = {(fault.kind, fault.outcome): fault.count for fault in clean.report.faults}
    points = [tuple(row.values()) for row in clean.rows["geolocation"]]
    assert counts.pop(("repeated point", "duplicate")) == len(points) - len(set(points)) > 0
    zeroes = sum(row["payment_value"] == "0.00" for row in clean.rows["order_payments"])
    assert counts.pop(("zero payment", "warned")) == zeroes > 0
    backwards = sum(
        (row["order_delivered_customer_date"] or "9") < (row["order_delivered_carrier_date"] or "")
        for row in clean.rows["orders"]
    )
    assert counts.pop(("dates run backwards", "warned"), 0) == backwards
    assert counts.pop(("no instalment", "warned"), 0) == sum(
        row["payment_installments"] == "0" for row in clean.rows["order_payments"]
    )
    assert not counts


def test_a_dirty_sample_without_its_faults_is_the_clean_one(clean: Read, dirty: Read) -> None:
    for table in clean.rows:
        kept = Counter(tuple(row.values()) for row in dirty.rows[table])
        kept.subtract(Counter(tuple(row.values()) for row in clean.rows[table]))
        assert min(kept.values(), default=0) >= 0, table
        assert kept.total() + len(dirty.malformed[table]) == dirty.report.rows(table) - clean.report.rows(table)
    assert {fault.outcome for fault in dirty.report.faults} == {
        "quarantined",
        "duplicate",
        "blocks promotion",
        "warned",
    }


def test_the_faults_of_a_dirty_sample_are_there_as_reported(dirty: Read) -> None:
    reported = {(fault.kind, fault.table): fault.count for fault in dirty.report.faults if fault.outcome != "warned"}
    reported.pop(("repeated point", "geolocation"))
    assert Counter(found_faults(dirty)) == Counter(reported)
    assert reported["unclosed quote", "order_payments"] == 1
    assert dirty.malformed["order_payments"][-1].reason == "quote not closed"


def found_faults(dirty: Read) -> Counter[tuple[str, str]]:
    """What is wrong with each row, found by reading the files and nothing else."""
    found: Counter[tuple[str, str]] = Counter()
    for table in OF_ORDERS:
        found.update((damage(each.reason), table) for each in dirty.malformed[table])
        seen: dict[tuple[str | None, ...], Row] = {}
        for row in dirty.rows[table]:
            kind = wrong_value(table, row)
            key = tuple(row.values())[: 2 if table in ("order_items", "order_payments", "order_reviews") else 1]
            if kind is None and key in seen:
                kind = "exact duplicate row" if seen[key] == row else "conflicting duplicate key"
            elif kind is None:
                seen[key] = row
            if kind:
                found[kind, table] += 1
    known = {row["order_id"] for row in dirty.rows["orders"] if not wrong_value("orders", row)}
    healthy = [row for row in dirty.rows["order_items"] if not wrong_value("order_items", row)]
    found["orphan item", "order_items"] = sum(row["order_id"] not in known for row in healthy)
    return found


def damage(reason: str) -> str:
    numbers = re.fullmatch(r"expected (\d) fields, found (\d)", reason)
    if numbers:
        return "short row" if numbers[2] < numbers[1] else "long row"
    return {"NUL byte": "NUL byte", "quote not closed": "unclosed quote"}.get(reason, "invalid UTF-8 byte")


def wrong_value(table: str, row: Row) -> str | None:
    if None in (row.get("order_id", ""), row.get("review_id", ""), row.get("customer_id", "")):
        return "missing required id"
    money = row.get("price") or row.get("payment_value") or "0"
    if not re.fullmatch(r"-?\d+\.\d\d|0", money):
        return "bad number"
    if money.startswith("-"):
        return "negative price"
    if row.get("order_status") == "teleported":
        return "unknown status"
    if " 25:" in (row.get("order_purchase_timestamp") or "") and table == "orders":
        return "impossible timestamp"
    return None


def test_a_later_sample_goes_on_from_the_first(clean: Read, tmp_path: Path) -> None:
    later = read(tmp_path, write_sample(tmp_path, 30, 7, False, first_order=ORDERS))
    assert set(later.rows) == OF_ORDERS
    for table, column in (
        ("orders", "order_id"),
        ("customers", "customer_id"),
        ("order_reviews", "order_id"),
    ):
        before = {row[column] for row in clean.rows[table]}
        assert not before & {row[column] for row in later.rows[table]}
    products = {row["product_id"] for row in clean.rows["products"]}
    sellers = {row["seller_id"] for row in clean.rows["sellers"]}
    assert {row["product_id"] for row in later.rows["order_items"]} <= products
    assert {row["seller_id"] for row in later.rows["order_items"]} <= sellers
    bought = [row["order_purchase_timestamp"] or "" for row in later.rows["orders"]]
    assert min(bought) >= "2018-09-01" and max(bought) < "2018-09-15"


def test_parts_that_name_the_first_are_the_whole(tmp_path: Path) -> None:
    write_sample(tmp_path / "one", 20, 7, False, first_order=200)
    write_sample(tmp_path / "a", 12, 7, False, first_order=200)
    write_sample(tmp_path / "b", 8, 7, False, first_order=212, base_orders=200)
    for file in (tmp_path / "one").iterdir():
        whole = file.read_bytes().rstrip().splitlines()
        parts = [(tmp_path / part / file.name).read_bytes().rstrip().splitlines() for part in "ab"]
        assert whole == parts[0] + parts[1][1:]


def test_customers_come_again_in_a_later_sample(clean: Read, tmp_path: Path) -> None:
    later = read(tmp_path, write_sample(tmp_path, 1000, 7, False, first_order=ORDERS))
    before = {row["customer_unique_id"]: row["customer_zip_code_prefix"] for row in clean.rows["customers"]}
    again = [row for row in later.rows["customers"] if row["customer_unique_id"] in before]
    assert 10 < len(again) < 80
    assert all(row["customer_zip_code_prefix"] == before[row["customer_unique_id"]] for row in again)


@pytest.mark.parametrize("orders", [1, 2, 7])
def test_the_smallest_samples_hold_together(orders: int, tmp_path: Path) -> None:
    again = read(tmp_path, write_sample(tmp_path, orders, 3, True))
    assert again.report.rows("orders") >= orders
    assert Counter(found_faults(again)) == Counter(
        {
            (fault.kind, fault.table): fault.count
            for fault in again.report.faults
            if fault.outcome != "warned" and fault.table != "geolocation"
        }
    )


@pytest.mark.parametrize(
    "numbers",
    [{"orders": 0}, {"orders": 5, "first_order": -1}, {"orders": 5, "first_order": 5, "base_orders": 9}],
)
def test_numbers_that_make_no_sample_are_refused(numbers: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(InputError):
        write_sample(tmp_path / "none", seed=1, dirty=False, **numbers)
    assert not (tmp_path / "none").exists()
