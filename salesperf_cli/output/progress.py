"""Shows that work goes on: a live bar on a terminal, one closing line elsewhere, nothing when quiet.

The bar costs the import of rich, so it appears only when the work has taken longer than the eye waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

if TYPE_CHECKING:
    import rich.progress

_PATIENCE_SECONDS = 0.4
ERASE_LINE = "\r\x1b[2K"


class Progress(Protocol):
    """Work that is under way."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def advance(self, amount: int = 1) -> None:
        """Say that so many more units are done."""
        ...


class SilentProgress:
    """Says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        return None

    def advance(self, amount: int = 1) -> None:
        """Nothing to show."""


class LineProgress:
    """One line when the work is done: for logs, where a bar would be noise."""

    def __init__(self, say: Callable[[str], None], total: int | None, label: str, unit: str) -> None:
        self._say = say
        self._total = total
        self._label = label
        self._unit = unit
        self._done = 0
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        count = f"{self._done:,}"
        if self._total is not None and self._done != self._total:
            count += f" of {self._total:,}"
        seconds = time.monotonic() - self._started
        self._say(f"{self._label}: {count}{' ' + self._unit if self._unit else ''}, {seconds:.1f} s")

    def advance(self, amount: int = 1) -> None:
        """Count; the line comes at the end."""
        self._done += amount


class LiveProgress:
    """A bar on a terminal: first the plain label, the rich bar once the work turns out to be long."""

    def __init__(self, stream: TextIO, total: int | None, label: str, *, width: int, color: bool) -> None:
        self._stream = stream
        self._total = total
        self._label = label
        self._width = width
        self._color = color
        self._done = 0
        self._started = time.monotonic()
        self._bar: rich.progress.Progress | None = None
        self._task: rich.progress.TaskID | None = None

    def __enter__(self) -> Self:
        self._stream.write(f"{self._label} …")
        self._stream.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._stream.write(ERASE_LINE)
        self._stream.flush()

    def advance(self, amount: int = 1) -> None:
        """Move the bar."""
        self._done += amount
        if self._bar is None and time.monotonic() - self._started > _PATIENCE_SECONDS:
            self._show_bar()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done)

    def _show_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._stream.write(ERASE_LINE)
        console = Console(file=self._stream, force_terminal=True, no_color=not self._color, width=self._width)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task(self._label, total=self._total)
        self._bar.start()
