"""Which columns of an event a terminal shows."""

from __future__ import annotations

import pytest

from salesperf_cli.commands.tail import fitting
from salesperf_cli.core.events.deliveries import event_table
from salesperf_cli.core.pipeline import load_pipeline


@pytest.mark.parametrize("width", [40, 80, 132])
def test_the_columns_fit_the_terminal_and_moment_and_amounts_come_first(width: int) -> None:
    contract, _ = event_table(load_pipeline("olist"))
    columns = fitting(contract, width)
    assert sum(columns.values()) + 2 * (len(columns) - 1) <= width
    assert {"occurred_at", "price"} <= set(columns)
    assert list(columns) == [name for name in contract.column_names if name in columns]
    assert "event_id" not in columns
