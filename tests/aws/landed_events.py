"""What has landed in the lake of a stand-in account. Not a test module."""

from __future__ import annotations

import gzip
import json
from typing import Any

import boto3

from tests.aws.standin.parts import REGION


def landed(endpoint_url: str) -> list[dict[str, Any]]:
    """Every line that has landed."""
    packed = objects_under("speed/", endpoint_url)
    return [json.loads(line) for data in packed for line in gzip.decompress(data).splitlines()]


def objects_under(prefix: str, endpoint_url: str) -> list[bytes]:
    """What the objects of the account's lake hold whose keys begin with a prefix."""
    s3 = boto3.client("s3", endpoint_url=endpoint_url, region_name=REGION)
    bucket = next(each["Name"] for each in s3.list_buckets()["Buckets"] if "-lake-" in each["Name"])
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
    return [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
