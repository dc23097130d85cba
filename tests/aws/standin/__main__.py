"""Starts a stand-in account by hand: `python -m tests.aws.standin`, until Ctrl-C. Its data are gone afterwards."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from tests.aws.standin.account import standin_account
from tests.aws.standin.parts import MissingPartError


def main() -> int:
    def ended(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, ended)
    try:
        with tempfile.TemporaryDirectory(prefix="standin-") as home, standin_account(Path(home)) as account:
            engines = account.engines()
            _say(f"# Glue jobs run on {engines['glue']}, Athena is {engines['athena']}; Ctrl-C ends it.")
            for name, value in account.environment.items():
                _say(f"export {name}={value}")
            signal.pause()
    except MissingPartError as missing:
        _say(f"{missing}")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
