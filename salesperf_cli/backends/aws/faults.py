"""AWS's errors in our words: which exit code each has, and what helps.

A code that is not here is taken for wrong input: what AWS said of it is shown, and `doctor` looks at the target.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from salesperf_cli.errors import AccessError, ConflictError, InputError, RetryableError, SalesperfError


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of refusal: the error that it becomes, its first line with `{}` for what was being done, what helps (with
    `{}` for the action that AWS says is missing), and the codes by which AWS's services name it.
    """

    error: type[SalesperfError]
    what: str
    remedy: str
    codes: frozenset[str] = frozenset()

    def because(self, doing: str, why: str) -> SalesperfError:
        """The error to raise."""
        return self.error(self.what.format(doing), why=why, remedy=self.remedy.format(_missing(why)))


_CLOCK = _Kind(
    AccessError, "cannot {}: this machine's clock is not AWS's",
    "set the clock right, then run the same command again",
    frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"}),
)  # fmt: skip
_LOGGED_OUT = _Kind(
    AccessError, "cannot {}: not logged in", "log in again (aws sso login, or new keys)",
    frozenset({
        "ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired", "InvalidClientTokenId",
        "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException",
        "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature",
        "IncompleteSignatureException", "AuthFailure", "InvalidSecurity",
        "400",  # what S3 says to a HEAD with a token that has expired: its answer has no body for more
    }),
)  # fmt: skip
_NO_KEY_USE = _Kind(
    AccessError, "not allowed to {}: the encryption key refuses",
    "ask for use of the lake's key: both your permissions and the key's own policy have to allow it",
    frozenset({"KMSAccessDeniedException", "KMS.AccessDeniedException"}),
)  # fmt: skip
_NOT_SIGNED_UP = _Kind(
    AccessError, "cannot {}: the account does not have that service",
    "finish the account's sign-up in the console, or use another account",
    frozenset({"OptInRequired", "KMSOptInRequired", "SubscriptionRequiredException", "NotSignedUp", "AccountProblem"}),
)  # fmt: skip
_NOT_ALLOWED = _Kind(
    AccessError, "not allowed to {}", "ask for that permission{}, or use another profile",
    frozenset({
        "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException",
        "AllAccessDisabled", "Forbidden", "403",
    }),
)  # fmt: skip
_BUSY = _Kind(
    RetryableError, "cannot {} just now", "run the same command again",
    frozenset({
        "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
        "RequestThrottled", "RequestThrottledException", "BandwidthLimitExceeded", "SlowDown", "LimitExceededException",
        "ProvisionedThroughputExceededException", "KMSThrottlingException", "PriorRequestNotComplete",
        "ServiceUnavailable", "ServiceUnavailableException", "InternalError", "InternalFailure", "InternalServerError",
        "InternalServerException", "InternalServiceException", "ServiceException", "RequestTimeout",
        "RequestTimeoutException", "OperationTimeoutException", "429", "500", "502", "503", "504",
    }),
)  # fmt: skip
_TAKEN = _Kind(
    ConflictError, "cannot {}: somebody else is at it", "wait until that has ended, then run the same command again",
    frozenset({
        "ConcurrentModificationException", "OperationAborted", "OperationAbortedException", "ResourceInUseException",
        "ResourceConflictException", "OperationInProgressException", "ConditionalRequestConflict",
        "AlreadyExistsException", "VersionMismatchException",
    }),
)  # fmt: skip
_DEAD_KEY = _Kind(
    InputError, "cannot {}: the encryption key cannot be used",
    "see in the KMS console whether the key is disabled or waits to be deleted: both can be undone there",
    frozenset({
        "DisabledException", "KMSInvalidStateException", "KMSDisabledException", "KMSNotFoundException",
        "KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException",
    }),
)  # fmt: skip
_NOT_THERE = _Kind(
    InputError, "cannot {}: it is not there",
    "salesperf doctor --target NAME says in which account and region it was looked for;"
    " salesperf deploy --target NAME makes what is missing, and says what was removed by other means",
    frozenset({"NoSuchBucket", "EntityNotFoundException", "ResourceNotFoundException", "404"}),
)  # fmt: skip
_ELSEWHERE = _Kind(
    InputError, "cannot {}: it lies in another region", "set the target's region in salesperf.toml",
    frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}),
)  # fmt: skip
_STACK = _Kind(
    InputError, "cannot {}: CloudFormation refuses", "correct what it names, then run the same command again"
)
_NO_STACK = _Kind(InputError, "cannot {}: there is no such stack", "salesperf deploy --target NAME")
_CREDENTIALS = _Kind(
    AccessError, "there are no AWS credentials",
    "log in (aws sso login, aws configure), or name a profile in salesperf.toml",
)  # fmt: skip
_UNREACHABLE = _Kind(
    RetryableError, "cannot reach AWS to {}", "check the network, the region and endpoint_url, then run it again"
)
_UNTRUSTED = _Kind(
    InputError, "cannot {}: the server does not prove who it is",
    "where a proxy signs what it passes on, name its authority's file in AWS_CA_BUNDLE",
)  # fmt: skip
_OTHER = _Kind(InputError, "cannot {}", "salesperf doctor --target NAME checks the target")

