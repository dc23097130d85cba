"""Usage figures as the target's own lake shows them, put over those that a command begins with.

No command of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesperf_cli.commands.cost.request import CostRequest, architecture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from salesperf_cli.core.cost.measured import MeasuredFigure
    from salesperf_cli.core.cost.usage import UsageRange
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Workspace


def measured(world: Environment, usage: UsageRange) -> UsageRange:
    """The usage with what the lake shows. Raises InputError where it shows nothing yet."""
    from salesperf_cli.core.cost.measured import measure_lake
    from salesperf_cli.core.cost.measured_events import measure_events
    from salesperf_cli.factory import open_workspace

    workspace = open_workspace(world)
    figures = [
        *measure_lake(workspace.ledger, workspace.backend.tables.listing),
        *measure_events(workspace.pipeline, workspace.backend.objects),
    ]
    found = usage.measured(_by_name(figures))
    found = found.measured(_by_name(runs := _runs(world, workspace, found)))
    count = sum(each.values is not None for each in (*figures, *runs))
    world.sink.step(f"{count} figures measured in this lake")
    return found


def _by_name(figures: Sequence[MeasuredFigure]) -> Mapping[str, tuple[tuple[Decimal, Decimal, Decimal] | None, str]]:
    return {each.name: (each.values, each.source) for each in figures}


def _runs(world: Environment, workspace: Workspace, usage: UsageRange) -> Sequence[MeasuredFigure]:
    """Run times: those of the target's Glue jobs, or what runs on this machine tell."""
    from salesperf_cli.core.cost.accuracy import CostLedger
    from salesperf_cli.core.cost.measured_runs import measure_glue_runs, measure_runs_here

    if world.settings.is_local:
        return measure_runs_here(workspace.ledger)
    return measure_glue_runs(
        workspace.ledger, CostLedger(workspace.backend.objects).records(kind="run"), _work(world, usage)
    )


def _work(world: Environment, usage: UsageRange) -> Mapping[str, Decimal]:
    """What a usual run of each layer's job needs for its rows, besides what every run needs."""
    from dataclasses import replace

    from salesperf_cli.core.cost.runs import run_seconds
    from salesperf_cli.core.cost.usage import Case

    built = replace(architecture(world, CostRequest()), usage=usage)
    base = built.usage.case(Case.EXPECTED)
    return {layer: run_seconds(built, layer) - base[f"{layer}_run_seconds"] for layer in ("silver", "gold")}
