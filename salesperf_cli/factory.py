"""Puts a workspace together from the settings: the pipeline, the target's backend, the ledger.

Besides `app`, the only module that knows both sides: core, and who implements its ports.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesperf_cli.core.ledger import Ledger
from salesperf_cli.core.pipeline import Pipeline, load_pipeline
from salesperf_cli.errors import InputError

if TYPE_CHECKING:
    from salesperf_cli.backends.embedded.backend import LocalBackend
    from salesperf_cli.config import Settings
    from salesperf_cli.environment import Environment


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a command works with."""

    settings: Settings
    pipeline: Pipeline
    backend: LocalBackend
    ledger: Ledger


def open_workspace(world: Environment) -> Workspace:
    """The workspace of this invocation; raises InputError when target or pipeline cannot be had."""
    from salesperf_cli.backends.embedded.backend import LocalBackend

    settings = world.settings
    if not settings.is_local:
        raise InputError(
            f"the target {settings.target} lies on AWS",
            why="this version works on the local target",
            remedy="leave --target out",
        )
    backend = LocalBackend(settings.lake, memory_limit=settings.memory_limit, threads=settings.threads)
    return Workspace(settings, load_pipeline(settings.pipeline), backend, Ledger(backend.objects))
