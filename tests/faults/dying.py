"""Commands that kill themselves at a counted moment, by the signal that others would send. Not a test module.

die(lake, ("promote", "all"), "dies(CatalogTables, 'publish', 3, after=True)")
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.lake import PACKAGE, Lake

_DYING = """
import os, signal, sys
from pathlib import Path
from pyiceberg.catalog import MetastoreCatalog
from salesperf_cli.backends.embedded.objects import FolderObjects
from salesperf_cli.backends.iceberg.tables import CatalogTables
from salesperf_cli.core.ledger import Ledger

def dies(owner, name, at, counts=lambda *arguments: True, after=False):
    real, seen = getattr(owner, name), []
    def call(*arguments, **named):
        if counts(*arguments):
            seen.append(name)
        done = real(*arguments, **named) if after else None
        if len(seen) == at and counts(*arguments):
            os.kill(os.getpid(), signal.SIGKILL)
        return done if after else real(*arguments, **named)
    setattr(owner, name, call)

MOMENT
from salesperf_cli.app import main
main()
"""


def die(lake: Lake, arguments: tuple[str, ...], moment: str) -> None:
    """Run a command that ends at a moment: `dies(owner, method, n)` is the n-th call of a method, or its end."""
    ended = subprocess.run(
        [sys.executable, "-c", _DYING.replace("MOMENT", moment), *arguments],
        cwd=lake.folder,
        env={**os.environ, **lake.variables, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
