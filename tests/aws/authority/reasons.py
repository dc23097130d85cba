"""What a documented policy holds and the tests under it do not use, each with its reason. Whatever else is unused is
too much, and a reason that is not needed any more is, too.
"""

from __future__ import annotations

from collections.abc import Iterable

_AFTERWARDS = "only after an answer of S3 was lost or damaged, or a write was overtaken"
_DELETES = "only when more questions are kept than are worth it"
_ATHENAS_OWN = "Athena asks it of whoever writes results (User Guide, Access to Amazon S3); no engine here does"
_ATHENAS_LOOK = "Athena looks at the database of each table (User Guide, Fine-grained access to databases and tables)"

NEVER: dict[tuple[str, str], str] = {
    ("UploadBronze", "s3:AbortMultipartUpload"): _AFTERWARDS,
    ("UploadBronze", "s3:DeleteObject"): _AFTERWARDS,
    ("EnterDeployment", "s3:GetObject"): _AFTERWARDS,
    ("FindPackages", "s3:ListBucket"): "only before a package of more than 8 MiB is sent",
    ("FindPackages", "artifacts"): "the same",
    ("ChangeStacks", "cloudformation:DescribeEvents"): "only after a failure; who lacks it is told less",
    ("DeleteStacks", "cloudformation:DescribeEvents"): "only after a failure; who lacks it is told less",
    ("KeepQuestions", "s3:DeleteObject"): _DELETES,
    ("EmptyBuckets", "s3:AbortMultipartUpload"): "no upload is under way here",
    ("EmptyBuckets", "s3:DeleteObject"): "versioned buckets have versions only",
    ("EmptyBuckets", "failures/*"): "nothing has failed here",
    ("EmptyBuckets", "logs/*"): "a stand-in writes no access logs",
    ("AskAthena", "athena:StopQueryExecution"): "only after Ctrl-C or a limit: test_query_command",
    **dict.fromkeys(
        (
            ("SeeViewed", "database/salesperf_standin_silver"),
            ("SeeViewed", "table/salesperf_standin_silver/*"),
            ("ReadSchemas", "lake/warehouse/silver/*/metadata/*"),
        ),
        "a pipeline's views may read silver; those of the one built in do not",
    ),
    ("SeeViewed", "glue:GetDatabase"): _ATHENAS_LOOK,
    ("MakeViews", "glue:GetDatabase"): _ATHENAS_LOOK,
    ("MakeViews", "glue:CreateTable"): "a view that somebody has dropped is made again",
    ("KeepResults", "s3:AbortMultipartUpload"): _ATHENAS_OWN,
    ("KeepResults", "s3:ListMultipartUploadParts"): _ATHENAS_OWN,
    ("FindResults", "results"): _ATHENAS_OWN,
    ("FindResults", "s3:GetBucketLocation"): _ATHENAS_OWN,
    ("FindResults", "s3:ListBucket"): _ATHENAS_OWN,
    ("FindResults", "s3:ListBucketMultipartUploads"): _ATHENAS_OWN,
}
"""By the statement and the action or resource, a resource without account and the target's name."""

END_TO_END = ("run-batch", "promote", "rollback", "publish-views", "query")
"""Verbs whose policies are looked through for what is too much where real jobs run and a real engine answers."""


IN_TEST_PERMISSIONS = {
    ("StopJobs", "glue:BatchStopJobRun"), ("StopJobs", "job/salesperf-standin-silver"),
    ("StopJobs", "job/salesperf-standin-gold"),
}  # fmt: skip
"""What is seen there, and not end to end."""

_LAMBDAS_OWN = "Lambda does it in the function's name, and the stand-in without asking"
OF_ROLES: dict[tuple[str, str], str] = {
    ("WriteTables", "s3:AbortMultipartUpload"): _AFTERWARDS,
    ("LeaseAndScratch", "s3:AbortMultipartUpload"): _AFTERWARDS,
    ("LeaseAndScratch", "lake/_tmp/glue/gold/*"): "Glue's own, and no Glue is here",
    ("ReadTheStream", "stream/salesperf-standin-sales"): _LAMBDAS_OWN,
    **{
        ("ReadTheStream", f"kinesis:{each}"): _LAMBDAS_OWN
        for each in ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
    },
    ("KeepFailedBatches", "failures/aws/lambda/*"): _LAMBDAS_OWN,
    ("KeepFailedBatches", "s3:PutObject"): _LAMBDAS_OWN,
    ("SeeTheFailuresBucket", "failures"): _LAMBDAS_OWN,
    ("SeeTheFailuresBucket", "s3:ListBucket"): _LAMBDAS_OWN,
    ("WriteOwnLog", "log-group:/aws/lambda/salesperf-standin-speed:*"): _LAMBDAS_OWN,
    ("WriteOwnLog", "logs:CreateLogStream"): _LAMBDAS_OWN,
    ("WriteOwnLog", "logs:PutLogEvents"): _LAMBDAS_OWN,
    ("UseTheKey", "kms:Decrypt"): f"of the stream's records: {_LAMBDAS_OWN}",
}
"""The same of the roles of jobs and of the function."""


def short(resource: str) -> str:
    """A resource without what differs from account to account: `lake/_ledger/runs/*`, `job/salesperf-standin-gold`."""
    if not resource.startswith("arn:"):
        return resource
    _, _, service, _, _, rest = resource.split(":", 5)
    if service != "s3":
        return rest
    bucket, slash, key = rest.partition("/")
    return bucket.split("-")[2] + slash + key


def unexplained(unused: Iterable[tuple[str, str]], reasons: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """What is unused and has no reason."""
    return {(sid, short(word)) for sid, word in unused} - set(reasons)
