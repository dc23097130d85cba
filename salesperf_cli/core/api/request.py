"""What will be asked of an API, settled before anything is sent: contract, flags and the last ingest put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from salesperf_cli.core.api.addresses import check, masked, parameters_of, same_origin, with_parameters
from salesperf_cli.core.api.description import Api, Auth, Paging, Since
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.ledger import Ingest, read_up_to
from salesperf_cli.errors import InputError

EVERYTHING = "all"
UNDECLARED = Paging("linkHeader")
"""What is done where nothing is said of paging; a body that names a next page is then refused."""


@dataclass(frozen=True, slots=True)
class ApiFlags:
    """What was typed over the contract's description; None where nothing was."""

    records: str | None = None
    paging: str | None = None
    page_size: str | None = None
    since: str | None = None
    secret: str | None = None
    max_pages: int | None = None

    @property
    def typed(self) -> Sequence[str]:
        """The flags that were typed, as they are spelt."""
        return [f"--{name.replace('_', '-')}" for name in self.__slots__ if getattr(self, name) is not None]


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """Where to begin, and what to do there. It names a secret and holds none.

    `source` tells this API from others in the ledger: the address with what is always asked, masked.
    """

    contract: Contract
    api: Api
    first: str
    source: str
    since: str | None

    @property
    def table(self) -> str:
        """The bronze table's bare name."""
        return self.contract.name.table

    @property
    def paging(self) -> Paging:
        """How pages follow."""
        return self.api.paging or UNDECLARED


def plan_request(address: str, contract: Contract, flags: ApiFlags, ingests: Iterable[Ingest]) -> ApiRequest:
    """The request for a table's records at an address; raises InputError for what cannot be asked."""
    assert contract.source is not None
    described = contract.source.api or Api()
    check(address, described.hidden)
    begin = address.partition("#")[0]
    api = _with_flags(described, flags)
    if flags.secret is None:
        _refuse_elsewhere(api, begin)
    paging = api.paging or UNDECLARED
    typed = {name for name, _ in parameters_of(begin)}
    _refuse_settled(api.since, paging, typed, masked(begin, api.hidden))
    source = with_parameters(begin, [pair for pair in api.parameters if pair[0] not in typed])
    shown = masked(source, api.hidden)
    since = _since(api.since, flags.since, read_up_to(ingests, contract.name.table, shown))
    settled: list[tuple[str, str]] = []
    if api.page_size and api.page_size.parameter not in typed:
        settled.append((api.page_size.parameter, str(api.page_size.value)))
    if api.since and since is not None:
        settled.append((api.since.parameter, since))
    if paging.kind in ("page", "offset"):
        settled.append((paging.parameter, str(paging.first)))
    return ApiRequest(contract, api, with_parameters(source, settled), shown, since)


def _with_flags(api: Api, flags: ApiFlags) -> Api:
    from salesperf_cli.core.api.form import typed_page_size, typed_paging

    if flags.records is not None:
        api = replace(api, records=flags.records)
    if flags.paging is not None:
        api = replace(api, paging=typed_paging(flags.paging))
    if flags.page_size is not None:
        api = replace(api, page_size=typed_page_size(flags.page_size))
    if flags.secret is not None:
        api = replace(api, auth=replace(api.auth or Auth("bearer"), secret=flags.secret))
    if flags.max_pages is not None:
        api = replace(api, max_pages=flags.max_pages)
    return api


def _refuse_elsewhere(api: Api, address: str) -> None:
    """A contract that says where its API is has its secret sent there only."""
    if api.auth and api.url and not same_origin(api.url, address):
        raise InputError(
            f"the contract's secret is not sent to {masked(address, api.hidden)}",
            why=f"the contract says that its API is {masked(api.url, api.hidden)}",
            remedy="check the address, or name another secret: --secret NAME",
        )


def _refuse_settled(since: Since | None, paging: Paging, typed: set[str], shown: str) -> None:
    """What the walk or the ledger settles does not stand in the address, too."""
    own = {
        (since.parameter if since else ""): "the last ingest settles it; --since VALUE overrides that",
        paging.parameter: "it says which page, and all pages are taken",
    }
    for name, why in own.items():
        if name and name in typed:
            raise InputError(f"{shown}: leave out the parameter {name}", why=why, remedy="type the address without it")


def _since(since: Since | None, typed: str | None, reached: str | None) -> str | None:
    if since is None:
        if typed is None:
            return None
        raise InputError(
            "--since has nothing to set",
            why="the contract does not say which parameter asks for what is new",
            remedy="describe since in the contract's api: parameter and column",
        )
    if typed == EVERYTHING:
        return since.start or None
    return typed or reached or since.start or None
