"""`salesperf vacuum`: what is kept answers as before, what goes is refused from then on, and nothing is left over."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.table import StaticTable

from salesperf_cli.core.sample import write_sample
from tests.cli.conftest import Invoke
from tests.cli.test_corner_shop import PIPELINE
from tests.lake import Lake, Result, assert_same_rows, assert_same_tables, in_process, new_lake
from tests.pipelines.corner_shop_data import write_transactions
from tests.warehouse import assert_swept, mains, readable, tables, unreached

Seen = dict[str, dict[str, pa.Table]]
"""The rows of each release's tables."""

AT_ONCE = ("--grace", "0", "--keep-days", "0", "--yes")
"""Nothing is spared for its youth: all in a test is young."""


def rows_of(lake: Lake, release: str) -> dict[str, pa.Table]:
    """All tables of a release with their rows, quarantine with them."""
    (found,) = (each for each in lake.ledger.releases() if each.name == release)
    return {name: lake.read(name, state) for name, state in found.tables.items()}


def assert_same_release(lake: Lake, release: str, expected: dict[str, pa.Table], *, of_run: bool = True) -> None:
    """The release holds these rows, those of quarantine with the run that set them aside, unless `of_run` is false."""
    found = rows_of(lake, release)
    assert sorted(found) == sorted(expected)
    for name, rows in expected.items():
        pair = [
            each.drop_columns([] if of_run or "run_id" not in each.column_names else ["run_id"])
            for each in (found[name], rows)
        ]
        assert_same_rows(f"{release} {name}", *pair)


def files_in(folder: Path) -> dict[Path, int]:
    """All files with their sizes."""
    return {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Seen]:
    """Five releases of a corner shop, forty receipt lines more in each, and an audited run; the rows of each."""
    lake = new_lake(tmp_path_factory.mktemp("grown") / "shop", PIPELINE)
    seen: Seen = {}
    for at in range(6):
        write_transactions(lake.folder / f"vendas{at}.csv", 40, first_row=40 * at)
        lake.done("ingest", f"vendas{at}.csv")
        lake.done("run-batch", *(("--promote",) if at < 5 else ()))
        seen[lake.release.name] = rows_of(lake, lake.release.name)
    return lake, seen


@pytest.fixture
def five(grown: tuple[Lake, Seen], tmp_path: Path) -> Lake:
    """A lake of five releases to vacuum: Iceberg's metadata holds absolute paths, so it is put back to its place."""
    import shutil

    lake, _ = grown
    saved = lake.folder.parent / "saved"
    if not saved.exists():
        shutil.copytree(lake.root, saved)
    shutil.rmtree(lake.root)
    shutil.copytree(saved, lake.root)
    return Lake(lake.folder, PIPELINE)


@pytest.fixture
def seen(grown: tuple[Lake, Seen]) -> Seen:
    """The rows of each release of `five`, as they were when it was made."""
    return grown[1]


# what is kept, what goes


def test_kept_releases_answer_as_before_and_the_others_are_refused(five: Lake, seen: Seen) -> None:
    at = mains(five)
    done = five.done("vacuum", "--keep-releases", "2", *AT_ONCE)
    assert done["done"] and done["kept"] == ["r4", "r5"] and done["releases"] == ["r1", "r2", "r3"]
    assert mains(five) == at
    for release in ("r4", "r5"):
        assert_same_release(five, release, seen[release])
        assert five.call("query", "--as-of", release, "SELECT count(*) AS n FROM gold.daily_sales").exit_code == 0
    for words in (("query", "--as-of", "r2", "SELECT 1 FROM silver.transactions"), ("rollback", "all", "--to", "r3")):
        refused = five.call(*words)
        assert refused.exit_code == 3
        assert "cannot be had any more" in refused.stderr and "its data was vacuumed on" in refused.stderr
    assert_swept(five)


def test_other_clients_read_kept_snapshots_from_the_catalog_and_from_the_metadata_that_the_ledger_names(
    five: Lake, seen: Seen
) -> None:
    five.done("vacuum", "--keep-releases", "2", *AT_ONCE)
    kept = five.ledger.releases()[-2]
    for name, table in tables(five).items():
        state = kept.tables[name]
        for client in (table, StaticTable.from_metadata(state.metadata)):
            rows = client.scan(snapshot_id=state.snapshot_id).to_arrow()
            assert_same_rows(name, rows.cast(seen["r4"][name].schema), seen["r4"][name])
        assert table.snapshot_by_name("r4") == table.snapshot_by_id(state.snapshot_id)


