"""S3's REST requests as IAM actions (Service Authorization Reference, S3; User Guide, required permissions by API)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.etree import ElementTree

from tests.aws.authority.asked import Need, Request, UnknownRequestError, World

_PLAIN = {
    "x-id", "prefix", "list-type", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type",
    "fetch-owner", "key-marker", "version-id-marker", "upload-id-marker", "max-uploads", "part-number-marker",
    "max-parts", "marker",
}  # fmt: skip
"""Parameters that change nothing about what is needed."""


def needs_of(request: Request, world: World) -> list[Need]:
    """What a request to S3 needs. Raises UnknownRequestError for one that is not here."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    asked = frozenset(request.query) - _PLAIN
    table = _OBJECT if key else _BUCKET if bucket else _SERVICE
    try:
        needs = table[request.method, asked]
    except KeyError:
        raise UnknownRequestError(
            f"S3: {request.method} {request.target} (tests/aws/authority/s3.py: {request.method}, {sorted(asked)})"
        ) from None
    found = list(needs(request, f"arn:aws:s3:::{bucket}", key))
    return [*found, *_of_the_key(found, request, world)]


def seeing_that_it_is_missing(request: Request) -> Need | None:
    """What S3 wants before it says 404 of an object and not 403; None where the request is of another kind."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    reads = key and request.method in ("GET", "HEAD") and not set(request.query) - {*_PLAIN, "versionId"}
    return Need("s3:ListBucket", f"arn:aws:s3:::{bucket}") if reads else None


def _of_the_key(found: list[Need], request: Request, world: World) -> Iterator[Need]:
    """The data keys of objects that are encrypted: one to write, the same again for each further part."""
    for need in found:
        if not need.resource.removeprefix("arn:aws:s3:::").startswith(world.encrypted):
            continue
        if need.action in ("s3:GetObject", "s3:GetObjectVersion"):
            yield from world.use_of_the_key("s3", "Decrypt")
        if need.action == "s3:PutObject":
            in_parts = {"uploads", "uploadId"} & set(request.query)
            yield from world.use_of_the_key("s3", "GenerateDataKey", *(["Decrypt"] if in_parts else []))


def _on_object(*actions: str) -> Callable[[Request, str, str], Iterator[Need]]:
    def needs(request: Request, bucket: str, key: str) -> Iterator[Need]:
        yield from (Need(f"s3:{action}", f"{bucket}/{key}") for action in actions)

    return needs


def _on_bucket(action: str) -> Callable[[Request, str, str], Iterator[Need]]:
    def needs(request: Request, bucket: str, key: str) -> Iterator[Need]:
        yield Need(f"s3:{action}", bucket, {f"s3:{n}": v for n, v in request.query.items() if n == "prefix"})

    return needs


def _put(request: Request, bucket: str, key: str) -> Iterator[Need]:
    """Writing an object, over one that is there (If-Match), or from another."""
    yield Need("s3:PutObject", f"{bucket}/{key}")
    if request.headers.get("If-Match"):
        yield Need("s3:GetObject", f"{bucket}/{key}")
    if source := request.headers.get("x-amz-copy-source"):
        yield Need("s3:GetObject", f"arn:aws:s3:::{source.lstrip('/')}")


def _delete_several(request: Request, bucket: str, key: str) -> Iterator[Need]:
    space = "{http://s3.amazonaws.com/doc/2006-03-01/}"
    tree = ElementTree.fromstring(request.body)
    for each in [*tree.iter(f"{space}Object"), *tree.iter("Object")]:
        name = each.findtext(f"{space}Key") or each.findtext("Key")
        version = each.findtext(f"{space}VersionId") or each.findtext("VersionId")
        yield Need("s3:DeleteObjectVersion" if version else "s3:DeleteObject", f"{bucket}/{name}")


_Needs = Callable[[Request, str, str], Iterator[Need]]
_NONE: frozenset[str] = frozenset()


def _service(request: Request, bucket: str, key: str) -> Iterator[Need]:
    yield Need("s3:ListAllMyBuckets", "*")


_SERVICE: dict[tuple[str, frozenset[str]], _Needs] = {("GET", _NONE): _service}
_BUCKET: dict[tuple[str, frozenset[str]], _Needs] = {
    ("GET", _NONE): _on_bucket("ListBucket"),
    ("HEAD", _NONE): _on_bucket("ListBucket"),
    ("GET", frozenset({"versions"})): _on_bucket("ListBucketVersions"),
    ("GET", frozenset({"uploads"})): _on_bucket("ListBucketMultipartUploads"),
    ("GET", frozenset({"location"})): _on_bucket("GetBucketLocation"),
    ("POST", frozenset({"delete"})): _delete_several,
    ("DELETE", _NONE): _on_bucket("DeleteBucket"),
}
_OBJECT: dict[tuple[str, frozenset[str]], _Needs] = {
    ("GET", _NONE): _on_object("GetObject"),
    ("HEAD", _NONE): _on_object("GetObject"),
    ("GET", frozenset({"versionId"})): _on_object("GetObjectVersion"),
    ("HEAD", frozenset({"versionId"})): _on_object("GetObjectVersion"),
    ("PUT", _NONE): _put,
    ("DELETE", _NONE): _on_object("DeleteObject"),
    ("POST", frozenset({"uploads"})): _on_object("PutObject"),
    ("PUT", frozenset({"uploadId", "partNumber"})): _on_object("PutObject"),
    ("POST", frozenset({"uploadId"})): _put,
    ("GET", frozenset({"uploadId"})): _on_object("ListMultipartUploadParts"),
    ("DELETE", frozenset({"uploadId"})): _on_object("AbortMultipartUpload"),
}
