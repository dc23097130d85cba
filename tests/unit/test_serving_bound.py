"""From which day a live view reads landed events, what its SQL must be like for that, and what is sent to Athena."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from salesperf_cli.core.events.bound import FIRST_DAY, first_day, taken_up_to, with_bound
from salesperf_cli.core.ledger import Ingest, Receipt, TableState
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.serving_lint import lint_view
from salesperf_cli.core.serving_views import plan_views
from tests.athena_names import DATABASES

NOW = datetime(2026, 3, 9, 0, 30, tzinfo=UTC)
PIPELINE = load_pipeline("olist")
LIVE = "serving.sales_live"
READS = {"gold.sales_wide", "gold.sales_ahead"}


def state(snapshot: int, **inputs: int) -> TableState:
    return TableState(snapshot, "", 1, 1, 1, "", {name.replace("__", "."): at for name, at in inputs.items()})


def tables(**changed: TableState) -> dict[str, TableState]:
    """Tables as a run makes them, of ingest 7; `changed` ones stand otherwise."""
    made = {
        "silver__order_items": state(1, bronze__order_items=7),
        "silver__sale_events": state(2, bronze__sale_events=7),
        "gold__sales_wide": state(3, silver__order_items=1),
        "gold__sales_ahead": state(4, silver__sale_events=2, gold__sales_wide=3),
    }
    return {name.replace("__", "."): each for name, each in (made | changed).items()}


# up to which ingest the tables hold events


def test_tables_that_are_built_on_each_other_hold_events_up_to_an_ingest() -> None:
    assert taken_up_to("sale_events", READS, tables()) == 7


@pytest.mark.parametrize(
    "changed",
    [
        {"gold__sales_wide": state(9, silver__order_items=1)},  # sales_ahead looked at another one
        {"silver__sale_events": state(9, bronze__sale_events=8)},  # promoted without gold
        {"gold__sales_ahead": state(4, silver__sale_events=2, silver__order_items=1)},  # never looked at the wide table
        {"gold__sales_ahead": state(4, gold__sales_wide=3)},
    ],
)
def test_where_they_are_not_all_must_be_read(changed: dict[str, TableState]) -> None:
    assert taken_up_to("sale_events", READS, tables(**changed)) is None


def test_without_a_release_all_must_be_read() -> None:
    assert taken_up_to("sale_events", READS, {}) is None


# the day


def key(day: str, number: int = 1) -> str:
    return f"speed/sale_events/landed_date={day}/landed_hour=00/s-{number}.ndjson.gz"


def ingest(version: int, *keys: str) -> Ingest:
    receipts = tuple(Receipt("sale_events", each, each, each, 1, "ndjson.gz", ()) for each in keys)
    return Ingest(version, "r", NOW, receipts)


def test_it_is_the_day_of_which_something_can_still_land_when_all_was_taken_in() -> None:
    taken = [key("2026-03-01"), key("2026-03-07")]
    assert first_day(taken, [ingest(1, *taken)], 1, datetime(2026, 3, 8, 0, 30, tzinfo=UTC)) == "2026-03-08"


def test_it_is_the_first_day_of_what_was_not_taken_in_by_then() -> None:
    keys = [key("2026-03-01"), key("2026-03-02"), key("2026-03-03")]
    ingests = [ingest(1, keys[0]), ingest(2, keys[1]), ingest(3, keys[2])]
    assert first_day(keys, ingests, 2, NOW) == "2026-03-03"
    assert first_day(keys, ingests, 1, NOW) == "2026-03-02"
    assert first_day(keys, [], 0, NOW) == "2026-03-01"


# the statement


def test_the_day_is_a_constant_in_the_statement_for_athena() -> None:
    (step,) = plan_views(PIPELINE.serving_views(), [], DATABASES, {LIVE: "2026-03-08"})
    where = "FROM \"salesperf_dev_speed\".sale_events\n  WHERE landed_date >= '2026-03-08' AND event_type = 'item_sold'"
    assert where in step.statement.sql
    assert (step.landed_from, ":landed_from" in step.statement.sql) == ("2026-03-08", False)


def test_a_view_is_made_to_read_all_where_no_day_is_known() -> None:
    (step,) = plan_views(PIPELINE.serving_views(), [], DATABASES)
    assert f"landed_date >= '{FIRST_DAY}'" in step.statement.sql
    assert plan_views({"serving.a": "SELECT 1"}, [], DATABASES)[0].landed_from is None


# lint


def lint(sql: str) -> list[str]:
    return list(lint_view(LIVE, sql, {LIVE: sql}, PIPELINE.models()))


def test_the_live_view_is_as_it_must_be() -> None:
    assert lint(PIPELINE.serving_views()[LIVE]) == []


def test_a_view_without_the_bound_is_nobodys_business_here() -> None:
    assert lint("SELECT * FROM speed.sale_events") == lint("SELECT 1") == []


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("landed_date >= :landed_from AND", "landed_date > :landed_from AND"),
        ("landed_date >= :landed_from AND", "landed_date >= :landed_from OR"),
        ("landed_date >= :landed_from AND", "NOT (landed_date >= :landed_from) AND"),
        ("landed_date >= :landed_from AND", "occurred_at >= :landed_from AND"),
        ("FROM speed.sale_events", "FROM speed.sale_events JOIN gold.sales_wide ON true"),
        ("-- Every item", "-- :landed_from Every item"),
        ("'batch' AS source", "concat('batch', :landed_from) AS source"),
    ],
)
def test_the_bound_stands_alone_in_the_where_of_the_landed_events(written: str, instead: str) -> None:
    sql = PIPELINE.serving_views()[LIVE]
    assert written in sql
    (problem,) = lint(sql.replace(written, instead))
    assert problem.startswith("landed_date >= :landed_from must be a condition of its own")


def test_one_table_beside_the_events_must_be_built_on_them_and_on_the_others() -> None:
    (problem,) = lint(PIPELINE.serving_views()[LIVE].replace("gold.sales_wide", "gold.sales_monthly"))
    assert "must be built on its events and on the others: gold.sales_ahead, gold.sales_monthly" in problem
    (alone,) = lint("SELECT * FROM speed.sale_events WHERE landed_date >= :landed_from")
    assert "there are none" in alone


def test_other_names_are_left_alone() -> None:
    assert with_bound("SELECT :landed_from_x, :landed_from", "2026-01-01") == "SELECT :landed_from_x, '2026-01-01'"
