"""One session of AWS's library an invocation: profile, region and endpoint as in the AWS CLI.

Credentials come from its own chain (variables, profiles, SSO, assumed roles, instance roles); none is read here.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Any

from salesperf_cli.backends.aws.faults import no_credentials, told
from salesperf_cli.errors import InputError

DEFAULT_REGION = "sa-east-1"


@dataclass(frozen=True, slots=True)
class Account:
    """Where a target lies; None leaves a choice to that chain, at whose end the region is sa-east-1."""

    region: str | None
    profile: str | None
    endpoint_url: str | None


class AwsSession:
    """Makes clients, one a service, that threads share."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._session: Any = None

    @property
    def region(self) -> str:
        """The region in which everything lies."""
        return str(self._account.region or self._botocore().get_config_variable("region") or DEFAULT_REGION)

    @property
    def endpoint_url(self) -> str | None:
        """The address that stands in for AWS, where one is set: for the target, or as for every AWS client."""
        return self._account.endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or None

    def client(self, service: str) -> Any:
        """The client of a service. Raises InputError for a profile that does not exist."""
        from botocore.config import Config

        with self._lock:
            if service not in self._clients:
                # A stand-in has one address for all buckets: the bucket goes into the path. Over https a body needs no
                # signature of its own beside its checksum, which costs a second of CPU a GiB.
                style = {"addressing_style": "path"} if self.endpoint_url else {"payload_signing_enabled": False}
                config = Config(
                    retries={"mode": "standard", "max_attempts": 5},
                    max_pool_connections=32,
                    s3=style,
                    user_agent_extra="salesperf",
                )
                self._clients[service] = self._botocore().create_client(
                    service, region_name=self.region, endpoint_url=self.endpoint_url, config=config
                )
            return self._clients[service]

    def credentials(self) -> Any:
        """The session's credentials, frozen; raises AccessError when there are none."""
        found = self._botocore().get_credentials()
        if found is None:
            raise no_credentials()
        return found.get_frozen_credentials()

    def identity(self) -> str:
        """Who is asking, as an ARN; raises AccessError when nobody is."""
        with told("ask who I am"):
            return str(self.client("sts").get_caller_identity()["Arn"])

    def _botocore(self) -> Any:
        """What boto3 stands on: the same chain, settings and clients, without the time that boto3 takes to load."""
        if self._session is None:
            from botocore.exceptions import ProfileNotFound
            from botocore.session import Session

            found = Session(profile=self._account.profile)
            try:
                found.get_scoped_config()
            except ProfileNotFound as fault:
                raise InputError(
                    f"there is no AWS profile {self._account.profile or found.profile!r}",
                    why=str(fault),
                    remedy="aws configure list-profiles names those that there are",
                ) from fault
            self._session = found
        return self._session
