"""A file that goes up in several parts, and how it is sent. Not a test module."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from salesperf_cli.backends.aws.objects import S3Objects

PART = 128 << 10
"""Small, to be quick; S3 itself wants 5 MiB."""
PARTS = 5
LARGE = random.Random(6).randbytes((PARTS - 1) * PART + 17)
KEY = "bronze/a.csv"


def receive(objects: S3Objects, file: Path, stored: Callable[[int], None] | None = None) -> bool:
    """Store a file under KEY; whether this created the object."""
    with file.open("rb") as stream:
        return objects.receive(stream, lambda _: KEY, watch=lambda _: None, stored=stored).created
