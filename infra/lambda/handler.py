"""The speed layer's function as Lambda calls it: the bucket and the log that batches are landed in.

Events are judged in `event_contract` and landed in `event_landing`. All three need the standard library and botocore
only, the half of boto3 that makes calls: it is in Lambda's runtime, and starts faster than the whole.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from event_contract import read_contract
from event_landing import Landing


def _write_to(bucket: str) -> Callable[[str, bytes], None]:
    from botocore.config import Config
    from botocore.session import get_session

    # On a stand-in one address serves all buckets.
    style = {"addressing_style": "path"} if os.environ.get("AWS_ENDPOINT_URL") else None
    s3 = get_session().create_client("s3", config=Config(retries={"mode": "standard", "max_attempts": 4}, s3=style))

    def put(key: str, data: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=data)

    return put


def _log(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@cache
def _landing() -> Landing:
    return Landing(
        read_contract(),
        _write_to(os.environ["SALESPERF_LAKE_BUCKET"]),
        _log,
        prefix=os.environ["SALESPERF_SPEED_PREFIX"],
        rejected_prefix=os.environ["SALESPERF_REJECTED_PREFIX"],
        namespace=os.environ.get("SALESPERF_METRICS_NAMESPACE", "salesperf"),
    )


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """What Lambda calls with a batch of one shard."""
    return _landing().take(event)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _landing()  # in Lambda's init phase, so that the first batch does not wait for the client
