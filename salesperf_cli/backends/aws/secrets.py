"""Secrets Manager: the credentials of APIs. What is read here goes to the API and nowhere else."""

from __future__ import annotations

from salesperf_cli.backends.aws.faults import code_of, told
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.errors import InputError


class SecretsManager:
    """Implements `Secrets`. A name is a secret's name or its ARN."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def read(self, name: str) -> str:
        """A secret; raises InputError when there is none of that name, AccessError when it may not be read."""
        from botocore.exceptions import ClientError

        with told(f"read the secret {name}"):
            try:
                text = self._session.client("secretsmanager").get_secret_value(SecretId=name).get("SecretString")
            except ClientError as fault:
                if code_of(fault) == "ResourceNotFoundException":
                    raise _none(name, f"Secrets Manager has none of that name in {self._session.region}") from fault
                raise
        if text is None:
            raise _none(name, "it holds bytes and no text")
        return str(text)


def _none(name: str, why: str) -> InputError:
    return InputError(
        f"there is no secret {name}", why=why, remedy="correct auth.secret in the contract, or --secret NAME"
    )
