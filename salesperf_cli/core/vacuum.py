"""The plan of a vacuum: for each table the snapshots, references and files that go, and what is scratch.

The plan names every file; walking it is `vacuum_walk`. Making it reads the ledger, the tables' metadata and manifests,
and lists the warehouse; nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from salesperf_cli.core.ledger import Ledger, RunRecord
from salesperf_cli.core.listing import History
from salesperf_cli.core.tables import BUILT_LAYERS, RECEIVED_LAYERS, TableName
from salesperf_cli.core.vacuum_kept import JudgedTable, Keeping, Past, Retention, decide, given_up, judge
from salesperf_cli.core.vacuum_records import vacuumed
from salesperf_cli.errors import ConflictError

if TYPE_CHECKING:
    from salesperf_cli.backends.ports import Lake, ObjectEntry
    from salesperf_cli.core.operations import Workspace
    from salesperf_cli.core.pipeline import Pipeline

WAREHOUSE = "warehouse/"
LISTINGS = "_cache/listings/"
SCRATCH = "_tmp/"
_SWEPT = ("data", "metadata")
"""Folders of a table in which its files lie; what somebody has put beside them is not ours."""
_NOTHING = JudgedTable((), (), (), frozenset())


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What goes of a table: of its metadata as in `history`, and of its files; `left` says why it is left alone.

    `history` is None where a killed run has left files and no table.
    """

    table: TableName
    history: History | None
    judged: JudgedTable
    files: tuple[ObjectEntry, ...]
    kept: tuple[ObjectEntry, ...]
    left: str = ""

    @property
    def forgets(self) -> bool:
        """Whether the table's metadata changes."""
        return bool(self.judged.gone or self.judged.refs)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A folder of the warehouse that belongs to no table of ours: it is left alone."""

    folder: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the ledger stood when the plan was made."""

    release: int
    run_id: str
    vacuums: int


@dataclass(frozen=True, slots=True)
class VacuumPlan:
    """All that goes, in the order in which it goes: `releases` and `runs` in the ledger's words, then tables' metadata,
    then files, then `scratch`.
    """

    mark: Mark
    keeping: Keeping
    releases: tuple[int, ...]
    runs: tuple[str, ...]
    tables: tuple[TablePlan, ...]
    scratch: tuple[ObjectEntry, ...]
    strangers: tuple[Stranger, ...]

    @property
    def files(self) -> int:
        """How many files go, scratch with them."""
        return sum(len(each.files) for each in self.tables) + len(self.scratch)

    @property
    def bytes(self) -> int:
        """How many bytes go with them."""
        return sum(file.bytes for each in self.tables for file in each.files) + sum(file.bytes for file in self.scratch)

    @property
    def is_empty(self) -> bool:
        """Whether nothing goes."""
        return not self.files and not any(each.forgets for each in self.tables)


def mark_of(ledger: Ledger) -> Mark:
    """Where the ledger stands."""
    runs = ledger.run_ids()
    return Mark(ledger.current_release().number, runs[-1] if runs else "", len(ledger.vacuums()))


def plan_vacuum(workspace: Workspace, retention: Retention, now: datetime) -> VacuumPlan:
    """What a vacuum would do now."""
    ledger, lake = workspace.ledger, workspace.backend
    mark = mark_of(ledger)
    # Listed before metadata are read: what is committed in between is then no file that nothing names.
    stored = _by_table(_entries(lake, WAREHOUSE))
    past = Past(ledger.releases(), _runs(ledger, lake), vacuumed(ledger))
    keeping = decide(past, retention, now)
    names = _ours(past, workspace.pipeline) if past.runs else []
    with ThreadPoolExecutor(lake.objects.parallel) as pool:
        found = pool.map(lambda name: _plan_table(name, stored.get(name, ()), keeping, lake), names)
        tables = tuple(each for each in found if each.history or each.files)
    releases, runs = given_up(keeping, {str(each.table): each.judged for each in tables if not each.left})
    scratch = (*_listings(lake, tables, keeping), *_left_over(_entries(lake, SCRATCH), keeping))
    return VacuumPlan(mark, keeping, releases, runs, tables, scratch, tuple(_strangers(stored, names)))


def _entries(lake: Lake, prefix: str) -> list[ObjectEntry]:
    """What is stored below a prefix. What consoles put into a bucket as folders, empty objects, is no file of ours."""
    return [entry for entry in lake.objects.entries(prefix) if all(entry.key.split("/"))]


def _runs(ledger: Ledger, lake: Lake) -> Sequence[RunRecord]:
    """All run records, oldest first."""
    with ThreadPoolExecutor(lake.objects.parallel) as pool:
        return list(pool.map(ledger.run, ledger.run_ids()))


