"""`salesperf replay`: sends past sales into the stream as if they happened now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.commands.cost.budgeting import MaxCostOption, OverBudgetOption, limits_of
from salesperf_cli.errors import InputError, RetryableError
from salesperf_cli.options import environment
from salesperf_cli.output.forms import Fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from salesperf_cli.backends.ports import EventStream
    from salesperf_cli.commands.cost.spending import ReplayCosts
    from salesperf_cli.core.cost.budget import Limits
    from salesperf_cli.core.events.deliveries import Wanted
    from salesperf_cli.core.events.event import EventSource, Window
    from salesperf_cli.core.events.pacing import Pacer
    from salesperf_cli.core.replay import Figures, Replay, ReplayResult
    from salesperf_cli.environment import Environment
    from salesperf_cli.factory import Workspace

SPEEDUP = Annotated[
    float | None, typer.Option("--speedup", metavar="X", min=0.001, help="X times faster than it happened.")
]
RATE = Annotated[str | None, typer.Option("--rate", metavar="N/s", help="A steady N events a second.")]


def replay(
    ctx: typer.Context,
    source: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE...]", help="Files of sales or events; else what the lake holds."),
    ] = None,
    speedup: SPEEDUP = None,
    rate: RATE = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Only what happened from then on.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Only what happened before.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many events.")] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Begin anew at the end, until Ctrl-C.")] = False,
    archive: Annotated[bool, typer.Option("--archive", help="Send again what has landed in the lake.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the last replay was interrupted.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Wait until every event has landed, and say so.")] = False,
    max_cost: MaxCostOption = None,
    over_budget: OverBudgetOption = False,
) -> None:
    """Send past sales into the stream as if they happened now.

    Events are made of orders and items (CSV files, their folder or archive, or what the lake holds), or read from
    files of events. They go out in order, those of one order always one after the other, as fast as the stream takes
    them unless paced. Ctrl-C sends what was read and keeps a checkpoint, from which --resume goes on. Sending an event
    twice does no harm: readers count each once. On AWS the events are counted first, what sending them would cost is
    told, and held against the target's `monthly_budget`.

    Examples:
      salesperf replay orders.csv --speedup 3600
      salesperf replay --from 2018-08-01 --to 2018-08-02 --rate 200/s
      salesperf replay brazilian-ecommerce.zip --verify --target dev
      salesperf replay --resume
    """
    from salesperf_cli.factory import open_workspace

    world = environment(ctx)
    pacer, window = _pacer(speedup, rate), _window(since, until, limit)
    limits = limits_of(world, max_cost, over_budget=over_budget)
    request = ReplayRequest(tuple(source or ()), archive, window, pacer, loop, resume, verify, limits)
    workspace = open_workspace(world)
    result = _replayed(world, workspace, request)
    world.sink.document(result, _view)
    _tell(world, workspace, result)


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What was asked for: which events, how fast, from where on, whether to see that they land; its limits."""

    sources: tuple[str, ...]
    archive: bool
    window: Window
    pacer: Pacer
    loop: bool
    resume: bool
    verify: bool
    limits: Limits


def _replayed(world: Environment, workspace: Workspace, request: ReplayRequest) -> ReplayResult:
    """Send the events, and where that was asked for wait until they have landed."""
    from salesperf_cli.factory import open_events, open_stream

    wanted = _wanted(world, workspace, request)
    stream = open_stream(workspace)
    with open_events(workspace, wanted) as events, stream.consuming():
        work = _work(workspace, request, events, stream)
        costs = None if world.settings.is_local else _costs(world, workspace, request, work)
        result = _run(world, work, costs)
    return _verified(world, workspace, wanted, work, result) if request.verify else result


def _wanted(world: Environment, workspace: Workspace, request: ReplayRequest) -> Wanted:
    """Where the events come from: the archive of what has landed, the files named, or what the lake holds."""
    from salesperf_cli.core.events.deliveries import find_deliveries

    if request.archive:
        return _archive(workspace)
    return find_deliveries(workspace.pipeline, request.sources, workspace.ledger, cwd=world.cwd)


def _work(workspace: Workspace, request: ReplayRequest, events: EventSource, stream: EventStream) -> Replay:
    """The replay, with a checkpoint of its own; ids are kept only where they will be asked for."""
    from salesperf_cli.core.replay import Checkpoints, Replay

    settings = workspace.settings
    home = settings.lake / "_replay"
    checkpoints = Checkpoints.of(home, settings.target, events, request.window, loop=request.loop)
    return Replay(
        events,
        stream,
        checkpoints,
        request.window,
        request.pacer,
        loop=request.loop,
        resume=request.resume,
        ids=set() if request.verify else None,
    )


