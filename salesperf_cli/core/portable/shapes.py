"""Small questions about the shape of a tree. No findings and no SQL here."""

from __future__ import annotations

from sqlglot import exp


def unwrapped(node: exp.Expr) -> exp.Expr:
    """The node without parentheses around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def never_zero(node: exp.Expr) -> bool:
    """Whether a divisor cannot be zero by its form: a number, pi(), or nullif(…, 0), cast to double or not."""
    while isinstance(node, (exp.Paren, exp.Neg)) or _is_cast_to_double(node):
        node = node.this
    if isinstance(node, exp.Literal):
        return not node.is_string and float(node.this) != 0
    if not isinstance(node, exp.Anonymous):
        return False
    name, arguments = node.name.lower(), node.expressions
    return name == "pi" or (name == "nullif" and len(arguments) == 2 and _is_zero(unwrapped(arguments[1])))


def _is_cast_to_double(node: exp.Expr) -> bool:
    return isinstance(node, exp.Cast) and node.to.this is exp.DType.DOUBLE  # other casts may round to zero


def _is_zero(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.this) == 0
