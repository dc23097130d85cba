"""Another retailer's pipeline, a folder of contracts and models, runs without a change in Python."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from salesperf_cli.backends.embedded.engine import DuckEngine
from salesperf_cli.core.build import BuildRequest, BuildResult
from tests.lake import Lake, assert_accounted, assert_same_tables, counts, new_lake, query
from tests.pipelines.corner_shop_data import HEADER, ShopTotals, write_transactions

PIPELINE = Path(__file__).resolve().parents[1] / "pipelines" / "corner_shop"


def corner_shop(folder: Path) -> Lake:
    """An empty project that runs the corner shop's pipeline."""
    return new_lake(folder, PIPELINE)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, ShopTotals]:
    """A thousand receipt lines, published; read only."""
    lake = corner_shop(tmp_path_factory.mktemp("corner") / "shop")
    totals = write_transactions(lake.folder / "vendas_2025.csv", 1_000)
    lake.done("ingest", "vendas_2025.csv")
    lake.done("run-batch", "--promote")
    return lake, totals


def test_a_flat_file_of_another_shape_becomes_its_own_silver_and_gold_tables(shop: tuple[Lake, ShopTotals]) -> None:
    lake, totals = shop
    assert sorted(lake.release.tables) == [
        "gold.customer_value",
        "gold.daily_sales",
        "silver.customers",
        "silver.transactions",
    ]
    assert_accounted(lake.run)
    assert counts(lake.run, "transactions") == (totals.rows, totals.rows, 0, 0)


def test_money_returns_and_missing_customers_are_as_the_till_wrote_them(shop: tuple[Lake, ShopTotals]) -> None:
    lake, totals = shop
    rows = lake.read("silver.transactions")
    sql = """
        SELECT
          count(*), count(*) FILTER (is_return), count(*) - count(customer_id), count(DISTINCT customer_id), sum(amount)
        FROM t
    """
    net = Decimal(totals.net) / 100
    assert query(sql, t=rows) == [(totals.rows, totals.returns, totals.without_customer, totals.customers, net)]
    assert query("SELECT sum(net_amount), sum(line_count) FROM d", d=lake.read("gold.daily_sales")) == [
        (net, totals.rows)
    ]
    assert lake.read("gold.customer_value").num_rows == totals.customers


def test_its_latin_1_texts_and_quoted_fields_are_read_right(shop: tuple[Lake, ShopTotals]) -> None:
    rows = shop[0].read("silver.transactions")
    texts = {value for name in ("store", "customer_name", "product") for value in rows[name].to_pylist()}
    assert {"Praça da Sé", 'Zé "do Pão" Brandão', "Inês; Filha", "Feijão carioca; pacote", 'Pilha "AA"'} <= texts
    assert not any("\ufffd" in text for text in texts if text)


def test_more_lines_later_give_the_tables_of_all_lines_at_once(tmp_path: Path) -> None:
    files = [tmp_path / "vendas_1.csv", tmp_path / "vendas_2.csv"]
    write_transactions(files[0], 1_900)
    write_transactions(files[1], 100, first_row=1_900)
    grown, fresh = corner_shop(tmp_path / "grown"), corner_shop(tmp_path / "fresh")
    for file in files:
        grown.done("ingest", str(file))
        grown.done("run-batch", "--promote")
    states = [release.tables["silver.transactions"] for release in grown.ledger.releases()]
    first, second = (
        {file.path: file.partition for file in grown.listing("silver.transactions", state).files} for state in states
    )
    assert set(first) & set(second)
    assert {second[path] for path in set(second) - set(first)} == {"2025-02"}
    fresh.done("ingest", *map(str, files))
    fresh.done("run-batch", "--promote")
    assert_same_tables(grown.published(), fresh.published())