def _costs(world: Environment, workspace: Workspace, request: ReplayRequest, work: Replay) -> ReplayCosts:
    """What sending the events would cost, told and allowed. Raises RefusedError."""
    from salesperf_cli.commands.cost.spending import ReplayCosts

    world.sink.busy("counting the events")
    events = work.source.count(request.window)
    if request.resume and not request.loop:
        events = max(events - work.taken(), 0)
    costs = ReplayCosts(world, workspace.backend.objects, request.limits)
    world.sink.say(costs.predicted(events))
    costs.ask(loop=request.loop)
    return costs


def _run(world: Environment, work: Replay, costs: ReplayCosts | None) -> ReplayResult:
    """Send everything; whatever ends it, what was sent is told and entered as spent."""
    panel = _Panel(world)
    try:
        return work.run(panel)
    except KeyboardInterrupt:
        world.sink.say("Interrupted; what was read has been sent. Go on with the same command and --resume.")
        raise
    finally:
        if costs is not None and panel.taken:
            costs.billed(panel.taken)


class _Panel:
    """The figures, in one line that is drawn anew."""

    def __init__(self, world: Environment) -> None:
        self._world = world
        self.taken = 0

    def look(self, figures: Figures) -> None:
        """Some time has passed."""
        self.taken = figures.acknowledged
        lag = f", {figures.lag:.1f} s behind" if figures.lag >= 0.05 else ""
        resent = f", {figures.resent:,} sent again" if figures.resent else ""
        self._world.sink.busy(
            f"{figures.read:,} read, {figures.acknowledged:,} taken by {figures.shards} shards{resent},"
            f" {figures.rate:,.0f} a second{lag}"
        )


def _pacer(speedup: float | None, rate: str | None) -> Pacer:
    from salesperf_cli.core.events.pacing import Pacer

    if speedup is not None and rate is not None:
        raise InputError("say one pace only", why="--speedup and --rate exclude each other", remedy="leave one out")
    if rate is None:
        return Pacer(speedup=speedup)
    try:
        number = float(rate.removesuffix("/s"))
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise InputError(f"--rate cannot be {rate!r}", why="it is a number of events a second", remedy="--rate 100/s")
    return Pacer(rate=number)


def _window(since: str | None, until: str | None, limit: int | None) -> Window:
    from salesperf_cli.core.events.event import Window

    return Window(_moment("--from", since), _moment("--to", until), limit)


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as fault:
        raise InputError(
            f"{option} cannot be {text!r}",
            why="it is a date or a time, such as 2018-08-01 or 2018-08-01T14:00",
            remedy="correct the value",
        ) from fault
    return found.replace(tzinfo=None)  # events carry no zone


def _archive(workspace: Workspace) -> Wanted:
    from salesperf_cli.core.events.deliveries import event_table, landed_archive
    from salesperf_cli.core.events.landed import landed_keys, landed_receipts

    contract, _ = event_table(workspace.pipeline)
    objects = workspace.backend.objects
    receipts = list(landed_receipts(contract, landed_keys(objects, contract.name.table), objects))
    if not receipts:
        raise InputError(
            "nothing has landed yet", why="the archive of the speed layer is empty", remedy="salesperf replay"
        )
    return landed_archive(workspace.pipeline, receipts)


def _verified(
    world: Environment, workspace: Workspace, wanted: Wanted, work: Replay, result: ReplayResult
) -> ReplayResult:
    """Wait for what was sent, and add what was found."""
    from dataclasses import replace

    from salesperf_cli.core.events.verifying import wait_until_landed

    found = wait_until_landed(
        workspace.backend.objects,
        wanted.events,
        work.ids or set(),
        tell=lambda left: world.sink.busy(f"waiting for {left:,} events to land"),
    )
    result = replace(result, landed=found.landed, rejected=found.rejected, missing=found.missing)
    if found.missing:
        raise RetryableError(
            f"{found.missing:,} of {result.read:,} events have not landed",
            why="the function is behind, or has set them aside in the failures bucket or folder",
            remedy="look at the function's log; sending again does no harm: salesperf replay --verify",
        )
    return result


def _view(result: ReplayResult) -> Iterable[Fields]:
    fields: Sequence[tuple[str, object]] = (
        ("read", result.read),
        ("taken", result.acknowledged),
        ("left", result.spooled),
        ("sent again", result.resent),
        ("refused", result.refused),
        ("seconds", result.seconds),
        ("a second", result.events_per_second),
        ("shards", len(result.shards)),
        ("landed", "" if result.landed is None else result.landed),
        ("rejected", "" if result.rejected is None else result.rejected),
    )
    yield Fields(tuple((name, value) for name, value in fields if value != ""))


def _tell(world: Environment, workspace: Workspace, result: ReplayResult) -> None:
    if result.refused:
        world.sink.warn(f"{result.refused:,} rows of the source break their contract and made no event")
    world.sink.step(f"{result.acknowledged:,} events sent, {result.events_per_second:,.0f} a second")
    first = () if workspace.ledger.current_release().number else ("salesperf run-batch --promote",)
    world.sink.next_steps([*first, 'salesperf query "SELECT count(*), sum(price) FROM serving.sales_live"'])
