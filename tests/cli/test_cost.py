"""`salesperf cost` as it is typed: figures, exit codes, forms of output, and what it costs in time."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 24, tzinfo=UTC)

JOB = """
Resources:
  GoldJob:
    Type: AWS::Glue::Job
    Properties:
      GlueVersion: "5.1"
      WorkerType: G.1X
      NumberOfWorkers: {workers}
      DefaultArguments: {{"--layer": gold}}
"""
USAGE = """
gold_run_seconds: 3600
seconds_per_million_rows: 0
batch_runs_per_day: 24
catalog_calls_per_run: 0
metrics_per_job: 0
"""


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A project with a usage file and two templates: 2 workers, and 3."""
    (tmp_path / "usage.yaml").write_text(USAGE)
    for name, workers in (("old.yaml", 2), ("new.yaml", 3)):
        (tmp_path / name).write_text(JOB.format(workers=workers))
    return tmp_path


def test_alone_it_is_the_estimate(invoke) -> None:
    alone, spelt = invoke("cost", now=NOW), invoke("cost", "estimate", now=NOW)
    assert alone.exit_code == 0 and alone.stdout == spelt.stdout
    assert invoke("cost", "--region", "us-east-1", now=NOW).exit_code == 0


def test_the_estimate_says_what_it_rests_on(invoke) -> None:
    found = json.loads(invoke("cost", "-o", "json", now=NOW).stdout)
    assert (found["region"], found["currency"], found["taxes"]) == ("sa-east-1", "USD", "excluded")
    assert float(found["expected"]["net"]) < float(found["expected"]["gross"])
    assert all(line["parts"] or float(line["quantity"]) == 0 for line in found["lines"])


def test_it_fits_a_terminal_of_80_columns(invoke) -> None:
    for line in ("cost", "cost --explain", "cost diff dev prod", "cost what-if --orders-per-day 1e6", "cost prices",
                 "cost run gold", "cost estimate --compare-region us-east-1", "cost check --max 500"):  # fmt: skip
        shown = invoke(*line.split(), tty=True, env={"NO_COLOR": "1"}, now=NOW).stdout
        assert max(map(len, shown.splitlines())) <= 80, line


def test_taxes_assumptions_and_what_has_no_price_are_told(invoke) -> None:
    shown = invoke("cost", "--parameters", "prod", "-o", "table", now=NOW).stdout
    assert "Taxes are excluded" in shown and "~ assumed" in shown
    assert "In no sum: 1 without a price" in shown and "Trail" in shown


def test_a_change_of_a_template_costs_what_a_reviewer_computes(invoke, two: Path) -> None:
    # 730 runs of an hour at $0.69 a DPU-hour: $503.70 a worker.
    found = invoke("cost", "diff", "old.yaml", "new.yaml", "-o", "json", cwd=two, now=NOW)
    document = json.loads(found.stdout)
    assert (document["before"]["gross"], document["delta_gross"]) == ("1007.400000", "503.700000")
    assert document["percent"] == "50.0"
    shown = invoke("cost", "diff", "old.yaml", "new.yaml", "-o", "table", cwd=two, now=NOW).stdout
    assert re.search(r"GoldJob\s+runs\s+\$1,007.40\s+\$1,511.10\s+\+\$503.70", shown)


def test_usage_files_and_folders_are_compared_too(invoke, two: Path) -> None:
    (two / "twice.yaml").write_text(USAGE.replace("3600", "7200"))
    found = invoke(
        "cost", "diff", "usage.yaml", "twice.yaml", "--templates", "old.yaml", "-o", "json", cwd=two, now=NOW
    )
    assert json.loads(found.stdout)["delta_gross"] == "1007.400000"
    for name in ("old", "new"):
        (two / name).mkdir()
        (two / f"{name}.yaml").rename(two / name / "batch.yaml")
    found = invoke("cost", "diff", "old", "new", "-o", "json", cwd=two, now=NOW)
    assert json.loads(found.stdout)["delta_gross"] == "503.700000"


def test_a_side_that_names_nothing_is_refused(invoke, two: Path) -> None:
    found = invoke("cost", "diff", "old.yaml", "newer.yaml", cwd=two, now=NOW)
    assert found.exit_code == 2 and "newer.yaml names nothing" in found.stderr


