"""The main job on sample data: ingest, run-batch and promote; clean and dirty; the same rows in other forms."""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from salesperf_cli.core.sample import SampleReport, write_sample
from tests.lake import TABLES, Lake, assert_accounted, assert_same_tables, counts, new_lake, query, read_csv

SOURCES = {
    "customers": "olist_customers_dataset.csv",
    "geolocation": "olist_geolocation_dataset.csv",
    "order_items": "olist_order_items_dataset.csv",
    "order_payments": "olist_order_payments_dataset.csv",
    "order_reviews": "olist_order_reviews_dataset.csv",
    "orders": "olist_orders_dataset.csv",
    "products": "olist_products_dataset.csv",
    "sellers": "olist_sellers_dataset.csv",
    "category_translation": "product_category_name_translation.csv",
}


@pytest.fixture(scope="module")
def clean(make_lake: Callable[[str], Lake], sample: Path) -> Lake:
    """The clean sample, published; read only."""
    lake = make_lake("clean")
    lake.done("ingest", str(sample))
    lake.done("run-batch", "--promote")
    return lake


@pytest.fixture(scope="module")
def judged(make_lake: Callable[[str], Lake], dirty: tuple[Path, SampleReport]) -> Lake:
    """The dirty sample, run with its silver layer blocked by an orphan item; read only."""
    lake = make_lake("judged")
    lake.done("ingest", str(dirty[0]))
    result = lake.call("run-batch", "--promote")
    assert result.exit_code == 3, result.stderr
    return lake


# the clean sample


def test_a_clean_sample_becomes_all_silver_and_gold_tables(clean: Lake, sample: Path) -> None:
    assert clean.release.name == "r1"
    assert tuple(sorted(clean.release.tables)) == tuple(sorted(TABLES))
    for source, file in SOURCES.items():
        if source != "geolocation":
            assert clean.read(f"silver.{source}").num_rows == len(read_csv(sample / file)[1]), source
    prefixes = {row[0] for row in read_csv(sample / SOURCES["geolocation"])[1]}
    assert clean.read("silver.geolocation").num_rows == len(prefixes)


def test_no_join_multiplies_money(clean: Lake, sample: Path) -> None:
    header, items = read_csv(sample / SOURCES["order_items"])
    price = sum(round(float(row[header.index("price")]) * 100) for row in items)
    freight = sum(round(float(row[header.index("freight_value")]) * 100) for row in items)
    wide = clean.read("gold.sales_wide")
    orders = {row[0] for row in read_csv(sample / SOURCES["orders"])[1]}
    assert query("SELECT sum(price) * 100, sum(freight) * 100, count(DISTINCT order_id) FROM w", w=wide) == [
        (price, freight, len(orders))
    ]


def test_a_run_accounts_for_every_row_of_every_file(clean: Lake, sample: Path) -> None:
    assert_accounted(clean.run)
    for source, file in SOURCES.items():
        read, loaded, quarantined, duplicates = counts(clean.run, source)
        assert read == len(read_csv(sample / file)[1]), source
        assert quarantined == 0
        assert duplicates == 0 or source == "geolocation"
        assert loaded == read - duplicates


def test_bronze_keeps_the_bytes_as_received(clean: Lake, sample: Path) -> None:
    (ingest,) = clean.ledger.ingests()
    assert sorted(receipt.table for receipt in ingest.receipts) == sorted(SOURCES)
    for receipt in ingest.receipts:
        assert (clean.root / receipt.key).read_bytes() == (sample / receipt.name).read_bytes()


def test_a_run_with_nothing_new_does_nothing(clean: Lake) -> None:
    before = sorted(clean.root.rglob("*"))
    result = clean.call("run-batch", "--promote")
    assert result.exit_code == 0
    assert "up to date" in result.stderr
    assert sorted(clean.root.rglob("*")) == before


def test_a_dry_run_of_an_ingest_tells_what_it_would_do_and_writes_nothing(lake: Lake, sample: Path) -> None:
    plan = lake.done("ingest", str(sample), "--dry-run")
    assert {file["table"]: file["status"] for file in plan["files"]} == dict.fromkeys(SOURCES, "new")
    assert not lake.root.exists() or not any(path.is_file() for path in lake.root.rglob("*"))
    told = [(file["table"], file["sha256"], file["bytes"]) for file in plan["files"]]
    taken = lake.done("ingest", str(sample))
    assert [(file["table"], file["sha256"], file["bytes"]) for file in taken["files"]] == told


