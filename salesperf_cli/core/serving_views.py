"""The serving views as statements for Athena: each after the views that it reads, with the catalog's databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from salesperf_cli.core.athena import TableSchema
from salesperf_cli.core.athena_statement import AthenaLake, Statement, tables_read, view_query
from salesperf_cli.core.athena_statement.splices import Spliced
from salesperf_cli.errors import InputError


@dataclass(frozen=True, slots=True)
class ViewStep:
    """One view to be made: what it reads, and the statement that creates or replaces it."""

    view: str
    reads: tuple[str, ...]
    statement: Statement


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


def plan_views(views: Mapping[str, str], tables: Sequence[str], databases: Mapping[str, str]) -> tuple[ViewStep, ...]:
    """The statements that make `views` (Athena SQL by `serving.<view>`), in an order in which each can be made.

    `tables` are the other tables that a bare name may mean. Raises InputError for views that read each other in a
    circle, or that are more than a SELECT.
    """
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
    return tuple(ViewStep(name, reads[name], _created(name, views[name], lake)) for name in order)


def _created(name: str, sql: str, lake: AthenaLake) -> Statement:
    view = name.removeprefix("serving.")
    head = f'CREATE OR REPLACE VIEW "{lake.databases["serving"]}"."{view}" AS\n'
    return Statement(Spliced.of(head + view_query(name, sql, lake), ()), kind="view")
