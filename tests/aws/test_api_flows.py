"""What goes wrong between the product's real clients and AWS, service by service: told in words and an exit code.

moto answers; what it cannot show is said by a proxy before it. Retries are real, only nobody waits between them.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.core import set_initial_no_auth_action_count
from moto.server import ThreadedMotoServer

from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.backends.aws.stream import KinesisStream
from salesperf_cli.backends.ports import StreamRecord
from salesperf_cli.errors import AccessError, InputError, RetryableError, SalesperfError
from tests.aws.moto_account import JOBS, KEYS, REGION, STREAM, Shop, client, deploy, new_shop, nobody_else
from tests.aws.service_calls import CALLS, Between, kinesis_put, s3_write
from tests.lake import in_process
from tests.proxy import proxy_before

ATTEMPTS = 6
"""How often the product asks before it gives up."""

every_service = pytest.mark.parametrize("service", CALLS)


@pytest.fixture(scope="module")
def between(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Between]:
    """A deployed target on a moto server of this process, seen through the proxy."""
    with nobody_else(tmp_path_factory.mktemp("nobody")):
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        try:
            found = Between(store="http://{}:{}".format(*server.get_host_and_port()))
            deploy(found.store)
            with proxy_before(found.store, found.behave) as found.endpoint_url:
                yield found
        finally:
            server.stop()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Before which attempts the client would have waited; it does not."""
    found: list[int] = []

    def delay(_: Any, context: Any) -> float:
        found.append(context.attempt_number)
        return 0.0

    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", delay)
    return found


@pytest.fixture(scope="module")
def one_session(between: Between) -> AwsSession:
    """A client takes longer to make than a test to run."""
    return AwsSession(Account(REGION, None, between.endpoint_url))


@pytest.fixture
def session(between: Between, one_session: AwsSession) -> Iterator[AwsSession]:
    """A session on the target, where nothing is wrong yet. moto keeps jobs running until they are looked at."""
    between.says("", "")
    yield one_session
    between.says("", "")
    one_session.client("glue").get_job_runs(JobName=JOBS["silver"])


@pytest.fixture
def shop(between: Between, session: AwsSession, tmp_path: Path) -> Shop:
    """A project on the target."""
    return new_shop(tmp_path / "shop", region=REGION, endpoint_url=between.endpoint_url)


def failing(call: Callable[[AwsSession], Any], session: AwsSession) -> SalesperfError:
    """The error that a call ends with."""
    with pytest.raises(SalesperfError) as told:
        call(session)
    assert told.value.remedy, "every error says what to do next"
    return told.value


def test_each_call_gets_its_answer_where_nothing_is_wrong(session: AwsSession, pauses: list[int]) -> None:
    for service, call in CALLS.items():
        call(session)
        assert pauses == [], service


# not logged in


@every_service
def test_a_login_that_has_expired_is_told_at_once(
    service: str, session: AwsSession, between: Between, pauses: list[int]
) -> None:
    for code in ("ExpiredToken", "ExpiredTokenException"):
        between.says(service, code)
        error = failing(CALLS[service], session)
        assert isinstance(error, AccessError) and "not logged in" in error.what and "log in again" in error.remedy
        assert code in error.why
    assert pauses == [], "to ask again would be of no use"


@every_service
def test_a_request_that_is_too_old_is_a_matter_of_the_clock(
    service: str, session: AwsSession, between: Between
) -> None:
    between.says(service, "RequestExpired")
    error = failing(CALLS[service], session)
    assert isinstance(error, AccessError) and "clock" in error.what


def test_a_login_that_expires_while_events_are_sent_is_told(session: AwsSession, between: Between) -> None:
    stream = KinesisStream(session, None, STREAM)
    assert stream.put([StreamRecord("k", b"1")])[0].sequence
    between.says("kinesis", "ExpiredTokenException")
    assert isinstance(failing(lambda _: stream.put([StreamRecord("k", b"2")]), session), AccessError)


