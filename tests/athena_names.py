"""The databases and catalogs by which tests compile Athena SQL. Not a test module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from salesperf_cli.core.athena import TableSchema

DATABASES = {layer: f"salesperf_dev_{layer}" for layer in ("silver", "gold", "quarantine", "serving", "speed")}


@dataclass(frozen=True)
class Catalog:
    """Tables with their columns (none: they are not known) and views with their text."""

    columns: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)

    def tables(self) -> Sequence[str]:
        return [*self.columns, *self.views]

    def table(self, name: str) -> TableSchema | None:
        columns = self.columns.get(name)
        return TableSchema(name, tuple(columns)) if columns else None

    def view(self, name: str) -> str | None:
        return self.views.get(name)
