"""A proxy before a stand-in account that lets through what policies allow: IAM's part, which stand-ins leave out.

    authority = Authority(world)
    with authority.before(endpoint_url) as guarded, authority.under(policy) as record: …

Who asks is told by the access key of the signature: a role that `acts` has its own policies, anybody else those of
`under`. Every client passes here, whichever language it is written in. What nobody has described yet fails the test.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.aws.authority import s3, services
from tests.aws.authority.asked import Need, Request, UnknownRequestError, World
from tests.aws.authority.policies import allows, resources_of, several
from tests.aws.authority.refusals import refusal
from tests.proxy import Answer, Exchange, proxy_before

Policy = Mapping[str, Any]


@dataclass
class Record:
    """Policies, and what was then asked under them: allowed, each once, and denied, in order."""

    who: str
    policies: Sequence[Policy] | None
    allowed: set[Need] = field(default_factory=set)
    denied: list[Need] = field(default_factory=list)

    def used(self) -> set[tuple[str, str]]:
        """The statements that allowed something, by their Sid, with each action and each resource of that."""
        return {
            (str(statement["Sid"]), word)
            for policy in self.policies or ()
            for statement in policy["Statement"]
            for need in self.allowed
            if allows([{"Statement": [statement]}], need)
            for word in (need.action, *resources_of(statement, need))
        }

    def unused(self) -> set[tuple[str, str]]:
        """Actions and resources of statements that nothing has asked for."""
        given = {
            (str(statement["Sid"]), word)
            for policy in self.policies or ()
            for statement in policy["Statement"]
            for word in (*several(statement["Action"]), *several(statement["Resource"]))
        }
        return given - self.used()

    def missing(self, needs: Sequence[Need]) -> list[Need]:
        """What of this the policies do not allow; None as policies allows all."""
        lacking = [need for need in needs if self.policies is not None and not allows(self.policies, need)]
        self.denied += lacking
        if not lacking:
            self.allowed |= set(needs)
        return lacking


class Authority:
    """Decides for one account; several proxies may ask it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._memory = services.Memory()
        self._lock = threading.Lock()
        self._caller = self._anybody()
        self._roles: dict[str, Record] = {}
        self._unknown: list[str] = []

    @contextmanager
    def under(self, *policies: Policy) -> Iterator[Record]:
        """Hold the caller to policies inside the block; what is asked there must be known."""
        self._caller = Record(f"arn:aws:iam::{self.world.account}:user/tester", policies)
        try:
            yield self._caller
        finally:
            self._caller = self._anybody()
            self.assert_known()

    @contextmanager
    def freely(self) -> Iterator[None]:
        """Let the caller do anything inside the block, unseen."""
        before, self._caller = self._caller, self._anybody()
        try:
            yield
        finally:
            self._caller = before

    def acts(self, key: str, role: str, *policies: Policy) -> Record:
        """Have an access key stand for a role with policies."""
        self._roles[key] = Record(f"arn:aws:sts::{self.world.account}:assumed-role/{role}/session", policies)
        return self._roles[key]

    def acts_again(self, key: str, record: Record) -> None:
        """Have an access key stand for a role as it did before."""
        self._roles[key] = record

    def key_of(self, role: str) -> str:
        """The access key under which a role asks, by its ARN; Athena asks in the caller's name."""
        return role.rpartition("/")[2] or "ATHENA"

    def before(self, store: str) -> AbstractContextManager[str]:
        """A proxy before the store at an address; gives its own."""
        return proxy_before(store, self._judge)

    def assert_known(self) -> None:
        """Fail where a request came that nobody has described."""
        unknown, self._unknown = self._unknown, []
        assert not unknown, "requests that the authority does not know:\n" + "\n".join(dict.fromkeys(unknown))

    def _anybody(self) -> Record:
        return Record("anybody", None)

    def _judge(self, exchange: Exchange) -> None:
        body = exchange.read()
        request = Request(exchange.command, exchange.path, exchange.headers, body)
        try:
            answer = self._answer(request, exchange, body)
        except UnknownRequestError as unknown:
            self._unknown.append(str(unknown))
            answer = Answer(501, (("Content-Type", "text/plain"),), str(unknown).encode())
        exchange.answer(answer)

    def _answer(self, request: Request, exchange: Exchange, body: bytes) -> Answer:
        key, service = request.scope
        if key != self.world.account:  # the store knows the account by its number only
            exchange.headers.replace_header(
                "Authorization", exchange.headers["Authorization"].replace(f"={key}/", f"={self.world.account}/")
            )
        record = self._roles.get(key, self._caller)
        if record.policies is None:
            return exchange.ask(body)
        operation, asked = services.call_of(request, service)
        needs = self._needs(request, service, operation, asked)
        with self._lock:
            missing = record.missing(needs)
        if missing:
            return refusal(request, service, record.who, missing)
        answer = exchange.ask(body)
        if answer.status == 404 and service == "s3" and (seeing := s3.seeing_that_it_is_missing(request)):
            with self._lock:
                missing = record.missing([seeing])
            return refusal(request, service, record.who, missing) if missing else answer
        if answer.status == 200 and service != "s3":
            services.remember(service, asked, answer.body, needs, self._memory)
        return answer

    def _needs(self, request: Request, service: str, operation: str, asked: Mapping[str, Any]) -> list[Need]:
        if service == "s3":
            return s3.needs_of(request, self.world)
        return services.needs_of(service, operation, asked, self.world, self._memory)
