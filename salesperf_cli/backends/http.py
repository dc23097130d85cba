"""HTTP through urllib3: one request, one answer. When to ask again and where to go on is decided in `core.api`."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

import urllib3
from urllib3.exceptions import (
    DecodeError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from salesperf_cli.backends.ports import HttpAnswer, NoAnswerError
from salesperf_cli.errors import InputError

_BLOCK = 1 << 16
_PATIENCE = 10
"""A whole answer may take so many times the longest silence: a server that drips bytes is left at last."""


class Urllib3Http:
    """Implements `Http`; connections are kept open from page to page."""

    def __init__(self) -> None:
        # It logs the path and query of every request, and a secret may stand there.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
        self._pool = urllib3.PoolManager(cert_reqs="CERT_REQUIRED", retries=False)

    def get(self, address: str, headers: Mapping[str, str], *, seconds: float, longest: int) -> HttpAnswer:
        """The answer, its body inflated and at most `longest` bytes; `seconds` is the longest silence.

        Raises NoAnswerError, and InputError when the server does not prove who it is.
        """
        # What urllib3 raises may hold the address, so it is not chained: a traceback would show it.
        why = ""
        try:
            return self._get(address, headers, seconds, longest)
        except SSLError as fault:
            if "CERTIFICATE_VERIFY_FAILED" not in str(fault) and "hostname" not in str(fault):
                why = "the encrypted connection broke off"
        except (HTTPError, OSError) as fault:
            why = _told(fault, seconds)
        if why:
            raise NoAnswerError(why)
        raise InputError(
            "the server's certificate is not trusted",
            why="it is not signed by an authority that this machine knows, is out of date or for another host",
            remedy="check the address; SSL_CERT_FILE names a file with further authorities",
        )

    def _get(self, address: str, headers: Mapping[str, str], seconds: float, longest: int) -> HttpAnswer:
        ends = time.monotonic() + _PATIENCE * seconds
        answer = self._pool.request(
            "GET",
            address,
            headers=dict(headers),
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=seconds, read=seconds),
        )
        whole, size, blocks = False, 0, []
        try:
            while size <= longest:
                block = answer.read1(_BLOCK, decode_content=True)
                if not block:
                    whole = True
                    break
                blocks.append(block)
                size += len(block)
                if time.monotonic() > ends:
                    raise NoAnswerError(f"the answer did not end within {_PATIENCE * seconds:g} s")
        finally:
            if whole:
                answer.release_conn()
            else:
                answer.close()
        links = answer.headers.getlist("link")
        named = {name.lower(): value for name, value in answer.headers.items()}
        return HttpAnswer(answer.status, named, links, b"".join(blocks)[: longest if not whole else None], whole)


def _told(fault: Exception, seconds: float) -> str:
    """What happened, in words that hold nothing of the request."""
    match fault:
        case NameResolutionError():
            return "the host's name is not known"
        case NewConnectionError():  # a TimeoutError, too: it comes first
            return "no connection could be made"
        case urllib3.exceptions.TimeoutError():
            return f"no answer within {seconds:g} s"
        case DecodeError():
            return "the answer's compression is damaged"
        case _:
            return "the connection broke off"
