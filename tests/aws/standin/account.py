"""The stand-in account: ministack, Spark for Glue's jobs and Trino for Athena's queries, behind one address.

    with standin_account(folder) as account:
        account.client("glue").start_job_run(JobName="…")

It checks no permission unless a `guard` does. What is missing on this machine is told by `parts.missing_part`.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.aws.ministack import ministack
from tests.aws.standin.athena import Athena
from tests.aws.standin.glue_jobs import GlueJobs
from tests.aws.standin.guard import Guard, NoGuard
from tests.aws.standin.overlay import Overlay
from tests.aws.standin.parts import ACCOUNT, REGION, find_parts, free_port
from tests.aws.standin.spark_job import Endpoints, Roles, SparkJobs
from tests.aws.standin.trino import Trino


@dataclass(frozen=True, slots=True)
class StandInAccount:
    """A running account."""

    endpoint_url: str

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to find itself in this account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def engines(self) -> Mapping[str, str]:
        """What answers for `glue` and for `athena`, such as `trino 476`."""
        with urllib.request.urlopen(f"{self.endpoint_url}/_standin", timeout=10) as answer:
            told: dict[str, str] = json.load(answer)
        return told

    def client(self, service: str) -> Any:
        """A boto3 client in this account."""
        return _client(service, self.endpoint_url)


@contextmanager
def standin_account(home: Path, minute: float = 60, guard: Guard | None = None) -> Iterator[StandInAccount]:
    """An account in `home`, ended with all that it started.

    `minute` is how many seconds a minute of a job's timeout lasts; `guard` sees what jobs and Athena ask. Raises
    MissingPartError.
    """
    parts, guard = find_parts(), guard or NoGuard()
    with ExitStack() as ending:
        storage_port = free_port()
        storage = ending.enter_context(ministack(home / "ministack", storage_port))
        guarded = ending.enter_context(guard.before(storage))
        trino = Trino(parts, home / "trino", guarded, guard.key_of(""))
        ending.callback(trino.close)
        athena = Athena(trino, _client("athena", storage), _client("s3", guarded, guard.key_of("")))
        # The jobs want the overlay's address, and the overlay wants the jobs: its port is taken first.
        port = free_port()
        account = f"http://127.0.0.1:{port}"
        endpoints = Endpoints(account=ending.enter_context(guard.before(account)), storage=guarded)
        roles = Roles(lambda service, key: _client(service, guarded, key), guard.key_of)
        spark = SparkJobs(parts, home / "runs", endpoints, roles)
        jobs = GlueJobs(_client("glue", storage), roles, spark, minute)
        ending.callback(jobs.close)
        about = {"glue": "spark 3.5.6", "athena": f"trino {trino.version()}"}
        overlay = Overlay(port, storage_port, {**jobs.operations(), **athena.operations()}, about)
        ending.callback(overlay.close)
        yield StandInAccount(account)


def _client(service: str, endpoint_url: str, key: str = ACCOUNT) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=endpoint_url,
        aws_access_key_id=key,
        aws_secret_access_key="none",
        config=Config(max_pool_connections=32),
    )
