"""A vacuum from plan to deletion on both targets: the folder with SQLite, and the bucket with the Glue catalog."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from salesperf_cli.backends.iceberg.tables import CatalogTables
from salesperf_cli.backends.ports import Objects
from salesperf_cli.core.ledger import Ledger, Release, RunRecord, TableState
from salesperf_cli.core.pipeline import Pipeline
from salesperf_cli.core.runs import audit_branch
from salesperf_cli.core.vacuum import VacuumPlan, plan_vacuum
from salesperf_cli.core.vacuum_kept import Retention
from salesperf_cli.core.vacuum_walk import VacuumOutcome, vacuum
from salesperf_cli.errors import ConflictError
from tests.contract.test_tables import NAME, branch

VACUUM_RUN = "20260101T000000000000Z-000000"


@dataclass(frozen=True)
class Parts:
    """Objects and tables, as a target has them."""

    objects: Objects
    tables: CatalogTables


@dataclass(frozen=True)
class Space:
    """What an operation works with."""

    pipeline: Pipeline
    backend: Parts

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.backend.objects)

    def release(self, number: int) -> TableState:
        """Make a run with rows of its own and publish it."""
        run_id = f"202601{number:02d}T000000000000Z-{number:06x}"
        tables, now = self.backend.tables, datetime.now(UTC)
        state = branch(tables, audit_branch(run_id), f"{number}.00", f"{number}.50")
        before = self.ledger.current_release().tables.get(str(NAME))
        states = {str(NAME): state}
        tables.publish(NAME, state, expected=before.snapshot_id if before else None, tag=f"r{number}")
        self.ledger.write_run(RunRecord(run_id, "batch", "promoted", now, ("gold",), "test", now, tables=states))
        self.ledger.add_release(Release(number, now, run_id, "promote", ("gold",), states))
        tables.listing(NAME, state.snapshot_id)
        return state

    def plan(self, keep: int) -> VacuumPlan:
        """What would go of all but the newest releases."""
        return plan_vacuum(self, Retention(keep, 0, timedelta()), datetime.now(UTC) + timedelta(minutes=1))

    def walk(self, plan: VacuumPlan) -> VacuumOutcome:
        """Carry it out."""
        return vacuum(self, plan, VACUUM_RUN, clock=lambda: datetime.now(UTC), tell=lambda _: None)

    def prices(self, state: TableState) -> list[str]:
        """The rows of a state, read from its files by another client."""
        table = self.backend.tables.refresh(NAME)
        assert table is not None
        return sorted(map(str, table.scan(snapshot_id=state.snapshot_id).to_arrow()["price"].to_pylist()))


@pytest.fixture
def space(objects: Objects, tables: CatalogTables, tmp_path: Path) -> Space:
    """An empty lake, and a pipeline that makes no table."""
    return Space(Pipeline(tmp_path / "pipeline"), Parts(objects, tables))


def test_all_goes_that_a_kept_release_does_not_name_and_what_is_kept_reads_as_before(space: Space) -> None:
    first, second, third = (space.release(number) for number in (1, 2, 3))
    objects = space.backend.objects
    assert objects.create("bronze/sales/a.csv", b"x") and objects.create("_tmp/runs/1/a", b"x")
    assert objects.create("warehouse/gold/sales/data/20200101/left.parquet", b"x")
    assert objects.create("warehouse/gold/others/data/a.parquet", b"x")
    before = {entry.key: entry.bytes for entry in objects.entries("")}
    plan = space.plan(keep=2)
    assert (plan.releases, [each.table for each in plan.tables]) == ((1,), [NAME])
    assert [each.folder for each in plan.strangers] == ["warehouse/gold/others"]
    outcome = space.walk(plan)
    gone = before.keys() - set(objects.keys(""))
    assert outcome == VacuumOutcome(len(gone), sum(before[key] for key in gone), {})
    assert {"_tmp/runs/1/a", "warehouse/gold/sales/data/20200101/left.parquet"} <= gone
    assert f"_cache/listings/gold.sales/{first.snapshot_id}.json" in gone
    assert {"bronze/sales/a.csv", "warehouse/gold/others/data/a.parquet"} & gone == set()
    assert space.prices(second) == ["2.00", "2.50"] and space.prices(third) == ["3.00", "3.50"]
    history = space.backend.tables.history(NAME)
    assert history is not None and sorted(ref.name for ref in history.references) == ["main", "r2", "r3"]
    assert space.plan(keep=2).is_empty
    space.release(4)
    assert space.prices(third) == ["3.00", "3.50"]


def test_a_plan_that_the_lake_has_left_behind_is_refused(space: Space) -> None:
    first, _ = space.release(1), space.release(2)
    plan = space.plan(keep=1)
    space.release(3)
    with pytest.raises(ConflictError, match="the lake has changed since"):
        space.walk(plan)
    assert space.prices(first) == ["1.00", "1.50"] and space.ledger.vacuums() == ()


def test_a_table_that_has_moved_keeps_its_files(space: Space) -> None:
    first, _ = space.release(1), space.release(2)
    plan = space.plan(keep=1)
    table = space.backend.tables.refresh(NAME)
    assert table is not None
    table.manage_snapshots().create_tag(first.snapshot_id, "month_end").commit()
    stored = space.backend.objects.keys("warehouse/")
    outcome = space.walk(plan)
    assert outcome.left == {str(NAME): "gold.sales has moved meanwhile"}
    assert space.backend.objects.keys("warehouse/") == stored
    assert space.prices(first) == ["1.00", "1.50"]


def test_a_reached_file_that_is_not_listed_keeps_all_files_of_its_table(space: Space) -> None:
    first, _ = space.release(1), space.release(2)
    hidden = dataclasses.replace(space, backend=Parts(space.backend.objects, Elsewhere(space.backend.tables)))  # type: ignore[arg-type]
    (plan,) = hidden.plan(keep=1).tables
    assert "lie elsewhere or are missing, such as /elsewhere" in plan.left
    assert plan.files == () and hidden.plan(keep=1).releases == ()
    assert space.prices(first) == ["1.00", "1.50"]


class Elsewhere:
    """Tables whose files lie under another name than the one that they are listed by."""

    def __init__(self, tables: CatalogTables) -> None:
        self._tables = tables
        self.history = tables.history

    def reached(self, *arguments: object) -> frozenset[str]:
        return frozenset(f"/elsewhere{each}" for each in self._tables.reached(*arguments))  # type: ignore[arg-type]


def test_what_consoles_call_folders_is_no_file(space: Space, target: str, request: pytest.FixtureRequest) -> None:
    if target == "embedded":
        pytest.skip("folders are folders here")
    space.release(1)
    bucket = space.backend.objects.location("").removeprefix("s3://").rstrip("/")
    s3 = request.getfixturevalue("aws").client("s3")
    for key in ("warehouse/gold/sales/data/", "_tmp/", "_tmp/runs/", "_cache/listings/gold.sales/"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    space.release(2)
    space.walk(space.plan(keep=1))
    assert "warehouse/gold/sales/data/" in space.backend.objects.keys("warehouse/")