_KINDS = {
    code: kind
    for kind in (
        _CLOCK, _LOGGED_OUT, _NO_KEY_USE, _NOT_SIGNED_UP, _NOT_ALLOWED, _BUSY, _TAKEN, _DEAD_KEY, _NOT_THERE, _ELSEWHERE
    )
    for code in kind.codes
}  # fmt: skip
_SERVERS_FAULT = 500


def code_of(fault: BaseException) -> str:
    """The error code of a ClientError, such as `NoSuchKey`; empty for every other exception."""
    response = getattr(fault, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn what boto3 raises inside the block into an error of ours; `doing` completes "AWS refused to …"."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as fault:
        raise in_our_words(fault, doing) from fault


def in_our_words(fault: Exception, doing: str) -> SalesperfError:
    """The error to show for what boto3 raised while `doing` ("read the ledger")."""
    message = " ".join(str(fault).split())
    return (_refusal(fault, message) if code_of(fault) else _failure(fault)).because(doing, message)


def not_allowed(doing: str, why: str) -> SalesperfError:
    """The error to show for a refusal that reached us through a client other than boto3."""
    return _NOT_ALLOWED.because(doing, " ".join(why.split()))


def no_credentials() -> SalesperfError:
    """The error to show where boto3 finds no credentials and raises nothing."""
    return _CREDENTIALS.because("", "no variables, no profile and no role give any")


def _refusal(fault: Exception, message: str) -> _Kind:
    """What an answer of AWS means."""
    code = code_of(fault)
    if code == "ValidationError":  # only CloudFormation and its like name it so: all that is wrong has this one code
        return _stack_refusal(message)
    kind = _KINDS.get(code)
    if kind is _NOT_ALLOWED and re.search(r"\bkms:[A-Z]", message):  # S3 and Glue say so in the text alone
        return _NO_KEY_USE
    if kind is None and _status(fault) >= _SERVERS_FAULT:
        return _BUSY
    return kind or _OTHER


def _stack_refusal(message: str) -> _Kind:
    if "_IN_PROGRESS state" in message:
        return _TAKEN
    return _NO_STACK if "does not exist" in message else _STACK


def _missing(message: str) -> str:
    """The action that a refusal names, in brackets; not all do."""
    found = re.search(r"not authorized to perform: ([a-z0-9-]+:\w+)", message)
    return f" ({found[1]})" if found else ""


def _status(fault: Exception) -> int:
    return int(getattr(fault, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _failure(fault: Exception) -> _Kind:
    """What it means that there was no answer."""
    from botocore import exceptions as boto

    # The first that fits counts: most of them are kinds of those further down.
    kinds: tuple[tuple[tuple[type[Exception], ...], _Kind], ...] = (
        ((boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError), _CREDENTIALS),
        ((boto.TokenRetrievalError, boto.SSOError, getattr(boto, "LoginError", boto.SSOError)), _LOGGED_OUT),
        ((boto.SSLError,), _UNTRUSTED),
        ((boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError), _UNREACHABLE),
        ((boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError), _BUSY),
    )
    return next((kind for errors, kind in kinds if isinstance(fault, errors)), _OTHER)
