"""Real `kill -9` of a vacuum, at moments that are counted and at any: what is kept stays whole, and the next vacuum
finishes the rest. A vacuum and a run refuse each other.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from salesperf_cli.backends.iceberg.tables import CatalogTables
from salesperf_cli.core import lease
from tests.cli.test_corner_shop import PIPELINE
from tests.cli.test_vacuum import assert_same_release, rows_of
from tests.faults.dying import die
from tests.faults.test_kill import after_seconds, kill, publishing
from tests.lake import Lake, assert_same_rows, assert_same_tables, new_lake
from tests.pipelines.corner_shop_data import write_transactions
from tests.warehouse import assert_swept, mains, readable

VACUUM = ("vacuum", "--keep-releases", "2", "--keep-days", "0", "--grace", "0", "--yes")
KEPT = ("r5", "r6")
IN_WAREHOUSE = "lambda path, **named: 'warehouse' in str(path)"
MOMENTS = {
    "when it is entered what goes": "dies(Ledger, 'add_vacuum', 1, after=True)",
    "when a table's new metadata is written and not in force": (
        "dies(MetastoreCatalog, '_write_metadata', 2, after=True)\n"
        "MetastoreCatalog._write_metadata = staticmethod(MetastoreCatalog._write_metadata)"
    ),
    "when half of the tables have forgotten": "dies(CatalogTables, 'expire', 2, after=True)",
    "when all tables have forgotten": "dies(FolderObjects, 'delete_all', 1)",
    "when a first file is gone": f"dies(Path, 'unlink', 1, {IN_WAREHOUSE}, after=True)",
    "when half of the files are gone": f"dies(Path, 'unlink', 60, {IN_WAREHOUSE}, after=True)",
    "before the last of them": "dies(FolderObjects, 'delete_all', 5)",
}
RARELY = (MOMENTS["when a first file is gone"], MOMENTS["before the last of them"])


@dataclass(frozen=True)
class Prepared:
    """A lake that can be put back: six releases, the rows of those that are kept, and of the one that comes next."""

    lake: Lake
    saved: Path
    kept: dict[str, dict[str, pa.Table]]
    after: dict[str, pa.Table]

    def restore(self) -> Lake:
        """The lake as it was."""
        shutil.rmtree(self.lake.root)
        shutil.copytree(self.saved, self.lake.root)
        return Lake(self.lake.folder, PIPELINE)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    lake = new_lake(tmp_path_factory.mktemp("vacuum") / "shop", PIPELINE)
    for at in range(6):
        write_transactions(lake.folder / f"vendas{at}.csv", 40, first_row=40 * at)
        lake.done("ingest", f"vendas{at}.csv")
        lake.done("run-batch", "--promote")
    write_transactions(lake.folder / "more.csv", 40, first_row=240)
    kept = {name: rows_of(lake, name) for name in KEPT}
    saved = lake.folder.parent / "saved"
    shutil.copytree(lake.root, saved)
    go_on(lake)
    return Prepared(lake, saved, kept, lake.published())


def go_on(lake: Lake) -> None:
    """The next delivery."""
    lake.done("ingest", "more.csv")
    lake.done("run-batch", "--promote")


def assert_kept(prepared: Prepared, lake: Lake) -> None:
    """The kept releases hold what they held, through their files and through a question."""
    for name, tables in prepared.kept.items():
        assert_same_release(lake, name, tables)
        assert lake.call("query", "--as-of", name, "SELECT count(*) AS n FROM gold.daily_sales").exit_code == 0


def assert_finished(prepared: Prepared, lake: Lake, at: dict[str, int | None]) -> None:
    """A vacuum ends what one has begun; then a lake that was never killed, and one never vacuumed, hold the same."""
    lake.done(*VACUUM)
    assert_kept(prepared, lake)
    assert_swept(lake)
    assert readable(lake) == list(KEPT)
    assert mains(lake) == at
    assert lake.call("query", "--as-of", "r4", "SELECT 1 FROM silver.transactions").exit_code == 3
    go_on(lake)
    assert_same_tables(lake.published(), prepared.after)
    lake.done("rollback", "all", "--to", "r5")
    assert_same_rows("r8", lake.read("gold.daily_sales"), prepared.kept["r5"]["gold.daily_sales"])


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(moment, id=name, marks=pytest.mark.slow if moment in RARELY else ())
        for name, moment in MOMENTS.items()
    ],
)
def test_a_vacuum_that_is_killed_keeps_what_it_should_and_then_finishes(prepared: Prepared, moment: str) -> None:
    lake = prepared.restore()
    at = mains(lake)
    die(lake, VACUUM, moment)
    assert mains(lake) == at
    assert_kept(prepared, lake)
    assert_finished(prepared, lake, at)


def test_after_a_killed_vacuum_the_next_run_need_not_wait_for_another(prepared: Prepared) -> None:
    lake = prepared.restore()
    die(lake, VACUUM, MOMENTS["when half of the tables have forgotten"])
    assert lake.call("rollback", "all", "--to", "r1").exit_code == 3
    go_on(lake)
    assert_same_tables(lake.published(), prepared.after)
    lake.done(*VACUUM)
    assert_swept(lake)


@pytest.mark.slow
@pytest.mark.parametrize("at", range(20))
def test_a_vacuum_may_be_killed_at_any_moment(prepared: Prepared, at: int) -> None:
    lake = prepared.restore()
    mains_before = mains(lake)
    kill(lake, VACUUM, after_seconds(0.3 + (at + random.Random(at).random()) / 20 * 1.5))
    assert_kept(prepared, lake)
    assert_finished(prepared, lake, mains_before)


# others at work


def test_a_run_under_way_refuses_a_vacuum(prepared: Prepared) -> None:
    lake = prepared.restore()
    with lease.hold(lake.backend.objects, "20260101T000000000000Z-abcdef", "run-batch"):
        refused = lake.start(*VACUUM)
        _, said = refused.communicate(timeout=60)
        shown = lake.call("vacuum", "--dry-run")
    assert refused.returncode == 6 and "another salesperf works on this lake (run-batch)" in said
    assert shown.exit_code == 0
    assert lake.ledger.vacuums() == ()
    assert_kept(prepared, lake)


def test_a_vacuum_under_way_refuses_runs_promotions_and_rollbacks(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = prepared.restore()
    expire, refused = CatalogTables.expire, []

    def while_it_works(*arguments: Any, **named: Any) -> None:
        if not refused:
            started = [lake.start(*words) for words in (("run-batch", "--full-refresh"), ("rollback", "all"), VACUUM)]
            refused.extend((each.communicate(timeout=60)[1], each.returncode) for each in started)
        expire(*arguments, **named)

    monkeypatch.setattr(CatalogTables, "expire", while_it_works)
    lake.done(*VACUUM)
    assert [code for _, code in refused] == [6, 6, 6]
    assert all("another salesperf works on this lake (vacuum)" in " ".join(said.split()) for said, _ in refused)
    assert_kept(prepared, lake)
    assert_swept(lake)


def test_a_promotion_that_was_cut_off_is_ended_before_anything_goes(prepared: Prepared) -> None:
    lake = prepared.restore()
    lake.done("ingest", "more.csv")
    lake.done("run-batch")
    kill(lake, ("promote", "all"), publishing)
    promoting = lake.run.status == "promoting"
    lake.done(*VACUUM)
    assert lake.release.name == "r7" or not promoting
    lake.call("promote", "all")
    assert_same_tables(lake.published(), prepared.after)