def test_a_month_above_its_limit_ends_with_3(invoke, two: Path) -> None:
    args = ("cost", "check", "--templates", "new.yaml")
    assert invoke(*args, "--max", "1600", cwd=two, now=NOW).exit_code == 0
    above = invoke(*args, "--max", "1500", cwd=two, now=NOW)
    assert above.exit_code == 3 and "$1,511.10 a month is more than $1,500.00" in above.stderr
    grown = invoke(*args, "--against", "old.yaml", "--max-increase", "10%", cwd=two, now=NOW)
    assert grown.exit_code == 3 and json.loads(grown.stdout)["increase_percent"] == "50.0"
    assert invoke(*args, "--against", "old.yaml", "--max-increase", "50%", cwd=two, now=NOW).exit_code == 0
    assert invoke(*args, "--max-increase", "10%", cwd=two, now=NOW).exit_code == 2
    assert invoke(*args, cwd=two, now=NOW).exit_code == 2


def test_a_check_without_a_limit_takes_the_targets_budget(invoke, two: Path) -> None:
    (two / "salesperf.toml").write_text("[targets.local]\nmonthly_budget = 1500\n")
    args = ("cost", "check", "--templates", "new.yaml")
    above = invoke(*args, cwd=two, now=NOW)
    assert above.exit_code == 3 and "$1,511.10 a month is more than $1,500.00" in above.stderr
    assert invoke(*args, "--max", "1600", cwd=two, now=NOW).exit_code == 0


def test_what_has_no_price_can_be_refused(invoke) -> None:
    args = ("cost", "check", "--max", "500", "--parameters", "prod")
    assert invoke(*args, now=NOW).exit_code == 0
    assert invoke(*args, "--refuse-unpriced", now=NOW).exit_code == 3


def test_the_comment_for_a_pull_request(invoke, two: Path) -> None:
    found = invoke("cost", "check", "--max", "1500", "--against", "old.yaml", "--templates", "new.yaml", "--markdown",
                   cwd=two, now=NOW)  # fmt: skip
    assert found.exit_code == 3
    assert found.stdout.startswith("### Cost: $1,511.10 a month, ❌ refused\n")
    assert "| GoldJob | runs | $1,007.40 | $1,511.10 | +$503.70 |" in found.stdout


def test_another_scale_is_drawn(invoke) -> None:
    found = json.loads(invoke("cost", "what-if", "--orders-per-day", "1e6", "--retention", "90d", now=NOW).stdout)
    assert found["changes"] == {"orders_per_day": "1000000", "retention_days": "90"}
    sums = [float(point["gross"]) for point in found["curve"]]
    assert sums == sorted(sums) and len(sums) > 8
    shown = invoke("cost", "what-if", "--orders-per-day", "1e6", "-o", "table", now=NOW).stdout
    assert "┤" in shown and "USD\u00a0a\u00a0month\u00a0over\u00a0orders_per_day" in shown


def test_an_unknown_figure_gets_the_nearest(invoke) -> None:
    found = invoke("cost", "what-if", "--set", "order_per_day=3", now=NOW)
    assert found.exit_code == 2 and "orders_per_day" in found.stderr


def test_csv_has_a_row_for_each_price_and_each_gap(invoke) -> None:
    lines = invoke("cost", "--parameters", "prod", "-o", "csv", now=NOW).stdout.splitlines()
    assert lines[0].startswith("stack,resource,kind,service,usage_type")
    assert sum(",unpriced," in line for line in lines) == 1


def test_the_html_report_needs_nothing_else(invoke, tmp_path: Path) -> None:
    assert invoke("cost", "--html", "cost.html", cwd=tmp_path, now=NOW).exit_code == 0
    text = (tmp_path / "cost.html").read_text("utf-8")
    assert invoke("cost", "-o", "html", now=NOW).stdout == text
    assert "<svg" in text and "prefers-color-scheme:dark" in text
    assert not re.search(r"<script|<link|https?://|src=|@import", text)


