"""Withdrawing a delivered file, and carrying out a saved plan."""

from __future__ import annotations

from pathlib import Path

from tests.lake import Lake, assert_same_tables, read_csv, write_csv

ITEMS = "olist_order_items_dataset.csv"


def test_withdrawn_files_leave_every_table_as_if_they_had_never_come(lake: Lake, sample: Path, more: Path) -> None:
    lake.done("ingest", str(sample))
    lake.done("run-batch", "--promote")
    before = lake.published()
    later = lake.done("ingest", str(more))
    lake.done("run-batch", "--promote")
    assert lake.published()["gold.sales_wide"].num_rows > before["gold.sales_wide"].num_rows

    lake.done("withdraw", *(file["key"] for file in later["files"]))
    plan = lake.done("run-batch", "--dry-run")
    assert {step["reason"] for step in plan["steps"] if step["table"] == "silver.orders"} == {"files withdrawn"}
    lake.done("run-batch", "--promote")

    assert_same_tables(before, lake.published())


def test_withdrawing_the_file_whose_row_breaks_a_rule_lets_the_next_run_pass(
    lake: Lake, sample: Path, tmp_path: Path
) -> None:
    lake.done("ingest", str(sample))
    header, rows = read_csv(sample / ITEMS)
    lake.done("ingest", str(write_csv(tmp_path / "order_items.csv", header, [["0" * 32, "1", *rows[0][2:]]])))
    assert lake.call("run-batch", "--promote").exit_code == 3
    lake.done("withdraw", "order_items.csv")
    lake.done("run-batch", "--promote")


def test_quarantine_forgets_the_rows_of_a_withdrawn_file(lake: Lake, sample: Path, tmp_path: Path) -> None:
    lake.done("ingest", str(sample))
    header, rows = read_csv(sample / ITEMS)
    lake.done("ingest", str(write_csv(tmp_path / "order_items.csv", header, [[*rows[0][:5], "-1.00", rows[0][6]]])))
    lake.done("run-batch", "--promote")
    assert len(lake.quarantine("order_items")) == 1
    lake.done("withdraw", "order_items.csv")
    lake.done("run-batch", "--promote")
    assert lake.quarantine("order_items") == []


def test_a_withdrawn_file_can_be_delivered_again(lake: Lake, sample: Path) -> None:
    lake.done("ingest", str(sample))
    lake.done("withdraw", ITEMS)
    refused = lake.call("run-batch")
    assert refused.exit_code == 3
    assert "bronze.order_items is empty" in refused.stderr

    again = lake.done("ingest", str(sample))

    assert [file["status"] for file in again["files"] if file["table"] == "order_items"] == ["loaded"]
    lake.done("run-batch", "--promote")


def test_a_name_that_was_delivered_twice_must_be_said_by_its_key(lake: Lake, sample: Path, more: Path) -> None:
    lake.done("ingest", str(sample))
    lake.done("ingest", str(more))
    unclear = lake.call("withdraw", ITEMS)
    assert unclear.exit_code == 2
    assert unclear.stderr.count("bronze/order_items/") == 2
    unknown = lake.call("withdraw", "items.csv")
    assert unknown.exit_code == 2
    assert "no file items.csv counts" in unknown.stderr


def test_a_saved_plan_is_carried_out_as_it_stands(lake: Lake, sample: Path, tmp_path: Path) -> None:
    lake.done("ingest", str(sample))
    plan = tmp_path / "plan.json"
    shown = lake.done("run-batch", "silver", "--tables", "sellers,products", "--dry-run", "--plan-out", str(plan))
    report = lake.done("run-batch", "--apply", str(plan))
    built = [step["table"] for step in shown["steps"] if step["action"] == "build"]
    assert sorted(table["table"] for table in report["tables"]) == sorted(built)


def test_a_saved_plan_is_refused_when_the_world_has_moved(lake: Lake, sample: Path, more: Path, tmp_path: Path) -> None:
    lake.done("ingest", str(sample))
    plan = tmp_path / "plan.json"
    lake.done("run-batch", "--plan-out", str(plan))
    lake.done("ingest", str(more))
    refused = lake.call("run-batch", "--apply", str(plan))
    assert refused.exit_code == 6
    assert "ingests: 1 in the plan, 2 now" in refused.stderr
    assert "bronze.orders: read (1 files) in the plan, read (2 files) now" in refused.stderr
    assert lake.ledger.last_run() is None


def test_what_is_no_plan_is_refused(lake: Lake, sample: Path) -> None:
    assert lake.call("run-batch", "--apply", str(sample / ITEMS)).exit_code == 2
    assert lake.call("run-batch", "--apply", "nowhere.json").exit_code == 2
