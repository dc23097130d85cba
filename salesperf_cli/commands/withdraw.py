"""`salesperf withdraw`: takes delivered files out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.options import DryRunOption, environment
from salesperf_cli.output.forms import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from salesperf_cli.core.withdrawal import Withdrawal


def withdraw(
    ctx: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Names as delivered, or bronze keys.")],
    dry_run: DryRunOption = False,
) -> None:
    """Take delivered files out again.

    For a file that should not have come, or whose rows keep a rule from holding. The next run-batch builds its tables
    without it. Bronze keeps the bytes; delivering the same file again loads it anew.

    Examples:
      salesperf withdraw olist_orders_dataset.csv --dry-run
      salesperf withdraw bad-orders.csv
    """
    from salesperf_cli.core import withdrawal
    from salesperf_cli.core.ledger import new_run_id
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    ledger, now = open_workspace(world).ledger, world.clock()
    if dry_run:
        world.sink.document(withdrawal.plan_withdrawal(ledger, files), _view)
        world.sink.say("Dry run: nothing was changed.")
        return
    done = withdrawal.withdraw(ledger, files, run_id=new_run_id(now), now=now)
    world.sink.document(done, _view)
    world.sink.step(f"Withdrawn: {len(done.files)} file{'s' * (len(done.files) != 1)}", f"ingest {done.version}")
    world.sink.next_steps(["salesperf run-batch --promote"])


def _view(done: Withdrawal) -> Iterable[Table]:
    columns = (Column("File"), Column("Table"), Column("Bytes"))
    yield Table(columns, [(file.file, file.table, file.bytes) for file in done.files])
