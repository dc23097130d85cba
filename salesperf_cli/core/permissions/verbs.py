"""Which grants each verb has: the definition that `permissions`, the reference page and the tests read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from salesperf_cli.core.deploy.templates import ORDER
from salesperf_cli.core.permissions import lake, services
from salesperf_cli.core.permissions.encryption import key_grants
from salesperf_cli.core.permissions.grant import Grant, together
from salesperf_cli.core.permissions.services import sees
from salesperf_cli.errors import InputError


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb as typed, and what salesperf itself calls for it on AWS; nothing where it asks AWS nothing.

    `before_a_target` is for verbs that must work where nothing is deployed yet: names then follow from the templates.
    With `makes` or `removes`, CloudFormation acts in the caller's name too: see `stacks`.
    """

    name: str
    own: tuple[Grant, ...] = ()
    before_a_target: bool = False
    makes: bool = False
    removes: bool = False

    @property
    def grants(self) -> tuple[Grant, ...]:
        """All that salesperf itself calls, the use of the encryption key with it."""
        return (*self.own, *key_grants(self.own, by_alias=self.before_a_target))

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions of the grants, sorted."""
        return tuple(sorted({action for grant in self.grants for action in grant.actions}))

    @property
    def acts_through_stacks(self) -> bool:
        """Whether CloudFormation makes or removes resources in the caller's name."""
        return self.makes or self.removes


_LANDED = (lake.FIND, lake.READ_EVENTS)
_VIEWS = together(
    sees("foundation", "stream", "serving"),
    lake.HOLD_LEASE,
    lake.reads_ledger("ingests", "releases", "runs"),
    lake.KEEP_VIEWS,
    services.SEE_STREAM,
    services.MAKE_VIEWS,
)
"""Having the serving views read what a release needs."""
_VACUUMED = lake.reads_ledger("vacuums")
_PUBLISH = together(lake.RELEASE, lake.MOVE_MAIN, _VIEWS)
"""Moving tables and views. Whoever changes what is published ends first what a killed promotion left."""

_ON_AWS = (
    Verb("doctor", together(sees(*ORDER))),
    Verb(
        "ingest",
        together(sees("foundation"), lake.ENTER_INGESTS, lake.UPLOAD_BRONZE, services.READ_SECRETS),
    ),
    Verb("withdraw", together(sees("foundation"), lake.ENTER_INGESTS)),
    Verb(
        "run-batch",
        together(
            sees("foundation", "batch"),
            lake.ENTER_INGESTS,
            lake.reads_ledger("releases", "runs", "leases", "jobs"),
            _LANDED,
            services.RUN_JOBS,
            lake.ENTER_COSTS,
            _VIEWS,
        ),
    ),
    Verb(
        "replay",
        together(
            sees("foundation", "stream"),
            lake.reads_ledger("ingests", "releases"),
            lake.READ_BRONZE,
            _LANDED,
            lake.READ_REJECTED,
            services.SEND_EVENTS,
            lake.ENTER_COSTS,
        ),
    ),
    Verb("tail", together(sees("foundation", "stream"), _LANDED, services.READ_STREAM)),
    Verb("promote", together(_PUBLISH, _VACUUMED)),
    Verb("rollback", together(_PUBLISH, _VACUUMED)),
    Verb("releases", together(sees("foundation"), lake.reads_ledger("releases", "vacuums"))),
    Verb("vacuum", together(sees("foundation"), lake.HOLD_LEASE, lake.RELEASE, lake.VACUUM, lake.MOVE_MAIN)),
    Verb("publish-views", _PUBLISH),
    Verb(
        "query",
        together(
            sees("foundation", "serving"),
            lake.reads_ledger("releases", "runs", "vacuums"),
            lake.lists_files(*lake.BUILT),
            lake.KEEP_QUESTIONS,
            services.ASK_TABLES,
            lake.ENTER_COSTS,
        ),
    ),
    Verb(
        "status",
        together(
            sees(*ORDER),
            lake.reads_ledger("ingests", "releases", "runs", "leases", "vacuums"),
            lake.lists_files("Silver", "Gold"),
        ),
    ),
    Verb(
        "deploy",
        together(
            sees(*ORDER),
            services.PROPOSE,
            services.PROTECT,
            services.DRIFT,
            services.UPLOAD_PACKAGES,
            services.ENTER_DEPLOYMENT,
        ),
        before_a_target=True,
        makes=True,
    ),
    Verb(
        "destroy",
        together(sees(*ORDER), services.TAKE_DOWN, services.PROTECT, services.DELETE_DATA),
        before_a_target=True,
        removes=True,
    ),
    Verb("cost diff", together(sees(*ORDER), services.READ_TEMPLATES)),
    Verb(
        "cost query",
        together(
            sees("foundation"),
            lake.reads_ledger("releases"),
            lake.lists_files(*lake.BUILT),
            lake.KEEP_QUESTIONS,
            lake.KEEP_COLUMNS,
        ),
    ),
    Verb(
        "cost usage",
        together(
            sees("foundation"),
            lake.reads_ledger("ingests", "releases", "runs", "costs"),
            lake.lists_files("Silver"),
            _LANDED,
        ),
    ),
    Verb("cost prices", (services.READ_PRICES,)),
    Verb("cost actual", (services.READ_BILLS,)),
    Verb("cost accuracy", together(sees("foundation"), lake.reads_ledger("costs"))),
    Verb("permissions", together(sees(*ORDER))),
)
_ALONE = ("demo", "init", "config", "sample", "contract", "models")
"""Verbs that ask AWS nothing, whatever the target."""
_ALONE_OF_COST = ("estimate", "check", "what-if", "run")

VERBS: Mapping[str, Verb] = {
    verb.name: verb for verb in (*_ON_AWS, *map(Verb, _ALONE), *(Verb(f"cost {word}") for word in _ALONE_OF_COST))
}


def find_verb(words: Sequence[str]) -> tuple[Verb, str]:
    """The verb that words begin with, and the rest: the name of a part. Raises InputError for an unknown one."""
    for count in (2, 1):
        name = " ".join(words[:count])
        if name in VERBS and len(words) <= count + 1:
            return VERBS[name], " ".join(words[count:])
    typed = " ".join(words)
    raise InputError(f"there is no verb {typed!r}", why=_nearest(typed), remedy="see: salesperf permissions")


def _nearest(typed: str) -> str:
    from difflib import get_close_matches

    within = [name for name in VERBS if name.startswith(f"{typed} ")]
    if within:
        return f"permissions are defined for {', '.join(within)}"
    near = get_close_matches(typed, VERBS, n=1)
    return f"the nearest is {near[0]}" if near else ""
