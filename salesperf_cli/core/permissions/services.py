"""Grants on the services around the lake: stacks, jobs, Athena, the stream, secrets, prices and bills."""

from __future__ import annotations

from salesperf_cli.core.deploy.templates import ORDER
from salesperf_cli.core.permissions.grant import PREFIX, Condition, Grant, arn, bucket, objects, together
from salesperf_cli.core.permissions.lake import ASKED, FIND, LAKE, READ_EVENTS, catalog, metadata_of


def stacks(*templates: str) -> tuple[str, ...]:
    """The ARNs of the stacks of templates."""
    return tuple(arn("cloudformation", f"stack/{PREFIX}-{template}/*") for template in templates)


def sees(*templates: str) -> Grant:
    """Looking at stacks, whose outputs say what everything is called."""
    return Grant(
        "SeeStacks", "Read from the stacks what everything is called.", ("cloudformation:DescribeStacks",),
        stacks(*templates),
    )  # fmt: skip


# --- jobs ------------------------------------------------------------------------------------------------------------

_JOBS = tuple(arn("glue", f"job/${{{layer}JobName}}") for layer in ("Silver", "Gold"))
RUN_JOBS = (
    Grant("RunJobs", "Start the jobs of the layers and follow them.", ("glue:GetJobRun", "glue:StartJobRun"), _JOBS),
    Grant("StopJobs", "Stop a job after Ctrl-C with --stop-on-interrupt.", ("glue:BatchStopJobRun",), _JOBS),
    Grant(
        "ReadJobLogs",
        "Show what the jobs print.",
        ("logs:GetLogEvents",),
        tuple(arn("logs", f"log-group:${{{layer}LogGroupPrefix}}/output:log-stream:*") for layer in ("Silver", "Gold")),
    ),
)

# --- Athena: it reads the lake and writes results in the caller's name ------------------------------------------------

ASK = Grant(
    "AskAthena",
    "Start questions in the workgroup, follow them, stop them, fetch their rows.",
    ("athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution"),
    (arn("athena", "workgroup/${WorkGroupName}"),),
)
RESULTS = (
    Grant(
        "KeepResults",
        "Athena writes a question's result in the caller's name, and large ones are read there.",
        ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"),
        objects("ResultsBucketName", "athena/*"),
    ),
    Grant(
        "FindResults",
        "Athena looks where results go, and for uploads of them.",
        ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"),
        (bucket("ResultsBucketName"),),
    ),
)
SEE_CATALOG = Grant(
    "SeeCatalog",
    "Athena finds tables and views in the caller's name.",
    ("glue:GetDatabase", "glue:GetTable", "glue:GetTables"),
    catalog(*ASKED),
)
ASK_TABLES = together(
    ASK,
    RESULTS,
    SEE_CATALOG,
    FIND,
    Grant(
        "ReadTables",
        "Athena reads tables in the caller's name.",
        ("s3:GetObject",),
        objects(LAKE, "warehouse/silver/*", "warehouse/gold/*", "warehouse/quarantine/*"),
    ),
    READ_EVENTS,
)
_VIEWED = ("Silver", "Gold")
MAKE_VIEWS = together(
    ASK,
    RESULTS,
    FIND,
    Grant(
        "SeeViewed",
        "Athena finds what a view reads in the caller's name.",
        ("glue:GetDatabase", "glue:GetTable"),
        catalog(*_VIEWED, "Speed"),
    ),
    Grant(
        "MakeViews",
        "Athena makes and replaces views in the caller's name.",
        ("glue:CreateTable", "glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"),
        catalog("Serving"),
    ),
    Grant(
        "ReadSchemas",
        "Athena reads the columns of the tables that a view reads.",
        ("s3:GetObject",),
        metadata_of(*_VIEWED),
    ),
)

# --- the stream ------------------------------------------------------------------------------------------------------

SEND_EVENTS = Grant("SendEvents", "Put events into the stream.", ("kinesis:PutRecords",), ("${StreamArn}",))
READ_STREAM = Grant(
    "ReadStream",
    "Read what goes into the stream (--stream).",
    ("kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"),
    ("${StreamArn}",),
)

SEE_STREAM = Grant(
    "SeeStream",
    "Ask how long the stream keeps events: what it no longer holds cannot land.",
    ("kinesis:DescribeStreamSummary",),
    ("${StreamArn}",),
)

