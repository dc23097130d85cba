"""Budgets: what they let pass, what they refuse and in which words, and what the ledger says was spent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesperf_cli.backends.embedded.objects import FolderObjects
from salesperf_cli.backends.ports import QueryProgress
from salesperf_cli.core.cost.accuracy import CostLedger, CostRecord, accuracy
from salesperf_cli.core.cost.budget import Expense, Limits, affordable, allow, fine, of_month, of_operation
from salesperf_cli.core.cost.queries import cost_guard, query_expense
from salesperf_cli.core.cost.tally import PREFIX, Spent, spent
from salesperf_cli.core.query import ScanPrice
from salesperf_cli.errors import RefusedError

AMOUNTS = st.decimals(0, 10**4, places=6)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PRICE = ScanPrice("sa-east-1", 9.0)


def run_costs(usd: str, *unpriced: str) -> Expense:
    return Expense("the run", Decimal(usd), unpriced)


def limits(monthly: str | None = None, operation: str | None = None, *, waived: bool = False) -> Limits:
    both = (None if each is None else Decimal(each) for each in (monthly, operation))
    return Limits("dev", *both, is_waived=waived)


# The decision


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_an_operation_passes_exactly_when_it_fits_into_both_limits(
    cost: Decimal, before: Decimal, monthly: Decimal, operation: Decimal
) -> None:
    verdict = of_operation(Expense("it", cost), Limits("dev", monthly, operation), Spent(before, 1))
    fits = cost == 0 or (cost + before <= monthly and before < monthly)
    assert (verdict.refusals == ()) == (fits and cost <= operation)
    left = affordable(Limits("dev", monthly, operation), Spent(before, 1))
    assert left is not None and left >= 0
    assert verdict.refusals or cost <= left or cost == 0


def test_a_refusal_says_what_it_would_cost_what_is_left_and_what_to_do() -> None:
    bounds = limits("200.00")
    with pytest.raises(RefusedError) as refused:
        allow(of_operation(run_costs("3.1"), bounds, Spent(Decimal("198.1"), 41)), bounds)
    assert refused.value.what == "the run would exceed the budget"
    assert refused.value.why == (
        "it would cost $3.10; $1.90 is left of $200.00 this month for dev: 41 operations came to $198.10"
    )
    assert refused.value.remedy == (
        "spend less, or raise monthly_budget in salesperf.toml, or add --over-budget to go on anyway"
    )


def test_one_operation_has_a_limit_of_its_own() -> None:
    bounds = limits(operation="0.5")
    assert allow(of_operation(run_costs("0.5"), bounds, Spent()), bounds) == ""
    with pytest.raises(RefusedError, match="the run would exceed the budget") as refused:
        allow(of_operation(run_costs("0.51"), bounds, Spent()), bounds)
    assert refused.value.why == "it would cost $0.51, and --max-cost is $0.50"
    assert "raise --max-cost" in refused.value.remedy


def test_who_goes_on_anyway_is_let_and_the_ledger_is_to_say_why_not() -> None:
    bounds = limits("1", "0.5", waived=True)
    over = allow(of_operation(run_costs("2"), bounds, Spent(Decimal("0.4"), 1)), bounds)
    assert over.startswith("it would cost $2.00, and --max-cost is $0.50; it would cost $2.00; $0.60 is left")
    assert affordable(bounds, Spent()) is None


def test_what_has_no_price_is_told_and_neither_refused_nor_taken_for_nothing() -> None:
    verdict = of_operation(run_costs("0", "Glue in eu-west-3"), limits("10"), Spent(Decimal(1), 3, 2))
    assert verdict.refusals == ()
    assert verdict.unjudged == "the budget cannot see all of the run: Glue in eu-west-3"
    used_up = of_operation(run_costs("0", "Glue in eu-west-3"), limits("10"), Spent(Decimal(10), 3, 2))
    (why,) = used_up.refusals
    assert why.startswith("it would cost at least $0.00; nothing is left of $10.00 this month for dev: 3 operations")
    assert why.endswith(" came to $10.00, 2 of them without a price")


def test_what_costs_nothing_is_never_refused() -> None:
    assert of_operation(run_costs("0"), limits("0", "0"), Spent(Decimal(5), 1)).refusals == ()


def test_a_month_is_held_to_the_same_budget() -> None:
    month = Expense("a month of dev", Decimal("30.02"))
    assert of_month(month, limits()).refusals == of_month(month, limits("30.02")).refusals == ()
    (why,) = of_month(month, limits("25")).refusals
    assert why == "$30.02 a month, $5.02 above the $25.00 that dev may cost"


def test_amounts_are_written_as_finely_as_they_need() -> None:
    told = [fine(Decimal(each)) for each in ("0", "0.0000861", "0.0000001", "0.25", "1.239", "1204", "-0.5")]
    assert told == ["$0.00", "$0.000086", "<$0.000001", "$0.25", "$1.24", "$1,204.00", "-$0.50"]


# Queries


def test_a_query_whose_scan_is_unknown_costs_at_least_the_minimum() -> None:
    assert query_expense(PRICE, None).told == "at least $0.000086"
    assert query_expense(PRICE, 1 << 40).told == "$9.00"
    assert query_expense(ScanPrice("mars", None), 5).unpriced == ("Athena in mars",)


def test_a_running_query_is_stopped_where_it_has_come_to_more_than_can_be_afforded() -> None:
    watch = cost_guard(PRICE, Decimal("0.009"))  # a gigabyte for $0.0087890625
    watch(QueryProgress("RUNNING", 1.0, 1 << 30))
    with pytest.raises(RefusedError, match=r"stopped at \$0.009441: it may cost \$0.009"):
        watch(QueryProgress("RUNNING", 2.0, 1100 << 20))
    cost_guard(PRICE, None)(QueryProgress("RUNNING", 2.0, 1 << 50))


# What was spent


def record(minute: int, predicted: str | None, billed: str | None, name: str = "", kind: str = "run") -> CostRecord:
    at = datetime(2026, 11, 24, tzinfo=UTC) + timedelta(minutes=minute)
    amounts = (None if each is None else Decimal(each) for each in (predicted, billed))
    return CostRecord(kind, name or f"j{minute}", at, "sa-east-1", *amounts)


def test_the_bill_counts_where_it_is_known_and_else_the_prediction(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    ledger = CostLedger(objects)
    for each in (
        record(0, "1", None, "left"),  # nobody waited for its end
        record(1, "1", None, "ended"),
        record(9, "1", "3", "ended"),
        record(10, None, "0.5", kind="query"),
        record(11, None, None, kind="query"),
        record(12, "500", None, kind="deploy"),  # a month's estimate is no operation
    ):
        ledger.add(each)
    assert spent(objects, NOW) == Spent(Decimal("4.5"), 4, 1)
    assert spent(objects, datetime(2026, 12, 1, tzinfo=UTC)) == Spent()
    kinds = {each.kind: each for each in accuracy(ledger.records()).kinds}
    assert (kinds["run"].count, kinds["run"].predicted_usd, kinds["run"].billed_usd) == (2, 1, 3)


@settings(max_examples=25, deadline=None)
@given(jobs=st.lists(st.tuples(st.integers(0, 60 * 11), st.booleans(), st.integers(0, 99)), max_size=8))
def test_looking_often_gives_what_one_look_gives(
    jobs: list[tuple[int, bool, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each job is entered when it begins, and perhaps when it ends; somebody looks after every entry."""
    often, once = (FolderObjects(tmp_path_factory.mktemp("often")), FolderObjects(tmp_path_factory.mktemp("once")))
    entries = []
    for number, (begun, has_ended, cents) in enumerate(sorted(jobs)):
        entries.append(record(begun, "0.1", None, f"j{number}"))
        if has_ended:
            entries.append(record(begun + 5, "0.1", f"{cents / 100}", f"j{number}"))
    for each in sorted(entries, key=lambda entry: entry.at):
        CostLedger(often).add(each)
        CostLedger(once).add(each)
        spent(often, each.at)
    assert spent(often, NOW) == spent(once, NOW)
    assert spent(often, NOW) == spent(once, NOW)  # now from what was kept


def test_a_damaged_tally_is_made_anew(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    CostLedger(objects).add(record(0, "1", "2"))
    assert spent(objects, NOW).usd == 2
    stored = objects.read(f"{PREFIX}2026-11.json")
    assert stored is not None and objects.replace(f"{PREFIX}2026-11.json", b"{", stored.etag)
    assert spent(objects, NOW).usd == 2
