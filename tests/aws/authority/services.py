"""Requests of the JSON and query protocols as IAM actions (Service Authorization Reference of each service).

Some requests name a thing by a word of an earlier answer, a query's id or a place in a stream: `Memory` keeps these.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from tests.aws.authority.asked import Need, Request, UnknownRequestError, World

Asked = Mapping[str, Any]
_ID = "00000000-0000-0000-0000-000000000000"


class Memory:
    """What earlier answers have called things."""

    def __init__(self) -> None:
        self._named: dict[str, str] = {}

    def keep(self, words: Mapping[str, str | None], resource: str) -> None:
        """Know a resource by these words from now on."""
        self._named |= dict.fromkeys((word for word in words.values() if word), resource)

    def keep_result(self, query_id: str, location: str) -> None:
        """Know where the result of a query lies from now on."""
        self._named[f"result of {query_id}"] = location.replace("s3://", "arn:aws:s3:::", 1)

    def result(self, query_id: str) -> str:
        """Where the result of a query lies."""
        return self.resource(f"result of {query_id}")

    def resource(self, word: str) -> str:
        """The resource of a word."""
        return self._named.get(word, "*")


def call_of(request: Request, service: str) -> tuple[str, Asked]:
    """The operation that a request calls and its arguments, whichever protocol it came by."""
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2], json.loads(request.body or b"{}")
    if request.path.startswith("/service/"):  # Smithy RPC: CBOR, of which only the namespace matters here
        return request.path.rpartition("/")[2], {"Namespace": _cbor_text(request.body, b"Namespace")}
    if service == "s3":
        return "", {}
    form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
    if "Action" in form:
        return form["Action"], form
    raise UnknownRequestError(f"{service}: {request.method} {request.target} is of no protocol that is known here")


def needs_of(service: str, operation: str, asked: Asked, world: World, memory: Memory) -> list[Need]:
    """What a call needs. Raises UnknownRequestError for one that is not here."""
    needs = _SERVICES.get(service, {}).get(operation)
    if needs is None:
        raise UnknownRequestError(f"{service}: {operation} (tests/aws/authority/services.py)")
    return needs(operation, asked, world, memory)


def remember(service: str, asked: Asked, answer: bytes, needs: list[Need], memory: Memory) -> None:
    """Keep what an answer calls the thing that was asked about."""
    if service in ("athena", "kinesis") and needs:
        said = json.loads(answer or b"{}")
        names = ("QueryExecutionId", "ShardIterator", "NextShardIterator", "NextToken")
        memory.keep({name: said.get(name) for name in names}, needs[0].resource)
        execution = said.get("QueryExecution", {})
        if location := execution.get("ResultConfiguration", {}).get("OutputLocation"):
            memory.keep_result(execution["QueryExecutionId"], location)


Needs = Callable[[str, Asked, World, Memory], list[Need]]


def _glue(*parts: Callable[[Asked], str]) -> Needs:
    """Everything in the catalog needs its ancestors as well."""

    def needs(operation: str, asked: Asked, world: World, memory: Memory) -> list[Need]:
        return [Need(f"glue:{operation}", world.arn("glue", part(asked))) for part in parts]

    return needs


def _catalog(asked: Asked) -> str:
    return "catalog"


def _database(asked: Asked) -> str:
    return f"database/{asked.get('DatabaseName') or asked.get('Name')}"


def _table(asked: Asked) -> str:
    name = asked.get("TableName") or asked.get("Name") or asked["TableInput"]["Name"]
    return f"table/{asked['DatabaseName']}/{name}"


def _tables(asked: Asked) -> str:
    return f"table/{asked.get('DatabaseName') or asked.get('Name')}/*"


def _functions(asked: Asked) -> str:
    return f"userDefinedFunction/{asked.get('DatabaseName') or asked.get('Name')}/*"


_GLUE: dict[str, Needs] = {
    "GetDatabase": _glue(_catalog, _database),
    "GetDatabases": _glue(_catalog, lambda asked: "database/*"),
    "GetTable": _glue(_catalog, _database, _table),
    "GetTables": _glue(_catalog, _database, _tables),
    # Trino's own way to plan a question to plain files: Athena asks for the table.
    "GetColumnStatisticsForPartition": lambda operation, asked, world, memory: [],
    "CreateTable": _glue(_catalog, _database, _table),
    "UpdateTable": _glue(_catalog, _database, _table),
    "DeleteTable": _glue(_catalog, _database, _table),
    "DeleteDatabase": _glue(_catalog, _database, _tables, _functions),
    **dict.fromkeys(
        ("StartJobRun", "GetJobRun", "GetJobRuns", "BatchStopJobRun", "GetJob"),
        _glue(lambda asked: f"job/{asked['JobName']}"),
    ),
}


def _workgroup(operation: str, asked: Asked, world: World, memory: Memory) -> list[Need]:
    if "QueryExecutionId" in asked:
        needs = [Need(f"athena:{operation}", memory.resource(asked["QueryExecutionId"]))]
        if operation == "GetQueryResults":  # it wants the right to read the file, too (API reference)
            file = Need("s3:GetObject", memory.result(asked["QueryExecutionId"]))
            needs += [file, *world.use_of_the_key("s3", "Decrypt")]
        return needs
    return [Need(f"athena:{operation}", world.arn("athena", f"workgroup/{asked['WorkGroup']}"))]


_ATHENA = dict.fromkeys(
    ("StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution", "GetWorkGroup"), _workgroup
)


def _stream(*key_actions: str) -> Needs:
    def needs(operation: str, asked: Asked, world: World, memory: Memory) -> list[Need]:
        name = asked.get("StreamName")
        told = asked.get("StreamARN") or (world.arn("kinesis", f"stream/{name}") if name else None)
        told = told or memory.resource(str(asked.get("ShardIterator") or asked.get("NextToken")))
        return [Need(f"kinesis:{operation}", told), *world.use_of_the_key("kinesis", *key_actions)]

    return needs


_KINESIS: dict[str, Needs] = {
    "PutRecords": _stream("GenerateDataKey"),
    "DescribeStreamSummary": _stream(),
    "ListShards": _stream(),
    "GetShardIterator": _stream(),
    "GetRecords": _stream("Decrypt"),
}


def _log(operation: str, asked: Asked, world: World, memory: Memory) -> list[Need]:
    within = f":log-stream:{asked['logStreamName']}" if operation != "CreateLogGroup" else ""
    if operation == "CreateLogStream":  # its resource is the group
        within = ":log-stream:"
    return [Need(f"logs:{operation}", world.arn("logs", f"log-group:{asked['logGroupName']}{within}"))]


_LOGS = dict.fromkeys(("GetLogEvents", "CreateLogGroup", "CreateLogStream", "PutLogEvents"), _log)


def _stack(operation: str, asked: Asked, world: World, memory: Memory) -> list[Need]:
    name = str(asked.get("StackName") or "*")
    arn = name if name.startswith("arn:") else world.arn("cloudformation", f"stack/{name}/{_ID}")
    return [Need(f"cloudformation:{operation}", arn if name != "*" else "*")]


def _on_anything(prefix: str) -> Needs:
    def needs(operation: str, asked: Asked, world: World, memory: Memory) -> list[Need]:
        context = {"cloudwatch:namespace": str(asked["Namespace"])} if "Namespace" in asked else {}
        return [Need(f"{prefix}:{operation}", "*", context)]

    return needs


_CLOUDFORMATION: dict[str, Needs] = {
    **dict.fromkeys(
        (
            "DescribeStacks", "DescribeStackEvents", "DescribeEvents", "CreateChangeSet", "DescribeChangeSet",
            "ExecuteChangeSet", "DeleteChangeSet", "DeleteStack", "GetTemplate", "UpdateTerminationProtection",
            "DetectStackDrift", "DescribeStackResourceDrifts",
        ),
        _stack,
    ),
    "DescribeStackDriftDetectionStatus": _on_anything("cloudformation"),
}  # fmt: skip


def _secret(operation: str, asked: Asked, world: World, memory: Memory) -> list[Need]:
    """A secret's ARN ends in six characters of AWS's own choice."""
    name = str(asked["SecretId"])
    return [
        Need(
            f"secretsmanager:{operation}",
            name if name.startswith("arn:") else world.arn("secretsmanager", f"secret:{name}-AbCdEf"),
        )
    ]


def _freely(operation: str, asked: Asked, world: World, memory: Memory) -> list[Need]:
    return []


_SERVICES: dict[str, Mapping[str, Needs]] = {
    "glue": _GLUE,
    "athena": _ATHENA,
    "kinesis": _KINESIS,
    "logs": _LOGS,
    "cloudformation": _CLOUDFORMATION,
    "monitoring": {"PutMetricData": _on_anything("cloudwatch")},
    "secretsmanager": {"GetSecretValue": _secret},
    "pricing": {"GetProducts": _on_anything("pricing")},
    "ce": {"GetCostAndUsage": _on_anything("ce")},
    "sts": {"GetCallerIdentity": _freely},  # needs no permission (STS API reference)
}


def _cbor_text(body: bytes, name: bytes) -> str:
    """The text behind a key, for texts of less than 256 bytes (RFC 8949, major type 3)."""
    at = body.index(bytes([0x60 + len(name)]) + name) + 1 + len(name)
    head, length = body[at], body[at] & 0x1F
    if length == 24:
        at, length = at + 1, body[at + 1]
    assert head >> 5 == 3 and length < 256, f"not a short text: {body[at : at + 20]!r}"
    return body[at + 1 : at + 1 + length].decode()
