"""Ctrl-C, as a terminal sends it: the run is given up, the ledger says so, and the next one finishes."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tests.lake import Lake, new_lake


def _published(folder: Path) -> Lake:
    lake = new_lake(folder)
    lake.done("sample", "files", "--orders", "3000", "--seed", "3")
    lake.done("ingest", "files")
    lake.done("run-batch", "--promote")
    return lake


def test_an_interrupted_run_is_told_so_and_what_is_published_stays(tmp_path: Path) -> None:
    lake = _published(tmp_path)
    before = len(lake.ledger.run_ids())
    process = lake.start("run-batch", "--full-refresh", "--promote")
    until = time.monotonic() + 30
    while len(lake.ledger.run_ids()) == before and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=30)
    assert process.returncode == 130, talk
    assert "readers see what they saw before" in talk
    assert (lake.run.status, lake.run.message) == ("failed", "interrupted")
    last = lake.done("status")["last_run"]
    assert (last["status"], last["message"]) == ("failed", "interrupted")
    assert lake.release.name == "r1"
    lake.done("run-batch", "--full-refresh", "--promote")
    assert lake.release.name == "r2"


def test_a_killed_run_is_told_as_killed_and_not_as_at_work(tmp_path: Path) -> None:
    lake = _published(tmp_path)
    before = len(lake.ledger.run_ids())
    process = lake.start("run-batch", "--full-refresh")
    until = time.monotonic() + 30
    while len(lake.ledger.run_ids()) == before and time.monotonic() < until:
        time.sleep(0.01)
    assert lake.done("status")["last_run"]["status"] == "running"
    process.kill()
    process.communicate(timeout=30)
    assert lake.done("status")["last_run"]["status"] == "killed"


def test_an_interrupted_question_ends_with_one_line(tmp_path: Path) -> None:
    lake = _published(tmp_path)
    triples = "SELECT count(*) FROM gold.sales_wide a CROSS JOIN gold.sales_wide b CROSS JOIN gold.sales_wide c"
    process = lake.start("query", f"{triples} WHERE a.price + b.price + c.price = 0.01")
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    stdout, talk = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, ""), talk
    assert talk.endswith("\nInterrupted.\n") and "✗" not in talk