def test_what_it_shows_is_what_it_does(five: Lake) -> None:
    options = ("--keep-releases", "2", "--grace", "0", "--keep-days", "0")
    stored = files_in(five.root)
    plan = five.done("vacuum", *options, "--dry-run")
    assert files_in(five.root) == stored
    done = five.done("vacuum", *options, "--yes")
    assert not plan["done"] and done["done"]
    assert {**plan, "done": True} == done
    gone = stored.keys() - files_in(five.root)
    assert (len(gone), sum(stored[path] for path in gone)) == (done["files"], done["bytes"])
    again = five.done("vacuum", *options, "--yes")
    assert (again["files"], again["releases"], again["done"]) == (0, [], False)


def test_by_default_nothing_younger_than_a_month_goes(five: Lake) -> None:
    plan = five.done("vacuum", "--dry-run")
    assert (plan["files"], plan["releases"], plan["runs"]) == (0, [], [])
    assert plan["kept"] == ["r1", "r2", "r3", "r4", "r5"]


@pytest.mark.parametrize(
    ("days", "releases", "kept"),
    [(20, 1, ["r1", "r2", "r3", "r4", "r5"]), (2, 3, ["r3", "r4", "r5"]), (2, 1, ["r5"]), (40, 9, None)],
)
def test_the_newest_and_the_young_are_kept_whichever_is_more(
    five: Lake, days: int, releases: int, kept: list[str] | None
) -> None:
    """Ten days later."""
    later = at_time(five, datetime.now(UTC) + timedelta(days=10))
    plan = later("vacuum", "--keep-days", str(days), "--keep-releases", str(releases), "--dry-run").document
    assert plan["kept"] == (kept or ["r1", "r2", "r3", "r4", "r5"])


def at_time(lake: Lake, now: datetime) -> Callable[..., Result]:
    """Commands as they were called at another time."""
    return lambda *words: in_process(*words, folder=lake.folder, variables=lake.variables, clock=lambda: now)


def test_a_run_that_can_be_promoted_is_kept_and_promoted_afterwards(five: Lake) -> None:
    expected = {name: five.read(name, state) for name, state in five.run.tables.items()}
    call = at_time(five, datetime.now(UTC) + timedelta(days=20))
    done = call("vacuum", "--keep-releases", "1", "--keep-days", "25", "--yes").document
    assert done["kept_runs"] == [five.run.run_id]
    later = call("vacuum", "--keep-releases", "1", "--yes")
    assert later.exit_code == 0
    five.done("promote", "all")
    for name, rows in expected.items():
        assert_same_rows(name, five.read(name), rows)


def test_an_audited_run_that_is_too_old_goes_and_is_refused(five: Lake) -> None:
    call, run_id = at_time(five, datetime.now(UTC) + timedelta(days=40)), five.run.run_id
    done = call("vacuum", "--keep-releases", "2", "--yes").document
    assert run_id in done["runs"] and done["releases"] == ["r1", "r2", "r3"]
    refused = five.call("promote", "all")
    assert refused.exit_code == 3 and f"run {run_id} cannot be had any more" in " ".join(refused.stderr.split())
    assert five.call("query", "--as-of", run_id, "SELECT 1 FROM silver.transactions").exit_code == 3
    last = five.done("status")["last_run"]
    assert (last["status"], last["vacuumed"]) == ("audited", True)
    assert_swept(five)
    five.done("run-batch", "--promote")


def test_lists_say_which_releases_have_their_data(five: Lake) -> None:
    assert {line["vacuumed"] for line in five.done("releases")["releases"]} == {None}
    five.done("vacuum", "--keep-releases", "2", *AT_ONCE)
    assert [line["vacuumed"] is None for line in five.done("releases")["releases"]] == [True, True, False, False, False]
    shown = five.call("releases", "-o", "table").stdout
    assert shown.count(f"vacuumed {datetime.now(UTC):%Y-%m-%d}") == 3
    assert "r5; data are kept of 2, from r4 on" in five.call("status", "-o", "table").stdout
    status = five.done("status")
    assert (status["readable"], status["vacuumed"]) == (["r4", "r5"], 3)


