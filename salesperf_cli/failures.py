"""Turns whatever a command raised into three lines and an exit code.

Imported only when something went wrong. How the lines look is the sink's affair.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches

import typer

from salesperf_cli.environment import Environment
from salesperf_cli.errors import AccessError, ExitCode, InputError, RetryableError, SalesperfError
from salesperf_cli.help import usage_pieces

_FULL_DISK = ("disk is full", "No space left on device", "File too large", "Disk quota exceeded")


class DefectError(SalesperfError):
    """An exception that nobody foresaw."""


def report(error: BaseException, arguments: Sequence[str], world: Environment) -> int:
    """Print an exception on stderr in the form the user asked for and return the exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    if isinstance(error, BrokenPipeError):
        # Taken for stdout's: a backend turns its own broken connections into RetryableError.
        _leave_stdout_alone(world)
        return ExitCode.READER_GONE
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        world.stderr.write("\nInterrupted.\n")
        return ExitCode.INTERRUPTED
    if world.flags.debug or "--debug" in arguments:
        import traceback

        world.stderr.write("".join(traceback.format_exception(error)))
    known = understood(error)
    code = ExitCode.DEFECT if isinstance(known, DefectError) else int(known.exit_code)
    if _is_full_disk(error):
        _leave_stdout_alone(world)
    world.sink.error(known, exit_code=code, as_json=_asked_for_json(arguments) or None)
    return code


def understood(error: BaseException) -> SalesperfError:
    """The error in our own words: what, why and what to do next."""
    if isinstance(error, SalesperfError):
        return error
    if isinstance(error, typer.TyperException):
        return _usage(error)
    if _is_full_disk(error):
        return RetryableError(
            "the disk is full",
            why=_cause(error),
            remedy="free some space (salesperf doctor shows how much is left) and run the command again",
        )
    if isinstance(error, PermissionError):
        return AccessError("not allowed", why=_cause(error), remedy="check the owner and the mode of that path")
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("salesperf_cli"):
        return InputError(
            f"the Python package {error.name} is missing",
            why="this command needs it",
            remedy="install salesperf again, or its extra (salesperf doctor lists what is missing)",
        )
    if isinstance(error, MemoryError):
        return RetryableError("out of memory", remedy="set a lower memory_limit in salesperf.toml and run again")
    if _comes_from(error, "sqlite3", "sqlalchemy") and "locked" in str(error):
        return RetryableError(
            "the catalog is in use", why="another salesperf is writing", remedy="run again when it is done"
        )
    return DefectError(
        "salesperf met an error that it did not expect.",
        why=_cause(error),
        remedy="add --debug to see the traceback; what was published stays as it was",
    )


def _usage(error: typer.TyperException) -> InputError:
    """A usage error of Typer in our three lines."""
    message = error.message or error.format_message()
    context = getattr(error, "ctx", None)
    what = error.format_message() if not getattr(error, "possibilities", None) else message
    possibilities = getattr(error, "possibilities", None)
    path = context.command_path if context is not None else "salesperf"
    remedy = f"{path} --help"
    if possibilities:
        near = get_close_matches(getattr(error, "option_name", ""), possibilities, n=1, cutoff=0)[0]
        remedy = f"did you mean {near}? {path} --help lists the options"
    what = what.strip().rstrip(".")
    what = what[:1].lower() + what[1:]
    return InputError(
        what, why=f"usage: {path} {usage_pieces(context.command, context)}" if context else "", remedy=remedy
    )


def _cause(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _is_full_disk(error: BaseException) -> bool:
    """Whether the disk, or what may be written of it, is used up; libraries tell it in words of their own."""
    if isinstance(error, OSError) and error.errno:
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return _comes_from(error, "sqlite3", "sqlalchemy", "duckdb", "pyarrow") and any(
        words in str(error) for words in _FULL_DISK
    )


def _comes_from(error: BaseException, *packages: str) -> bool:
    return type(error).__module__.partition(".")[0].lstrip("_") in packages


def _asked_for_json(arguments: Sequence[str]) -> bool:
    """Whether `-o json` stands on the command line, also when the line could not be parsed."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=False)
    return any(
        (word in ("-o", "--output") and value in ("json", "ndjson"))
        or word in ("-ojson", "-ondjson", "--output=json", "--output=ndjson")
        for word, value in pairs
    )


def _leave_stdout_alone(world: Environment) -> None:
    """Point a broken stdout at nothing, so that Python's own flush at exit does not complain."""
    if world.stdout is sys.__stdout__:
        os.dup2(os.open(os.devnull, os.O_WRONLY), world.stdout.fileno())
