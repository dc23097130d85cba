"""Comparing two engines: what differs is named by table, column and key. Both are DuckDB here; see tests/parity."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from salesperf_cli.backends.embedded import duck
from salesperf_cli.backends.embedded.comparing import DuckComparer
from salesperf_cli.backends.embedded.engine import DuckEngine, duck_engine
from salesperf_cli.backends.embedded.tables import LocalTables
from salesperf_cli.core.build import BuildRequest, BuildResult
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.tables import TableName
from salesperf_cli.core.verification import Side, Verdict, Verifier, plan_from_nothing
from salesperf_cli.errors import InputError
from salesperf_cli.factory import LocalWorkspace
from tests.lake import Lake


class Altered:
    """An engine that runs one model with other SQL than it is given."""

    def __init__(self, engine: DuckEngine, model: TableName, old: str, new: str) -> None:
        self._engine = engine
        self._model = model
        self._old = old
        self._new = new
        self.stage = engine.stage
        self.check = engine.check
        self.unstage = engine.unstage
        self.interrupt = engine.interrupt

    def build(self, request: BuildRequest) -> BuildResult:
        if request.model.name == self._model:
            assert self._old in request.model.sql
            request = replace(
                request, model=replace(request.model, sql=request.model.sql.replace(self._old, self._new))
            )
        return self._engine.build(request)


@contextmanager
def engines(tables: LocalTables, folder: Path) -> Iterator[tuple[DuckEngine, DuckEngine, DuckComparer]]:
    with ExitStack() as stack:
        left, right = (
            stack.enter_context(duck_engine(tables, folder, name, memory_limit=None, threads=None))
            for name in ("left", "right")
        )
        asking = stack.enter_context(duck.session(folder / "asking", memory_limit=None, threads=None))
        yield left, right, DuckComparer(asking, tables)


@pytest.fixture
def workspace(lake: Lake, sample: Path) -> LocalWorkspace:
    lake.done("ingest", str(sample))
    return LocalWorkspace(None, load_pipeline("olist"), lake.backend, lake.ledger)  # type: ignore[arg-type]  # no settings


def _verdicts(workspace: LocalWorkspace, folder: Path, names: set[str], *alteration: str) -> dict[str, Verdict]:
    tables = LocalTables(folder)
    with engines(tables, folder) as (left, right, comparer):
        other = Altered(right, TableName.parse(alteration[0]), *alteration[1:]) if alteration else right
        sides = Side(left, "left"), Side(other, "right")
        plan, wanted = plan_from_nothing(workspace, names)
        verifier = Verifier(plan, *sides, comparer, wanted, now=datetime(2026, 1, 1, tzinfo=UTC))
        return {verdict.table: verdict for verdict in verifier.verdicts()}


def test_equal_engines_are_found_equal_in_every_source_and_model(workspace: LocalWorkspace, tmp_path: Path) -> None:
    verdicts = _verdicts(workspace, tmp_path / "scratch", set())
    assert len(verdicts) == 26
    assert [name for name, verdict in verdicts.items() if not verdict.comparison.equal] == []


def test_a_column_that_differs_is_named_with_keys_and_both_values(workspace: LocalWorkspace, tmp_path: Path) -> None:
    changed = ("silver.orders", "CAST(lower(trim(order_status)) AS STRING)", "CAST(upper(order_status) AS STRING)")
    compared = _verdicts(workspace, tmp_path / "scratch", {"orders"}, *changed)["silver.orders"].comparison
    (difference,) = compared.columns
    assert (difference.column, difference.rows, len(difference.samples)) == ("status", compared.left_rows, 5)
    assert {sample.left.upper() for sample in difference.samples} == {sample.right for sample in difference.samples}
    assert not compared.equal


def test_rows_that_one_side_lacks_are_counted_and_shown_by_key(workspace: LocalWorkspace, tmp_path: Path) -> None:
    fewer = ("silver.sellers", "FROM bronze.sellers", "FROM bronze.sellers WHERE seller_state <> 'SP'")
    compared = _verdicts(workspace, tmp_path / "scratch", {"silver.sellers"}, *fewer)["silver.sellers"].comparison
    assert (compared.only_right, compared.columns) == (0, ())
    assert compared.only_left == compared.left_rows - compared.right_rows > 0
    assert len(compared.only_left_keys) == min(5, compared.only_left)


def test_a_difference_is_told_at_its_model_and_not_again_behind_it(workspace: LocalWorkspace, tmp_path: Path) -> None:
    changed = ("silver.orders", "CAST(lower(trim(order_status)) AS STRING)", "CAST(upper(order_status) AS STRING)")
    verdicts = _verdicts(workspace, tmp_path / "scratch", {"orders", "sales_wide"}, *changed)
    assert not verdicts["silver.orders"].comparison.equal
    assert verdicts["gold.sales_wide"].comparison.equal


def test_only_what_is_wanted_is_compared_and_unknown_names_are_refused(
    workspace: LocalWorkspace, tmp_path: Path
) -> None:
    assert set(_verdicts(workspace, tmp_path / "scratch", {"gold.sales_monthly"})) == {"gold.sales_monthly"}
    with pytest.raises(InputError, match="no model builds 'nothing'"):
        plan_from_nothing(workspace, {"nothing"})


def test_nothing_of_the_lake_is_changed(lake: Lake, workspace: LocalWorkspace, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in lake.root.rglob("*")}
    _verdicts(workspace, tmp_path / "scratch", {"orders"})
    assert {path: path.stat().st_mtime_ns for path in lake.root.rglob("*")} == before
