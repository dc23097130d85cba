"""`salesperf cost` as it is typed: figures, exit codes, forms of output, and what it costs in time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
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
    assert "<svg" in text and "prefers-color-scheme:dark" in text
    assert not re.search(r"<script|<link|https?://|src=|@import", text)


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


def test_the_estimate_takes_less_than_half_a_second_and_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys; sys.argv = ['salesperf', 'cost', '-q', '-o', 'json']\n"
        "from salesperf_cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = ('boto3', 'duckdb', 'pyarrow', 'sqlglot', 'pyiceberg', 'rich', 'pydantic')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    best = 10.0
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True,
                              env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}, check=True)  # fmt: skip
        best = min(best, time.perf_counter() - began)
        assert done.stderr.strip() == "[]"
    assert best < 0.5
