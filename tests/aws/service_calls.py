"""One call of each service, as commands make it, and what stands between them and moto. Not a test module."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salesperf_cli.backends.aws.athena import AthenaQueries
from salesperf_cli.backends.aws.jobs import GlueJobs
from salesperf_cli.backends.aws.objects import S3Objects
from salesperf_cli.backends.aws.resources import Resources, StackNames
from salesperf_cli.backends.aws.secrets import SecretsManager
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.backends.aws.stream import KinesisStream
from salesperf_cli.backends.ports import StreamRecord
from tests.athena_names import DATABASES
from tests.aws.asking import rows_of
from tests.aws.moto_account import BUCKET, SECRET, STREAM, WORKGROUP
from tests.proxy import Answer, Exchange


def _s3(session: AwsSession) -> Any:
    return S3Objects(session, BUCKET, Path("unused")).read("_ledger/nothing.json")


def s3_write(session: AwsSession) -> Any:
    return S3Objects(session, BUCKET, Path("unused")).create("_ledger/something.json", b"{}")


def _glue(session: AwsSession) -> Any:
    return GlueJobs(session, Resources(session, StackNames("salesperf", "dev"))).start("silver", {})


def _athena(session: AwsSession) -> Any:
    return rows_of(AthenaQueries(session, WORKGROUP, DATABASES, pause=lambda _: None))


def _kinesis(session: AwsSession) -> Any:
    return KinesisStream(session, None, STREAM).shards()


def kinesis_put(session: AwsSession) -> Any:
    return KinesisStream(session, None, STREAM).put([StreamRecord("k", b"1")])


def _cloudformation(session: AwsSession) -> Any:
    return Resources(session, StackNames("salesperf", "dev")).outputs("batch")


def _secretsmanager(session: AwsSession) -> Any:
    return SecretsManager(session).read(SECRET)


CALLS: dict[str, Callable[[AwsSession], Any]] = {
    "s3": _s3, "glue": _glue, "athena": _athena, "kinesis": _kinesis, "cloudformation": _cloudformation,
    "secretsmanager": _secretsmanager,
}  # fmt: skip


@dataclass
class Between:
    """What stands between the product and moto: says `code` to a service `times` times, and counts what was asked."""

    endpoint_url: str = ""
    store: str = ""
    service: str = ""
    code: str = ""
    status: int = 400
    times: int = 0
    asked: Counter[str] = field(default_factory=Counter)

    def says(self, service: str, code: str, times: int = 1_000, status: int = 400) -> None:
        """What a service is to say from now on, and how often; then it answers again."""
        self.service, self.code, self.status, self.times = service, code, status, times
        self.asked.clear()

    def behave(self, exchange: Exchange) -> None:
        """Let a request pass, or answer it."""
        body = exchange.read()
        service = exchange.headers["Authorization"].split("/")[3]  # the scope of the signature names it
        self.asked[service] += 1
        if service != self.service or not self.times:
            exchange.answer(exchange.ask(body))
            return
        self.times -= 1
        text, kind = _refusal(service, self.code)
        headers = (("Content-Type", kind), ("x-amz-bucket-region", "eu-west-1"))  # S3 says where a bucket lies
        exchange.answer(Answer(self.status, headers, text.encode()))


def _refusal(service: str, code: str) -> tuple[str, str]:
    """An error as the service writes it."""
    said = f"<Code>{code}</Code><Message>told by the proxy</Message>"
    if service == "s3":
        return f"<Error>{said}</Error>", "application/xml"
    if service == "cloudformation":
        return f"<ErrorResponse><Error><Type>Sender</Type>{said}</Error></ErrorResponse>", "text/xml"
    return json.dumps({"__type": code, "message": "told by the proxy"}), "application/x-amz-json-1.1"
