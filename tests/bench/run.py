"""The speed benchmark: whole processes, ours and a peer in turn, in one run. Quote its ratios, not its seconds.

    python tests/bench/run.py            everything (some minutes)
    python tests/bench/run.py pipeline   one part; they are named below, and spark, spark10 run only where named

The targets are printed beside each figure; nothing here is a test, since machines are noisy.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from both_engines import side_by_side

ROOT = Path(__file__).resolve().parents[2]
ZIP = ROOT.parent / "shared" / "data" / "brazilian-ecommerce.zip"
BASELINE = Path(__file__).with_name("baseline_duckdb.py")
SALESPERF = [sys.executable, "-m", "salesperf_cli"]
QUESTION = "SELECT customer_state, sum(price) AS revenue FROM gold.sales_wide GROUP BY 1 ORDER BY 2 DESC LIMIT 5"
SCALE_ORDERS = 100_000


@dataclass(frozen=True, slots=True)
class Measure:
    """One or more processes run after each other: wall seconds, CPU seconds, and the largest peak memory in MiB."""

    wall: float
    cpu: float
    peak: float


def run(commands: Sequence[Sequence[str]], cwd: Path, variables: Mapping[str, str] | None = None) -> Measure:
    """Run commands in order and measure them as whole processes; raises when one fails."""
    env = environment() | dict(variables or {})
    wall = cpu = peak = 0.0
    for command in commands:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
        assert process.stderr is not None
        talk = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall += time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{talk.decode()}")
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss / 1024)
    return Measure(wall, cpu, peak)


def environment() -> dict[str, str]:
    """Ours, with this checkout importable and bytecode kept, as an installed tool has it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}


def in_turn(ours: Callable[[], Measure], peer: Callable[[], Measure], times: int) -> tuple[Measure, Measure, float]:
    """Run both in turn after one warm-up each; gives the medians and the median of the ratios pair by pair."""
    ours(), peer()
    pairs = [(ours(), peer()) for _ in range(times)]
    ratio = statistics.median(a.wall / b.wall for a, b in pairs)
    return _median([a for a, _ in pairs]), _median([b for _, b in pairs]), ratio


def _median(measures: Sequence[Measure]) -> Measure:
    return Measure(
        statistics.median(each.wall for each in measures),
        statistics.median(each.cpu for each in measures),
        max(each.peak for each in measures),
    )


def show(title: str, ours: Measure, peer: Measure, ratio: float, target: str) -> None:
    """Print one comparison."""
    print(f"\n{title}")
    for name, each in (("salesperf", ours), ("peer", peer)):
        print(f"  {name:<10} wall {each.wall:7.3f} s   cpu {each.cpu:7.3f} s   peak {each.peak:6.0f} MiB")
    print(f"  ratio      wall {ratio:7.2f}     target {target}")


def pipeline(work: Path) -> None:
    """ingest + run-batch --promote on the real zip against a hand-written DuckDB script with the same tables."""
    if not ZIP.exists():
        print(f"\npipeline: skipped, {ZIP.name} is absent")
        return

    def ours() -> Measure:
        shop = _new_shop(work)
        return run([[*SALESPERF, "ingest", str(ZIP)], [*SALESPERF, "run-batch", "--promote"]], shop)

    def peer() -> Measure:
        return run([[sys.executable, str(BASELINE), str(ZIP), str(work / "baseline")]], work)

    show("whole pipeline, real data (peer: hand-written DuckDB script)", *in_turn(ours, peer, 5), "at most 1.6")


def query(work: Path) -> None:
    """One aggregate over gold against the same SQL in a bare DuckDB script."""
    shop = _loaded_shop(work)
    files = sorted((shop / "lake" / "warehouse" / "gold" / "sales_wide").rglob("*.parquet"))
    scan = f"read_parquet({[str(file) for file in files]})"
    script = f"import duckdb\nprint(duckdb.sql({QUESTION.replace('gold.sales_wide', scan)!r}))"

    def again() -> Measure:
        return run([[*SALESPERF, "query", QUESTION]], shop)

    def first() -> Measure:
        shutil.rmtree(shop / "lake" / "_cache" / "questions", ignore_errors=True)
        return again()

    def peer() -> Measure:
        return run([[sys.executable, "-c", script]], shop)

    show("query on gold, asked again (peer: python -c with DuckDB)", *in_turn(again, peer, 15), "at most 2")
    show("the same, asked for the first time: it is compiled", *in_turn(first, peer, 15), "at most 2")


