"""Puts a workspace together from the settings: the pipeline, the target's backend, the ledger.

Besides `app`, the only module that knows both sides: core, and who implements its ports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from salesperf_cli.core.ledger import Ledger
from salesperf_cli.core.pipeline import Pipeline, load_pipeline
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from salesperf_cli.backends.aws.lake import AwsLake
    from salesperf_cli.backends.aws.resources import Resources
    from salesperf_cli.backends.aws.session import AwsSession
    from salesperf_cli.backends.embedded.backend import LocalBackend
    from salesperf_cli.backends.ports import Billing, EventStream, Http, Objects, Prices, Secrets, Stacks, Storage
    from salesperf_cli.backends.spark.session import LocalSpark
    from salesperf_cli.backends.spark.side_by_side import BothEngines
    from salesperf_cli.config import Settings
    from salesperf_cli.core.events.bound import Bounds
    from salesperf_cli.core.events.deliveries import Wanted
    from salesperf_cli.core.events.event import EventSource
    from salesperf_cli.core.served_views import ServedViews, Views
    from salesperf_cli.environment import Environment


@dataclass(frozen=True, slots=True)
class LocalWorkspace:
    """What a command works with on this machine."""

    settings: Settings
    pipeline: Pipeline
    backend: LocalBackend
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class AwsWorkspace:
    """What a command works with in an AWS account."""

    settings: Settings
    pipeline: Pipeline
    backend: AwsLake
    ledger: Ledger


Workspace = LocalWorkspace | AwsWorkspace


def open_workspace(world: Environment) -> Workspace:
    """The workspace of this invocation's target; raises InputError when something cannot be had."""
    return open_local(world) if world.settings.is_local else _open_aws(world.settings)


def open_local(world: Environment, engine: str = "duckdb") -> LocalWorkspace:
    """The workspace on this machine, its runs on `engine`; raises InputError for a target elsewhere."""
    settings = world.settings
    if not settings.is_local:
        raise InputError(
            f"the target {settings.target} lies on AWS",
            why="this works on the local target only",
            remedy="leave --target out",
        )
    backend = _local_backend(settings, engine)
    return LocalWorkspace(settings, load_pipeline(settings.pipeline), backend, Ledger(backend.objects))


def open_account(settings: Settings) -> tuple[AwsSession, Resources]:
    """The AWS account of a target, and what is deployed there; nothing is asked of it yet."""
    from salesperf_cli.backends.aws.resources import Resources, StackNames
    from salesperf_cli.backends.aws.session import Account, AwsSession

    session = AwsSession(Account(settings.region, settings.profile, settings.endpoint_url))
    return session, Resources(session, StackNames(settings.stack_prefix, settings.target))


@dataclass(frozen=True, slots=True)
class Deployment:
    """What deploying a target works with. `artifacts` opens a bucket by its name, `identity` says who is asking."""

    settings: Settings
    names: Mapping[str, str]
    stacks: Stacks
    identity: Callable[[], str]
    artifacts: Callable[[str], Objects]
    storage: Storage


def open_deployment(world: Environment) -> Deployment:
    """The account of this invocation's target; raises InputError for the local one."""
    settings = world.settings
    if settings.is_local:
        raise InputError(
            f"the target {settings.target} is this machine: there is nothing to deploy",
            why="a target on AWS names a region, a profile or an endpoint_url",
            remedy='add [targets.dev] with region = "sa-east-1" to salesperf.toml, then: salesperf deploy --target dev',
        )
    from salesperf_cli.backends.aws.objects import S3Objects
    from salesperf_cli.backends.aws.resources import TEMPLATES, StackNames
    from salesperf_cli.backends.aws.stacks import CloudFormationStacks
    from salesperf_cli.backends.aws.storage import AwsStorage

    session, _ = open_account(settings)
    uploads = settings.lake / "_tmp" / "uploads"
    names = StackNames(settings.stack_prefix, settings.target)
    return Deployment(
        settings=settings,
        names={template: names.of(template) for template in TEMPLATES},
        stacks=CloudFormationStacks(session),
        identity=session.identity,
        artifacts=lambda bucket: S3Objects(session, bucket, uploads),
        storage=AwsStorage(session),
    )


def open_prices(settings: Settings) -> Prices:
    """The AWS Price List, with the target's profile; nothing is asked yet."""
    from salesperf_cli.backends.aws.prices import REGION, PriceList
    from salesperf_cli.backends.aws.session import Account, AwsSession

    return PriceList(AwsSession(Account(REGION, settings.profile, settings.endpoint_url)))


def open_billing(settings: Settings) -> Billing:
    """The bills of the target's account; each page of an answer is charged for."""
    from salesperf_cli.backends.aws.billing import REGION, CostExplorer
    from salesperf_cli.backends.aws.session import Account, AwsSession

    return CostExplorer(AwsSession(Account(REGION, settings.profile, settings.endpoint_url)))