def test_rows_that_break_its_rules_are_set_aside_with_their_lines(tmp_path: Path) -> None:
    lake = corner_shop(tmp_path / "shop")
    path = tmp_path / "vendas.csv"
    write_transactions(path, 50)
    good = "T9999001;;02/01/2025;02/01/2025 08:00:00;Centro;;;P001;Pão de açúcar;Padaria;{};{};;{}"
    bad = [good.format("0", "6,50", "pix"), good.format("1", "6.50", "pix"), good.format("1", "6,50", "cheque")]
    bad.append("X1" + good.format("1", "6,50", "pix")[8:])
    with path.open("ab") as file:
        file.write("".join(f"{row}\r\n" for row in bad).encode("latin-1"))
    lake.done("ingest", str(path))
    lake.done("run-batch", "--promote")
    assert_accounted(lake.run)
    assert counts(lake.run, "transactions") == (54, 50, 4, 0)
    found = lake.quarantine("transactions")
    assert [row["line"] for row in found] == [52, 53, 54, 55]
    assert [row["record"] for row in found] == bad
    rules = [row["rule"] for row in found]
    assert rules[:3] == ["something_moved", "preco_unitario_type", "pagamento_conhecido"]
    assert "transacao" in rules[3]


def test_columns_beyond_the_contract_are_ignored_and_lines_still_told(tmp_path: Path) -> None:
    lake = corner_shop(tmp_path / "shop")
    path = tmp_path / "vendas.csv"
    write_transactions(path, 20)
    header, *rows = path.read_bytes().split(b"\r\n")
    wide = [header + b";caixa", *(row + b";7" for row in rows if row)]
    wide[5] = _with_quantity_zero(wide[5])
    path.write_bytes(b"\r\n".join(wide) + b"\r\n")
    lake.done("ingest", str(path))
    lake.done("run-batch", "silver", "--promote")
    assert counts(lake.run, "transactions") == (20, 19, 1, 0)
    (row,) = lake.quarantine("transactions")
    assert row["rule"] == "something_moved"
    assert row["line"] == 6


def _with_quantity_zero(line: bytes) -> bytes:
    fields = line.split(b";")
    assert len(fields) == len(HEADER) + 1
    fields[HEADER.index("quantidade")] = b"0"
    return b";".join(fields)


@pytest.mark.parametrize("how", ["flag", "settings", "environment"])
def test_the_pipeline_is_chosen_by_flag_by_settings_or_by_environment(
    tmp_path: Path, shop: tuple[Lake, ShopTotals], how: str
) -> None:
    lake = new_lake(tmp_path / "shop", PIPELINE if how == "environment" else None)
    write_transactions(lake.folder / "vendas.csv", 10)
    flag = ("--pipeline", str(PIPELINE)) if how == "flag" else ()
    if how == "settings":
        shutil.copytree(PIPELINE, lake.folder / "my pipeline")
        settings = lake.folder / "salesperf.toml"
        settings.write_text(settings.read_text().replace('pipeline = "olist"', 'pipeline = "my pipeline"'))
    assert lake.done("ingest", "vendas.csv", *flag)["files"][0]["table"] == "transactions"
    plan = lake.done("run-batch", "--dry-run", *flag)
    assert {step["table"] for step in plan["steps"] if step["action"] == "build"} == set(shop[0].release.tables)


def test_a_file_of_the_other_retailer_is_refused(shop: tuple[Lake, ShopTotals], sample: Path) -> None:
    result = shop[0].call("ingest", str(sample / "olist_orders_dataset.csv"))
    assert result.exit_code == 2
    assert "which table" in result.stderr


def test_the_olist_lake_does_not_take_the_shops_file(make_lake: Callable[[str], Lake], tmp_path: Path) -> None:
    write_transactions(tmp_path / "vendas.csv", 5)
    assert make_lake("other").call("ingest", str(tmp_path / "vendas.csv")).exit_code == 2


def test_a_rule_that_looks_into_another_table_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """gold.customer_value is held against silver.customers, which its model does not read."""
    at_once = DuckEngine.build

    def late(engine: DuckEngine, request: BuildRequest) -> BuildResult:
        if str(request.contract.name) == "silver.customers":
            time.sleep(1.5)
        return at_once(engine, request)

    lake = corner_shop(tmp_path / "shop")
    for at, rows in enumerate((20, 200)):  # the second knows more customers
        write_transactions(lake.folder / f"vendas_{at}.csv", rows)
        lake.done("ingest", f"vendas_{at}.csv")
        monkeypatch.setattr(DuckEngine, "build", late if at else at_once)
        lake.done("run-batch", "--promote")
