"""The authority that commands are held to decides as IAM documents it, and lets nothing pass that it cannot read."""

from __future__ import annotations

from email.message import Message
from typing import Any

import pytest

from tests.aws.authority import s3, services
from tests.aws.authority.asked import Need, Request, UnknownRequestError, World
from tests.aws.authority.policies import allows

WORLD = World("123456789012", "sa-east-1", "arn:aws:kms:sa-east-1:123456789012:key/k", "alias/x", ("shop-lake",))
READ = Need("s3:GetObject", "arn:aws:s3:::shop-lake/a/b")


def _policy(**statement: Any) -> list[dict[str, Any]]:
    return [{"Statement": [{"Sid": "S", "Effect": "Allow", **statement}]}]


def _request(method: str, target: str, body: bytes = b"", **headers: str) -> Request:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return Request(method, target, message, body)


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:GetObject", "arn:aws:s3:::shop-lake/*", True),
        ("s3:getobject", "arn:aws:s3:::shop-lake/a/?", True),
        ("s3:Get*", ["arn:aws:s3:::other/*", "*"], True),
        (["s3:PutObject", "s3:GetObject"], "arn:aws:s3:::shop-lake/a/b", True),
        ("s3:GetObject", "arn:aws:s3:::shop-lake", False),
        ("s3:GetObject", "arn:aws:s3:::shop-lake/A/*", False),
        ("s3:GetObjectVersion", "*", False),
        ("s3:GetObjec", "*", False),
    ],
)
def test_what_no_statement_allows_is_denied(action: Any, resource: Any, allowed: bool) -> None:
    assert allows(_policy(Action=action, Resource=resource), READ) is allowed


def test_nothing_is_allowed_by_no_policy() -> None:
    assert not allows([], READ)
    assert not allows([{"Statement": []}], READ)


def test_a_condition_must_hold_and_a_key_that_is_not_given_fails_it() -> None:
    via = {"StringEquals": {"kms:ViaService": ["s3.sa-east-1.amazonaws.com"]}}
    policy = _policy(Action="kms:Decrypt", Resource=WORLD.key, Condition=via)
    (through_s3,) = WORLD.use_of_the_key("s3", "Decrypt")
    (through_kinesis,) = WORLD.use_of_the_key("kinesis", "Decrypt")
    assert allows(policy, through_s3)
    assert not allows(policy, through_kinesis)
    assert not allows(policy, Need("kms:Decrypt", WORLD.key))


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
        {"NotAction": "s3:*", "Resource": "*"},
        {"Action": "s3:GetObject", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
    ],
)
def test_what_it_does_not_know_of_policies_is_an_error_and_no_answer(statement: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="not known here"):
        allows([{"Statement": [{"Effect": "Allow", **statement}]}], READ)


def _asked(method: str, target: str, body: bytes = b"", **headers: str) -> list[str]:
    found = s3.needs_of(_request(method, target, body, **headers), WORLD)
    return [f"{need.action.removeprefix('s3:')} {need.resource.rpartition(':')[2]}" for need in found]


def test_requests_to_s3_are_told_by_method_and_parameters() -> None:
    assert _asked("GET", "/logs/a%20b") == ["GetObject logs/a b"]
    assert _asked("GET", "/logs?list-type=2&prefix=a") == ["ListBucket logs"]
    assert _asked("PUT", "/logs/k", If_Match="e") == ["PutObject logs/k", "GetObject logs/k"]
    assert _asked("PUT", "/logs/k", x_amz_copy_source="/logs/j") == ["PutObject logs/k", "GetObject logs/j"]
    several = b"<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>1</VersionId></Object></Delete>"
    assert _asked("POST", "/logs?delete", several) == ["DeleteObject logs/a", "DeleteObjectVersion logs/b"]


def test_parts_of_an_upload_want_the_key_of_those_before_them() -> None:
    assert _asked("PUT", "/shop-lake/k") == ["PutObject shop-lake/k", "kms:GenerateDataKey key/k"]
    whole = ["PutObject shop-lake/k", "kms:GenerateDataKey key/k", "kms:Decrypt key/k"]
    assert _asked("PUT", "/shop-lake/k?uploadId=u&partNumber=1") == whole


@pytest.mark.parametrize(("method", "target"), [("PUT", "/b/k?acl"), ("DELETE", "/b?policy"), ("PATCH", "/b/k")])
def test_a_request_that_nobody_has_described_is_an_error(method: str, target: str) -> None:
    with pytest.raises(UnknownRequestError, match=r"authority/s3\.py"):
        s3.needs_of(_request(method, target), WORLD)
    with pytest.raises(UnknownRequestError, match="iam: CreateUser"):
        services.needs_of("iam", "CreateUser", {}, WORLD, services.Memory())
    with pytest.raises(UnknownRequestError, match="is not signed"):
        _ = _request(method, target).scope


def test_a_word_of_an_earlier_answer_names_what_it_was_about() -> None:
    memory = services.Memory()
    started = services.needs_of("athena", "StartQueryExecution", {"WorkGroup": "w"}, WORLD, memory)
    services.remember("athena", {}, b'{"QueryExecutionId": "q"}', started, memory)
    (followed,) = services.needs_of("athena", "GetQueryExecution", {"QueryExecutionId": "q"}, WORLD, memory)
    assert followed.resource == started[0].resource == "arn:aws:athena:sa-east-1:123456789012:workgroup/w"


def test_a_namespace_is_read_from_cbor() -> None:
    body = b"\xa2\x69Namespace\x6dsalesperf/dev\x6aMetricData\x80"
    request = _request("POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData", body)
    operation, asked = services.call_of(request, "monitoring")
    (need,) = services.needs_of("monitoring", operation, asked, WORLD, services.Memory())
    assert (need.action, dict(need.context)) == ("cloudwatch:PutMetricData", {"cloudwatch:namespace": "salesperf/dev"})