# throttled


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("s3", "SlowDown", 503), ("glue", "ThrottlingException", 400), ("athena", "TooManyRequestsException", 400),
        ("kinesis", "ProvisionedThroughputExceededException", 400), ("kinesis", "LimitExceededException", 400),
        ("cloudformation", "Throttling", 400), ("secretsmanager", "ThrottlingException", 400),
    ],
)  # fmt: skip
def test_a_throttle_that_ends_is_waited_out_and_one_that_does_not_is_told(
    service: str, code: str, status: int, session: AwsSession, between: Between, pauses: list[int]
) -> None:
    call = CALLS[service]
    between.says(service, code, times=2, status=status)
    call(session)
    assert between.asked[service] >= 3 and pauses == [1, 2]
    pauses.clear()
    between.says(service, code, status=status)
    error = failing(call, session)
    assert isinstance(error, RetryableError) and "just now" in error.what
    assert code in error.why and "run the same command again" in error.remedy
    assert between.asked[service] == ATTEMPTS and pauses == [1, 2, 3, 4, 5]


def test_throttled_events_are_for_the_sender_to_send_again(
    session: AwsSession, between: Between, pauses: list[int]
) -> None:
    between.says("kinesis", "ProvisionedThroughputExceededException")
    assert isinstance(failing(kinesis_put, session), RetryableError)
    assert between.asked["kinesis"] == 1, "replay has its own patience"


@every_service
def test_a_server_that_fails_is_asked_again(
    service: str, session: AwsSession, between: Between, pauses: list[int]
) -> None:
    between.says(service, "InternalError", times=1, status=500)
    CALLS[service](session)
    between.says(service, "InternalError", status=500)
    assert isinstance(failing(CALLS[service], session), RetryableError)
    assert between.asked[service] == ATTEMPTS


# out of reach, or elsewhere


