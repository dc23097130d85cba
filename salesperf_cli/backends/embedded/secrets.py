"""Secrets on this machine: one environment variable, which the user has named. Nothing is read from a file."""

from __future__ import annotations

from collections.abc import Mapping

from salesperf_cli.errors import InputError


class VariableSecrets:
    """Implements `Secrets`. `allowed` is the variable that was typed: a contract cannot have others read."""

    def __init__(self, variables: Mapping[str, str], allowed: str | None) -> None:
        self._variables = variables
        self._allowed = allowed

    def read(self, name: str) -> str:
        """The value of the variable; raises InputError when it was not typed, or is not set."""
        if name != self._allowed:
            raise InputError(
                "this API wants a secret, and none was named",
                why="on this machine it is read from an environment variable that you name",
                remedy="export it, then add --secret VARIABLE",
            )
        value = self._variables.get(name, "")
        if not value:
            # The word is not repeated: it may be the secret itself, typed by mistake.
            raise InputError(
                "--secret names no environment variable that is set",
                why="it takes the name of a variable, never the secret",
                remedy="export the variable, and give its name",
            )
        return value
