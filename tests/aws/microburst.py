"""microburst, a proxy that plays the faults of AWS in AWS's own words, as a process on loopback. Not a test module.

with microburst(folder, store, rules) as faults: …
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.aws.standin.parts import answers, free_port, program_of, start, stop, wait_until

Rule = Mapping[str, Any]
"""What shall happen to which calls, and how often, in the proxy's own form."""


@dataclass(frozen=True, slots=True)
class Microburst:
    """A proxy that is running before a store, and what it has done."""

    store: str
    endpoint_url: str

    def fired(self) -> tuple[str, ...]:
        """The faults so far: what was done to which operation, such as `PutRecords reset`."""
        with urllib.request.urlopen(f"{self.endpoint_url}/_microburst/fired?limit=10000", timeout=10) as answer:
            return tuple(f"{each['operation']} {each['action']}" for each in json.load(answer))


@contextmanager
def microburst(home: Path, store: str, rules: Sequence[Rule]) -> Iterator[Microburst]:
    """A proxy before the stand-in at the address `store`."""
    home.mkdir(parents=True, exist_ok=True)
    settings, log, port = home / "rules.json", home / "microburst.log", free_port()
    settings.write_text(json.dumps({"upstream": store, "port": port, "rules": list(rules)}))
    # It is installed beside ministack (tests/infra/requirements-standin.txt). JSON is YAML, too.
    command = (program_of("ministack").with_name("microburst"), "--config", settings)
    process = start(command, {"PATH": "/usr/bin:/bin", "HOME": str(home)}, log)
    try:
        wait_until(lambda: answers(port), process, log, 30)
        yield Microburst(store, f"http://127.0.0.1:{port}")
    finally:
        stop(process)
