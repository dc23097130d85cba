"""The part `spark` of the benchmark: run-batch on both engines over the same lake, side by side, at 1× and at 10×.

.venv-spark-3.5.6/bin/python tests/bench/run.py spark        1× (100,000 orders), some minutes
.venv-spark-3.5.6/bin/python tests/bench/run.py spark10      10×
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
ENGINES = ("duckdb", "spark")


@dataclass(slots=True)
class Tree:
    """What a process and all that it starts have used: CPU seconds, and the largest memory of all together in MiB.

    The JVM is not waited for by Python, so the kernel's own accounting of the process leaves it out.
    """

    session: int
    cpu_of: dict[int, float] = field(default_factory=dict)
    peak: float = 0.0

    @property
    def cpu(self) -> float:
        """CPU seconds of every process seen."""
        return sum(self.cpu_of.values())

    def look(self) -> None:
        """Add what the processes of the session have used by now."""
        memory = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) != self.session:
                    continue
                self.cpu_of[int(folder.name)] = (int(fields[11]) + int(fields[12])) / _TICKS
                memory += int(fields[21]) * _PAGE
            except (OSError, IndexError):
                continue
        self.peak = max(self.peak, memory / 2**20)


def measured(command: Sequence[str], cwd: Path, variables: Mapping[str, str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MiB of a command with all that it starts; raises when it fails."""
    began = time.perf_counter()
    with (cwd / "talk").open("wb") as talk:
        process = subprocess.Popen(command, cwd=cwd, env=variables, stdout=talk, stderr=talk, start_new_session=True)
        tree = Tree(process.pid)
        try:
            while process.poll() is None:
                tree.look()
                time.sleep(0.1)
        finally:
            if process.poll() is None:  # a benchmark that is stopped leaves no JVM behind
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{(cwd / 'talk').read_text()}")
    return time.perf_counter() - began, tree.cpu, tree.peak


def side_by_side(salesperf: Sequence[str], shop: Path, title: str, variables: Mapping[str, str]) -> None:
    """Run both engines on the bronze files of `shop`, each on a lake of its own, and print what they took."""
    print(f"\n{title}")
    walls = []
    for engine in ENGINES:
        lake = shop.with_name(f"{shop.name}-{engine}")
        shutil.rmtree(lake, ignore_errors=True)
        shutil.copytree(shop, lake)
        wall, cpu, peak = measured([*salesperf, "run-batch", "--promote", "--engine", engine], lake, variables)
        walls.append(wall)
        print(f"  {engine:<10} wall {wall:7.2f} s   cpu {cpu:7.2f} s   peak {peak:6.0f} MiB", flush=True)
        shutil.rmtree(lake, ignore_errors=True)  # the JVM tidies up behind itself for a moment longer
    print(f"  ratio      wall {walls[1] / walls[0]:7.2f}")
