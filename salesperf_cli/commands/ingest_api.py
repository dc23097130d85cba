"""The part of `salesperf ingest` that takes records from HTTP APIs: fetches them into files, and shows what came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from salesperf_cli.output.forms import Column, Fields, Table

if TYPE_CHECKING:
    from pathlib import Path

    from salesperf_cli.core.api.fetch import Fetched, FetchedApi
    from salesperf_cli.core.api.request import ApiFlags, ApiRequest
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Workspace


@contextmanager
def fetched_apis(
    world: Environment,
    workspace: Workspace,
    addresses: Sequence[str],
    table: str | None,
    flags: ApiFlags,
    *,
    only_first: bool,
) -> Iterator[list[Fetched]]:
    """What the addresses give, each in a file that is gone when the block ends."""
    import tempfile
    from pathlib import Path

    requests = _requests(workspace, addresses, table, flags)
    if not requests:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="salesperf-") as folder:
        yield [
            _fetch(world, workspace, request, flags, Path(folder) / str(at), only_first=only_first)
            for at, request in enumerate(requests)
        ]


def _requests(workspace: Workspace, addresses: Sequence[str], table: str | None, flags: ApiFlags) -> list[ApiRequest]:
    from salesperf_cli.core.api.request import plan_request
    from salesperf_cli.core.ingest import source_contract
    from salesperf_cli.errors import InputError

    if addresses and not table:
        raise InputError(
            "an API's records are for which table?",
            why="an address does not tell it",
            remedy="add --table TABLE",
        )
    if flags.typed and not addresses:
        raise InputError(
            f"{', '.join(flags.typed)}: there is no API to ask",
            why="these flags are for addresses, and only files were named",
            remedy="leave them out, or name an address of https://",
        )
    if not addresses or not table:
        return []
    contract = source_contract(workspace.pipeline.contracts(["bronze"]), table)
    ingests = workspace.ledger.ingests()
    return [plan_request(address, contract, flags, ingests) for address in dict.fromkeys(addresses)]


def _fetch(
    world: Environment, workspace: Workspace, request: ApiRequest, flags: ApiFlags, folder: Path, *, only_first: bool
) -> Fetched:
    from salesperf_cli.core.api.asking import Credentials, credentials
    from salesperf_cli.core.api.fetch import fetch
    from salesperf_cli.factory import open_http, open_secrets

    auth = request.api.auth
    secret = open_secrets(world, workspace, flags.secret).read(auth.secret) if auth else ""
    sent = credentials(auth, secret) if auth else Credentials()
    folder.mkdir()
    file = folder / f"{request.table}-{world.clock():%Y%m%dT%H%M%SZ}.ndjson"
    with world.sink.progress(None, f"Fetching {request.table}", "records") as bar:
        fetched = fetch(request, open_http(), sent, file, advance=bar.advance, only_first=only_first)
    report = fetched.report
    again = f", {report.repeated} request(s) repeated" if report.repeated else ""
    world.sink.step(f"{report.records:,} record(s) in {report.pages:,} page(s){again}", report.address)
    return fetched


def api_view(apis: Sequence[FetchedApi], *, dry_run: bool) -> Iterable[Fields | Table]:
    """What came from the APIs: the first page in full, or a line each."""
    if dry_run:
        for api in apis:
            yield Fields(
                (
                    ("address", api.address),
                    ("table", api.table),
                    ("paging", api.paging),
                    ("records", api.records),
                    ("bytes", api.bytes),
                    ("since", api.since or "everything"),
                    ("next page", api.next or "none: this is all"),
                )
            )
    elif apis:
        columns = (Column("API"), Column("Pages"), Column("Records"), Column("Since"), Column("Until"))
        yield Table(columns, [(api.address, api.pages, api.records, api.since, api.until) for api in apis])
