"""Fixtures for all tests: sample source files, written once, and empty projects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from salesperf_cli.core.sample import SampleReport, write_sample
from tests.lake import Lake, new_lake

# A busy machine is no fault: nothing here is judged by its time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The nine source files of 300 clean orders; read only."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, 300, 7, False)
    return folder


@pytest.fixture(scope="session")
def more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of orders that go on from `sample`: one per cent more; read only."""
    folder = tmp_path_factory.mktemp("more")
    write_sample(folder, 3, 7, False, first_order=300)
    return folder


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleReport]:
    """The source files of 2,000 orders with planted faults, and what was planted; read only."""
    folder = tmp_path_factory.mktemp("dirty")
    return folder, write_sample(folder, 2_000, 7, True)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty project."""
    return new_lake(tmp_path / "shop")


@pytest.fixture(scope="module")
def make_lake(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lake]:
    """Makes empty projects that live as long as the module."""
    return lambda name: new_lake(tmp_path_factory.mktemp(name) / "shop")