def _ours(past: Past, pipeline: Pipeline) -> list[TableName]:
    """The tables that are ours to sweep: those of the ledger, and those that the pipeline's runs may have begun."""
    named = {TableName.parse(name) for each in past.namers for name in each.tables}
    named.update(pipeline.contracts(list(BUILT_LAYERS)))
    named.update(TableName("quarantine", name.table) for name in pipeline.contracts(list(RECEIVED_LAYERS)))
    return sorted(named)


def _by_table(entries: Iterable[ObjectEntry]) -> Mapping[TableName, tuple[ObjectEntry, ...]]:
    """The files of the warehouse by the table in whose folder they lie."""
    found: dict[TableName, list[ObjectEntry]] = {}
    for entry in entries:
        parts = entry.key.split("/", 3)
        if len(parts) == 4:
            found.setdefault(TableName(parts[1], parts[2]), []).append(entry)
    return {name: tuple(files) for name, files in found.items()}


def _plan_table(name: TableName, stored: Sequence[ObjectEntry], keeping: Keeping, lake: Lake) -> TablePlan:
    history = lake.tables.history(name)
    if history is None:
        gone = tuple(_sweepable(name, stored, keeping))
        return TablePlan(name, None, _NOTHING, gone, _others(stored, gone))
    judged = judge(str(name), history, keeping)
    try:
        reached = lake.tables.reached(name, [each.snapshot_id for each in judged.kept]) | {history.metadata}
    except ConflictError as fault:
        return TablePlan(name, history, judged, (), tuple(stored), left=fault.what)
    located = {lake.objects.location(entry.key): entry for entry in stored}
    if lost := sorted(reached - located.keys()):
        why = f"{len(lost)} of the files that it consists of lie elsewhere or are missing, such as {lost[0]}"
        return TablePlan(name, history, judged, (), tuple(stored), left=why)
    kept = {located[each].key for each in reached}
    # By their names, which are unique: engines write the way to a file in forms of their own.
    named = {_name(each) for each in judged.metadata}
    if history.previous and not (judged.gone or judged.refs):  # else what is current now will be the one before
        named.add(_name(history.previous))
    sweepable = _sweepable(name, stored, keeping)
    gone = tuple(entry for entry in sweepable if entry.key not in kept and _name(entry.key) not in named)
    return TablePlan(name, history, judged, gone, _others(stored, gone))


def _name(location: str) -> str:
    return location.rsplit("/", 1)[-1]


def _sweepable(name: TableName, stored: Iterable[ObjectEntry], keeping: Keeping) -> Iterator[ObjectEntry]:
    """The files of a table that are old enough to go, if nothing names them."""
    folders = tuple(f"{WAREHOUSE}{name.layer}/{name.table}/{folder}/" for folder in _SWEPT)
    return (entry for entry in stored if entry.key.startswith(folders) and _old(entry, keeping))


def _others(stored: Iterable[ObjectEntry], gone: Sequence[ObjectEntry]) -> tuple[ObjectEntry, ...]:
    keys = {entry.key for entry in gone}
    return tuple(entry for entry in stored if entry.key not in keys)


def _old(entry: ObjectEntry, keeping: Keeping) -> bool:
    return entry.modified <= keeping.now - keeping.retention.grace


def _listings(lake: Lake, tables: Iterable[TablePlan], keeping: Keeping) -> Iterator[ObjectEntry]:
    """Kept listings of snapshots that go, or went before."""
    kept = {
        str(each.table): {str(judged.snapshot_id) for judged in each.judged.kept} for each in tables if not each.left
    }
    for entry in _entries(lake, LISTINGS):
        table, _, file = entry.key.removeprefix(LISTINGS).partition("/")
        snapshot, _, ending = file.rpartition(".")
        if table in kept and snapshot not in kept[table] and (ending == "json" or _old(entry, keeping)):
            yield entry


def _left_over(entries: Iterable[ObjectEntry], keeping: Keeping) -> Iterator[ObjectEntry]:
    """Scratch of which nothing has been written to within the grace: `_tmp/<what>/<whose>/…` goes together."""
    together: dict[str, list[ObjectEntry]] = {}
    for entry in entries:
        together.setdefault("/".join(entry.key.split("/")[:3]), []).append(entry)
    for group in together.values():
        if all(_old(entry, keeping) for entry in group):
            yield from group


def _strangers(stored: Mapping[TableName, Sequence[ObjectEntry]], names: Collection[TableName]) -> Iterator[Stranger]:
    for name in sorted(stored.keys() - set(names)):
        files = stored[name]
        folder = f"{WAREHOUSE}{name.layer}/{name.table}"
        yield Stranger(folder, len(files), sum(file.bytes for file in files))
