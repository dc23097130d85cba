"""Holds a bounded serving view against what it must be: `landed_date >= :landed_from`, beside tables that belong
together.

What else is in a view is Athena's to judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from salesperf_cli.core.events.bound import PARAMETER, is_bounded, tables_below, times_written
from salesperf_cli.core.pipeline import Model

PREDICATE = f"landed_date >= :{PARAMETER}"


def lint_view(name: str, sql: str, views: Mapping[str, str], models: Sequence[Model]) -> Iterator[str]:
    """What is to be mended in a view that says `:landed_from`; one that does not reads all that has landed."""
    if not is_bounded(sql):
        return
    if times_written(sql) != _good_predicates(sql):
        yield f"{PREDICATE} must be a condition of its own in the WHERE of a SELECT from a speed table alone"
    reads = set(tables_below(name, views))
    events = {each for each in reads if each.startswith("speed.")}
    below = _below(models)
    for table in sorted(events):
        if not any(_holds(each, reads - events, table, below) for each in reads - events):
            yield (
                f"reads {table} from :{PARAMETER}, so one of the tables beside it must be built on its events and on "
                f"the others: {', '.join(sorted(reads - events)) or 'there are none'}"
            )


def _good_predicates(sql: str) -> int:
    from sqlglot import exp

    from salesperf_cli.core.athena import parsing

    tree = parsing.parse_leniently(sql, parsing.tokens_of(sql))
    return sum(map(_is_good, tree.find_all(exp.GTE))) if tree is not None else 0


def _is_good(node: object) -> bool:
    from sqlglot import exp

    assert isinstance(node, exp.GTE)
    column, value = node.this, node.expression
    if not (isinstance(column, exp.Column) and column.name.lower() == "landed_date"):
        return False
    if not (isinstance(value, exp.Placeholder) and value.name == PARAMETER):
        return False
    above = node.parent
    while isinstance(above, exp.And | exp.Paren):
        above = above.parent
    if not (isinstance(above, exp.Where) and isinstance(above.parent, exp.Select)):
        return False
    source = above.parent.args.get("from_") or above.parent.args.get("from")
    table = source.this if source is not None else None
    return isinstance(table, exp.Table) and table.text("db").lower() == "speed" and not above.parent.args.get("joins")


def _below(models: Sequence[Model]) -> Mapping[str, set[str]]:
    """What each table is built on, directly or not; models come after those that they read."""
    found: dict[str, set[str]] = {}
    for model in models:
        inputs = {str(each) for each in model.inputs}
        found[str(model.name)] = inputs.union(*(found.get(each, set()) for each in inputs))
    return found


def _holds(table: str, tables: set[str], events: str, below: Mapping[str, set[str]]) -> bool:
    needed = (tables - {table}) | {events.replace("speed.", "bronze.", 1)}
    return needed <= below.get(table, set())
