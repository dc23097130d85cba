"""What a function of the allow-list is: its arguments, its result, and how DuckDB writes it. The list is
`allow_list`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from salesperf_cli.core.portable.kinds import ANY, Kind, Typed, common, guarded


class Role(StrEnum):
    """Where a function may stand."""

    SCALAR = "scalar"
    AGGREGATE = "aggregate"  # also over a window
    RANKING = "ranking"  # only over a window with ORDER BY


class Result(StrEnum):
    """How a result's kind follows from the arguments."""

    FIRST = "first"
    COMMON = "common"
    REST = "rest"  # of all arguments but the first
    WHOLE = "whole"  # an integer, or a decimal without places where a decimal came in


@dataclass(frozen=True, slots=True)
class Argument:
    """What one argument accepts.

    `problem` is given for arguments that must be a literal: it says what is wrong with the literal's text,
    or None. `guard` makes an argument of unknown type checked when DuckDB runs, because DuckDB would take a
    refused type in silence.
    """

    accepts: frozenset[Kind] = ANY
    advice: str = ""
    problem: Callable[[str], str | None] | None = None
    guard: bool = False

    def sql(self, value: Typed) -> str:
        """The argument for DuckDB, with the guard where it is needed."""
        return guarded(value, ANY - self.accepts, f"not portable: {self.advice}") if self.guard else value.sql


@dataclass(frozen=True, slots=True)
class Function:
    """One overload: as many arguments as named, the last one repeated where `variadic`.

    `template` is DuckDB SQL with {0}, {1}, … and {all}; it must be self-contained inside any operator.
    `render` replaces it where text must be built from literals; it is given the arguments' SQL and the text
    of those that are literals.
    """

    template: str
    result: Kind | Result
    arguments: tuple[Argument, ...] = ()
    variadic: bool = False
    role: Role = Role.SCALAR
    render: Callable[[Sequence[str], Sequence[str]], str] | None = None

    def takes(self, count: int) -> bool:
        """Whether this overload has that many arguments."""
        return count >= len(self.arguments) if self.variadic else count == len(self.arguments)

    def argument(self, index: int) -> Argument:
        """The rule for an argument."""
        return self.arguments[min(index, len(self.arguments) - 1)]

    def sql(self, values: Sequence[Typed], literals: Sequence[str]) -> str:
        """The call for DuckDB."""
        texts = [self.argument(index).sql(value) for index, value in enumerate(values)]
        if self.render is not None:
            return self.render(texts, literals)
        return self.template.format(*texts, all=", ".join(texts))

    def kind(self, values: Sequence[Typed]) -> Kind | None:
        """The kind of the result; None where the arguments' kinds do not go together."""
        kinds = [value.kind for value in values]
        match self.result:
            case Kind():
                return self.result
            case Result.FIRST:
                return kinds[0]
            case Result.COMMON:
                return common(kinds)
            case Result.REST:
                return common(kinds[1:])
            case Result.WHOLE:
                return Kind.INTEGER if kinds[0] is Kind.DOUBLE else kinds[0]
