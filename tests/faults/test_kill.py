"""Real `kill -9` of ingest, run-batch, promote and rollback: what is published stays whole, and running again finishes.

A kill comes at a sign in the lake (a file that appears), at a time, or at a counted moment. Each begins with the same
lake in the same folder, since Iceberg's metadata holds absolute paths.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from salesperf_cli.core.ledger import Release
from salesperf_cli.core.sample import write_sample
from tests.faults.dying import die
from tests.lake import Lake, assert_accounted, assert_same_tables

RELEASED = "dies(Ledger, 'add_release', 1, after=True)"
Sign = Callable[[Path], bool]
End = Callable[[Lake, tuple[str, ...]], None]
"""Starts a command and ends it."""
PATIENCE = 60.0


@dataclass(frozen=True)
class Prepared:
    """A lake that can be put back: `first` is r1 with the bytes of its files, `after` the tables of r2."""

    lake: Lake
    saved: Path
    first: Release
    bytes_of_first: dict[str, str]
    after: dict[str, pa.Table]

    def restore(self, name: str) -> Lake:
        """The lake as it was saved under a name: `published`, `ingested`, `audited` or `twice`."""
        shutil.rmtree(self.lake.root)
        shutil.copytree(self.saved / name, self.lake.root)
        return self.lake


@pytest.fixture(scope="module")
def prepared(make_lake: Callable[[str], Lake]) -> Prepared:
    lake = make_lake("kill")
    saved = lake.folder.parent / "saved"
    write_sample(lake.folder / "files", 60, 11, False)
    write_sample(lake.folder / "more", 6, 11, False, first_order=60)

    def save(name: str) -> None:
        shutil.copytree(lake.root, saved / name)

    lake.done("ingest", "files")
    lake.done("run-batch", "--promote")
    save("published")
    first, bytes_of_first = lake.release, lake.bytes_published()
    lake.done("ingest", "more")
    save("ingested")
    lake.done("run-batch")
    save("audited")
    lake.done("promote", "all")
    save("twice")
    return Prepared(lake, saved, first, bytes_of_first, lake.published())


# signs


def appears(pattern: str, *, more_than: int = 0) -> Sign:
    """More files than that match a pattern below the lake."""
    return lambda root: sum(1 for _ in root.glob(pattern)) > more_than


def after_seconds(seconds: float) -> Sign:
    """A time has passed since the command began."""
    began = time.monotonic()
    return lambda _root: time.monotonic() - began > seconds


def publishing(root: Path) -> bool:
    """The newest run's record says that its layers are being published."""
    newest = max(root.glob("_ledger/runs/*.json"), default=None)
    return newest is not None and b'"promoting":["' in newest.read_bytes().replace(b" ", b"").replace(b"\n", b"")


def kill(lake: Lake, arguments: tuple[str, ...], sign: Sign) -> None:
    """Start a command and kill it at the sign."""
    process = lake.start(*arguments)
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and not sign(lake.root):
        assert time.monotonic() < deadline, "the sign never came"
        time.sleep(0.0005)
    process.kill()
    process.communicate()


def assert_whole(prepared: Prepared, lake: Lake) -> None:
    """Readers see r1 to the byte, or r2 complete; never a mixture."""
    if lake.release.name == "r1":
        assert_first(prepared, lake)
    else:
        assert lake.release.name == "r2"
        assert_same_tables(lake.published(), prepared.after)


def assert_first(prepared: Prepared, lake: Lake) -> None:
    """The tables of r1 are published, and their files have the bytes that they had."""
    assert lake.release.tables == prepared.first.tables
    assert lake.bytes_published() == prepared.bytes_of_first


def finish(lake: Lake, *arguments: str) -> None:
    """The same command once more: it succeeds, or says that there is nothing left to do."""
    again = lake.call(*arguments)
    assert again.exit_code == 0 or "nothing to promote" in again.stderr, again.stderr
    assert not (lake.root / "_ledger/leases/batch.json").exists()


# ingest

INGEST_SIGNS: dict[str, Sign] = {
    "while a file is copied": appears("_tmp/objects/*"),
    "when a first file is in bronze": appears("bronze/*/*/*", more_than=9),
    "when the ledger has the entry": appears("_ledger/ingests/*", more_than=1),
}


def _kill_ingest(prepared: Prepared, end: End) -> None:
    lake = prepared.restore("published")
    end(lake, ("ingest", "more"))
    assert_whole(prepared, lake)
    lake.done("ingest", "more")
    receipts = [receipt for ingest in lake.ledger.ingests() if ingest.version > 1 for receipt in ingest.receipts]
    assert sorted(receipt.name for receipt in receipts) == sorted(
        path.name for path in Path(lake.folder, "more").iterdir()
    )
    for receipt in receipts:
        assert (lake.root / receipt.key).read_bytes() == (lake.folder / "more" / receipt.name).read_bytes()


@pytest.mark.parametrize("sign", INGEST_SIGNS.values(), ids=INGEST_SIGNS)
def test_an_ingest_that_is_killed_loads_all_or_nothing_and_then_finishes(prepared: Prepared, sign: Sign) -> None:
    _kill_ingest(prepared, partial(kill, sign=sign))


# run-batch

RUN_ENDS: dict[str, End] = {
    "when its record is made": partial(kill, sign=appears("_ledger/runs/*", more_than=1)),
    "while silver is committed": partial(kill, sign=appears("warehouse/silver/orders/metadata/*.avro", more_than=4)),
    "while the wide table is written": partial(kill, sign=appears("warehouse/gold/sales_wide/data/*", more_than=1)),
    "when half of the mains have moved": partial(die, moment="dies(CatalogTables, 'publish', 5, after=True)"),
    "when the release is made": partial(die, moment=RELEASED),
}


