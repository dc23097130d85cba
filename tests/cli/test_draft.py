"""`contract draft`: from files of which nothing is known to a pipeline that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from tests.lake import Lake, new_lake

SALES = """Transação;Data da Venda;Preço Unitário;Order;CEP;pago;cliente
T001;31/01/2025;1250,50;3;01310;true;Ana
T002;01/02/2025;7,00;1;04002;false;
T003;01/02/2025;-1,5;2;99999;true;"José; neto"
"""
ROWS = [
    ("T001", "2025-01-31", "1250.50", 3, "01310", True, "Ana"),
    ("T002", "2025-02-01", "7.00", 1, "04002", False, None),
    ("T003", "2025-02-01", "-1.50", 2, "99999", True, "José; neto"),
]
NAMES = ("transacao", "data_da_venda", "preco_unitario", "order_value", "cep", "pago", "cliente")
TYPES = ("string", "date", "decimal(10,2)", "int", "string", "boolean", "string")


@pytest.fixture
def shop(tmp_path: Path) -> Lake:
    """A project without files."""
    return new_lake(tmp_path / "shop", pipeline=tmp_path / "shop" / "own")


def deliver(shop: Lake, name: str, text: str = SALES, encoding: str = "latin-1") -> str:
    shop.folder.mkdir(exist_ok=True)
    (shop.folder / name).write_bytes(text.encode(encoding))
    return name


def built(shop: Lake, *files: str) -> list[tuple[object, ...]]:
    """The rows of silver.vendas, after the files were ingested and the pipeline ran."""
    shop.done("ingest", *files)
    shop.done("run-batch", "--promote")
    rows = shop.done("query", "SELECT * FROM silver.vendas ORDER BY transacao", "-o", "json")
    assert all(tuple(row) == NAMES for row in rows)
    return [tuple(row.values()) for row in rows]


def drafted(shop: Lake, *files: str) -> list[dict[str, object]]:
    lake = Lake(shop.folder)  # whose pipeline is not there yet
    tables: list[dict[str, object]] = lake.done("contract", "draft", *files, "--into", "own")["tables"]
    return tables


def test_a_draft_of_an_unknown_file_is_a_pipeline_that_runs_as_it_is(shop: Lake) -> None:
    file = deliver(shop, "vendas-2025-01.csv")
    (table,) = drafted(shop, file)
    assert table["key"] == ["Transação"]
    assert table["dialect"] == {
        "delimiter": ";", "quote": '"', "escape": '"', "encoding": "latin-1", "decimal_separator": ",",
    }  # fmt: skip
    columns = [(each["type"], each["required"]) for each in table["columns"]]  # type: ignore[attr-defined]
    assert columns == list(zip(TYPES, [True] * 6 + [False], strict=True))
    lint = shop.done("contract", "lint")
    assert lint["problems"] == [] and (lint["contracts"], lint["models"]) == (2, 1)
    contract = (shop.folder / "own" / "contracts" / "bronze" / "vendas.yaml").read_text("utf-8")
    assert "3 rows of vendas-2025-01.csv." in contract and str(shop.folder) not in contract, "it is to be committed"
    assert built(shop, file) == ROWS


def test_later_deliveries_are_known_by_their_names_and_their_header_by_the_files_own_words(shop: Lake) -> None:
    drafted(shop, deliver(shop, "vendas-2025-01.csv"))
    second = deliver(shop, "vendas-2025-02.csv", SALES.replace("T00", "T10"))
    assert len(built(shop, "vendas-2025-01.csv", second)) == 6
    other = deliver(shop, "vendas-2025-03.csv", SALES.replace("Preço Unitário", "Preço"))
    refused = shop.call("ingest", other)
    assert refused.exit_code == 3
    assert "- Preço Unitário   (missing)" in refused.stderr and "+ Preço   (not in the contract)" in refused.stderr


def test_json_and_parquet_are_read_by_the_names_that_files_have(shop: Lake) -> None:
    drafted(shop, deliver(shop, "vendas-2025-01.csv"))
    header, *lines = SALES.replace('"José; neto"', "José").splitlines()
    names = header.split(";")
    texts = [dict(zip(names, [each or None for each in line.split(";")], strict=True)) for line in lines]
    kinds = [{**each, "Transação": f"J{at}"} for at, each in enumerate(texts)]
    (shop.folder / "vendas-2025-02.ndjson").write_text("".join(json.dumps(each) + "\n" for each in kinds), "utf-8")
    arrow = pa.Table.from_pylist([{**each, "Transação": f"P{at}"} for at, each in enumerate(texts)])
    parquet.write_table(arrow, shop.folder / "vendas-2025-02.parquet")
    rows = built(shop, "vendas-2025-02.ndjson", "--table", "vendas") + built(
        shop, "vendas-2025-02.parquet", "--table", "vendas"
    )
    plain = [(*row[1:6], row[6] and "José" if at == 2 else row[6]) for at, row in enumerate(ROWS)]
    assert [row[1:] for row in rows[:3]] == plain
    assert [row[1:] for row in rows if str(row[0]).startswith("P")] == plain


def test_a_column_may_be_renamed_after_its_files_were_received(shop: Lake) -> None:
    drafted(shop, deliver(shop, "vendas.csv"))
    assert built(shop, "vendas.csv") == ROWS
    for file in ("contracts/bronze/vendas.yaml", "models/silver/vendas.sql"):
        written = shop.folder / "own" / file
        text = written.read_text("utf-8").replace("name: cliente", "name: buyer\n    physicalName: cliente")
        written.write_text(text.replace("CAST(cliente", "CAST(buyer"), "utf-8")
    shop.done("run-batch", "--promote")
    rows = shop.done("query", "SELECT cliente FROM silver.vendas ORDER BY transacao", "-o", "json")
    assert [row["cliente"] for row in rows] == [row[-1] for row in ROWS]


def test_deliveries_of_one_table_are_drafted_together(shop: Lake) -> None:
    files = [
        deliver(shop, "vendas-2025-01.csv"),
        deliver(shop, "vendas-2025-02.csv", SALES.replace("T00", "T10").replace(";3;01310", ";três;01310")),
    ]
    (table,) = drafted(shop, *files)
    assert table["rows"] == 6
    assert [each["type"] for each in table["columns"]][3] == "string"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("utf-8", "São João"), ("latin-1", "São João"), ("windows-1252", "São João – 5 €"), ("utf-8", "Sao Joao")],
)
def test_the_encoding_is_told_by_all_of_a_file(shop: Lake, encoding: str, text: str) -> None:
    rows = "".join(f"{at},plain\n" for at in range(110_000)) + f"x,{text}\n" * 2
    (table,) = drafted(shop, deliver(shop, "cities.csv", f"id,city\n{rows}", encoding))
    assert table["dialect"]["encoding"] == encoding  # type: ignore[index]


def test_a_damaged_byte_makes_a_file_no_other_encodings(shop: Lake) -> None:
    file = shop.folder / "cities.csv"
    file.write_bytes("id,city\n1,São\n2,João\n3,Sã".encode() + b"\xe3o\n")
    (table,) = drafted(shop, file.name)
    assert (table["dialect"]["encoding"], table["unreadable"]) == ("utf-8", 1)  # type: ignore[index]


def test_two_columns_together_are_a_key_and_without_one_nothing_is_made_up(shop: Lake) -> None:
    (pairs,) = drafted(shop, deliver(shop, "items.csv", "order,item,price\na,1,1.5\na,2,1.5\nb,1,2.5\n"))
    assert pairs["key"] == ["order", "item"]
    (none,) = drafted(shop, deliver(shop, "visits.csv", "page,seconds\na,1.5\na,1.5\nb,2.5\n"))
    assert none["key"] == []
    assert shop.done("contract", "lint")["problems"] == []


def test_json_is_drafted_from_too(shop: Lake) -> None:
    records = [{"id": 1, "paid": True, "at": "2025-01-31 10:00:00", "amount": 1.5}, {"id": 2, "paid": False}]
    (table,) = drafted(shop, deliver(shop, "events.json", json.dumps(records), "utf-8"))
    types = {each["name"]: each["type"] for each in table["columns"]}  # type: ignore[attr-defined]
    assert types == {"id": "int", "paid": "boolean", "at": "timestamp", "amount": "decimal(10,1)"}
    assert shop.done("contract", "lint")["problems"] == []


def test_nothing_is_overwritten_and_nothing_written_without_a_folder(shop: Lake) -> None:
    file = deliver(shop, "vendas.csv")
    assert Lake(shop.folder).done("contract", "draft", file)["written"] == []
    assert not (shop.folder / "own").exists()
    drafted(shop, file)
    mine = shop.folder / "own" / "models" / "silver" / "vendas.sql"
    mine.write_text("-- my own")
    refused = shop.call("contract", "draft", file, "--into", "own")
    assert refused.exit_code == 2 and "is there already" in refused.stderr
    assert mine.read_text() == "-- my own"


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("empty.csv", "", "empty"),
        ("header.csv", "a,b\n", "empty"),
        ("twice.csv", "a,a\n1,2\n", "same name"),
        ("broken.json", "{nothing", "JSON"),
    ],
)
def test_what_cannot_be_drafted_from_is_refused(shop: Lake, name: str, text: str, word: str) -> None:
    refused = Lake(shop.folder).call("contract", "draft", deliver(shop, name, text), "--into", "own")
    assert refused.exit_code in (2, 3) and word in refused.stderr
    assert not (shop.folder / "own").exists()


def test_files_of_one_name_with_other_columns_are_refused(shop: Lake) -> None:
    files = deliver(shop, "v-1.csv", "a,b\n1,2\n"), deliver(shop, "v-2.csv", "a,c\n1,2\n")
    refused = Lake(shop.folder).call("contract", "draft", *files)
    assert refused.exit_code == 2 and "look like one table" in " ".join(refused.stderr.split())


def test_a_parquet_file_is_refused_with_where_to_go_on(shop: Lake) -> None:
    shop.folder.mkdir(exist_ok=True)
    parquet.write_table(pa.table({"a": [1]}), shop.folder / "a.parquet")
    refused = Lake(shop.folder).call("contract", "draft", "a.parquet")
    assert refused.exit_code == 2 and "contract-format.md" in refused.stderr