def _open_aws(settings: Settings) -> AwsWorkspace:
    from salesperf_cli.backends.aws.lake import AwsLake

    session, resources = open_account(settings)
    backend = AwsLake(session, resources, settings.lake / "_tmp" / "uploads")
    return AwsWorkspace(settings, load_pipeline(settings.pipeline), backend, Ledger(backend.objects))


def open_bounds(workspace: Workspace) -> Bounds:
    """What works out from which day views read landed events."""
    from salesperf_cli.core.events.bound import Bounds

    backend = workspace.backend
    return Bounds(workspace.pipeline, backend.objects, workspace.ledger, backend.landing_since)


def open_views(world: Environment, workspace: Workspace) -> Views:
    """What is to be told when tables move; on this machine there are no views to be made."""
    from salesperf_cli.core.operations import NO_VIEWS

    return open_served_views(world, workspace) if isinstance(workspace, AwsWorkspace) else NO_VIEWS


def open_served_views(world: Environment, workspace: AwsWorkspace) -> ServedViews:
    """The serving views in Athena."""
    from salesperf_cli.core.served_views import ServedViews

    backend = workspace.backend
    return ServedViews(workspace.ledger, open_bounds(workspace), lambda: backend.queries, world.sink)


def open_secrets(world: Environment, workspace: Workspace, typed: str | None) -> Secrets:
    """Where this target keeps secrets; on this machine only the variable that was typed may be read."""
    if isinstance(workspace, AwsWorkspace):
        return workspace.backend.secrets
    from salesperf_cli.backends.embedded.secrets import VariableSecrets

    return VariableSecrets(world.variables, typed)


def open_http() -> Http:
    """What asks servers over HTTP."""
    from salesperf_cli.backends.http import Urllib3Http

    return Urllib3Http()


@contextmanager
def open_both_engines(workspace: LocalWorkspace) -> Iterator[BothEngines]:
    """DuckDB and Spark over the workspace's bronze files, writing to a scratch lake that is removed at the end."""
    import shutil
    import tempfile

    from salesperf_cli.backends.spark.side_by_side import both_engines

    spark = _local_spark(workspace.settings)
    home = workspace.backend.root / "_tmp" / "verify"
    home.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=home))
    try:
        with both_engines(workspace.backend.objects, scratch, spark) as engines:
            yield engines
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _local_backend(settings: Settings, engine: str) -> LocalBackend:
    if engine == "spark":
        from salesperf_cli.backends.spark.backend import SparkBackend

        return SparkBackend(settings.lake, _local_spark(settings))
    from salesperf_cli.backends.embedded.backend import LocalBackend

    return LocalBackend(settings.lake, memory_limit=settings.memory_limit, threads=settings.threads)


def _local_spark(settings: Settings) -> LocalSpark:
    from salesperf_cli.backends.spark.session import LocalSpark

    home = settings.lake / "_tmp" / "spark"
    return LocalSpark(home, settings.spark_jars or "", settings.memory_limit, settings.threads)


def open_stream(workspace: Workspace) -> EventStream:
    """The stream of the workspace's target; raises InputError when the pipeline has no events."""
    from salesperf_cli.core.events.deliveries import event_table

    contract, _ = event_table(workspace.pipeline)
    if isinstance(workspace, AwsWorkspace):
        return workspace.backend.stream
    from salesperf_cli.core.events.function_contract import function_contract

    return workspace.backend.stream(contract.name.table, function_contract(Path(contract.origin)))


@contextmanager
def open_events(workspace: Workspace, wanted: Wanted) -> Iterator[EventSource]:
    """The events of deliveries, made on this machine in a scratch folder that is removed at the end."""
    import shutil
    import tempfile

    from salesperf_cli.backends.embedded.events import Deliveries, DuckEvents
    from salesperf_cli.backends.embedded.objects import FolderObjects
    from salesperf_cli.core.events.deliveries import stage_files

    settings, objects = workspace.settings, workspace.backend.objects
    home = settings.lake / "_tmp" / "replay"
    home.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=home))
    is_local = isinstance(workspace, LocalWorkspace)
    try:
        files = stage_files(
            wanted,
            FolderObjects(scratch / "files"),
            objects.open,
            lambda key: objects.location(key) if is_local else None,
        )
        deliveries = Deliveries(wanted.query, wanted.key, wanted.sources, files, wanted.events, wanted.fingerprint)
        source = DuckEvents(
            deliveries, scratch / "engine", memory_limit=settings.memory_limit, threads=settings.threads
        )
        try:
            yield source
        finally:
            source.close()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