def help_page(work: Path) -> None:
    """--help against an empty Typer app's."""
    script = "import typer\napp = typer.Typer()\n@app.command()\ndef main() -> None:\n    pass\napp()"

    def ours() -> Measure:
        return run([[*SALESPERF, "--help"]], work)

    def peer() -> Measure:
        return run([[sys.executable, "-c", script, "--help"]], work)

    show("--help (peer: an empty Typer app)", *in_turn(ours, peer, 15), "at most 1.5")


def scale(work: Path) -> None:
    """Ten times the orders: time against one time, and peak memory."""
    measures = []
    for factor in (1, 10):
        sample = work / f"sample-{factor}"
        run([[*SALESPERF, "sample", str(sample), "--orders", str(SCALE_ORDERS * factor), "--seed", "1"]], work)
        shop = _new_shop(work)
        measures.append(run([[*SALESPERF, "ingest", str(sample)], [*SALESPERF, "run-batch", "--promote"]], shop))
        shutil.rmtree(sample)
        once = measures[-1]
        print(f"\nscale {factor}×: {SCALE_ORDERS * factor:,} orders")
        print(f"  wall {once.wall:7.2f} s   cpu {once.cpu:7.2f} s   peak {once.peak:6.0f} MiB")
    print(f"  ratio      wall {measures[1].wall / measures[0].wall:7.2f}     target under 12, and under 2048 MiB")


def uploads(work: Path) -> None:
    """The real files to S3 on loopback against `aws s3 cp --recursive`: the upload alone, and the whole ingest."""
    from uploads import SkippedError, yard

    try:
        with yard(ZIP, work) as there:

            def measured(command: Sequence[str]) -> Measure:
                there.clear()
                found = run([command], there.home, there.variables)
                there.check()
                return found

            def peer() -> Measure:
                return measured(there.peer)

            alone = in_turn(lambda: measured(there.copies), peer, 9)
            whole = in_turn(lambda: measured(there.ingest), peer, 9)
    except SkippedError as missing:
        print(f"\nuploads: skipped, {missing}")
        return
    title = "nine files, 126 MB, to S3 on loopback"
    show(f"{title} (peer: aws s3 cp --recursive)", *alone, "at most 0.9")
    show(f"{title}, the whole ingest: contracts, lines, ledger (the same peer)", *whole, "no target")


def spark(work: Path) -> None:
    """run-batch on DuckDB and on Spark, the real data or a sample of its size."""
    _both_engines(work, ZIP if ZIP.exists() else None, SCALE_ORDERS)


def spark10(work: Path) -> None:
    """The same with ten times the orders."""
    _both_engines(work, None, SCALE_ORDERS * 10)


def _both_engines(work: Path, source: Path | None, orders: int) -> None:
    from importlib.util import find_spec

    if find_spec("pyspark") is None:
        print("\nspark: skipped, pyspark is absent (make parity makes a venv that has it)")
        return
    shop = _new_shop(work)
    if source is None:
        run([[*SALESPERF, "sample", str(work / "sample"), "--orders", str(orders), "--seed", "1"]], work)
    run([[*SALESPERF, "ingest", str(source or work / "sample")]], shop)
    words = "real data" if source else f"{orders:,} orders"
    side_by_side(SALESPERF, shop, f"run-batch on both engines, {words}", environment())


def _new_shop(work: Path) -> Path:
    shop = work / "shop"
    shutil.rmtree(shop, ignore_errors=True)
    run([[*SALESPERF, "init", str(shop)]], work)
    return shop


def _loaded_shop(work: Path) -> Path:
    shop, source = _new_shop(work), ZIP
    if not ZIP.exists():
        source = work / "sample"
        run([[*SALESPERF, "sample", str(source), "--orders", str(SCALE_ORDERS)]], work)
    run([[*SALESPERF, "ingest", str(source)], [*SALESPERF, "run-batch", "--promote"]], shop)
    return shop


def stream(_work: Path) -> None:
    """Producers, the embedded stream, the function."""
    import speed_layer

    print()
    speed_layer.main()


def estimate(work: Path) -> None:
    """What the estimate of the shipped architecture takes."""
    from cost import cost

    print()
    cost(work, SALESPERF, environment())


PARTS = {
    "pipeline": pipeline, "query": query, "help": help_page, "scale": scale, "uploads": uploads, "stream": stream,
    "cost": estimate,
}  # fmt: skip
ASKED_FOR = {"spark": spark, "spark10": spark10}
"""Parts that run only when they are named."""


def main() -> None:
    """Run the asked parts, or all."""
    asked = sys.argv[1:] or list(PARTS)
    parts = PARTS | ASKED_FOR
    if unknown := [part for part in asked if part not in parts]:
        raise SystemExit(f"unknown part {unknown[0]!r}; parts are {', '.join(parts)}")
    with tempfile.TemporaryDirectory() as folder:
        for part in asked:
            parts[part](Path(folder))


if __name__ == "__main__":
    main()
