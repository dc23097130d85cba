"""The process of a Glue job: Python with Spark, set up by the job's own `--conf` and then by what standing in needs.

Which runs there are, and their states, is in `glue_jobs`.
"""

from __future__ import annotations

import os
import shlex
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.aws.standin.parts import REGION, ROOT, Parts

_ICEBERG_CATALOG = "org.apache.iceberg.spark.SparkCatalog"
_GLUES_OWN = ("--conf", "--extra-py-files", "--extra-jars", "--extra-files", "--additional-python-modules")
# Spark's venv finds the checkout; a job must find the product by its wheel or not at all.
_WITHOUT_THE_CHECKOUT = f"import sys\nsys.path[:] = [entry for entry in sys.path if entry != {str(ROOT)!r}]\n"
_LOGGING = """
status = error
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


@dataclass(frozen=True, slots=True)
class Launch:
    """A process to start: its command, all of its environment, and the folder that it works in."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a job finds AWS: `account` is the overlay, `storage` ministack itself, for the bulk of S3 and Glue."""

    account: str
    storage: str


@dataclass(frozen=True, slots=True)
class Roles:
    """What a job asks of AWS before its script runs is asked under its role: `client` by service and access key."""

    make: Callable[[str, str], Any]
    key_of: Callable[[str], str]

    def key(self, job: Mapping[str, Any]) -> str:
        """The access key of a job's role."""
        return self.key_of(str(job.get("Role", "")))

    def client(self, service: str, job: Mapping[str, Any]) -> Any:
        """A client under a job's role."""
        return self.make(service, self.key(job))


class SparkJobs:
    """Makes Launches of a job definition, as GetJob gives it, and of a run's merged arguments."""

    def __init__(self, parts: Parts, home: Path, endpoints: Endpoints, roles: Roles) -> None:
        self._parts, self._home, self._endpoints, self._roles = parts, home, endpoints, roles

    def launch(self, job: Mapping[str, Any], run_id: str, arguments: Mapping[str, str]) -> Launch:
        """Fetch script and packages and give the command. Raises botocore's ClientError when one is not there."""
        folder = self._home / run_id
        folder.mkdir(parents=True)
        s3 = self._roles.client("s3", job)
        script = _fetch(s3, job["Command"]["ScriptLocation"], folder)
        python_path = _packages(s3, arguments, folder)
        settings = job_settings(arguments.get("--conf", ""))
        conf = {**self._defaults(folder), **settings, **self._ours(settings)}
        words = ["--jars", ",".join(map(str, self._parts.jars))]
        for key, value in conf.items():
            words += ["--conf", f"{key}={value}"]
        # Not spark-submit: it would send what the script says to stderr into stdout.
        submitted = {"PYSPARK_SUBMIT_ARGS": shlex.join(["--master", "local[2]", *words, "pyspark-shell"])}
        command = (str(self._parts.spark_python), str(script), *_words(job["Name"], run_id, arguments))
        environment = self._environment(folder, python_path, self._roles.key(job))
        return Launch(command, environment | submitted, folder)

    def _defaults(self, folder: Path) -> dict[str, str]:
        """What the job may set otherwise: a machine of two cores instead of a cluster."""
        logging = folder / "log4j2.properties"
        logging.write_text(_LOGGING, encoding="utf-8")
        return {
            "spark.driver.memory": "1500m",
            "spark.sql.shuffle.partitions": "8",
            "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -Dlog4j2.configurationFile={logging.as_uri()}",
        }

    def _ours(self, settings: Mapping[str, str]) -> dict[str, str]:
        """What the job may not: where AWS is, by which paths, and that nothing leaves loopback."""
        storage = self._endpoints.storage
        ours = {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",  # on Glue s3:// is EMRFS
            "spark.hadoop.fs.s3a.endpoint": storage,
            "spark.hadoop.fs.s3a.endpoint.region": REGION,
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        }
        for key in (key for key, value in settings.items() if value == _ICEBERG_CATALOG):
            ours[f"{key}.s3.endpoint"] = ours[f"{key}.glue.endpoint"] = storage
            ours[f"{key}.s3.path-style-access"] = "true"
            ours[f"{key}.client.region"] = REGION
        return ours

    def _environment(self, folder: Path, python_path: list[Path], key: str) -> dict[str, str]:
        python = str(self._parts.spark_python)
        spark_home = next(self._parts.spark_python.parents[1].glob("lib/python*/site-packages/pyspark"))
        temporary = folder / "tmp"
        temporary.mkdir()
        java = {"JAVA_HOME": os.environ["JAVA_HOME"]} if "JAVA_HOME" in os.environ else {}
        return java | {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(temporary),
            "SPARK_LOCAL_DIRS": str(temporary),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_HOME": str(spark_home),
            "PYSPARK_PYTHON": python,
            "PYSPARK_DRIVER_PYTHON": python,
            "PYTHONPATH": os.pathsep.join(map(str, python_path)),
            "PYTHONUNBUFFERED": "1",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self._endpoints.account,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def _packages(s3: Any, arguments: Mapping[str, str], folder: Path) -> list[Path]:
    """What goes on Python's path. As on Glue, files are put there as they are and a wheel among the modules is
    installed; other modules are those of Spark's venv.
    """
    files = [_fetch(s3, uri, folder / "files") for uri in _listed(arguments.get("--extra-py-files"))]
    on_the_path = [file.parent if file.suffix == ".py" else file for file in files]
    installed = folder / "modules"
    wheels = [name for name in _listed(arguments.get("--additional-python-modules")) if name.startswith("s3://")]
    for uri in wheels:
        with zipfile.ZipFile(_fetch(s3, uri, folder / "wheels")) as wheel:
            wheel.extractall(installed)
    hidden = folder / "site"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(_WITHOUT_THE_CHECKOUT, encoding="utf-8")
    return [*on_the_path, installed, hidden]


def _fetch(s3: Any, uri: str, folder: Path) -> Path:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / key.rpartition("/")[2]
    target.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return target


def job_settings(conf: str) -> dict[str, str]:
    """Spark's settings in a job's `--conf`: Glue wants one value, so further ones follow inside it."""
    entries = (entry.strip() for entry in f" {conf}".split(" --conf "))
    return dict(entry.split("=", 1) for entry in entries if entry)


def _words(job: str, run_id: str, arguments: Mapping[str, str]) -> list[str]:
    """The script's arguments: those of the job and the run, and the three that Glue adds."""
    given = {"--JOB_NAME": job, "--JOB_ID": f"j_{job}", "--JOB_RUN_ID": run_id}
    given |= {name: value for name, value in arguments.items() if name not in _GLUES_OWN}
    return [word for pair in given.items() for word in pair]


def _listed(value: str | None) -> list[str]:
    return [entry.strip() for entry in (value or "").split(",") if entry.strip()]
