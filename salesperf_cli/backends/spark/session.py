"""Spark sessions: one JVM a process, one session a run, and the settings that make Spark agree with DuckDB.

What a run does with a session is in `engine`; on Glue the catalog's settings come from the job's `--conf`.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CATALOG = "salesperf"
"""The catalog's name in Spark."""

SQL_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # timestamps of the lake carry no zone
    "spark.sql.csv.parser.columnPruning.enabled": "false",  # else a row is only malformed in the columns asked for
}
"""What makes Spark give the rows that the portable SQL promises; set on every session, on Glue too."""

_ICEBERG = {
    "3.5": "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.1",
    "4.0": "org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.10.1",
    "4.1": "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.11.0",
}
_SQLITE = "org.xerial:sqlite-jdbc:3.49.1.0"
_EXTENSIONS = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
_QUIET_LOG = """
status = error
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
rootLogger.level = error
rootLogger.appenderRef.console.ref = console
"""


@dataclass(frozen=True, slots=True)
class LocalSpark:
    """How Spark is started on this machine.

    `home` is the folder for what it spills and for its log; the first session of a process settles it.
    `jars` are files to use in place of the Maven coordinates, separated by commas (empty: the coordinates); `memory`
    is a size such as `2GB`, `threads` the cores to use; None leaves both to us.
    """

    home: Path
    jars: str
    memory: str | None
    threads: int | None


@contextmanager
def local_session(root: Path, scratch: Path, settings: LocalSpark) -> Iterator[SparkSession]:
    """A session of its own for a run on the lake at `root`; the JVM behind it stays up for the next one of this
    process.

    Its catalog lives in `scratch` (see `run_catalog`).
    """
    spark = _started(settings).newSession()
    scratch.mkdir(parents=True, exist_ok=True)
    catalog = f"spark.sql.catalog.{CATALOG}"
    local = {
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.type": "jdbc",
        f"{catalog}.uri": f"jdbc:sqlite:{scratch / 'catalog.db'}",
        f"{catalog}.clients": "1",  # Iceberg leaves a cursor open, a lock for every other connection
        f"{catalog}.warehouse": f"file://{root / 'warehouse'}",
        f"{catalog}.cache-enabled": "false",
        "spark.sql.shuffle.partitions": "8",
    }
    configure(spark, local)
    yield spark


def configure(spark: SparkSession, more: Mapping[str, str] | None = None) -> None:
    """Give a session the settings that every run needs."""
    for key, value in {**SQL_SETTINGS, **(more or {})}.items():
        spark.conf.set(key, value)


def jar_coordinates(version: str) -> tuple[str, ...]:
    """The Maven coordinates of what Spark `version` needs for the local catalog; raises InputError for a version
    unknown.
    """
    release = ".".join(version.split(".")[:2])
    if release not in _ICEBERG:
        raise InputError(
            f"Spark {version} is not supported",
            why=f"Iceberg is known for Spark {', '.join(_ICEBERG)}",
            remedy="install the extra: pip install 'salesperf[spark]'",
        )
    return _ICEBERG[release], _SQLITE


def _started(settings: LocalSpark) -> SparkSession:
    """The process's first session, started where there is none."""
    try:
        import pyspark
        from pyspark.sql import SparkSession
    except ModuleNotFoundError as missing:
        raise InputError(
            "Spark is not installed",
            why=f"the Python package {missing.name} is missing",
            remedy="install the extra: pip install 'salesperf[spark]'",
        ) from missing
    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    _require_java()
    _require_jars(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    builder = SparkSession.builder.appName("salesperf").master(f"local[{settings.threads or '*'}]")
    for key, value in _static_settings(pyspark.__version__, settings).items():
        builder = builder.config(key, value)
    log = settings.home / "spark.log"
    try:
        with _talk_to(log):
            return builder.getOrCreate()
    except Exception as fault:
        raise _not_started(log, settings) from fault


def _static_settings(version: str, settings: LocalSpark) -> dict[str, str]:
    jars = (
        {"spark.jars": settings.jars} if settings.jars else {"spark.jars.packages": ",".join(jar_coordinates(version))}
    )
    quiet = settings.home / "log4j2.properties"
    quiet.write_text(_QUIET_LOG, encoding="utf-8")
    return jars | {
        "spark.sql.extensions": _EXTENSIONS,
        "spark.driver.memory": _java_size(settings.memory or "2GB"),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -Dlog4j2.configurationFile={quiet.as_uri()}",
        "spark.local.dir": str(_spill_folder(settings.home)),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def _spill_folder(home: Path) -> Path:
    """A folder of this process for what Spark spills; those of processes that were killed are removed."""
    for old in home.glob("spill-*") if Path("/proc/self").exists() else ():
        if not Path(f"/proc/{old.name.removeprefix('spill-')}").exists():
            shutil.rmtree(old, ignore_errors=True)
    folder = home / f"spill-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _java_size(size: str) -> str:
    """`2GB`, `512MiB` as the JVM writes it, in MiB."""
    number = float("".join(each for each in size if each.isdigit() or each == "."))
    unit = size.strip("0123456789. ").upper()[0]
    mib = number * {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024}[unit]
    return f"{max(int(mib), 512)}m"


def _require_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") or (home and (Path(home) / "bin" / "java").exists()):
        return
    raise InputError(
        "Spark needs Java, and there is none",
        why="no `java` on PATH, and JAVA_HOME does not name one",
        remedy="install a Java 17 runtime (for example openjdk-17-jre-headless), then run the command again",
    )


def _require_jars(settings: LocalSpark) -> None:
    missing = [path for path in settings.jars.split(",") if path and not Path(path.strip()).is_file()]
    if missing:
        raise InputError(
            f"there is no jar {missing[0].strip()}",
            why="the setting spark_jars names it",
            remedy="correct it, or leave it out: the jars then come from Maven Central",
        )


def _not_started(log: Path, settings: LocalSpark) -> InputError:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    wrong = [line.strip() for line in text.splitlines() if "rror" in line or "xception" in line or "nresolved" in line]
    unresolved = "unresolved dependenc" in text.lower()
    return InputError(
        "the Iceberg jars cannot be had" if unresolved else "Spark did not start",
        why="Maven Central did not give them" if unresolved else f"its log is {log}",
        detail=tuple(line[:200] for line in wrong[-3:]),
        remedy="give the jar files: SALESPERF_SPARK_JARS=/path/iceberg-spark-runtime.jar,/path/sqlite-jdbc.jar"
        if unresolved or settings.jars
        else "see its log, then run the command again",
    )


@contextmanager
def _talk_to(log: Path) -> Iterator[None]:
    """Both outputs go to a file while the JVM starts: it keeps what it was given, and its talk is not ours."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [(number, os.dup(number)) for number in (1, 2)]
    with log.open("wb") as file:
        for number, _ in kept:
            os.dup2(file.fileno(), number)
    try:
        yield
    finally:
        for number, copy in kept:
            os.dup2(copy, number)
            os.close(copy)
