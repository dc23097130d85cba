"""Real `kill -9` and Ctrl-C of `replay`: nothing that was acknowledged is lost, and --resume goes on."""

from __future__ import annotations

import gzip
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.core.sample import write_sample
from tests.lake import Lake, new_lake, read_csv

PATIENCE = 60.0


@pytest.fixture
def shop(tmp_path: Path) -> Lake:
    lake = new_lake(tmp_path / "shop")
    write_sample(lake.folder / "files", 1_000, 5, False)
    return lake


def items(lake: Lake) -> int:
    return len(read_csv(lake.folder / "files" / "olist_order_items_dataset.csv")[1])


def landed(lake: Lake) -> Iterator[dict[str, Any]]:
    for file in lake.root.glob("speed/**/*.gz"):
        yield from map(json.loads, gzip.decompress(file.read_bytes()).splitlines())


def stop_when(lake: Lake, objects: int, how: signal.Signals, *arguments: str) -> int:
    """Start a replay and stop it once so many objects have landed; gives the exit code."""
    process = lake.start("replay", "files", *arguments)
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and sum(1 for _ in lake.root.glob("speed/**/*.gz")) < objects:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, how)
    process.communicate(timeout=PATIENCE)
    return process.returncode


def test_a_killed_replay_is_resumed_and_every_event_lands(shop: Lake) -> None:
    for objects in (1, 6):
        resume = ("--resume",) if objects > 1 else ()
        assert stop_when(shop, objects, signal.SIGKILL, "--rate", "300/s", *resume) == -signal.SIGKILL
    result = shop.done("replay", "files", "--resume", "--verify")
    assert result["spooled"] == 0 and result["missing"] == 0
    assert len({event["event_id"] for event in landed(shop)}) == items(shop)


def test_an_interrupted_replay_exits_with_130_and_sends_the_rest_once_when_resumed(shop: Lake) -> None:
    assert stop_when(shop, 2, signal.SIGINT, "--rate", "200/s") == 130
    before = [event["event_id"] for event in landed(shop)]
    assert 0 < len(before) < items(shop)
    result = shop.done("replay", "files", "--resume")
    assert result["read"] == items(shop) - len(before)
    after = [event["event_id"] for event in landed(shop)]
    assert sorted(after) == sorted(set(after)) and len(after) == items(shop)


def test_a_run_that_is_killed_while_it_takes_events_in_changes_nothing_and_the_next_takes_them(shop: Lake) -> None:
    shop.done("ingest", "files")
    shop.done("run-batch", "--promote")
    shop.done("replay", "files")
    before = shop.release
    process = shop.start("run-batch", "--promote")
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and len(list(shop.root.glob("_ledger/ingests/*"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.kill()
    process.communicate()
    assert shop.release == before
    shop.done("run-batch", "--promote")
    assert shop.release.tables["silver.sale_events"].rows == items(shop)
    taken = [receipt.key for ingest in shop.ledger.ingests() for receipt in ingest.receipts]
    assert len(taken) == len(set(taken)), "each landed object was taken in once"
