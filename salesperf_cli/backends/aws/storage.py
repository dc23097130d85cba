"""Deletes what a stack retains: buckets with all versions of all objects, and catalog databases. Nothing else does."""

from __future__ import annotations

from typing import Any

from salesperf_cli.backends.aws.session import AwsSession, code_of, told


class AwsStorage:
    """Implements `Storage` in one account and region."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def empty_and_delete_bucket(self, name: str) -> int:
        """Delete every version of every object, then the bucket; gives how many there were."""
        from botocore.exceptions import ClientError

        s3, count = self._session.client("s3"), 0
        with told(f"delete the bucket {name}"):
            try:
                for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
                    count += self._delete(name, [*page.get("Versions", ()), *page.get("DeleteMarkers", ())])
                for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=name):
                    for upload in page.get("Uploads", ()):
                        s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
                s3.delete_bucket(Bucket=name)
            except ClientError as fault:
                if code_of(fault) != "NoSuchBucket":
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

    def _delete(self, bucket: str, versions: list[Any]) -> int:
        names = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
        if names:
            self._session.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True})
        return len(names)
