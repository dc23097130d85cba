"""What Kinesis and networks do to PutRecords, by a seed: throttled calls and entries, lost replies. Not a test module.

Everything else passes through.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tests.proxy import Answer, Exchange, proxy_before

_TYPE = (("Content-Type", "application/x-amz-json-1.1"),)
_SLOW_DOWN = {"__type": "ProvisionedThroughputExceededException", "message": "Rate exceeded for shard"}


@dataclass
class Faults:
    """How often what happens, of one; and how often it did."""

    dice: random.Random
    endpoint_url: str = ""
    throttle: float = 0.15
    entry: float = 0.1
    lost_reply: float = 0.15
    happened: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def happens(self, name: str) -> bool:
        with self.lock:
            if self.dice.random() >= getattr(self, name):
                return False
            self.happened[name] += 1
            return True

    def behave(self, exchange: Exchange) -> None:
        body = exchange.read()
        if not exchange.headers.get("X-Amz-Target", "").endswith(".PutRecords"):
            exchange.answer(exchange.ask(body))
        elif self.happens("throttle"):
            exchange.answer(Answer(400, _TYPE, json.dumps(_SLOW_DOWN).encode()))
        else:
            answer = self._put(exchange, json.loads(body))
            if self.happens("lost_reply"):
                exchange.hang_up()
            else:
                exchange.answer(answer)

    def _put(self, exchange: Exchange, asked: dict[str, object]) -> Answer:
        """Put some of the entries; the answer says of the others that they were throttled."""
        records = asked["Records"]
        assert isinstance(records, list)
        kept = [not self.happens("entry") for _ in records]
        asked["Records"] = [each for each, keep in zip(records, kept, strict=True) if keep]
        answer = exchange.ask(json.dumps(asked).encode()) if any(kept) else Answer(200, _TYPE, b'{"Records": []}')
        return replace(answer, body=_merged(answer.body, kept), length=None) if answer.status == 200 else answer


@contextmanager
def faults_before(store: str, seed: int) -> Iterator[Faults]:
    """A proxy before the stand-in at an address."""
    faults = Faults(random.Random(seed))
    with proxy_before(store, faults.behave) as faults.endpoint_url:
        yield faults


def _merged(found: bytes, kept: list[bool]) -> bytes:
    """The answer with the refused entries in their places."""
    taken = iter(json.loads(found)["Records"])
    refused = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard"}
    records = [next(taken) if keep else refused for keep in kept]
    return json.dumps({"FailedRecordCount": kept.count(False), "Records": records}).encode()