def test_a_dry_run_of_a_batch_plans_every_table_and_writes_nothing(lake: Lake, sample: Path) -> None:
    lake.done("ingest", str(sample))
    before = sorted(lake.root.rglob("*"))
    plan = lake.done("run-batch", "--dry-run")
    assert {step["table"] for step in plan["steps"] if step["action"] == "build"} == set(TABLES)
    assert sorted(lake.root.rglob("*")) == before


def test_status_tells_what_is_published_and_what_waits(clean: Lake) -> None:
    status = clean.done("status")
    assert status["release"] == "r1"
    assert {table["table"]: table["rows"] for table in status["tables"]} == {
        name: state.rows for name, state in clean.release.tables.items()
    }
    assert [source["pending"] for source in status["sources"]] == [0] * len(SOURCES)


# the dirty sample


def test_each_planted_fault_is_counted_where_it_belongs(judged: Lake, dirty: tuple[Path, SampleReport]) -> None:
    report = dirty[1]
    assert_accounted(judged.run)
    for source in SOURCES:
        read, loaded, quarantined, duplicates = counts(judged.run, source)
        table = "product_category_name_translation" if source == "category_translation" else source
        assert (read, quarantined, duplicates) == (
            report.rows(table),
            report.count("quarantined", table),
            report.count("duplicate", table),
        ), source
        assert loaded == read - quarantined - duplicates


def test_each_refused_row_names_its_rule_its_file_and_its_line(judged: Lake, dirty: tuple[Path, SampleReport]) -> None:
    folder, report = dirty
    for source in SOURCES:
        state = judged.run.tables.get(f"quarantine.{source}")
        expected = Counter(
            {
                fault.kind: fault.count
                for fault in report.faults
                if fault.table == source and fault.outcome == "quarantined"
            }
        )
        if state is None:
            assert not expected
            continue
        lines = (folder / SOURCES[source]).read_bytes().split(b"\n")
        found: Counter[str] = Counter()
        for row in judged.read(f"quarantine.{source}", state).to_pylist():
            assert row["file"] == SOURCES[source]
            assert row["reason"] and row["rule"]
            at = lines[row["line"] - 1].rstrip(b"\r")
            found[_kind(at, row["rule"], row["reason"])] += 1
            assert _same_record(at, row["record"]), (at, row["record"])
        assert found == expected, source


def _kind(line: bytes, rule: str, reason: str) -> str:
    """The planted fault that stands on a line, told from the line itself; the rule must suit it."""
    if b"\0" in line:
        return _told("NUL byte", rule == "malformed" and "NUL" in reason)
    if b"\xff" in line:
        return _told("invalid UTF-8 byte", rule == "malformed" and "utf-8" in reason)
    if line.count(b'"') % 2:
        return _told("unclosed quote", rule == "malformed" and "not closed" in reason)
    if rule == "malformed":
        words = reason.split()
        return "short row" if int(words[-1]) < int(words[1]) else "long row"
    if b"doze reais" in line:
        return _told("bad number", rule.endswith("_type"))
    if b"teleported" in line:
        return _told("unknown status", rule == "status_known")
    if b"25:61" in line:
        return _told("impossible timestamp", rule.endswith("_type"))
    if b",-59.90" in line:
        return _told("negative price", "price" in rule)
    if line.startswith(b","):
        return _told("missing required id", "id" in rule)
    return _told("conflicting duplicate key", rule == "duplicate_key")


def _told(kind: str, suits: bool) -> str:
    return kind if suits else f"{kind}, under another rule"


def _same_record(line: bytes, record: str) -> bool:
    """The record that quarantine keeps is the line's; damage is shown with U+FFFD, quotes may be written otherwise."""
    text = line.decode("utf-8", "replace")
    return record == text or next(csv.reader([record])) == next(csv.reader([text]))


