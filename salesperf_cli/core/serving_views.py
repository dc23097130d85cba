"""The serving views as statements for Athena: each after the views that it reads, with the catalog's databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from salesperf_cli.core.athena import TableSchema
from salesperf_cli.core.athena_statement import AthenaLake, Statement, tables_read, view_query
from salesperf_cli.core.athena_statement.splices import Spliced
from salesperf_cli.core.events.bound import FIRST_DAY, is_bounded, with_bound
from salesperf_cli.errors import InputError


@dataclass(frozen=True, slots=True)
class ViewStep:
    """One view to be made: what it reads, and the statement that creates or replaces it.

    `landed_from` is the day from which a bounded view reads landed events; None where it has no bound.
    """

    view: str
    reads: tuple[str, ...]
    statement: Statement
    landed_from: str | None = None


@dataclass(frozen=True, slots=True)
class _Folder:
    """Implements `Catalog` over the views of the pipeline and the tables of its contracts: names are all it knows."""

    views: Mapping[str, str]
    names: Sequence[str]

    def tables(self) -> Sequence[str]:
        """Every table and view."""
        return self.names

    def table(self, name: str) -> TableSchema | None:
        """No columns: Athena looks at those."""
        return None

    def view(self, name: str) -> str | None:
        """A view's SQL."""
        return self.views.get(name)


_BY_THEIR_OWN_NAMES = {layer: layer for layer in ("silver", "gold", "quarantine", "serving", "speed")}


def read_by(view: str, views: Mapping[str, str]) -> tuple[str, ...]:
    """The tables and views that a view names, as `layer.table`."""
    return tables_read(with_bound(views[view]), AthenaLake(_Folder(views, sorted(views)), _BY_THEIR_OWN_NAMES))


def plan_views(
    views: Mapping[str, str],
    tables: Sequence[str],
    databases: Mapping[str, str] | None,
    days: Mapping[str, str] | None = None,
) -> tuple[ViewStep, ...]:
    """The statements that make `views` (Athena SQL by `serving.<view>`), in an order in which each can be made.

    `tables` are the other tables that a bare name may mean, `databases` those of the layers (None: as the layers are
    called), `days` from where on a bounded view reads landed events (else all). Raises InputError for views that read
    each other in a circle, or that are more than a SELECT.
    """
    bounded = {name: (days or {}).get(name, FIRST_DAY) for name, sql in views.items() if is_bounded(sql)}
    views = {name: with_bound(sql, bounded.get(name, FIRST_DAY)) for name, sql in views.items()}
    databases = _BY_THEIR_OWN_NAMES if databases is None else databases
    lake = AthenaLake(_Folder(views, sorted({*views, *tables})), databases)
    reads = {name: tables_read(sql, lake) for name, sql in views.items()}
    graph = {name: sorted(each for each in read if each in views) for name, read in reads.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as fault:
        raise InputError(
            "the serving views read each other in a circle",
            why=" → ".join(map(str, fault.args[1])),
            remedy="break the circle",
        ) from fault
    return tuple(ViewStep(name, reads[name], _created(name, views[name], lake), bounded.get(name)) for name in order)


def _created(name: str, sql: str, lake: AthenaLake) -> Statement:
    view = name.removeprefix("serving.")
    head = f'CREATE OR REPLACE VIEW "{lake.databases["serving"]}"."{view}" AS\n'
    return Statement(Spliced.of(head + view_query(name, sql, lake), ()), kind="view")
