"""Grants on the lake: the ledger, received files, landed events, Iceberg tables, and what is kept to be quicker."""

from __future__ import annotations

from salesperf_cli.core.permissions.grant import Grant, arn, bucket, objects, together

LAKE = "LakeBucketName"

FIND = Grant(
    "FindObjects",
    "List keys, and be told that an object is missing: else S3 says that it is forbidden.",
    ("s3:ListBucket",),
    (bucket(LAKE),),
)


# --- the ledger ----------------------------------------------------------------------------------------------------


def reads_ledger(*folders: str) -> tuple[Grant, ...]:
    """Reading folders of the ledger, such as `releases`."""
    found = objects(LAKE, *(f"_ledger/{folder}/*" for folder in folders))
    return FIND, Grant("ReadLedger", "Read what was received, run and released.", ("s3:GetObject",), found)


def _writes(name: str, purpose: str, folder: str) -> Grant:
    return Grant(name, purpose, ("s3:PutObject",), objects(LAKE, f"_ledger/{folder}/*"))


ENTER_INGESTS = together(
    reads_ledger("ingests"), _writes("EnterIngests", "Enter in the ledger which files count.", "ingests")
)
ENTER_COSTS = together(
    reads_ledger("costs", "cost_tallies"),
    Grant(
        "EnterCosts",
        "Enter in the ledger what was predicted and what it cost, and keep sums of it for the budget.",
        ("s3:PutObject",),
        objects(LAKE, "_ledger/costs/*", "_ledger/cost_tallies/*"),
    ),
)
HOLD_LEASE = together(
    reads_ledger("leases"),
    Grant(
        "HoldLease",
        "Hold the lease, so that one at a time changes what is published.",
        ("s3:DeleteObject", "s3:PutObject"),
        objects(LAKE, "_ledger/leases/*"),
    ),
)
RELEASE = together(
    reads_ledger("releases", "runs"),
    _writes("RecordRuns", "Enter in the ledger how far a run is.", "runs"),
    _writes("EnterReleases", "Enter the release, which readers follow.", "releases"),
)

KEEP_VIEWS = together(
    reads_ledger("views"),
    _writes("EnterViews", "Keep account of the day from which each live view reads landed events.", "views"),
)

# --- files and events ------------------------------------------------------------------------------------------------

READ_BRONZE = Grant("ReadBronze", "Read received files.", ("s3:GetObject",), objects(LAKE, "bronze/*"))
UPLOAD_BRONZE = Grant(
    "UploadBronze",
    "Store files, large ones in parts; see what is stored already; clear away what went wrong.",
    ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
    objects(LAKE, "bronze/*"),
)
READ_EVENTS = Grant("ReadEvents", "Read landed events.", ("s3:GetObject",), objects(LAKE, "speed/*"))
READ_REJECTED = Grant("ReadRejected", "Read rejected events.", ("s3:GetObject",), objects(LAKE, "speed_rejected/*"))

# --- tables ----------------------------------------------------------------------------------------------------------

BUILT = ("Silver", "Gold", "Quarantine")
ASKED = (*BUILT, "Serving", "Speed")


def catalog(*layers: str) -> tuple[str, ...]:
    """The databases of layers with their tables, and the catalog: Glue wants a right on all ancestors."""
    named = [f"${{{layer}DatabaseName}}" for layer in layers]
    return (
        arn("glue", "catalog"),
        *(arn("glue", f"database/{name}") for name in named),
        *(arn("glue", f"table/{name}/*") for name in named),
    )


def metadata_of(*layers: str) -> tuple[str, ...]:
    """The metadata of the tables of layers."""
    return objects(LAKE, *(f"warehouse/{layer.lower()}/*/metadata/*" for layer in layers))


def lists_files(*layers: str) -> tuple[Grant, ...]:
    """Seeing which files the tables of layers consist of."""
    return together(
        FIND,
        Grant("SeeTables", "Find tables in the catalog.", ("glue:GetTable",), catalog(*layers)),
        Grant("ReadMetadata", "Read which files a table consists of.", ("s3:GetObject",), metadata_of(*layers)),
        Grant(
            "KeepListings",
            "Keep the list of a snapshot's files, so that it is made once.",
            ("s3:GetObject", "s3:PutObject"),
            objects(LAKE, "_cache/listings/*"),
        ),
    )


MOVE_MAIN = together(
    FIND,
    Grant(
        "MoveMain",
        "Point the catalog at a table's new metadata.",
        ("glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"),
        catalog(*BUILT),
    ),
    Grant(
        "WriteMetadata",
        "Read and write the metadata in which main moves.",
        ("s3:GetObject", "s3:PutObject"),
        metadata_of(*BUILT),
    ),
)
VACUUM = together(
    FIND,
    reads_ledger("releases", "runs", "vacuums"),
    _writes("EnterVacuums", "Enter in the ledger which releases were given up.", "vacuums"),
    Grant(
        "DeleteFiles",
        "Delete files that no release needs.",
        ("s3:DeleteObject",),
        objects(LAKE, *(f"warehouse/{layer.lower()}/*" for layer in BUILT), "_cache/listings/*", "_tmp/*"),
    ),
)
KEEP_QUESTIONS = together(
    FIND,
    Grant(
        "KeepQuestions",
        "Keep questions as compiled, so that the next time is quicker, and forget the oldest.",
        ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
        objects(LAKE, "_cache/questions/*"),
    ),
)
KEEP_COLUMNS = Grant(
    "KeepColumns",
    "Keep the columns of a contract of events.",
    ("s3:GetObject", "s3:PutObject"),
    objects(LAKE, "_cache/contracts/*"),
)