def test_the_snapshots_that_a_lagging_gold_was_made_from_are_kept(lake: Lake) -> None:
    """Gold asks what has changed in silver since it was built, which may be many releases ago."""
    for at in range(3):
        write_sample(lake.folder / f"files{at}", 60 if at == 0 else 4, 11, False, first_order=at and 56 + 4 * at)
        lake.done("ingest", f"files{at}")
        lake.done("run-batch", "silver" if at else "all", "--promote")
    lake.done("vacuum", "--keep-releases", "1", *AT_ONCE)
    assert_swept(lake)
    assert readable(lake) == ["r1", "r3"]  # of r1 everything is needed: gold as it is, and the silver below it
    plan = lake.done("run-batch", "--dry-run")
    assert [step["mode"] for step in plan["steps"] if step["table"] == "gold.sales_wide"] == ["touched"]
    lake.done("run-batch", "--promote")
    incremental = lake.published()
    lake.done("run-batch", "--full-refresh", "--promote")
    assert_same_tables(lake.published(), incremental)


# others' things


def test_branches_and_tags_of_others_keep_their_snapshots(five: Lake) -> None:
    first = five.ledger.releases()[0].tables["silver.transactions"]
    tables(five)["silver.transactions"].manage_snapshots().create_tag(first.snapshot_id, "month_end").commit()
    five.done("vacuum", "--keep-releases", "1", *AT_ONCE)
    rows = tables(five)["silver.transactions"].scan(snapshot_id=first.snapshot_id).to_arrow()
    assert rows.num_rows == first.rows
    assert five.call("query", "--as-of", "r1", "SELECT 1 FROM silver.transactions").exit_code == 3


def test_tables_of_others_and_what_lies_beside_ours_are_left_alone(five: Lake) -> None:
    sales = tables(five)["silver.transactions"]
    theirs = sales.catalog.create_table("gold.theirs", sales.schema(), f"file://{five.root}/warehouse/gold/theirs")
    theirs.append(sales.scan().to_arrow())
    theirs.overwrite(sales.scan(limit=3).to_arrow())
    before = {path: path.read_bytes() for path in (five.root / "warehouse/gold/theirs").rglob("*") if path.is_file()}
    (five.root / "warehouse/silver/transactions/notes.txt").write_text("ours")
    done = five.done("vacuum", "--keep-releases", "1", *AT_ONCE)
    assert {path: path.read_bytes() for path in before} == before
    assert [each["folder"] for each in done["strangers"]] == ["warehouse/gold/theirs"]
    assert len(tables(five)["gold.theirs"].metadata.snapshots) > 1
    assert (five.root / "warehouse/silver/transactions/notes.txt").exists()


