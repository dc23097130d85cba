"""What a request asks of AWS: the IAM actions and resources that it needs. Not a test module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from urllib.parse import parse_qs, unquote, urlsplit


class UnknownRequestError(Exception):
    """A request of which nobody has said yet what it needs; the message says where to add it."""


@dataclass(frozen=True)
class Need:
    """An action on a resource, with the condition keys that the request gives."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


@dataclass(frozen=True)
class World:
    """The account in which everything lies. Buckets whose name begins with one of `encrypted` are under `key`."""

    account: str
    region: str
    key: str
    alias: str
    encrypted: tuple[str, ...]

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something that lies in the account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def use_of_the_key(self, service: str, *actions: str) -> list[Need]:
        """What a service asks of the key in the caller's name."""
        via = {"kms:ViaService": f"{service}.{self.region}.amazonaws.com", "kms:ResourceAliases": self.alias}
        return [Need(f"kms:{action}", self.key, via) for action in actions]


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    target: str
    headers: Message
    body: bytes

    @cached_property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(urlsplit(self.target).path)

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The parameters of the address, each once."""
        found = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[0] for name, values in found.items()}

    @cached_property
    def scope(self) -> tuple[str, str]:
        """The access key and the service that the signature names. Raises UnknownRequestError without one."""
        _, found, rest = self.headers.get("Authorization", "").partition("Credential=")
        parts = rest.split(",", 1)[0].strip().split("/")
        if not found or len(parts) < 5:
            raise UnknownRequestError(f"{self.method} {self.target} is not signed")
        return parts[0], parts[-2]
