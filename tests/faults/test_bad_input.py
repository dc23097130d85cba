"""Bad input, faults 24 to 29: what is refused, what goes to quarantine, what is known already."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salesperf_cli.resources import shipped_folder
from tests.bad_files import CUSTOMERS, HEADER, ROWS, assert_refused, build, file_of, zipped
from tests.lake import Lake, counts, new_lake, read_csv, write_csv

# 24 damaged bytes


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_zip_archive_that_was_cut_off_is_refused(lake: Lake, sample: Path, tmp_path: Path, kept: float) -> None:
    whole = zipped(tmp_path / "all.zip", {path.name: path.read_bytes() for path in sample.iterdir()}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: int(len(whole) * kept)])
    assert_refused(lake, tmp_path / "cut.zip", code=2, says="cut off")


@pytest.mark.parametrize("size", [2_000, 3_000_000])
def test_a_zip_archive_with_a_damaged_member_is_refused(lake: Lake, tmp_path: Path, size: int) -> None:
    rows = [f"{os.urandom(16).hex()},{os.urandom(16).hex()},01310,sao paulo,SP" for _ in range(size // 80)]
    path = zipped(tmp_path / "all.zip", {CUSTOMERS: file_of(tmp_path / "in", *rows).read_bytes()})
    data = bytearray(path.read_bytes())
    data[int(len(data) * 0.7)] ^= 0xFF
    path.write_bytes(data)
    assert_refused(lake, path, code=2, says="cannot be read")


@pytest.mark.parametrize("kept", [0.3, 0.999])
def test_a_gzip_file_that_was_cut_off_is_refused(lake: Lake, tmp_path: Path, kept: float) -> None:
    rows = [f"{os.urandom(16).hex()},{os.urandom(16).hex()},01310,sao paulo,SP" for _ in range(50_000)]
    whole = gzip.compress(file_of(tmp_path / "in", *rows).read_bytes(), 1)
    (tmp_path / f"{CUSTOMERS}.gz").write_bytes(whole[: int(len(whole) * kept)])
    assert_refused(lake, tmp_path / f"{CUSTOMERS}.gz", code=2, says="cut off")


def test_a_gzip_file_that_is_none_is_refused(lake: Lake, tmp_path: Path) -> None:
    plain = file_of(tmp_path, *ROWS)
    assert_refused(lake, plain.rename(tmp_path / f"{CUSTOMERS}.gz"), code=2, says="cannot be read")


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("customers.json", b'[{"customer_id": "a", "customer_uniq', "JSON"),
        ("customers.json", b'"just a text"', "records"),
        ("customers.ndjson", b"customer_id,customer_state\na,SP\n", "JSON"),
        ("customers.parquet", b"PAR1 and then something else PAR1", "Parquet"),
        ("customers.parquet", b"", "Parquet"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    lake: Lake, tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert_refused(lake, tmp_path / name, code=2, says=says)


def test_a_json_array_that_was_cut_off_is_refused(lake: Lake, tmp_path: Path) -> None:
    records = [dict(zip(HEADER.split(","), (f"c{at}", f"u{at}", "01310", "x", "SP"), strict=True)) for at in range(500)]
    whole = json.dumps(records)
    (tmp_path / "customers.json").write_text(whole[: len(whole) * 3 // 4])
    assert_refused(lake, tmp_path / "customers.json", code=2, says="cut off")


def test_json_lines_under_the_name_of_json_are_read_as_lines(lake: Lake, tmp_path: Path) -> None:
    records = [dict(zip(HEADER.split(","), (f"c{at}", f"u{at}", "01310", "x", "SP"), strict=True)) for at in range(5)]
    (tmp_path / "customers.json").write_text("\n".join(map(json.dumps, records)))
    assert build(lake, tmp_path / "customers.json") == []
    assert lake.release.tables["silver.customers"].rows == 5


def test_a_line_that_is_not_json_goes_to_quarantine(lake: Lake, tmp_path: Path) -> None:
    records = [dict(zip(HEADER.split(","), (f"c{at}", f"u{at}", "01310", "x", "SP"), strict=True)) for at in range(5)]
    lines = [*map(json.dumps, records[:3]), '{"customer_id": "half', *map(json.dumps, records[3:])]
    (tmp_path / "customers.ndjson").write_text("\n".join(lines))
    (row,) = build(lake, tmp_path / "customers.ndjson")
    assert (row["rule"], row["line"], row["record"]) == ("malformed", 4, lines[3])
    assert counts(lake.run, "customers") == (6, 5, 1, 0)


@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_json_that_breaks_a_rule_goes_to_quarantine_with_its_place_and_its_text(
    lake: Lake, tmp_path: Path, form: str
) -> None:
    names = HEADER.split(",")
    records = [dict(zip(names, (f"c{at}", f"u{at}", "01310", "x", "SP"), strict=True)) for at in range(5)]
    records[1][names[2]], records[3] = "O131O", {}
    texts = [json.dumps(each, separators=(",", ":")) for each in records]
    path = tmp_path / f"customers.{form}"
    path.write_text("\n\n".join(texts) if form == "ndjson" else json.dumps(records, indent=2))
    found = sorted((row["line"], json.loads(row["record"])) for row in build(lake, path))
    assert [line for line, _ in found] == ([3, 7] if form == "ndjson" else [2, 4])
    assert [record for _, record in found] == [records[1], {}]
    assert counts(lake.run, "customers") == (5, 3, 2, 0)


def test_a_parquet_file_that_was_cut_off_is_refused(lake: Lake, tmp_path: Path) -> None:
    table = pa.table({name: [f"{name}{at}" for at in range(1000)] for name in HEADER.split(",")})
    pq.write_table(table, tmp_path / "customers.parquet")
    data = (tmp_path / "customers.parquet").read_bytes()
    (tmp_path / "customers.parquet").write_bytes(data[:-50])
    assert_refused(lake, tmp_path / "customers.parquet", code=2, says="Parquet")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"c9,u9,01310,s\xe3o paulo,SP", "not valid utf-8"),
        (b"c9,u9,01310,sao\0paulo,SP", "NUL byte"),
        (b"c9,u9,01310,sao paulo", "expected 5 fields, found 4"),
        (b"c9,u9,01310,sao paulo,SP,more", "expected 5 fields, found 6"),
        (b'c9,u9,01310,"sao paulo,SP', "quote not closed"),
        (b'c9,u9,01310,"sao" paulo,SP', "text after a closing quote"),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_damaged_record_goes_to_quarantine_with_its_line_and_the_others_are_loaded(
    lake: Lake, tmp_path: Path, bad: bytes, reason: str, end: bytes
) -> None:
    (row,) = build(lake, file_of(tmp_path, *ROWS[:2], bad, *ROWS[2:], end=end))
    assert (row["rule"], row["file"], row["line"]) == ("malformed", CUSTOMERS, 4)
    assert reason in str(row["reason"])
    assert row["record"] == bad.decode("utf-8", "replace")
    assert counts(lake.run, "customers") == (6, 5, 1, 0)


def test_a_csv_that_was_cut_off_has_its_last_record_in_quarantine(lake: Lake, tmp_path: Path) -> None:
    path = file_of(tmp_path, *ROWS)
    path.write_bytes(path.read_bytes()[:-15])
    (row,) = build(lake, path)
    assert (row["rule"], row["line"]) == ("malformed", 6)
    assert counts(lake.run, "customers") == (5, 4, 1, 0)


def test_a_byte_order_mark_and_line_ends_of_any_kind_change_nothing(lake: Lake, tmp_path: Path) -> None:
    unix = file_of(tmp_path / "a", *ROWS)
    assert build(lake, unix) == []
    expected = sorted(map(str, lake.read("silver.customers").to_pylist()))
    mixed = unix.read_bytes().replace(b"\n", b"\r\n", 3)
    marked, old = b"\xef\xbb\xbf" + unix.read_bytes(), unix.read_bytes().replace(b"\n", b"\r")
    for number, data in enumerate((marked, mixed, old, b"\n" + unix.read_bytes())):
        other = new_lake(tmp_path / f"shop{number}")
        path = tmp_path / f"{number}" / CUSTOMERS
        path.parent.mkdir()
        path.write_bytes(data)
        assert build(other, path) == [], number
        assert sorted(map(str, other.read("silver.customers").to_pylist())) == expected, number


def test_a_quote_after_a_blank_is_text_as_on_every_engine(lake: Lake, tmp_path: Path) -> None:
    assert build(lake, file_of(tmp_path, *ROWS, 'c9,u9,01310, "sao paulo",SP')) == []
    assert '"sao paulo"' in lake.read("silver.customers")["city"].to_pylist()


def _pipeline_with(folder: Path, contract: str, text: str, instead: str) -> Path:
    """The Olist pipeline with one contract changed."""
    shutil.copytree(shipped_folder("glue_scripts/olist"), folder)
    path = folder / "contracts" / "bronze" / f"{contract}.yaml"
    before = path.read_text(encoding="utf-8")
    assert text in before
    path.write_text(before.replace(text, instead, 1), encoding="utf-8")
    return folder


def test_a_latin_1_file_is_read_right_by_its_contract_and_set_aside_row_by_row_without(tmp_path: Path) -> None:
    path = file_of(tmp_path / "in", "c1,u1,01310,S\xe3o Lu\xeds,MA".encode("latin-1"), *ROWS)
    plain = new_lake(tmp_path / "plain")
    (row,) = build(plain, path)
    assert (row["line"], row["rule"]) == (2, "malformed")
    pattern = "      - {property: filePatterns,"
    dialect = "      - {property: dialect, value: {encoding: latin-1}}\n"
    folder = _pipeline_with(tmp_path / "pipeline", "customers", pattern, dialect + pattern)
    declared = new_lake(tmp_path / "declared", folder)
    assert build(declared, path) == []
    bronze = declared.read("silver.customers").to_pylist()
    assert len(bronze) == 6


# 25 columns

COLUMNS = HEADER.split(",")


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (COLUMNS[:-1], "- customer_state (missing)"),
        ([*COLUMNS[:-1], "state"], "- customer_state (missing) + state (not in the contract)"),
        ([*COLUMNS, "extra"], "+ extra (not in the contract)"),
        ([COLUMNS[1], COLUMNS[0], *COLUMNS[2:]], "~ customer_id (column 1 of the contract, found in another place)"),
        ([*COLUMNS, "customer_id"], "! customer_id (stands twice)"),
    ],
    ids=["missing", "renamed", "extra", "reordered", "twice"],
)
def test_a_header_that_differs_is_refused_with_the_difference_and_nothing_is_loaded(
    lake: Lake, sample: Path, tmp_path: Path, columns: list[str], says: str
) -> None:
    for path in sample.iterdir():
        shutil.copy(path, tmp_path / "shop" / path.name)
    write_csv(tmp_path / "in" / CUSTOMERS, columns, [["x"] * len(columns)])
    shutil.copy(sample / "olist_orders_dataset.csv", tmp_path / "in")
    assert_refused(lake, tmp_path / "in", code=3, says=says)


def test_extra_columns_are_ignored_where_the_contract_says_so(tmp_path: Path) -> None:
    pattern = "      - {property: filePatterns,"
    ignore = "      - {property: extraColumns, value: ignore}\n"
    lake = new_lake(tmp_path / "shop", _pipeline_with(tmp_path / "p", "customers", pattern, ignore + pattern))
    good = write_csv(tmp_path / CUSTOMERS, [*COLUMNS, "extra"], [[*row.split(","), "more"] for row in ROWS])
    assert build(lake, good) == []
    assert lake.release.tables["silver.customers"].rows == 5


# 26 and 27 rows that break a rule


def test_rows_that_repeat_a_key_are_counted_and_those_that_contradict_are_set_aside(lake: Lake, tmp_path: Path) -> None:
    other = ROWS[1].replace("sao paulo", "santos")
    (row,) = build(lake, file_of(tmp_path, *ROWS, ROWS[0], ROWS[0], other, other))
    assert row["rule"] == "duplicate_key"
    assert row["line"] in (3, 9)
    assert counts(lake.run, "customers") == (9, 5, 1, 3)


ITEMS_HEADER = "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value"


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("o1,1,p1,s1,2018-01-10 00:00:00,-1.00,2.00", "price"),
        ("o1,1,p1,s1,2018-01-10 00:00:00,1.00,-0.01", "freight"),
        ("o1,0,p1,s1,2018-01-10 00:00:00,1.00,2.00", "order_item_id"),
        ("o1,1,p1,s1,2018-02-30 00:00:00,1.00,2.00", "shipping_limit_date_type"),
        ("o1,1,p1,s1,10/01/2018,1.00,2.00", "shipping_limit_date_type"),
        ('o1,1,p1,s1,2018-01-10 00:00:00,"1,50",2.00', "price_type"),
        ("o1,1,p1,s1,2018-01-10 00:00:00,1e3,2.00", "price_type"),
        ("o1,1,p1,s1,2018-01-10 00:00:00,1.005,2.00", "price_type"),
        ("o1,1.7,p1,s1,2018-01-10 00:00:00,1.00,2.00", "order_item_id_type"),
        (",1,p1,s1,2018-01-10 00:00:00,1.00,2.00", "order_id"),
    ],
)
def test_a_negative_value_or_an_impossible_date_goes_to_quarantine_with_its_rule_and_line(
    lake: Lake, tmp_path: Path, row: str, rule: str
) -> None:
    path = tmp_path / "olist_order_items_dataset.csv"
    good = "o0,1,p1,s1,2018-01-10 00:00:00,10.00,2.00"
    path.write_text("\n".join([ITEMS_HEADER, row, good]) + "\n")
    lake.done("ingest", str(path))
    blocked = lake.call("run-batch", "silver", "--tables", "order_items")
    assert blocked.exit_code == 3  # its order, product and seller are not there: that is another rule's affair
    assert counts(lake.run, "order_items") == (2, 1, 1, 0)
    (refused,) = lake.read("quarantine.order_items", lake.run.tables["quarantine.order_items"]).to_pylist()
    assert rule in refused["rule"]
    assert (refused["line"], refused["record"]) == (2, row)


def test_items_of_orders_that_are_not_there_are_named_and_nothing_is_published(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "olist_order_items_dataset.csv"
    path.write_text(f"{ITEMS_HEADER}\nnobody,1,p1,s1,2018-01-10 00:00:00,10.00,2.00\n")
    lake.done("ingest", str(path))
    blocked = lake.call("run-batch", "silver", "--tables", "order_items", "--promote")
    assert blocked.exit_code == 3
    assert "order_id_known" in blocked.stderr
    assert lake.release.number == 0


# 28 nothing in it


@pytest.mark.parametrize("data", [b"", b"\n", HEADER.encode(), HEADER.encode() + b"\r\n\r\n"])
def test_an_empty_file_is_refused_and_gold_stays_as_it_was(published: Lake, tmp_path: Path, data: bytes) -> None:
    before = published.release
    (tmp_path / CUSTOMERS).write_bytes(data)
    assert_refused(published, tmp_path / CUSTOMERS, code=3, says="empty")
    (tmp_path / f"{CUSTOMERS}.gz").write_bytes(gzip.compress(data))
    assert_refused(published, tmp_path / f"{CUSTOMERS}.gz", code=3, says="empty")
    assert_refused(published, zipped(tmp_path / "all.zip", {CUSTOMERS: data}), code=3, says="empty")
    published.done("run-batch", "--promote")
    assert published.release == before


@pytest.mark.parametrize(("name", "data"), [("c.json", b"[]"), ("c.ndjson", b"\n"), ("c.json", b"")])
def test_an_empty_json_file_is_refused(published: Lake, tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / f"customers_{name}").write_bytes(data)
    assert_refused(published, tmp_path / f"customers_{name}", code=3, says="empty")


def test_an_empty_folder_or_archive_is_an_input_error(published: Lake, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert_refused(published, tmp_path / "none", code=2, says="no data file")
    assert_refused(published, zipped(tmp_path / "none.zip", {}), code=2, says="no data file")
    assert_refused(published, tmp_path / "missing.csv", code=2, says="is not there")


@pytest.fixture(scope="module")
def published(make_lake: Callable[[str], Lake], sample: Path) -> Lake:
    """The sample, published; tests leave it as it is."""
    lake = make_lake("published")
    lake.done("ingest", str(sample))
    lake.done("run-batch", "--promote")
    return lake


# 29 the same again


def test_the_same_content_again_is_already_loaded_under_whatever_name(
    published: Lake, sample: Path, tmp_path: Path
) -> None:
    before, ingests = published.release, published.ledger.ingests()
    renamed = shutil.copy(sample / CUSTOMERS, tmp_path / "customers of september.csv")
    packed = zipped(tmp_path / "all.zip", {f"2018/{path.name}": path.read_bytes() for path in sample.iterdir()})
    for path in (sample, renamed, packed):
        again = published.call("ingest", str(path))
        assert again.exit_code == 0
        assert {file["status"] for file in again.document["files"]} == {"already loaded"}
        assert "already loaded" in again.stderr
    published.done("run-batch", "--promote")
    assert (published.release, published.ledger.ingests()) == (before, ingests)


def test_the_same_content_twice_in_one_ingest_is_loaded_once(lake: Lake, tmp_path: Path) -> None:
    file_of(tmp_path / "in" / "a", *ROWS)
    file_of(tmp_path / "in" / "b", *ROWS)
    taken = lake.done("ingest", str(tmp_path / "in"))
    assert sorted(file["status"] for file in taken["files"]) == ["already loaded", "loaded"]


def test_a_file_goes_where_its_header_fits_when_its_name_tells_nothing(
    lake: Lake, sample: Path, tmp_path: Path
) -> None:
    shutil.copy(sample / CUSTOMERS, tmp_path / "export.csv")
    taken = lake.done("ingest", str(tmp_path / "export.csv"))
    assert [file["table"] for file in taken["files"]] == ["customers"]
    assert len(read_csv(tmp_path / "export.csv")[1]) == taken["files"][0]["lines"] - 1