@every_service
def test_a_refused_connection_is_told_with_the_address(service: str, session: AwsSession, pauses: list[int]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, and nobody listens
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        error = failing(CALLS[service], AwsSession(Account(REGION, None, address)))
    assert isinstance(error, RetryableError) and "cannot reach AWS" in error.what
    assert address in error.why and "the network, the region and endpoint_url" in error.remedy
    assert len(pauses) == ATTEMPTS - 1


def test_events_that_reach_nobody_are_told(session: AwsSession) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = AwsSession(Account(REGION, None, f"http://127.0.0.1:{nobody.getsockname()[1]}"))
        error = failing(kinesis_put, away)
    assert isinstance(error, RetryableError) and "no answer from Kinesis" in error.what


@pytest.mark.parametrize(("code", "status"), [("PermanentRedirect", 301), ("AuthorizationHeaderMalformed", 400)])
def test_a_bucket_in_another_region_is_told_with_the_setting_to_correct(
    code: str, status: int, session: AwsSession, between: Between
) -> None:
    between.says("s3", code, status=status)
    for call in (CALLS["s3"], s3_write):
        error = failing(call, session)
        assert isinstance(error, InputError) and "it lies in another region" in error.what
        assert error.remedy == "set the target's region in salesperf.toml"


# the same from the command's side


def test_a_target_looked_for_in_another_region_is_not_deployed_there(between: Between, tmp_path: Path) -> None:
    away = new_shop(tmp_path, region="us-east-1", endpoint_url=between.endpoint_url)
    (away.folder / "files").mkdir()
    in_process("sample", "files", "--orders", "5", folder=away.folder, variables={"HOME": str(tmp_path)})
    found = away.call("ingest", "files")
    assert found.exit_code == 2
    assert "there is no stack salesperf-dev-foundation in us-east-1" in found.stderr
    assert "salesperf deploy --target dev" in found.stderr


@pytest.mark.parametrize("verb", [("query", "SELECT 1"), ("run-batch",), ("status",), ("deploy", "--yes")])
def test_a_profile_that_does_not_exist_is_told_with_its_name(
    verb: tuple[str, ...], between: Between, tmp_path: Path
) -> None:
    shop = new_shop(tmp_path, region=REGION, endpoint_url=between.endpoint_url, profile="nobody")
    found = shop.call(*verb)
    assert found.exit_code == 2 and "there is no AWS profile 'nobody'" in found.stderr
    assert "aws configure list-profiles" in found.stderr


def test_no_credentials_at_all_are_told_before_anything_is_sent(
    shop: Shop, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    between.asked.clear()
    found = shop.call("status")
    assert found.exit_code == 4 and "there are no AWS credentials" in found.stderr and "aws sso login" in found.stderr
    assert not between.asked


def test_an_expired_login_leaves_a_command_with_4_and_a_throttle_with_5(shop: Shop, between: Between) -> None:
    between.says("s3", "ExpiredToken")
    found = shop.call("run-batch")
    assert found.exit_code == 4 and "log in again" in found.stderr
    between.says("cloudformation", "Throttling")
    found = shop.call("run-batch")
    assert found.exit_code == 5 and "run the same command again" in found.stderr


# not allowed: moto's own IAM decides


@pytest.fixture
def clerk(between: Between, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Lets the commands be those of a user with these permissions alone."""
    iam = client("iam", between.store)
    iam.create_user(UserName="clerk")
    key = iam.create_access_key(UserName="clerk")["AccessKey"]

    def may(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="clerk", PolicyName="narrow", PolicyDocument=policy)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])

    yield may
    monkeypatch.undo()
    iam.delete_access_key(UserName="clerk", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="clerk", PolicyName="narrow")
    iam.delete_user(UserName="clerk")


held = set_initial_no_auth_action_count(0)
"""Has moto look at the user's policies while a function runs."""
LOOK = ("cloudformation:DescribeStacks", "s3:ListBucket", "s3:GetObject")


@pytest.mark.parametrize(
    ("service", "missing"),
    [
        ("s3", "GetObject"), ("glue", "glue:StartJobRun"), ("athena", "athena:StartQueryExecution"),
        ("kinesis", "kinesis:ListShards"), ("cloudformation", "cloudformation:DescribeStacks"),
        ("secretsmanager", "secretsmanager:GetSecretValue"),
    ],
)  # fmt: skip
def test_a_call_that_is_not_allowed_is_not_repeated_and_names_what_is_missing(
    service: str, missing: str, clerk: Callable[..., None], between: Between, pauses: list[int]
) -> None:
    clerk("sts:GetCallerIdentity", *(["cloudformation:*"] if service == "glue" else []))
    between.asked.clear()
    error = held(failing)(CALLS[service], AwsSession(Account(REGION, None, between.endpoint_url)))
    assert isinstance(error, AccessError) and "not allowed to" in error.what
    assert missing in error.why
    if ":" in missing:  # S3 itself names the action, and moto's does not
        assert f"ask for that permission ({missing})" in error.remedy
    assert between.asked[service] == 1 and pauses == []


@pytest.mark.parametrize(
    ("allowed", "command", "missing"),
    [
        (("s3:*",), ("run-batch",), "cloudformation:DescribeStacks"),
        (LOOK, ("ingest", "files"), "PutObject"),
        ((*LOOK, "s3:PutObject"), ("run-batch",), "glue:StartJobRun"),
    ],
)
def test_a_command_that_is_not_allowed_ends_with_4_and_says_what_to_ask_for(
    shop: Shop, clerk: Callable[..., None], allowed: tuple[str, ...], command: tuple[str, ...], missing: str
) -> None:
    variables = {"HOME": str(shop.folder)}
    in_process("sample", "files", "--orders", "5", "--seed", "4", folder=shop.folder, variables=variables)
    if "s3:PutObject" in allowed:
        shop.done("ingest", "files")
    clerk(*allowed)
    found = held(shop.call)(*command)
    assert found.exit_code == 4, found.stderr
    assert "not allowed to" in found.stderr and missing in found.stderr
    assert "ask for that permission" in found.stderr