def test_a_page_is_made_of_an_estimate_only(invoke, tmp_path: Path) -> None:
    for line in ("config show", "cost prices", "cost --compare-region us-east-1"):
        refused = invoke(*line.split(), "-o", "html", now=NOW)
        assert refused.exit_code == 2 and "only salesperf cost estimate makes a page" in refused.stderr, line
    nowhere = invoke("cost", "--html", "no/such.html", cwd=tmp_path, now=NOW)
    assert nowhere.exit_code == 2 and "no/such.html cannot be written" in nowhere.stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cost --region eu-west-3", "the price book has prices of sa-east-1, us-east-1 only"),
        ("cost --compare-region mars", "--compare-region cannot be 'mars'"),
        ("cost what-if --orders-per-day many", "--orders-per-day cannot be 'many'"),
        ("cost what-if --retention soon", "write 90, 90d, 12w, 3m or 2y"),
        ("cost what-if --set orders_per_day", "--set orders_per_day cannot be ''"),
        ("cost accuracy --month 2026", "a month is written 2026-10"),
        ("cost check", "the target local has no monthly_budget"),
        ("run-batch --max-cost much", "--max-cost cannot be 'much'"),
    ],
)
def test_what_cannot_be_is_refused_with_the_option_and_the_way_to_write_it(invoke, line: str, words: str) -> None:
    refused = invoke(*line.split(), now=NOW)
    assert refused.exit_code == 2 and words in " ".join(refused.stderr.split())


def test_a_target_in_a_region_without_prices_is_unpriced_and_not_0(invoke, tmp_path: Path) -> None:
    (tmp_path / "salesperf.toml").write_text('[targets.far]\nregion = "eu-west-3"\n')
    shown = invoke("cost", "--target", "far", "-o", "table", cwd=tmp_path, now=NOW).stdout
    assert shown.startswith("A month in eu-west-3: unpriced\n")


def test_an_explanation_names_each_usage_figure_and_its_source(invoke) -> None:
    shown = invoke("cost", "--explain", "-o", "table", now=NOW).stdout
    assert "Usage figures, and where each is from" in shown
    assert re.search(r"batch_runs_per_day +1 \(1 to 4\) runs: default; assumed", shown)


def test_an_old_price_book_warns(invoke) -> None:
    assert "days old" not in invoke("cost", now=NOW).stderr
    assert "the prices are 92 days old" in invoke("cost", now=datetime(2027, 2, 23, tzinfo=UTC)).stderr


def test_prices_are_found_by_words(invoke) -> None:
    rows = json.loads(invoke("cost", "prices", "athena", "sa-east-1", "scanned", now=NOW).stdout)
    assert [(row["price"], row["standing"], row["source_date"]) for row in rows] == [("9", "listed", "2026-08-08")]
    assert invoke("cost", "prices", "nonsense", now=NOW).exit_code == 2


def test_a_usage_file_is_written_and_read_by_itself(invoke, tmp_path: Path) -> None:
    text = invoke("cost", "usage", now=NOW).stdout
    (tmp_path / "usage.yaml").write_text(text)
    found = json.loads(invoke("cost", "-o", "json", cwd=tmp_path, now=NOW).stdout)
    assert found["usage"] == "usage.yaml"


def test_the_bill_is_asked_for_only_after_a_yes(invoke, tmp_path: Path) -> None:
    (tmp_path / "salesperf.toml").write_text('[targets.dev]\nregion = "sa-east-1"\n')
    found = invoke("cost", "actual", "--target", "dev", cwd=tmp_path, now=NOW)
    assert found.exit_code == 2 and "$0.01 for each page" in found.stderr
    assert invoke("cost", "actual", cwd=tmp_path, now=NOW).exit_code == 2


def test_the_estimate_takes_less_than_half_a_second_and_imports_nothing_heavy_nor_a_network(tmp_path: Path) -> None:
    script = (
        "import sys; sys.argv = ['salesperf', 'cost', '-q', '-o', 'json']\n"
        "from salesperf_cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = ('socket', 'ssl', 'http', 'boto3', 'duckdb', 'pyarrow', 'sqlglot', 'pyiceberg', 'rich', 'pydantic')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    best = 10.0
    for _ in range(3):
        before = _seconds_of_children()
        done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True,
                              env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}, check=True)  # fmt: skip
        best = min(best, _seconds_of_children() - before)
        assert done.stderr.strip() == "[]"
    assert best < 0.5


def _seconds_of_children() -> float:
    """The processor's, which others on this machine do not lengthen; tests/bench/cost.py looks at the clock."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
