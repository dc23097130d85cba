"""Jobs that make a layer each, on machines elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job as it stands: `state` as AWS names it in lower case, what it said at its end, and its seconds of work."""

    state: Literal["starting", "running", "stopping", "succeeded", "failed", "stopped", "timeout"]
    message: str = ""
    seconds: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("succeeded", "failed", "stopped", "timeout")


class Jobs(Protocol):
    """Jobs that make a layer each, on machines elsewhere."""

    def start(self, layer: str, arguments: Mapping[str, str]) -> str:
        """Start the layer's job with arguments besides its own; gives the job run's id.

        Raises ConflictError while the job runs already.
        """

    def run(self, layer: str, job: str) -> JobRun:
        """How a job run stands."""

    def stop(self, layer: str, job: str) -> None:
        """Ask a job run to stop."""

    def log(self, layer: str, job: str, after: str | None) -> tuple[Sequence[str], str | None]:
        """The lines that a job run has printed after a place (None: from the beginning), and the place reached."""
