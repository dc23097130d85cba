"""What an ingest does with either target's objects: every byte is counted once, and a stop stops all copies."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from salesperf_cli.backends.ports import Objects
from salesperf_cli.core.ingest import IngestPlan, IngestResult, plan_ingest, run_ingest
from salesperf_cli.core.ledger import Ledger
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.sources import find_sources
from salesperf_cli.resources import shipped_folder

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def plan(sample: Path) -> IngestPlan:
    return _plan(sample)


def _plan(folder: Path) -> IngestPlan:
    contracts = load_pipeline(shipped_folder("glue_scripts/olist")).contracts(["bronze"])
    return plan_ingest(find_sources([str(folder)], cwd=folder), contracts, None)


def _ingest(plan: IngestPlan, objects: Objects) -> tuple[IngestResult, int]:
    """Run the ingest; gives its outcome and how many bytes it said were done."""
    told = list[int]()
    result = run_ingest(plan, objects, Ledger(objects), run_id="r", now=NOW, advance=told.append)
    return result, sum(told)


def test_all_files_come_to_bronze_and_every_byte_is_counted(plan: IngestPlan, objects: Objects) -> None:
    result, told = _ingest(plan, objects)
    assert {file.status for file in result.files} == {"loaded"} and told == plan.bytes
    assert objects.keys("bronze/") == sorted(file.key for file in result.files if file.key)


def test_files_that_are_there_already_are_counted_too(plan: IngestPlan, objects: Objects) -> None:
    _ingest(plan, objects)
    result, told = _ingest(plan, objects)
    assert {file.status for file in result.files} == {"already loaded"} and told == plan.bytes


def test_objects_that_a_killed_ingest_left_are_adopted(plan: IngestPlan, objects: Objects) -> None:
    _ingest(plan, objects)
    for key in objects.keys("_ledger/"):
        objects.delete(key)
    result, told = _ingest(plan, objects)
    assert {file.status for file in result.files} == {"loaded"} and told == plan.bytes


def test_an_interrupted_ingest_does_not_wait_for_the_end_of_a_file(objects: Objects, tmp_path: Path) -> None:
    header = "geolocation_zip_code_prefix,geolocation_lat,geolocation_lng,geolocation_city,geolocation_state\n"
    (tmp_path / "geolocation.csv").write_text(header + "01037,-23.5,-46.6,sao paulo,SP\n" * 1_000_000)
    plan, told = _plan(tmp_path), list[int]()
    main = threading.main_thread().ident
    assert main

    def advance(count: int) -> None:
        told.append(count)
        if len(told) == 1:
            signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.05)

    with pytest.raises(KeyboardInterrupt):
        run_ingest(plan, objects, Ledger(objects), run_id="r", now=NOW, advance=advance)
    assert sum(told) < plan.bytes
    assert objects.keys("bronze") == [] and Ledger(objects).ingests() == ()
