"""`publish-views`, `promote` and `rollback` where views stand in Athena: the live view is opened before tables move.

Files, tables and ledger are a real lake's on this machine, Athena notes what it is told.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from salesperf_cli import factory
from salesperf_cli.core.events.bound import FIRST_DAY
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.sample import write_sample
from salesperf_cli.core.tables import TableName
from salesperf_cli.environment import Environment
from salesperf_cli.errors import AccessError
from salesperf_cli.factory import AwsWorkspace
from tests.athena_names import DATABASES
from tests.lake import Lake, small_lake

LIVE = "serving.sales_live"
TABLE = TableName.parse("gold.sales_wide")
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"


@dataclass
class Athena:
    """Implements `Queries`: keeps each day that is put into the view, and the release of that moment."""

    lake: Lake
    databases = DATABASES
    region = "sa-east-1"
    days: list[str] = field(default_factory=list)
    snapshots: list[int] = field(default_factory=list)
    refuses: bool = False

    def run(self, statement: Any) -> None:
        if self.refuses:
            raise AccessError("no right to make views", why="", remedy="ask for it")
        self.days += re.findall(r"landed_date >= '([0-9-]+)'", statement.sql)
        self.snapshots.append(self.lake.release.tables["gold.sales_wide"].snapshot_id)


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = small_lake(tmp_path_factory.mktemp("two") / "releases")
    lake.done("run-batch", "gold", "--full-refresh", "--promote")
    lake.done("run-batch", "gold", "--full-refresh")
    shutil.copytree(lake.root, lake.folder / "saved")
    return lake


@pytest.fixture
def lake(two_releases: Lake) -> Lake:
    """Two releases, and a run that waits to be promoted."""
    shutil.rmtree(two_releases.root)
    shutil.copytree(two_releases.folder / "saved", two_releases.root)
    return Lake(two_releases.folder)


@pytest.fixture
def athena(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Athena:
    """The lake's commands find their views there from now on."""
    athena = Athena(lake)
    parts: dict[str, Any] = {"objects": lake.backend.objects, "tables": lake.backend.tables, "queries": athena}
    backend: Any = SimpleNamespace(**parts, landing_since=lake.backend.landing_since)

    def opened(world: Environment) -> AwsWorkspace:
        return AwsWorkspace(world.settings, load_pipeline(world.settings.pipeline), backend, lake.ledger)

    monkeypatch.setattr(factory, "open_workspace", opened)
    return athena


def test_the_view_is_made_with_the_day_that_the_release_needs(lake: Lake, athena: Athena) -> None:
    planned = lake.done("publish-views", "--dry-run", "-o", "json")
    assert (athena.days, lake.ledger.views()) == ([], {})
    report = lake.done("publish-views", "-o", "json")
    assert report == planned | {"published": True}
    (view,) = report["views"]
    assert FIRST_DAY < view["landed_from"] <= TODAY
    assert (athena.days, lake.ledger.views()) == ([view["landed_from"]], {LIVE: view["landed_from"]})


@pytest.mark.parametrize("command", [("rollback", "gold"), ("promote", "gold")])
def test_it_is_opened_before_tables_move_and_closed_behind_the_release(
    lake: Lake, athena: Athena, command: tuple[str, ...]
) -> None:
    lake.done("publish-views")
    before = lake.release.tables["gold.sales_wide"].snapshot_id
    result = lake.call(*command)
    assert result.exit_code == 0, result.stderr
    made, opened, closed = athena.days
    assert (opened, closed) == (FIRST_DAY, made)
    assert athena.snapshots[:2] == [before, before] and athena.snapshots[2] != before
    assert lake.ledger.views() == {LIVE: made}
    assert "serving.sales_live  reads all landed events" in result.stderr


@pytest.mark.parametrize("command", [("rollback", "gold"), ("promote", "gold")])
def test_where_it_cannot_be_opened_no_table_moves(lake: Lake, athena: Athena, command: tuple[str, ...]) -> None:
    lake.done("publish-views")
    before, athena.refuses = lake.release, True
    result = lake.call(*command)
    assert result.exit_code == 4
    assert "the view serving.sales_live cannot be made: no right to make views" in result.stderr
    assert lake.release == before
    assert lake.backend.tables.main(TABLE) == before.tables[str(TABLE)].snapshot_id


@pytest.mark.parametrize("command", [("rollback", "gold"), ("promote", "gold")])
def test_where_no_view_was_made_athena_is_not_asked(lake: Lake, athena: Athena, command: tuple[str, ...]) -> None:
    athena.refuses = True
    assert lake.call(*command).exit_code == 0
    assert athena.days == []


def test_where_it_cannot_be_closed_it_stays_open_and_that_is_told(
    lake: Lake, athena: Athena, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.done("publish-views")
    run = athena.run

    def only_open(statement: Any) -> None:
        athena.refuses = FIRST_DAY not in statement.sql
        run(statement)

    monkeypatch.setattr(athena, "run", only_open)
    result = lake.call("rollback", "gold")
    assert result.exit_code == 0
    assert "Views read more than they need to" in result.stderr and "publish-views" in result.stderr
    assert athena.days[-1] == FIRST_DAY


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_while_nothing_is_published_no_view_is_made(lake: Lake, athena: Athena, options: tuple[str, ...]) -> None:
    shutil.rmtree(lake.root / "_ledger" / "releases")
    result = lake.call("publish-views", *options)
    assert result.exit_code == 2 and "nothing is published yet" in result.stderr
    assert athena.days == []


def test_while_a_run_is_at_work_no_view_is_made(lake: Lake, athena: Athena) -> None:
    from salesperf_cli.core import lease

    with lease.hold(lake.backend.objects, "20261123T061701482913Z-1f9c2a", "run-batch"):
        assert lake.call("publish-views").exit_code == 6
    assert athena.days == []


def test_a_job_leaves_to_a_person_what_may_take_rows_out_of_tables(lake: Lake) -> None:
    """As on this machine, a job can make no views; the ledger says here that somebody has made one."""
    write_sample(lake.folder / "more", 6, 4, False, first_order=60)
    lake.done("ingest", "more")
    lake.ledger.write_views({LIVE: TODAY})
    lake.done("run-batch", "--promote")
    before = lake.release
    lake.done("withdraw", *(receipt.key for receipt in lake.ledger.ingests()[-1].receipts))
    refused = lake.call("run-batch", "--promote")
    assert refused.exit_code == 3 and "from a terminal: salesperf promote all" in refused.stderr
    assert (lake.release, lake.run.status) == (before, "audited")
    lake.done("promote", "all")
    assert lake.release != before