def test_warnings_of_the_dirty_sample_are_counted_and_its_rows_kept(
    judged: Lake, dirty: tuple[Path, SampleReport]
) -> None:
    told = {check.rule: check.count for check in judged.run.checks if check.table.startswith("bronze.")}
    rules = {
        "dates run backwards": "delivered_after_carrier",
        "zero payment": "payment_is_positive",
        "no instalment": "instalments_at_least_one",
    }
    warned = {fault.kind: fault.count for fault in dirty[1].faults if fault.outcome == "warned"}
    assert "dates run backwards" in warned and "zero payment" in warned
    assert {kind: told[rules[kind]] for kind in warned} == warned


def test_an_orphan_item_blocks_promotion_and_is_named(judged: Lake, dirty: tuple[Path, SampleReport]) -> None:
    planted = dirty[1].count("blocks promotion", "order_items")
    failures = {(check.table, check.rule): check for check in judged.run.failures}
    assert set(failures) == {
        ("silver.order_items", f"{column}_known") for column in ("order_id", "product_id", "seller_id")
    }
    for failure in failures.values():
        assert failure.count == planted
        assert len(failure.samples) == planted
    assert judged.run.status == "blocked"
    assert judged.release.number == 0


def test_a_dirty_sample_without_its_faulty_rows_gives_the_clean_tables(
    judged: Lake, dirty: tuple[Path, SampleReport], tmp_path: Path
) -> None:
    report = dirty[1]
    write_sample(tmp_path, 2_000, 7, False)
    orphans = {key for check in judged.run.failures if check.rule == "order_id_known" for key in check.samples}
    for source, key in (("customers", "customer_id"), ("orders", "order_id"), ("order_items", "order_id")):
        header, rows = read_csv(tmp_path / SOURCES[source])
        found = judged.read(f"silver.{source}", judged.run.tables[f"silver.{source}"])[key].to_pylist()
        assert sorted(each for each in found if each not in orphans) == sorted(row[header.index(key)] for row in rows)
    assert len(orphans) == report.count("blocks promotion", "order_items")


# other forms of the same rows


def _records(path: Path) -> list[dict[str, str | None]]:
    header, rows = read_csv(path)
    return [dict(zip(header, (field or None for field in row), strict=True)) for row in rows]


def _write_ndjson(path: Path, folder: Path) -> None:
    given = ({name: field for name, field in record.items() if field is not None} for record in _records(path))
    lines = (json.dumps(record, ensure_ascii=False) for record in given)
    (folder / f"{path.stem}.ndjson").write_text("\n".join(lines), encoding="utf-8")


def _write_json(path: Path, folder: Path) -> None:
    (folder / f"{path.stem}.json").write_text(json.dumps(_records(path), indent=1), encoding="utf-8")


def _write_parquet(path: Path, folder: Path) -> None:
    """Types as a reader would guess them: whole numbers, doubles and timestamps, not texts."""
    options = pa.csv.ConvertOptions(
        strings_can_be_null=True,
        column_types={name: pa.string() for name in read_csv(path)[0] if "zip_code" in name},
    )
    parse = pa.csv.ParseOptions(newlines_in_values=True)
    table = pa.csv.read_csv(path, parse_options=parse, convert_options=options)
    pa.parquet.write_table(table, folder / f"{path.stem}.parquet")


def _write_gzip(path: Path, folder: Path) -> None:
    (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))


def _write_zip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(folder / "all.zip", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, f"exports/2018/{path.name}")


@pytest.mark.parametrize("write", [_write_ndjson, _write_json, _write_parquet, _write_gzip, _write_zip])
def test_the_same_rows_in_another_form_give_the_same_tables(
    clean: Lake, sample: Path, tmp_path: Path, write: Callable[[Path, Path], None]
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    for name in SOURCES.values():
        write(sample / name, folder)
    lake = new_lake(tmp_path / "shop")
    taken = lake.done("ingest", str(folder))
    assert {file["status"] for file in taken["files"]} == {"loaded"}
    lake.done("run-batch", "silver", "--promote")
    assert_accounted(lake.run)
    silver = {name: table for name, table in clean.published().items() if name.startswith("silver.")}
    assert_same_tables(lake.published(), silver)
