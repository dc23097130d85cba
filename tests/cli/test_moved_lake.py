"""A lake whose folder was moved or copied: its tables name their files by full path."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.lake import Lake, small_lake

COUNT = ("query", "SELECT count(*) AS items FROM gold.sales_wide", "-o", "json")
READING_AND_WRITING = (COUNT, ("run-batch", "--full-refresh", "-o", "json"), ("vacuum", "--dry-run", "-o", "json"))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return small_lake(tmp_path / "shop")


@pytest.mark.parametrize("command", READING_AND_WRITING)
def test_a_lake_that_was_moved_names_the_link_that_mends_it(lake: Lake, command: tuple[str, ...]) -> None:
    (before,) = lake.done(*COUNT)
    moved = Lake(lake.folder.rename(lake.folder.with_name("shop2")))
    refused = moved.call(*command)
    assert refused.exit_code == 2
    remedy = json.loads(refused.stderr.splitlines()[-1])["error"]["remedy"]
    assert remedy.endswith(f"mkdir -p {lake.folder} && ln -s {moved.root} {lake.root}")
    lake.folder.mkdir()
    lake.root.symlink_to(moved.root)
    moved.done("run-batch", "--full-refresh", "--promote")
    assert moved.done(*COUNT) == [before]
    left = moved.call("vacuum", "--keep-releases", "1", "--keep-days", "0", "--grace", "0", "--yes")
    assert left.exit_code == 5 and "lie elsewhere" in left.stderr, "through a link nothing is freed"
    assert moved.done(*COUNT) == [before]


@pytest.mark.parametrize("command", READING_AND_WRITING)
def test_a_copy_of_a_lake_does_not_work_on_the_tables_of_the_first(lake: Lake, command: tuple[str, ...]) -> None:
    copy = Lake(shutil.copytree(lake.folder, lake.folder.with_name("copy")))
    files = [sorted(each.rglob("warehouse/**/*")) for each in (lake.root, copy.root)]
    refused = copy.call(*command)
    assert refused.exit_code == 2
    assert f"work in {lake.root}" in json.loads(refused.stderr.splitlines()[-1])["error"]["remedy"]
    assert [sorted(each.rglob("warehouse/**/*")) for each in (lake.root, copy.root)] == files


def test_a_file_that_is_missing_is_told_and_can_be_built_anew(lake: Lake) -> None:
    counted = ("query", "SELECT count(*) FROM gold.customer_rfm WHERE frequency > 0", "-o", "json")
    before = lake.done(*counted)
    (lost,) = lake.root.glob("warehouse/gold/customer_rfm/data/**/*.parquet")
    lost.unlink()
    refused = lake.call(*counted)
    assert refused.exit_code == 5
    error = json.loads(refused.stderr.splitlines()[-1])["error"]
    assert str(lost) in error["why"] and "run-batch --full-refresh --promote" in error["remedy"]
    lake.done("run-batch", "--full-refresh", "--promote")
    assert lake.done(*counted) == before
