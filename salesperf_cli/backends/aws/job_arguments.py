"""Reads a Glue job's arguments, with `awsglue` where there is one and by the same rules where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def job_arguments(argv: Sequence[str], required: Sequence[str], optional: Sequence[str] = ()) -> Mapping[str, str]:
    """The arguments `--name value` or `--name=value` by name; raises SystemExit when a required one is missing.

    Names are taken whole: Glue 6.0 refuses abbreviations, and so do we everywhere.
    """
    given = [name for name in optional if any(each.split("=", 1)[0] == f"--{name}" for each in argv)]
    return _resolved(argv, [*required, *given])


def _resolved(argv: Sequence[str], names: Sequence[str]) -> Mapping[str, str]:
    try:
        from awsglue.utils import getResolvedOptions
    except ImportError:
        return _parsed(argv, names)
    # It gives back `silver-database` as `silver_database`.
    found = getResolvedOptions(list(argv), list(names))
    return {name: found.get(name, found.get(name.replace("-", "_"))) for name in names}


def _parsed(argv: Sequence[str], names: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    words = list(argv[1:])
    while words:
        name, equals, value = words.pop(0).partition("=")
        if name.removeprefix("--") in names and name.startswith("--"):
            if not equals and not words:
                raise SystemExit(f"{name} needs a value")
            found[name[2:]] = value if equals else words.pop(0)
    if missing := [name for name in names if name not in found]:
        raise SystemExit(f"the argument --{missing[0]} is missing")
    return found
