"""ministack, a stand-in for AWS, as a process of its own on loopback. Not a test module.

with ministack(folder) as endpoint_url: …
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.aws.standin.parts import answers, free_port, program_of, start, stop, wait_until


def missing_ministack() -> str | None:
    """Why it cannot be started here, in a sentence for `pytest.skip`; None where it can."""
    return None if program_of("ministack").is_file() else "ministack is not installed (make standin)"


@contextmanager
def ministack(home: Path, port: int | None = None) -> Iterator[str]:
    """A fresh account in `home`; gives its address. It sees nothing of this process's environment."""
    home.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "GATEWAY_PORT": str(port),
    }
    log = home / "ministack.log"
    process = start((program_of("ministack"),), environment, log)
    try:
        wait_until(lambda: answers(port), process, log, 30)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)
