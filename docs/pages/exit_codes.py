"""The page of exit codes: the table in errors.py, and what a script does with each."""

from __future__ import annotations

import inspect

from pages.markdown import table
from salesperf_cli.errors import ExitCode, SalesperfError

_NEXT = {
    ExitCode.DONE: ("Done. Also when there was nothing to do.", "go on"),
    ExitCode.INTERRUPTED: ("Stopped with Ctrl-C.", "run the same command again"),
    ExitCode.DEFECT: ("A defect of salesperf: an error that nobody foresaw.", "report it with `--debug`"),
    ExitCode.READER_GONE: ("The reader of a pipe left, as in `salesperf … | head`.", "nothing is wrong"),
}
_ADVICE = {
    ExitCode.USAGE: "correct the command, the setting or the file; trying again does not help",
    ExitCode.REFUSED: "read which rule or guard said no; a person decides",
    ExitCode.PERMISSION: "log in, or ask for the right",
    ExitCode.RETRYABLE: "run the same command again",
    ExitCode.CONFLICT: "look at what changed, then run the command again",
}


def exit_codes_page() -> str:
    """Every exit code, from the table in errors.py."""
    rows = []
    kinds = {kind.exit_code: kind for kind in SalesperfError.__subclasses__() if kind.__module__.endswith(".errors")}
    for code in ExitCode:
        meaning, advice = _NEXT[code] if code in _NEXT else (_sentence(kinds[code]), _ADVICE[code])
        error = f"`{kinds[code].__name__}`" if code in kinds else ""
        rows.append((int(code), f"`{code.name}`", meaning, error, advice))
    return (
        "# Exit codes\n\nEvery command ends with one of these. What went wrong is said on stderr in three\n"
        "parts: what, why, and what to do next. With `-o json` or `-o ndjson` the error is one\nJSON object on stderr.\n\n"
        + table(("Code", "Name", "Meaning", "Error", "What a script does"), rows)
        + "\n```json\n"
        '{"error": {"what": "…", "why": "…", "remedy": "…", "detail": [],\n'
        '           "kind": "RefusedError", "exit_code": 3}}\n'
        "```\n"
    )


def _sentence(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n\n")[0].replace("\n", " ")