def test_a_table_that_something_else_has_moved_meanwhile_is_left_alone_and_told(
    five: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from salesperf_cli.core.ledger import Ledger

    first = five.ledger.releases()[0].tables["silver.transactions"].snapshot_id
    enter = Ledger.add_vacuum

    def enter_while_another_tags(*arguments: object) -> None:
        tables(five)["silver.transactions"].manage_snapshots().create_tag(first, "month_end").commit()
        enter(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Ledger, "add_vacuum", enter_while_another_tags)
    result = five.call("vacuum", "--keep-releases", "1", *AT_ONCE)
    monkeypatch.undo()
    assert result.exit_code == 5
    assert "silver.transactions was left alone" in result.stderr
    left = next(each for each in result.document["tables"] if each["left"])
    assert left["table"] == "silver.transactions" and "moved meanwhile" in left["left"]
    assert tables(five)["silver.transactions"].scan(snapshot_id=first).to_arrow().num_rows == 40
    assert five.call("query", "--as-of", "r1", "SELECT 1 FROM silver.customers").exit_code == 3
    five.done("vacuum", "--keep-releases", "1", *AT_ONCE)
    assert tables(five)["silver.transactions"].scan(snapshot_id=first).to_arrow().num_rows == 40
    assert all("silver/transactions" in path for path in unreached(five))


# left-over files


def test_left_over_files_go_once_they_are_older_than_the_grace(five: Lake) -> None:
    folder = five.root / "warehouse/silver/transactions"
    left = [
        folder / "data/20200101T000000000000Z-abcdef/rows.parquet",
        folder / "metadata/00099-left-over.metadata.json",
        five.root / "_tmp/runs/20200101T000000000000Z-abcdef/staged.db",
        five.root / "_tmp/verify/abc/rows.parquet",
        five.root / "warehouse/quarantine/transactions/metadata/00000-killed.metadata.json",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left over")
    five.done("vacuum", "--yes")
    assert all(path.exists() for path in left)
    for path in left:
        os.utime(path, (time.time() - 90_000,) * 2)
    done = five.done("vacuum", "--yes")
    assert done["files"] == 5 and done["releases"] == []
    assert not any(path.exists() for path in left)


def test_scratch_of_which_something_is_young_is_in_use(five: Lake) -> None:
    old, young = (five.root / "_tmp/verify/abc" / name for name in ("old", "young"))
    old.parent.mkdir(parents=True)
    for path in (old, young):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 90_000,) * 2)
    five.done("vacuum", "--yes")
    assert old.exists()


def test_bronze_and_the_ledger_are_never_touched(five: Lake) -> None:
    kept = {
        path: path.read_bytes()
        for folder in ("bronze", "_ledger")
        for path in (five.root / folder).rglob("*")
        if path.is_file()
    }
    five.done("vacuum", "--keep-releases", "1", *AT_ONCE)
    assert {path: path.read_bytes() for path in kept} == kept
    assert not (five.root / "_ledger/leases/batch.json").exists()
    assert len(list((five.root / "_ledger").rglob("*.json"))) == len([p for p in kept if "_ledger" in str(p)]) + 1


# who asks, who else works


def test_without_a_terminal_it_wants_a_yes_and_deletes_nothing(five: Lake) -> None:
    refused = five.call("vacuum", "--keep-releases", "1", "--grace", "0", "--keep-days", "0")
    assert refused.exit_code == 2 and "add --yes" in refused.stderr
    assert five.ledger.vacuums() == ()


def test_on_a_terminal_it_asks_and_no_changes_nothing(five: Lake, invoke: Invoke) -> None:
    words = ("vacuum", "--keep-releases", "1", "--grace", "0", "--keep-days", "0")
    now = datetime.now(UTC)
    no = invoke(*words, cwd=five.folder, tty=True, stdin="n\n", now=now)
    assert no.exit_code == 0 and "Nothing was changed." in no.stderr
    assert "- silver.transactions: 5 snapshots" in no.stderr and "Goes: the data of r1 to r4" in no.stderr
    assert five.ledger.vacuums() == ()
    yes = invoke(*words, cwd=five.folder, tty=True, stdin="y\n", now=now)
    assert yes.exit_code == 0 and "Freed" in yes.stderr and "for good? [y/N]" in yes.stderr
    assert readable(five) == ["r5"]


def test_a_lake_that_changes_while_it_asks_is_a_conflict(five: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from salesperf_cli.core import vacuum

    plan = vacuum.plan_vacuum

    def plan_and_then_another_publishes(*arguments: object) -> object:
        made = plan(*arguments)  # type: ignore[arg-type]
        monkeypatch.undo()
        five.done("rollback", "all", "--to", "r1")
        return made

    monkeypatch.setattr(vacuum, "plan_vacuum", plan_and_then_another_publishes)
    result = five.call("vacuum", "--keep-releases", "1", *AT_ONCE)
    assert result.exit_code == 6 and "the lake has changed since" in " ".join(result.stderr.split())
    assert five.ledger.vacuums() == () and five.call("query", "SELECT 1 FROM silver.transactions").exit_code == 0


def test_an_empty_project_has_nothing_to_free(lake: Lake) -> None:
    before = sorted(lake.folder.rglob("*"))
    assert lake.done("vacuum", "--dry-run")["tables"] == []
    assert sorted(lake.folder.rglob("*")) == before
    assert "There is nothing to free." in lake.call("vacuum").stderr
