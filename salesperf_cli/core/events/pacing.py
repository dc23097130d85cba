"""When an event is due: as it happened, only faster; at a steady rate; or at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Pacer:
    """Spreads events over time. `speedup` is how much faster than life, `rate` events a second; neither: at once.

    The clock begins with the first event: due times are counted from there, so that no error adds up.
    """

    speedup: float | None = None
    rate: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    lag: float = 0.0
    _began: float = field(default=0.0, init=False)
    _first: float | None = field(default=None, init=False)
    _count: int = field(default=0, init=False)

    @property
    def is_paced(self) -> bool:
        """Whether events wait for anything."""
        return self.speedup is not None or self.rate is not None

    def wait(self, occurred: float) -> None:
        """Wait until the next event, which happened at `occurred`, is due; `lag` is how late it is."""
        if self._first is None:
            self._began, self._first = self.clock(), occurred
        if self.rate is not None:
            due = self._began + self._count / self.rate
        else:
            due = self._began + (occurred - self._first) / (self.speedup or 1.0)
        self._count += 1
        while (left := due - self.clock()) > 0:
            self.sleep(min(left, 0.2))
        self.lag = max(self.clock() - due, 0.0)

    def ahead(self, occurred: float) -> bool:
        """Whether the event after the last one is not due yet: what was gathered should go."""
        if self._first is None:
            return True
        if self.rate is not None:
            due = self._began + self._count / self.rate
        else:
            due = self._began + (occurred - self._first) / (self.speedup or 1.0)
        return due > self.clock()