# --- secrets, prices, bills ------------------------------------------------------------------------------------------

READ_SECRETS = Grant(
    "ReadSecrets",
    "Read the credentials of an API (ingest URL); for secrets of other names change this resource.",
    ("secretsmanager:GetSecretValue",),
    (arn("secretsmanager", "secret:${StackPrefix}/*"),),
)
READ_PRICES = Grant("ReadPrices", "Ask the AWS Price List (refresh).", ("pricing:GetProducts",), ("*",))
READ_BILLS = Grant("ReadBills", "Ask Cost Explorer what was billed.", ("ce:GetCostAndUsage",), ("*",))

# --- deploying: before there is a target, so that names are those that the templates give -----------------------------


def _bucket_to_be(kind: str) -> str:
    return "arn:${Partition}:s3:::" + f"{PREFIX}-{kind}-${{AccountId}}-${{Region}}"


ARTIFACTS = _bucket_to_be("artifacts")
_BUCKETS = tuple(map(_bucket_to_be, ("lake", "artifacts", "results", "failures", "logs")))
UPLOAD_PACKAGES = (
    Grant(
        "UploadPackages",
        "Put code under keys that hold its hash; see what is there already.",
        ("s3:GetObject", "s3:PutObject"),
        (f"{ARTIFACTS}/*",),
    ),
    Grant("FindPackages", "Be told that a package is missing.", ("s3:ListBucket",), (ARTIFACTS,)),
)
ENTER_DEPLOYMENT = Grant(
    "EnterDeployment",
    "Enter in the ledger what a month is expected to cost; when S3's answer was lost, see whose entry is there.",
    ("s3:GetObject", "s3:PutObject"),
    (f"{_bucket_to_be('lake')}/_ledger/costs/*",),
)
PROPOSE = Grant(
    "ChangeStacks",
    "Propose changes, carry them out, follow the events; take a proposal back with the empty stack that it made.",
    (
        "cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DeleteStack",
        "cloudformation:DescribeChangeSet", "cloudformation:DescribeEvents", "cloudformation:DescribeStackEvents",
        "cloudformation:ExecuteChangeSet", "cloudformation:GetTemplate",
    ),
    stacks(*ORDER),
)  # fmt: skip
PROTECT = Grant(
    "ProtectFoundation",
    "Set whether the foundation can be deleted.",
    ("cloudformation:UpdateTerminationProtection",),
    stacks("foundation"),
)
DRIFT = (
    Grant(
        "LookForDrift",
        "Tell what was changed by other means (not with --no-drift).",
        ("cloudformation:DescribeStackResourceDrifts", "cloudformation:DetectStackDrift"),
        stacks(*ORDER),
    ),
    Grant(
        "FollowDrift",
        "See whether that has ended; the action knows no resource.",
        ("cloudformation:DescribeStackDriftDetectionStatus",),
        ("*",),
    ),
)
READ_TEMPLATES = Grant(
    "ReadTemplates", "Read the templates of the stacks.", ("cloudformation:GetTemplate",), stacks(*ORDER)
)
TAKE_DOWN = Grant(
    "DeleteStacks",
    "Delete stacks and follow the events.",
    ("cloudformation:DeleteStack", "cloudformation:DescribeEvents", "cloudformation:DescribeStackEvents"),
    stacks(*ORDER),
)
DELETE_DATA = (
    Grant(
        "EmptyBuckets",
        "Delete every version of every object (--delete-data).",
        ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"),
        tuple(f"{each}/*" for each in _BUCKETS),
    ),
    Grant(
        "DeleteBuckets",
        "Find what a bucket holds, and delete it (--delete-data).",
        ("s3:DeleteBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"),
        _BUCKETS,
    ),
    Grant(
        "DeleteDatabases",
        "Delete the catalog databases with their tables (--delete-data).",
        ("glue:DeleteDatabase",),
        (
            arn("glue", "catalog"),
            arn("glue", "database/${DatabasePrefix}_*"),
            arn("glue", "table/${DatabasePrefix}_*"),
            arn("glue", "userDefinedFunction/${DatabasePrefix}_*"),
        ),
    ),
)
BY_ALIAS = Condition("ForAnyValue:StringEquals", "kms:ResourceAliases", (f"alias/{PREFIX}",))
