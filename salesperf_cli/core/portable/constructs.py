"""The allow-list of SQL constructs: parser node classes and the parts of each that are understood. What is
absent is refused.

Data and the one check that reads it; functions are in `allow_list`.
"""

from __future__ import annotations

from sqlglot import exp

_QUERY = {"with_", "order", "limit"}
_BINARY = {"this", "expression"}

_PARTS: dict[type[exp.Expr], set[str]] = {
    exp.Select: _QUERY
    | {
        "expressions",
        "from_",
        "joins",
        "where",
        "group",
        "having",
        "distinct",
        "windows",
    },
    exp.Union: _QUERY | _BINARY | {"distinct"},
    exp.Intersect: _QUERY | _BINARY | {"distinct"},
    exp.Except: _QUERY | _BINARY | {"distinct"},
    exp.Subquery: {"this", "alias"},
    exp.With: {"expressions"},
    exp.CTE: {"this", "alias"},
    exp.TableAlias: {"this", "columns"},
    exp.From: {"this"},
    exp.Join: {"this", "side", "kind", "on", "using"},
    exp.Table: {"this", "db", "alias"},
    exp.Values: {"expressions", "alias"},
    exp.Where: {"this"},
    exp.Group: {"expressions"},
    exp.Having: {"this"},
    exp.Order: {"expressions"},
    exp.Ordered: {"this", "desc", "nulls_first"},
    exp.Limit: {"expression"},
    exp.Distinct: {"expressions"},
    exp.Alias: {"this", "alias"},
    exp.Star: set(),
    exp.Column: {"this", "table"},
    exp.Identifier: {"this", "quoted"},
    exp.Literal: {"this", "is_string"},
    exp.Boolean: {"this"},
    exp.Null: set(),
    exp.Paren: {"this"},
    exp.Tuple: {"expressions"},
    exp.Not: {"this"},
    exp.Neg: {"this"},
    exp.DPipe: _BINARY | {"safe"},
    exp.Div: _BINARY | {"safe", "typed"},
    exp.Is: _BINARY | {"negate"},
    exp.In: {"this", "expressions", "query", "negate"},
    exp.Between: {"this", "low", "high", "negate"},
    exp.Like: _BINARY | {"negate"},
    exp.RegexpLike: _BINARY | {"negate"},
    exp.Exists: {"this", "negate"},
    exp.Case: {"this", "ifs", "default"},
    exp.If: {"this", "true", "false"},
    exp.Cast: {"this", "to"},
    exp.TryCast: {"this", "to", "safe"},
    exp.Anonymous: {"this", "expressions"},
    exp.Filter: {"this", "expression"},
    exp.Window: {"this", "partition_by", "order", "spec", "alias", "over"},
    exp.WindowSpec: {"kind", "start", "start_side", "end", "end_side"},
    **dict.fromkeys((exp.And, exp.Or, exp.Add, exp.Sub, exp.Mul, exp.Mod), _BINARY),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ), _BINARY),
}

PARTS = {node: frozenset(parts) for node, parts in _PARTS.items()}


def foreign_parts(node: exp.Expr) -> tuple[str, ...]:
    """The parts of a node, of an allowed class, that are not understood."""
    understood = PARTS[type(node)]
    return tuple(name for name, value in node.args.items() if value and name not in understood)
