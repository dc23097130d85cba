"""Kinesis as the stream: signed PutRecords calls, a connection a sender.

boto3 spends three quarters of a PutRecords call on checking and serialising its arguments. Here the body is written as
it is, botocore signs it, and it is sent: the same credentials, the same endpoint, the same errors.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import msgspec

from salesperf_cli.backends.aws.faults import in_our_words, told
from salesperf_cli.backends.aws.resources import Resources
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.backends.ports import IN_HAND, Keyed, Sent, StreamedRecord
from salesperf_cli.errors import RetryableError

LANES = 16
"""Senders at once, at most. A call takes some 20 ms to a region, of which Python works for one."""
SECONDS_TO_ANSWER = 10.0


class _Entry(Sent, frozen=True, gc=False):
    """An entry of PutRecords' answer; one that was refused has an error instead of a place."""

    shard: str | None = msgspec.field(default=None, name="ShardId")
    sequence: str | None = msgspec.field(default=None, name="SequenceNumber")
    error: str | None = msgspec.field(default=None, name="ErrorCode")
    message: str | None = msgspec.field(default=None, name="ErrorMessage")


class _Answer(msgspec.Struct, rename={"records": "Records"}):
    """PutRecords' answer."""

    records: list[_Entry]


class KinesisStream:
    """Implements `EventStream` over a Kinesis data stream. `name` overrides the stack's output, for tests."""

    lanes = LANES

    def __init__(self, session: AwsSession, resources: Resources | None, name: str | None = None) -> None:
        self._session = session
        self._resources = resources
        self._name = name
        # Senders whose work is Python's get less done at once than one after the other.
        self._working = threading.Lock()
        self._connections = threading.local()

    def put(self, records: Sequence[Keyed]) -> Sequence[Sent]:
        """Send at most 500 records of 5 MiB together; gives what became of each, in order."""
        with self._working:
            body = self._body(records)
            headers = self._signed(body)
        content = self._call(body, headers)
        try:
            answers = msgspec.json.decode(content, type=_Answer).records
        except msgspec.MsgspecError as fault:
            raise RetryableError(
                "an answer of Kinesis was cut off", why=str(fault), remedy="run the same command again"
            ) from fault
        if len(answers) != len(records) or [each for each in answers if not (each.sequence or each.error)]:
            # To take an entry for sent of which nothing is said would lose it.
            raise RetryableError(
                "Kinesis did not say what became of each event",
                why=f"{len(records)} were sent, {len(answers)} answered",
                remedy="run the same command again",
            )
        return answers

    def consuming(self) -> AbstractContextManager[None]:
        """The mapping of the stream stack hands records to the function by itself."""
        return nullcontext()

    def shards(self) -> Sequence[str]:
        """The shards."""
        with told("list the stream's shards"):
            pages = self._kinesis.get_paginator("list_shards").paginate(StreamName=self.name)
            return [shard["ShardId"] for page in pages for shard in page["Shards"]]

    def position(self, shard: str, *, oldest: bool) -> str:
        """Where to read from: the oldest record that is still kept, or what comes from now on."""
        kind = "TRIM_HORIZON" if oldest else "LATEST"
        with told(f"read {shard}"):
            found = self._kinesis.get_shard_iterator(StreamName=self.name, ShardId=shard, ShardIteratorType=kind)
        return str(found["ShardIterator"])

    def read(self, shard: str, position: str, limit: int) -> tuple[Sequence[StreamedRecord], str]:
        """The next records of a shard from a position on, at most so many, and the position behind them.

        A shard that was closed by a split or a merge ends; its position is empty from then on.
        """
        if not position:
            return [], ""
        with told(f"read {shard}"):
            found = self._kinesis.get_records(ShardIterator=position, Limit=limit)
        records = [
            StreamedRecord(
                shard,
                each["SequenceNumber"],
                each["PartitionKey"],
                each["Data"],
                each["ApproximateArrivalTimestamp"].timestamp(),
            )
            for each in found["Records"]
        ]
        return records, found.get("NextShardIterator") or ""

    def landing_since(self) -> datetime:
        """From now on nothing lands that arrived before this moment: what the stream no longer holds cannot land."""
        with told("ask how long the stream keeps events"):
            found = self._kinesis.describe_stream_summary(StreamName=self.name)
        kept = timedelta(hours=int(found["StreamDescriptionSummary"]["RetentionPeriodHours"]))
        return datetime.now(UTC) - kept - IN_HAND

    @cached_property
    def name(self) -> str:
        """The stream's name."""
        if self._name is not None:
            return self._name
        assert self._resources is not None
        return self._resources.of("stream", "StreamName")

    @property
    def _kinesis(self) -> Any:
        return self._session.client("kinesis")

    # the calls that matter

    def _body(self, records: Sequence[Keyed]) -> bytes:
        entries = [{"Data": each.data, "PartitionKey": each.key} for each in records]
        return msgspec.json.encode({"StreamName": self.name, "Records": entries})  # bytes become base64 there

    def _call(self, body: bytes, headers: dict[str, str]) -> bytes:
        from http.client import HTTPException

        connection = self._connection()
        try:
            connection.request("POST", self._path, body, headers)
            response = connection.getresponse()
            content: bytes = response.read()
        except (HTTPException, OSError) as fault:
            connection.close()  # the next call opens it anew
            raise RetryableError(
                "no answer from Kinesis",
                why=f"{type(fault).__name__}: {fault}; the events may have been taken or not",
                remedy="run the same command again",
            ) from fault
        if response.status == 200:
            return content
        raise self._refused(response.status, content)

    def _refused(self, status: int, content: bytes) -> Exception:
        """An answer other than 200, as boto3 would raise it, in our words."""
        from botocore.exceptions import ClientError

        try:
            said = json.loads(content)
        except ValueError:
            said = {}
        code = str(said.get("__type") or said.get("code") or status).rpartition("#")[2]
        message = said.get("message") or said.get("Message") or content[:200].decode("utf-8", "replace")
        if status >= 500:
            code = "ServiceUnavailable"
        return in_our_words(ClientError({"Error": {"Code": code, "Message": message}}, "PutRecords"), "send events")

    def _signed(self, body: bytes) -> dict[str, str]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.PutRecords"}
        request = AWSRequest("POST", self._endpoint, headers=headers, data=body)
        SigV4Auth(self._session.credentials(), "kinesis", self._session.region).add_auth(request)
        return dict(request.headers.items())

    @cached_property
    def _endpoint(self) -> str:
        return str(self._kinesis.meta.endpoint_url).rstrip("/") + "/"

    @cached_property
    def _path(self) -> str:
        return urlsplit(self._endpoint).path

    def _connection(self) -> Any:
        """This thread's connection, which stays open from call to call."""
        found = getattr(self._connections, "open", None)
        if found is None:
            from http.client import HTTPConnection, HTTPSConnection

            place = urlsplit(self._endpoint)
            if place.scheme == "https":
                found = HTTPSConnection(place.netloc, timeout=SECONDS_TO_ANSWER, context=self._trust)
            else:
                found = HTTPConnection(place.netloc, timeout=SECONDS_TO_ANSWER)
            self._connections.open = found
        return found

    @cached_property
    def _trust(self) -> Any:
        import ssl

        return ssl.create_default_context(cafile=self._authorities)

    @cached_property
    def _authorities(self) -> str | None:
        """The certificates that boto3 would trust: AWS_CA_BUNDLE, or its own."""
        import os

        if named := os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE"):
            return named
        from botocore.httpsession import get_cert_path

        found = get_cert_path(True)
        return str(found) if found else None
