"""`replay`, `tail` and the live view on this machine."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lake import Lake, read_csv

ITEMS = "olist_order_items_dataset.csv"
ORDERS = "olist_orders_dataset.csv"


@pytest.fixture(scope="module")
def played(make_lake: Callable[[str], Lake], sample: Path) -> Lake:
    """The sample as events, and as deliveries without a run; read only."""
    lake = make_lake("played")
    result = lake.done("replay", str(sample / ORDERS), "--verify")
    assert result["read"] == result["acknowledged"] == result["landed"] == items(sample)
    lake.done("ingest", str(sample))
    return lake


def items(folder: Path) -> int:
    return len(read_csv(folder / ITEMS)[1])


def test_a_replay_reconciles_and_every_landed_line_is_an_event_of_the_contract(played: Lake, sample: Path) -> None:
    lines = [
        json.loads(line)
        for file in played.root.glob("speed/**/*.gz")
        for line in gzip.decompress(file.read_bytes()).splitlines()
    ]
    assert len({line["event_id"] for line in lines}) == len(lines) == items(sample)
    assert not list(played.root.glob("speed_rejected/**/*.gz"))


def test_a_replay_names_as_the_next_step_what_can_be_done(lake: Lake, sample: Path) -> None:
    lake.done("ingest", str(sample))
    ask, build = "salesperf query", "salesperf run-batch --promote"
    talk = lake.call("replay", "--limit", "1").stderr
    assert build in talk and talk.index(build) < talk.index(ask)
    lake.done("run-batch", "--promote")
    talk = lake.call("replay", "--limit", "1").stderr
    assert build not in talk and ask in talk


def test_a_plan_names_the_landed_objects_and_a_saved_plan_is_carried_out_as_it_is(played: Lake, sample: Path) -> None:
    plan = played.done("run-batch", "--dry-run", "--plan-out", "plan.json")
    (read,) = (step for step in plan["steps"] if step["table"] == "bronze.sale_events")
    objects = sorted(path.relative_to(played.root).as_posix() for path in played.root.glob("speed/**/*.gz"))
    assert sorted(read["files"]) == objects
    assert len(played.ledger.ingests()) == 1, "a dry run enters nothing"
    played.done("replay", str(sample), "--limit", "3")  # what lands afterwards is not part of the plan
    played.done("run-batch", "--apply", "plan.json", "--promote")
    assert played.release.tables["silver.sale_events"].rows == items(sample)
    taken = {receipt.key for ingest in played.ledger.ingests() for receipt in ingest.receipts}
    assert set(objects) <= taken
    assert sum(1 for key in taken if key.startswith("speed/")) == len(objects)


def test_the_live_view_and_the_landed_events_can_be_asked(played: Lake, sample: Path) -> None:
    (live,) = played.done("query", "SELECT count(*) AS n, sum(price) AS p FROM serving.sales_live", "-o", "json")
    (wide,) = played.done(
        "query", "SELECT count(*) AS n, sum(price) AS p FROM gold.sales_wide WHERE order_item_id > 0", "-o", "json"
    )
    assert live == wide
    asked = played.done("query", "SELECT DISTINCT landed_date FROM speed.sale_events", "-o", "json")
    days = {path.name.removeprefix("landed_date=") for path in played.root.glob("speed/**/landed_date=*")}
    assert {row["landed_date"] for row in asked} == days != set()
    nothing = played.done(
        "query", "SELECT count(*) AS n FROM speed.sale_events WHERE landed_date < '2020-01-01'", "--estimate"
    )
    assert (nothing["files"], nothing["bytes"]) == (0, 0)


def test_events_of_a_window_in_order_and_not_more_than_asked(lake: Lake, sample: Path) -> None:
    result = lake.done("replay", str(sample), "--limit", "20", "--verify")
    assert result["read"] == 20
    shown = [
        json.loads(line)
        for line in lake.call("tail", "--stream", "--from-start", "--limit", "20").stdout.split("\n")[:20]
    ]
    moments = sorted(event["occurred_at"] for event in shown)
    inner = lake.done(
        "replay", str(sample), "--from", moments[5].replace(" ", "T"), "--to", moments[15].replace(" ", "T")
    )
    assert inner["read"] == sum(moments[5] <= each < moments[15] for each in moments) > 0


def test_landed_events_and_event_files_can_be_sent_again_and_change_nothing(lake: Lake, sample: Path) -> None:
    lake.done("replay", str(sample), "--limit", "50")
    again = lake.done("replay", "--archive", "--verify")
    assert again["read"] == 50
    events = lake.folder / "sale_events.ndjson"
    events.write_bytes(b"".join(gzip.decompress(file.read_bytes()) for file in lake.root.glob("speed/**/*.gz")))
    assert lake.done("replay", str(events), "--verify")["read"] == 50


def test_a_replay_without_a_source_takes_what_the_lake_holds(lake: Lake, sample: Path) -> None:
    nothing = lake.call("replay")
    assert nothing.exit_code == 2 and "ingest" in nothing.stderr
    lake.done("ingest", str(sample))
    assert lake.done("replay")["read"] == items(sample)


def test_tail_shows_what_lands_filtered(played: Lake) -> None:
    first = json.loads(played.call("tail", "--from-start", "--limit", "1").stdout)
    state = first["customer_state"]
    found = played.call("tail", "--from-start", "--limit", "2", "--where", f"customer_state={state}").stdout
    assert {json.loads(line)["customer_state"] for line in found.splitlines()} == {state}
    wrong = played.call("tail", "--where", "colour=red")
    assert wrong.exit_code == 2 and "customer_state" in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--speedup", "2", "--rate", "3/s"), "one pace"),
        (("--rate", "fast"), "events a second"),
        (("--from", "yesterday"), "2018-08-01"),
        (("--resume",), "nothing to resume"),
    ],
)
def test_what_cannot_be_is_refused(lake: Lake, sample: Path, arguments: tuple[str, ...], word: str) -> None:
    result = lake.call("replay", str(sample), *arguments)
    assert result.exit_code == 2
    assert word in " ".join(result.stderr.split())


def test_a_file_of_which_no_event_follows_is_refused(lake: Lake, sample: Path) -> None:
    (payments,) = sample.glob("*payments*")
    result = lake.call("replay", str(payments))
    assert result.exit_code == 2 and "order_items" in result.stderr


def test_a_line_that_is_no_event_is_kept_aside_and_counted(lake: Lake, sample: Path) -> None:
    lake.done("replay", str(sample), "--limit", "2")
    (landed, *_) = lake.root.glob("speed/**/*.gz")
    events = lake.folder / "sale_events.ndjson"
    good = gzip.decompress(landed.read_bytes()).splitlines()[0]
    events.write_bytes(good + b"\n" + good.replace(b"item_sold", b"item_lost") + b"\nnonsense\n")
    result = lake.done("replay", str(events))
    assert (result["read"], result["refused"]) == (1, 2)


def test_a_lake_without_events_has_their_tables_empty(make_lake: Callable[[str], Lake], sample: Path) -> None:
    lake = make_lake("none")
    lake.done("ingest", str(sample))
    lake.done("run-batch", "--promote")
    tables = lake.release.tables
    assert (tables["silver.sale_events"].rows, tables["gold.sales_ahead"].rows) == (0, 0)
    (live,) = lake.done("query", "SELECT count(*) AS n FROM serving.sales_live", "-o", "json")
    assert live["n"] == items(sample)
    assert lake.done("query", "SELECT * FROM speed.sale_events", "-o", "json") == []
