"""What `salesperf cost` takes as a whole process: the estimate of the shipped architecture, and its report as a page.

python tests/bench/run.py cost     with the other measurements
python tests/bench/cost.py         alone
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMES = 15
LIMIT_SECONDS = 0.5
ASKED = {
    "the estimate, as JSON": ("cost", "-o", "json"),
    "prod, every line explained": ("cost", "--parameters", "prod", "--explain", "-o", "table"),
    "a change of parameters": ("cost", "diff", "dev", "prod", "-o", "json"),
    "the report with its curve": ("cost", "-o", "html"),
}


def cost(work: Path, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Print the median and the worst of some runs of each, in an empty folder; the first of each warms up.

    `command` starts salesperf. Nothing is asked of a network: a proxy that does not exist would stop it.
    """
    folder = work / "cost"
    folder.mkdir(exist_ok=True)
    alone = dict(environment) | {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    print("\ncost, whole process, offline, shipped architecture")
    for title, arguments in ASKED.items():
        seconds = [_seconds([*command, *arguments], folder, alone) for _ in range(TIMES + 1)][1:]
        told = f"median {statistics.median(seconds):6.3f} s   worst {max(seconds):6.3f} s"
        print(f"  {title:<28} {told}   target under {LIMIT_SECONDS} s")


def _seconds(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    taken = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.decode()}")
    return taken


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        ours = os.environ | {"PYTHONPATH": str(ROOT)}
        ours.pop("PYTHONDONTWRITEBYTECODE", None)
        cost(Path(home), [sys.executable, "-m", "salesperf_cli"], ours)
