"""A deployed target behind the authority: commands run under the policies that are documented for them.

Runs that a job would make are left behind by hand where no Spark is at work: tables, a snapshot on a branch, a record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from salesperf_cli.backends.aws.lake import AwsLake
from salesperf_cli.backends.aws.resources import Resources, StackNames
from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.core.contracts import Contract
from salesperf_cli.core.cost.accuracy import CostLedger, CostRecord
from salesperf_cli.core.deploy.templates import ORDER
from salesperf_cli.core.ledger import Ledger, RunRecord, TableState, new_run_id
from salesperf_cli.core.permissions.place import PLACEHOLDERS, Place, target
from salesperf_cli.core.permissions.policy import document
from salesperf_cli.core.permissions.verbs import VERBS
from salesperf_cli.core.pipeline import load_pipeline
from salesperf_cli.core.runs import audit_branch
from salesperf_cli.core.tables import TableName
from tests.aws.authority.asked import World
from tests.aws.authority.authority import Authority, Record
from tests.aws.conftest import Shop, new_shop
from tests.aws.standin.parts import ACCOUNT, REGION

PREFIX = "salesperf-standin"
WORLD = World(
    account=ACCOUNT,
    region=REGION,
    key=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/not-made-yet",
    alias=f"alias/{PREFIX}",
    encrypted=tuple(f"{PREFIX}-{kind}-" for kind in ("lake", "artifacts", "results", "failures")),
)
CALLER = f"arn:aws:iam::{ACCOUNT}:user/tester"
MADE = ("silver.orders", "gold.sales_wide", "quarantine.orders")
"""The tables of a run that is left behind; in the first two a rule watches how fresh they are."""


@dataclass
class Ground:
    """A project whose target lies behind the authority; `store` is the account without it."""

    shop: Shop
    authority: Authority
    store: str
    deployed: Record | None = None

    @cached_property
    def place(self) -> Place:
        """The target, as `permissions --policy` knows it."""
        outputs: dict[str, str] = {}
        for template in ORDER:
            outputs |= self.resources.outputs(template)
        return target("salesperf", "standin", REGION, outputs, identity=CALLER)

    @cached_property
    def session(self) -> AwsSession:
        """A session past the authority."""
        return AwsSession(Account(REGION, None, self.store))

    def client(self, service: str) -> Any:
        """A client past the authority."""
        return boto3.client(service, region_name=REGION, endpoint_url=self.store)

    @cached_property
    def resources(self) -> Resources:
        """The outputs of the stacks."""
        return Resources(self.session, StackNames("salesperf", "standin"))

    @property
    def lake(self) -> AwsLake:
        """The lake as it is now, past the authority."""
        return AwsLake(self.session, self.resources, self.shop.folder / "uploads")

    def policy(self, verb: str) -> Mapping[str, Any]:
        """What is documented for a verb, without what CloudFormation does for it."""
        found = VERBS[verb]
        to_be = target("salesperf", "standin", REGION, {}, identity=CALLER)
        return document(found.grants, to_be if found.before_a_target else self.place)

    @contextmanager
    def under(self, verb: str) -> Iterator[Record]:
        """Hold commands to the policy of a verb."""
        with self.authority.under(self.policy(verb)) as record:
            yield record

    @contextmanager
    def under_actions(self, verb: str) -> Iterator[Record]:
        """The same where nothing is deployed: for verbs whose actions know no resource."""
        with self.authority.under(document(VERBS[verb].grants, PLACEHOLDERS)) as record:
            yield record

    def key_is_made(self) -> None:
        """From now on the key is that of the foundation."""
        self.authority.world = replace(WORLD, key=self.resources["KeyArn"])

    def set_budget(self) -> None:
        """Have every command that spends money look at what was spent before."""
        settings = self.shop.folder / "salesperf.toml"
        settings.write_text(f"{settings.read_text()}monthly_budget = 100000\n")

    def spend_yesterday(self) -> None:
        """Costs that no longer change, and of which no sum is kept yet."""
        objects, at = self.lake.objects, datetime.now(UTC) - timedelta(hours=2)
        for kind in ("query", "run"):
            CostLedger(objects).add(CostRecord(kind, at.isoformat(), at, REGION, Decimal(1), Decimal(1), "60 s"))
        for key in objects.keys("_ledger/cost_tallies/"):
            objects.delete(key)

    def leave_audited_run(self, tables: Sequence[str] = MADE) -> str:
        """A run of tables that waits to be promoted, as the jobs leave one."""
        lake, now = self.lake, datetime.now(UTC)
        ledger, run_id = Ledger(lake.objects), new_run_id(now)
        contracts = {str(name): each for name, each in load_pipeline("olist").contracts(["silver", "gold"]).items()}
        quarantine = TableName("quarantine", "orders")
        contracts[str(quarantine)] = replace(contracts["silver.orders"], name=quarantine)
        released = ledger.current_release().tables
        made = {name: _made(lake, contracts[name], run_id, released.get(name)) for name in tables}
        base = {name: state.snapshot_id for name, state in released.items()}
        ledger.write_run(
            RunRecord(run_id, "batch", "audited", now, ("silver", "gold"), "spark", base=base, tables=made)
        )
        return run_id

    def leave_cut_off_promotion(self) -> None:
        """A run whose promotion was killed before a main had moved."""
        ledger = Ledger(self.lake.objects)
        with self.authority.freely():
            run = ledger.run(self.leave_audited_run())
            number = ledger.current_release().number + 1
            ledger.write_run(replace(run, status="promoting", promoting=run.layers, release=number))

    def release(self) -> None:
        """One more release."""
        with self.authority.freely():
            self.leave_audited_run()
            self.shop.done("promote", "all")


@contextmanager
def ground_at(folder: Path, store: str) -> Iterator[Ground]:
    """A project in `folder`, whose target lies behind the authority, before the account at `store`."""
    authority = Authority(WORLD)
    with authority.before(store) as address:
        ground = Ground(new_shop(folder, address), authority, store)
        ground.set_budget()
        yield ground


def role_policies(iam: Any) -> dict[str, list[Mapping[str, Any]]]:
    """The policies of every role, as the stacks have given them."""
    return {
        role["RoleName"]: [
            iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
            for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
        ]
        for role in iam.list_roles()["Roles"]
    }


def _made(lake: AwsLake, contract: Contract, run_id: str, before: TableState | None) -> TableState:
    """A table with a row on the branch of a run, made from what it was made from before."""
    import pyarrow as pa

    table = lake.tables.ensure(contract)
    current = table.current_snapshot()
    assert current is not None
    table.manage_snapshots().create_branch(current.snapshot_id, audit_branch(run_id)).commit()
    schema = table.schema().as_arrow()
    row = pa.table({field.name: pa.nulls(1, field.type) for field in schema}, schema=schema)
    table.append(row, branch=audit_branch(run_id))
    snapshot = table.snapshot_by_name(audit_branch(run_id))
    assert snapshot is not None
    columns = tuple((column.name, str(column.type)) for column in contract.columns)
    return TableState(
        snapshot.snapshot_id, table.metadata_location, 1, 1, 1, "", dict(before.inputs) if before else {}, columns
    )
