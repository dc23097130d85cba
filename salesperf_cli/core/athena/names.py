"""Name resolution: which column a name means, what is read by it, and what to say when there is none."""

from __future__ import annotations

from sqlglot import exp

from salesperf_cli.core.athena.casts import field_of
from salesperf_cli.core.athena.context import Compilation, Field, Scope, Typed, near, refuse, unsupported


def column(ctx: Compilation, scope: Scope, node: exp.Expr) -> Typed:
    """A column, or a field of a row in a column."""
    if isinstance(node, exp.Identifier):
        return lookup(ctx, scope, node.name, "", "", node)
    if isinstance(node.this, exp.Star):
        unsupported("* inside an expression", node)
    table, db = node.text("table"), node.text("db")
    found = _find(scope, node.name, table, db)
    if found is None and table:
        owner = _find(scope, table, db, "")
        if owner is not None:
            return field_of(_read(ctx, scope, owner[0], owner[1]), node.name, node)
    return lookup(ctx, scope, node.name, table, db, node)


def _find(scope: Scope | None, name: str, table: str, schema: str) -> tuple[Field, Scope] | None:
    while scope is not None:
        found = [
            field for field in scope.fields if field.name.lower() == name.lower() and _qualifies(field, table, schema)
        ]
        if len(found) > 1:
            label = f"{table}.{name}" if table else name
            refuse(
                f"column {label!r} is ambiguous",
                "More than one relation has it.",
                f"Qualify it, e.g. {found[0].relation}.{name}.",
            )
        if found:
            return found[0], scope
        scope = scope.parent
    return None


def _qualifies(field: Field, table: str, schema: str) -> bool:
    if not table:
        return not field.qualified_only
    return field.relation.lower() == table.lower() and (not schema or field.schema.lower() == schema.lower())


def lookup(ctx: Compilation, scope: Scope, name: str, table: str, schema: str, node: exp.Expr) -> Typed:
    """Resolve a column, innermost scope first."""
    found = _find(scope, name, table, schema)
    if found is not None:
        return _read(ctx, scope, *found)
    label = ".".join(part for part in (schema, table, name) if part)
    owner = scope.owner()
    if not table and name.lower() in owner.aliases:
        refuse(
            f"column {label!r} cannot be resolved",
            f"{name} is an alias of the SELECT list; Athena sees those only in ORDER BY.",
            f"Repeat the expression, or use its position in GROUP BY: {owner.aliases[name.lower()]}.",
            node,
        )
    known = [field.name for field in owner.fields if not table or field.relation.lower() == table.lower()]
    relations = list(dict.fromkeys(field.relation for field in owner.fields))
    if known:
        why = near(name, known) or f"Known columns: {', '.join(known[:8])}."
    else:
        why = f"FROM has {', '.join(filter(None, relations)) or 'nothing'}."
    return refuse(
        f"column {label!r} cannot be resolved", why, "Use a column of the tables in FROM; see DESCRIBE table.", node
    )


def read_field(ctx: Compilation, scope: Scope, field: Field) -> Typed:
    """Read a column of the scope itself, as a star or USING does."""
    mark = len(scope.ungrouped)
    result = _read(ctx, scope, field, scope)
    if scope.grouped is not None and result.sql in scope.grouped:
        del scope.ungrouped[mark:]
    return result


def _read(ctx: Compilation, scope: Scope, field: Field, holder: Scope) -> Typed:
    for scan, column in field.origins:
        ctx.columns[ctx.scans[scan].table][column] = None
    owner = scope.owner()
    if holder is owner and not owner.inside_aggregate:
        owner.ungrouped.append(field.name)
    return Typed(field.sql, field.type, origins=field.origins if holder is scope else ())
