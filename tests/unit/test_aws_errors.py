"""AWS's errors in our words: the exit code that scripts go by, and a remedy that fits."""

from __future__ import annotations

from collections import Counter

import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError

from salesperf_cli.backends.aws import faults
from salesperf_cli.backends.aws.faults import code_of, in_our_words, told
from salesperf_cli.errors import ExitCode, SalesperfError

USAGE, PERMISSION, RETRYABLE, CONFLICT = ExitCode.USAGE, ExitCode.PERMISSION, ExitCode.RETRYABLE, ExitCode.CONFLICT
DENIED = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: {} on resource: y"


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "message", "exit_code", "remedy"),
    [
        # CloudFormation has one code for everything
        ("ValidationError", "Stack with id salesperf-dev-batch does not exist", USAGE, "salesperf deploy"),
        ("ValidationError", "Stack:arn is in UPDATE_IN_PROGRESS state and can not be updated.", CONFLICT, "wait"),
        ("ValidationError", "Parameters: [FunctionKey] must have values", USAGE, "correct what it names"),
        ("ValidationError", "Stack [x] cannot be deleted while TerminationProtection is enabled", USAGE, "correct"),
        ("AlreadyExistsException", "Stack [x] already exists", CONFLICT, "wait"),
        # S3
        ("NoSuchBucket", "The specified bucket does not exist", USAGE, "salesperf deploy"),
        ("404", "Not Found", USAGE, "salesperf doctor"),
        ("PermanentRedirect", "The bucket must be addressed using another endpoint", USAGE, "region"),
        ("AuthorizationHeaderMalformed", "the region 'x' is wrong; expecting 'y'", USAGE, "region"),
        ("OperationAborted", "A conflicting conditional operation is in progress", CONFLICT, "wait"),
        ("SlowDown", "Please reduce your request rate.", RETRYABLE, "again"),
        ("400", "Bad Request", PERMISSION, "log in again"),
        # permissions, and those on the key, which S3 says in the text alone
        ("AccessDenied", DENIED.format("s3:PutObject"), PERMISSION, "ask for that permission"),
        ("AccessDenied", DENIED.format("kms:GenerateDataKey"), PERMISSION, "the key's own policy"),
        ("AccessDeniedException", DENIED.format("kms:Decrypt"), PERMISSION, "the key's own policy"),
        ("KMSAccessDeniedException", "The ciphertext refers to a key …", PERMISSION, "the key's own policy"),
        ("AccessDeniedException", DENIED.format("glue:GetTable"), PERMISSION, "that permission (glue:GetTable)"),
        ("403", "Forbidden", PERMISSION, "ask for that permission"),
        ("KMS.DisabledException", "arn is disabled.", USAGE, "KMS console"),
        ("KMSInvalidStateException", "arn is pending deletion.", USAGE, "KMS console"),
        # who is asking
        ("ExpiredToken", "The provided token has expired.", PERMISSION, "log in again"),
        ("ExpiredTokenException", "The security token included in the request is expired", PERMISSION, "log in again"),
        ("InvalidClientTokenId", "The security token included in the request is invalid", PERMISSION, "log in again"),
        ("InvalidSignatureException", "The request signature we calculated …", PERMISSION, "log in again"),
        ("RequestTimeTooSkewed", "The difference between the request time and …", PERMISSION, "clock"),
        ("OptInRequired", "The AWS Access Key Id needs a subscription", PERMISSION, "sign-up"),
        # services that are busy, or somebody else who is at it
        ("ThrottlingException", "Rate exceeded", RETRYABLE, "again"),
        ("ProvisionedThroughputExceededException", "Rate exceeded for shard", RETRYABLE, "again"),
        ("InternalServiceException", "", RETRYABLE, "again"),
        ("ConcurrentModificationException", "", CONFLICT, "wait"),
        ("ResourceInUseException", "Stream is not ACTIVE", CONFLICT, "wait"),
        # what is gone
        ("EntityNotFoundException", "Table not found", USAGE, "salesperf deploy"),
        ("ResourceNotFoundException", "Stream not found", USAGE, "salesperf deploy"),
        # what nobody has heard of
        ("SomethingNewException", "no idea", USAGE, "salesperf doctor"),
    ],
)
def test_a_refusal_has_an_exit_code_and_a_remedy_that_fits(
    code: str, message: str, exit_code: ExitCode, remedy: str
) -> None:
    found = in_our_words(refusal(code, message), "read the ledger")
    assert found.exit_code is exit_code
    assert remedy in found.remedy
    assert "read the ledger" in found.what
    assert message in found.why and code in found.why, "what AWS said is shown as it is"


@pytest.mark.parametrize(
    ("fault", "exit_code", "remedy"),
    [
        (boto.EndpointConnectionError(endpoint_url="https://s3.nowhere"), RETRYABLE, "check the network, the region"),
        (boto.ConnectTimeoutError(endpoint_url="https://s3.nowhere"), RETRYABLE, "check the network, the region"),
        (boto.ProxyConnectionError(proxy_url="http://proxy"), RETRYABLE, "check the network"),
        (boto.ReadTimeoutError(endpoint_url="https://s3"), RETRYABLE, "run the same command again"),
        (boto.ConnectionClosedError(endpoint_url="https://s3"), RETRYABLE, "run the same command again"),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), RETRYABLE, "run the same command again"),
        (boto.ResponseStreamingError(error="broken"), RETRYABLE, "run the same command again"),
        (boto.SSLError(endpoint_url="https://s3", error="self-signed"), USAGE, "AWS_CA_BUNDLE"),
        (boto.NoCredentialsError(), PERMISSION, "log in"),
        (boto.PartialCredentialsError(provider="env", cred_var="x"), PERMISSION, "log in"),
        (boto.CredentialRetrievalError(provider="process", error_msg="no such program"), PERMISSION, "log in"),
        (boto.TokenRetrievalError(provider="sso", error_msg="expired"), PERMISSION, "log in again"),
        (boto.UnauthorizedSSOTokenError(), PERMISSION, "log in again"),
        (boto.SSOTokenLoadError(error_msg="none"), PERMISSION, "log in again"),
        (boto.ParamValidationError(report="Invalid bucket name"), USAGE, "salesperf doctor"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_never_came_to_an_answer_has_one_too(fault: Exception, exit_code: ExitCode, remedy: str) -> None:
    found = in_our_words(fault, "read the ledger")
    assert found.exit_code is exit_code
    assert remedy in found.remedy
    assert found.why == " ".join(str(fault).split()), "what went wrong is said, whatever it was"


@pytest.mark.parametrize("status", [500, 502, 503, 529])
def test_a_fault_of_the_server_is_worth_another_try_whatever_its_code(status: int) -> None:
    assert in_our_words(refusal("NeverHeardOf", "", status), "look").exit_code is RETRYABLE


def test_no_code_is_of_two_kinds() -> None:
    kinds = [each for each in vars(faults).values() if isinstance(each, faults._Kind)]
    codes = Counter(code for kind in kinds for code in kind.codes)
    assert [code for code, count in codes.items() if count > 1] == []
    assert set(codes) == set(faults._KINDS), "every kind is in the table"


def test_inside_told_the_cause_is_kept_and_other_errors_pass() -> None:
    with pytest.raises(SalesperfError) as caught, told("list the buckets"):
        raise refusal("AccessDenied")
    assert isinstance(caught.value.__cause__, ClientError) and code_of(caught.value.__cause__) == "AccessDenied"
    with pytest.raises(ZeroDivisionError), told("divide"):
        raise ZeroDivisionError
