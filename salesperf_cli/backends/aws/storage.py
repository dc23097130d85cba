"""Deletes what a stack retains: buckets with all versions of all objects, and catalog databases. Nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salesperf_cli.backends.aws.faults import code_of, told
from salesperf_cli.backends.aws.session import AwsSession

_ATTEMPTS = 3


class AwsStorage:
    """Implements `Storage` in one account and region."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def empty_and_delete_bucket(self, name: str) -> int:
        """Delete every version of every object, then the bucket; gives how many there were."""
        from botocore.exceptions import ClientError

        count = 0
        with told(f"delete the bucket {name}"):
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    count += self._empty(name)
                    self._session.client("s3").delete_bucket(Bucket=name)
                    break
                except ClientError as fault:
                    if code_of(fault) == "NoSuchBucket":
                        break
                    # Access logs and the last writers arrive late.
                    if code_of(fault) != "BucketNotEmpty" or attempt == _ATTEMPTS:
                        raise
        return count

    def delete_database(self, name: str) -> None:
        """Delete a catalog database with its tables' entries."""
        from botocore.exceptions import ClientError

        with told(f"delete the database {name}"):
            try:
                self._session.client("glue").delete_database(Name=name)
            except ClientError as fault:
                if code_of(fault) != "EntityNotFoundException":
                    raise

    def _empty(self, bucket: str) -> int:
        s3, count = self._session.client("s3"), 0
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            versions = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            names = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
            if names:
                raise_first(s3.delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True}))
            count += len(names)
        for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
            for upload in page.get("Uploads", ()):
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return count


def raise_first(answer: Mapping[str, Any]) -> None:
    """DeleteObjects succeeds as a call where single objects are refused: raise the first refusal."""
    from botocore.exceptions import ClientError

    if errors := answer.get("Errors"):
        raise ClientError({"Error": {"Code": errors[0]["Code"], "Message": errors[0]["Message"]}}, "DeleteObjects")