def _kill_run(prepared: Prepared, end: End) -> None:
    lake = prepared.restore("ingested")
    end(lake, ("run-batch", "--promote"))
    assert_whole(prepared, lake)
    finish(lake, "run-batch", "--promote")
    assert lake.release.name == "r2"
    assert_same_tables(lake.published(), prepared.after)
    assert_accounted(lake.run)
    assert lake.run.status == "promoted"


@pytest.mark.parametrize("end", RUN_ENDS.values(), ids=RUN_ENDS)
def test_a_run_that_is_killed_leaves_the_release_whole_and_then_finishes(prepared: Prepared, end: End) -> None:
    _kill_run(prepared, end)


# promote and rollback

THREE_MOVED = "dies(CatalogTables, 'publish', 3, after=True)"
PUBLISH_MOMENTS = {
    "before a main has moved": "dies(CatalogTables, 'publish', 1)",
    "when three mains have moved": THREE_MOVED,
    "when the release is made": RELEASED,
}


def _kill_promote(prepared: Prepared, end: End) -> None:
    lake = prepared.restore("audited")
    end(lake, ("promote", "all"))
    assert_whole(prepared, lake)
    finish(lake, "promote", "all")
    assert lake.release.name == "r2"
    assert_same_tables(lake.published(), prepared.after)


def _kill_rollback(prepared: Prepared, end: End) -> None:
    lake = prepared.restore("twice")
    end(lake, ("rollback", "all"))
    ended = lake.release.name == "r3"
    if not ended:
        assert_same_tables(lake.published(), prepared.after)
    if not ended or lake.run.status == "promoting":
        finish(lake, "rollback", "all")
    assert lake.release.name == "r3"
    assert_first(prepared, lake)


@pytest.mark.parametrize("moment", PUBLISH_MOMENTS.values(), ids=PUBLISH_MOMENTS)
def test_a_promotion_that_is_killed_leaves_the_release_whole_and_then_finishes(prepared: Prepared, moment: str) -> None:
    _kill_promote(prepared, partial(die, moment=moment))


@pytest.mark.parametrize("moment", PUBLISH_MOMENTS.values(), ids=PUBLISH_MOMENTS)
def test_a_rollback_that_is_killed_leaves_the_release_whole_and_then_finishes(prepared: Prepared, moment: str) -> None:
    _kill_rollback(prepared, partial(die, moment=moment))


def test_a_run_after_a_killed_promotion_ends_it_first(prepared: Prepared) -> None:
    lake = prepared.restore("audited")
    die(lake, ("promote", "all"), THREE_MOVED)
    lake.done("run-batch", "--promote")
    assert lake.release.name == "r2"
    assert_same_tables(lake.published(), prepared.after)


def test_a_killed_command_leaves_no_scratch_files_once_the_next_has_run(prepared: Prepared) -> None:
    lake = prepared.restore("ingested")
    kill(lake, ("run-batch", "--promote"), appears("warehouse/gold/sales_wide/data/*", more_than=1))
    lake.done("run-batch", "--promote")
    assert [path for path in (lake.root / "_tmp").rglob("*") if path.is_file()] == []
    assert list((lake.root / "_tmp" / "runs").iterdir()) == []


def test_a_killed_promotion_that_cannot_be_ended_is_taken_back(prepared: Prepared) -> None:
    """Another client has committed to a table that had not moved yet."""
    lake = prepared.restore("audited")
    die(lake, ("promote", "all"), THREE_MOVED)
    waiting = [name for name, state in lake.run.tables.items() if main(lake, name) != state.snapshot_id]
    assert waiting
    table = load(lake, waiting[-1])
    table.append(table.scan(limit=1).to_arrow())
    assert lake.call("promote", "all").exit_code == 6
    assert lake.release.name == "r1"
    assert_first(prepared, lake)
    assert lake.run.status == "failed"
    for name, state in prepared.first.tables.items():
        assert name == waiting[-1] or main(lake, name) == state.snapshot_id


def load(lake: Lake, table: str) -> Table:
    """A table as another Iceberg client opens it."""
    return SqlCatalog("salesperf", uri=f"sqlite:///{lake.root / 'catalog.db'}").load_table(table)


def main(lake: Lake, table: str) -> int | None:
    """The snapshot that a table's main points at."""
    snapshot = load(lake, table).current_snapshot()
    return snapshot.snapshot_id if snapshot else None


def test_what_a_killed_ingest_left_half_copied_is_removed_after_a_day(prepared: Prepared) -> None:
    lake = prepared.restore("published")
    left = lake.root / "_tmp" / "objects"
    for name, age in (("old", 90_000), ("young", 60)):
        (left / name).write_bytes(b"half a file")
        os.utime(left / name, (time.time() - age,) * 2)
    lake.done("ingest", "more")
    assert [path.name for path in left.iterdir()] == ["young"]


# at any moment


@pytest.mark.slow
@pytest.mark.parametrize("at", range(25))
@pytest.mark.parametrize("command", ["ingest", "run-batch", "promote", "rollback"])
def test_a_command_may_be_killed_at_any_moment(prepared: Prepared, command: str, at: int) -> None:
    killed = {"ingest": _kill_ingest, "run-batch": _kill_run, "promote": _kill_promote, "rollback": _kill_rollback}
    length = {"ingest": 0.6, "run-batch": 4.0, "promote": 2.0, "rollback": 2.0}[command]
    moment = (at + random.Random(at).random()) / 25 * length
    killed[command](prepared, partial(kill, sign=after_seconds(moment)))
