"""The real data set through both engines: every silver and gold table, row by row and column by column."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lake import assert_same_tables, new_lake
from tests.parity.test_two_engines import PROMOTE, SPARK, assert_same_run

ZIP = Path(__file__).resolve().parents[3] / "shared" / "data" / "brazilian-ecommerce.zip"
pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.skipif(not ZIP.exists(), reason="the real data set does not lie beside the checkout"),
]


def test_both_engines_make_the_same_of_the_real_data(tmp_path: Path) -> None:
    lakes = [new_lake(tmp_path / name) for name in ("duckdb", "spark")]
    for lake, command in zip(lakes, (PROMOTE, SPARK), strict=True):
        lake.done("ingest", str(ZIP))
        lake.done(*command)
    left, right = lakes
    assert len(left.published()) == 14
    assert_same_tables(left.published(), right.published())
    assert_same_run(left.run, right.run)
