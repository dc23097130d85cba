"""What the ledger promises, on a folder and on a bucket: one winner a number, and nothing that was entered is lost."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest

from salesperf_cli.backends.ports import Objects
from salesperf_cli.core.ledger import (
    EMPTY_RELEASE,
    CheckRecord,
    FileCount,
    Ingest,
    Ledger,
    Receipt,
    Release,
    RunRecord,
    TableState,
    known_content,
    live,
    new_run_id,
    pending,
)
from salesperf_cli.core.withdrawal import withdraw
from salesperf_cli.errors import ConflictError, InputError
from tests.contract.threads import at_once

NOW = datetime(2026, 11, 23, 6, 17, 1, 482913, tzinfo=UTC)
STATE = TableState(7, "metadata.json", 3, 100, 1, "f", {"bronze.orders": 2}, (("id", "bigint"), ("é", "string")))


@pytest.fixture
def ledger(objects: Objects) -> Ledger:
    return Ledger(objects)


def _receipt(number: int, table: str = "orders") -> Receipt:
    key = f"bronze/{table}/ingest_date=2026-11-23/{number:016x}-a.csv"
    return Receipt(table, key, f"encomendas é {number}.csv", f"{number:064x}", 10, "csv", ("id", "preço"))


def _delivery(number: int) -> Callable[[Sequence[Ingest], int], Ingest | None]:
    def build(known: Sequence[Ingest], version: int) -> Ingest | None:
        receipt = _receipt(number)
        return (
            None if (receipt.table, receipt.sha256) in known_content(known) else Ingest(version, "r", NOW, (receipt,))
        )

    return build


def _run(run_id: str) -> RunRecord:
    return RunRecord(
        run_id, "batch", "audited", NOW, ("silver", "gold"), "duckdb", finished=NOW + timedelta(seconds=3),
        base={"silver.orders": 5}, tables={"silver.orders": STATE},
        files=(FileCount("orders", "bronze/orders/a", "a", 4, 2, 1, 1),),
        checks=(CheckRecord("silver.orders", "rule", "error", False, 2, "“two” rows", ("1", "2")),),
    )  # fmt: skip


def test_a_new_ledger_is_empty(ledger: Ledger) -> None:
    assert ledger.ingests() == () and ledger.releases() == () and ledger.run_ids() == []
    assert ledger.current_release() == EMPTY_RELEASE
    assert ledger.last_run() is None and ledger.find_run("x") is None
    with pytest.raises(InputError, match="no run x"):
        ledger.run("x")


def test_what_is_entered_comes_back_as_it_was(ledger: Ledger) -> None:
    ingest, run = ledger.add_ingest(_delivery(1)), _run(new_run_id(NOW))
    release = Release(1, NOW, run.run_id, "promote", ("silver",), {"silver.orders": STATE}, "primeira")
    ledger.write_run(run)
    ledger.add_release(release)
    assert ledger.ingests() == (ingest,)
    assert ledger.run(run.run_id) == ledger.last_run() == run
    assert ledger.releases() == (release,) and ledger.current_release() == release


def test_ingests_are_numbered_in_order_and_read_from_a_number_on(ledger: Ledger) -> None:
    entered = [ledger.add_ingest(_delivery(number)) for number in range(12)]
    assert [each.version for each in entered if each] == list(range(1, 13))
    assert ledger.ingests() == tuple(entered)
    assert ledger.ingests(after=9) == tuple(entered[9:])


def test_the_same_delivery_again_makes_no_entry(ledger: Ledger) -> None:
    ledger.add_ingest(_delivery(1))
    assert ledger.add_ingest(_delivery(1)) is None
    assert len(ledger.ingests()) == 1


def test_deliveries_of_many_operators_at_once_are_all_entered_once(new_objects: Callable[[], Objects]) -> None:
    ledgers = [Ledger(new_objects()) for _ in range(6)]
    at_once(6, lambda number: [ledgers[number].add_ingest(_delivery(number * 10 + each)) for each in range(3)])
    ingests = ledgers[0].ingests()
    assert [each.version for each in ingests] == list(range(1, 19))
    assert len({each.receipts[0].sha256 for each in ingests}) == 18


def test_the_same_delivery_by_many_operators_at_once_is_entered_once(new_objects: Callable[[], Objects]) -> None:
    ledgers = [Ledger(new_objects()) for _ in range(6)]
    entered = at_once(6, lambda number: ledgers[number].add_ingest(_delivery(1)))
    assert sum(each is not None for each in entered) == 1
    assert len(ledgers[0].ingests()) == 1


def test_a_release_number_is_taken_once(new_objects: Callable[[], Objects]) -> None:
    ledgers = [Ledger(new_objects()) for _ in range(6)]

    def publish(release: int, number: int) -> bool:
        try:
            ledgers[number].add_release(Release(release, NOW, f"run-{number}", "promote", ("gold",), {}))
        except ConflictError:
            return False
        return True

    for release in range(1, 6):
        won = at_once(6, partial(publish, release))
        assert won.count(True) == 1
        assert ledgers[0].current_release().run_id == f"run-{won.index(True)}"
    assert [each.number for each in ledgers[0].releases()] == [1, 2, 3, 4, 5]


def test_the_tenth_release_follows_the_ninth(ledger: Ledger) -> None:
    for number in range(1, 12):
        ledger.add_release(Release(number, NOW, "run", "promote", (), {}))
    assert ledger.current_release().number == 11


def test_a_run_is_written_over_and_over_by_its_owner(ledger: Ledger) -> None:
    run = _run(new_run_id(NOW))
    ledger.write_run(run)
    for message in ("one", "two"):
        ledger.write_run(replace(run, message=message))
    assert ledger.run(run.run_id).message == "two"
    assert ledger.run_ids() == [run.run_id]


def test_runs_are_listed_by_time(ledger: Ledger) -> None:
    ids = [new_run_id(NOW + timedelta(microseconds=each)) for each in range(5)]
    for run_id in reversed(ids):
        ledger.write_run(_run(run_id))
    assert ledger.run_ids() == ids
    last = ledger.last_run()
    assert last and last.run_id == ids[-1]


def test_a_withdrawn_file_counts_no_longer_until_it_is_delivered_again(ledger: Ledger) -> None:
    for number in (1, 2):
        ledger.add_ingest(_delivery(number))
    withdraw(ledger, [_receipt(1).name], run_id="r", now=NOW)
    assert [receipt for _, receipt in live(ledger.ingests())] == [_receipt(2)]
    ledger.add_ingest(_delivery(1))
    assert pending(ledger.ingests(), "orders", 0) == ((2, _receipt(2)), (4, _receipt(1)))


# how entries are written


def _landed(count: int, first: int = 0) -> tuple[Receipt, ...]:
    """Receipts of objects as the function names them."""
    columns = tuple(f"column_{number}" for number in range(14))
    places = range(49590338271490256608559692538361571095921575989136588898, 10**56, 12_345_678_901_234_567_890)
    keys = (
        f"speed/sale_events/landed_date=2026-11-{23 + at // 17_280:02d}/landed_hour={at // 720 % 24:02d}/"
        f"shardId-000000000000-{places[at]}-{places[at + 1]}.ndjson.gz"
        for at in range(first, first + count)
    )
    return tuple(
        Receipt(
            "sale_events",
            key,
            key.split("/", 2)[2],
            hashlib.sha256(key.encode()).hexdigest(),
            4321,
            "ndjson.gz",
            columns,
        )
        for key in keys
    )


def test_a_small_entry_is_json_that_a_person_can_read(ledger: Ledger, objects: Objects) -> None:
    ledger.add_ingest(_delivery(1))
    stored = objects.read("_ledger/ingests/00000001.json")
    assert stored and json.loads(stored.data)["receipts"][0]["name"] == _receipt(1).name
    assert b"\n" in stored.data


def test_thousands_of_landed_objects_take_a_tenth_of_their_json_and_come_back_as_they_were(
    ledger: Ledger, objects: Objects
) -> None:
    entry = ledger.add_ingest(lambda _, version: Ingest(version, "r", NOW, _landed(2_000)))
    stored = objects.read("_ledger/ingests/00000001.json")
    assert entry and stored
    assert len(stored.data) < 90 * 2_000
    assert len(stored.data) * 8 < len(gzip.decompress(stored.data))
    assert Ledger(objects).ingests() == (entry,)
    assert len(json.loads(gzip.decompress(stored.data))["receipts"]) == 2_000, "zcat shows it to a person"


def test_the_same_entry_is_the_same_bytes(new_objects: Callable[[], Objects]) -> None:
    run = replace(_run("20261123T061701482913Z-1f9c2a"), message="x" * 50_000)
    written = []
    for _ in range(2):
        objects = new_objects()
        Ledger(objects).write_run(run)
        stored = objects.read(f"_ledger/runs/{run.run_id}.json")
        assert stored
        written.append(stored.data)
    assert written[0] == written[1]
    assert Ledger(new_objects()).run(run.run_id) == run


def test_large_entries_that_were_written_plain_are_read(ledger: Ledger, objects: Objects) -> None:
    entry = Ingest(1, "r", NOW, _landed(100))
    objects.create("_ledger/ingests/00000001.json", msgspec.json.encode(entry))
    assert ledger.ingests() == (entry,)


def test_entries_are_read_once_and_new_ones_are_seen(new_objects: Callable[[], Objects]) -> None:
    mine, other = Ledger(new_objects()), Ledger(new_objects())
    for number in range(10):
        other.add_ingest(_delivery(number))
    first = mine.ingests()
    other.add_ingest(_delivery(10))
    assert [each.version for each in mine.ingests()] == list(range(1, 12))
    assert all(again is known for again, known in zip(mine.ingests(), first, strict=False))


def test_what_is_known_of_the_views_is_replaced(ledger: Ledger) -> None:
    assert ledger.views() == {}
    for day in ("2026-11-20", "1970-01-01"):
        ledger.write_views({"serving.sales_live": day})
        assert ledger.views() == {"serving.sales_live": day}
