"""What lies in a lake's warehouse, read with pyiceberg alone: what snapshots consist of, and what lies beside.

Shares no code with the vacuum that it judges.
"""

from __future__ import annotations

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from tests.lake import Lake


def tables(lake: Lake) -> dict[str, Table]:
    """All tables of the catalog."""
    catalog = SqlCatalog("salesperf", uri=f"sqlite:///{lake.root / 'catalog.db'}")
    names = [name for (layer,) in catalog.list_namespaces() for name in catalog.list_tables(layer)]
    return {".".join(name): catalog.load_table(name) for name in names}


def mains(lake: Lake) -> dict[str, int | None]:
    """Where main of each table stands."""
    return {name: table.metadata.current_snapshot_id for name, table in tables(lake).items()}


def readable(lake: Lake) -> list[str]:
    """The releases that no vacuum has given up."""
    gone = {number for vacuum in lake.ledger.vacuums() for number in vacuum.releases}
    return [release.name for release in lake.ledger.releases() if release.number not in gone]


def consists_of(table: Table, snapshot_id: int) -> set[str]:
    """The files of a snapshot: manifest list, manifests, data."""
    snapshot = table.snapshot_by_id(snapshot_id)
    assert snapshot is not None
    manifests = snapshot.manifests(table.io)
    data = {
        entry.data_file.file_path
        for manifest in manifests
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
    }
    return {snapshot.manifest_list, *(each.manifest_path for each in manifests), *data}


def unreached(lake: Lake) -> list[str]:
    """The files of the warehouse that nothing kept reaches.

    Kept is what the releases with data name, and what these tables were made from; what main points at; the last
    batch run while it can be promoted; the first snapshot of each table; the metadata in force and those before them.
    """
    gone = {number for vacuum in lake.ledger.vacuums() for number in vacuum.releases}
    namers = [release.tables for release in lake.ledger.releases() if release.number not in gone]
    runs = [run for run in map(lake.ledger.run, lake.ledger.run_ids()) if run.kind == "batch"]
    lost = {run_id for vacuum in lake.ledger.vacuums() for run_id in vacuum.runs}
    if runs and runs[-1].status == "audited" and runs[-1].run_id not in lost:
        namers.append(runs[-1].tables)
    reached: set[str] = set()
    for name, table in tables(lake).items():
        named = {states[name].snapshot_id for states in namers if name in states}
        named |= {state.inputs[name] for states in namers for state in states.values() if name in state.inputs}
        first = min(table.metadata.snapshots, key=lambda each: each.sequence_number or 0).snapshot_id
        for snapshot_id in {*named, first, table.metadata.current_snapshot_id} - {None}:
            reached |= consists_of(table, snapshot_id)
        reached |= {table.metadata_location, *(each.metadata_file for each in table.metadata.metadata_log[-1:])}
        reached |= {states[name].metadata for states in namers if name in states}
    stored = (path for path in (lake.root / "warehouse").rglob("*") if path.is_file())
    return sorted(str(path) for path in stored if f"file://{path}" not in reached)


def assert_swept(lake: Lake) -> None:
    """Every file is reached by something that is kept."""
    assert unreached(lake) == []
