"""Lands the events of one batch: what a batch becomes, under which key, and what is said of it.

The standard library only: where objects and log lines go is the caller's, so that this runs anywhere. An object's key
holds shard and sequence numbers, so that the same batch again overwrites the same object.
"""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from event_contract import Contract, Refused


class Landing:
    """Lands batches. `put` writes an object, `emit` a line of the log; both are the caller's."""

    def __init__(
        self,
        contract: Contract,
        put: Callable[[str, bytes], None],
        emit: Callable[[str], None],
        *,
        prefix: str,
        rejected_prefix: str,
        namespace: str,
    ) -> None:
        self._contract = contract
        self._put = put
        self._emit = emit
        self._prefix = prefix
        self._rejected_prefix = rejected_prefix
        self._namespace = namespace

    def take(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Judge and land the records of one shard.

        Gives the sequence number from which Lambda is to go on with a new call, where this one could not: everything
        before it has landed.
        """
        began = time.perf_counter()
        records: Sequence[Mapping[str, Any]] = event["Records"]
        if not records:
            return {"batchItemFailures": []}
        lines: list[bytes] = []
        rejected: list[bytes] = []
        failed: str | None = None
        taken: list[Mapping[str, Any]] = []
        for record in records:
            kinesis = record["kinesis"]
            try:
                data = base64.b64decode(kinesis["data"])
                lines.append(self._contract.line(data))
            except Refused as reason:
                rejected.append(_aside(record, str(reason), data))
            except Exception as fault:
                failed = kinesis["sequenceNumber"]
                self._say("ERROR", f"the record cannot be judged: {fault!r}", sequence=failed)
                break
            taken.append(record)
        size = 0
        if taken:
            try:
                size = self._land(taken, lines, rejected)
            except Exception as fault:
                failed, lines, rejected = records[0]["kinesis"]["sequenceNumber"], [], []
                self._say("ERROR", f"the batch cannot be landed: {fault!r}", sequence=failed)
        self._measure(records, len(lines), len(rejected), size, time.perf_counter() - began)
        return {"batchItemFailures": [{"itemIdentifier": failed}] if failed is not None else []}

    def _land(self, records: Sequence[Mapping[str, Any]], lines: list[bytes], rejected: list[bytes]) -> int:
        name = _object_name(records)
        if rejected:
            self._put(self._rejected_prefix + name, _packed(rejected))
        if not lines:
            return 0
        data = _packed(lines)
        self._put(self._prefix + name, data)
        return len(data)

    def _measure(
        self, records: Sequence[Mapping[str, Any]], landed: int, rejected: int, size: int, seconds: float
    ) -> None:
        """Metrics as a log line in CloudWatch's embedded metric format."""
        now = time.time()
        values = {
            "LandedEvents": (landed, "Count"),
            "RejectedEvents": (rejected, "Count"),
            "LandedBytes": (size, "Bytes"),
            "BatchTime": (round(seconds * 1000, 3), "Milliseconds"),
            "LandingDelay": (round(max(now - _arrived(records[0]), 0) * 1000, 3), "Milliseconds"),
        }
        metrics = [{"Name": name, "Unit": unit} for name, (_, unit) in values.items()]
        about = {"Namespace": self._namespace, "Dimensions": [[]], "Metrics": metrics}
        document = {"_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [about]}}
        self._emit(json.dumps(document | {name: value for name, (value, _) in values.items()}))

    def _say(self, level: str, message: str, **more: object) -> None:
        self._emit(json.dumps({"level": level, "message": message, **more}))


def _object_name(records: Sequence[Mapping[str, Any]]) -> str:
    """By the first record's arrival and the range of the batch: the same for the same records, whenever they come."""
    arrived = datetime.fromtimestamp(_arrived(records[0]), UTC)
    shard = records[0]["eventID"].partition(":")[0]
    first, last = (records[at]["kinesis"]["sequenceNumber"] for at in (0, -1))
    return f"landed_date={arrived:%Y-%m-%d}/landed_hour={arrived:%H}/{shard}-{first}-{last}.ndjson.gz"


def _arrived(record: Mapping[str, Any]) -> float:
    return float(record["kinesis"]["approximateArrivalTimestamp"])


def _packed(lines: list[bytes]) -> bytes:
    """The lines as gzip, without a time in it: the same lines are the same bytes."""
    return gzip.compress(b"\n".join(lines) + b"\n", compresslevel=1, mtime=0)


def _aside(record: Mapping[str, Any], reason: str, data: bytes) -> bytes:
    """What is kept of a refused event: the reason, where it was in the stream, and itself."""
    kinesis = record["kinesis"]
    try:
        content = {"record": data.decode("utf-8")}
    except UnicodeDecodeError:
        content = {"record_base64": base64.b64encode(data).decode()}
    place = {
        "shard": record["eventID"].partition(":")[0],
        "sequence_number": kinesis["sequenceNumber"],
        "partition_key": kinesis["partitionKey"],
        "arrived_at": f"{datetime.fromtimestamp(_arrived(record), UTC):%Y-%m-%d %H:%M:%S}",
    }
    return json.dumps({"reason": reason, **place, **content}, ensure_ascii=False).encode()
