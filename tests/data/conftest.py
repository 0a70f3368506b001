"""Fixtures of the tests of data."""

import shutil
from pathlib import Path

import pytest
from simulation_cases import PENDULUM, robot


@pytest.fixture(scope="module")
def pendulum():
    """Return a pendulum with a motor."""
    return robot(PENDULUM)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory) -> Path:
    """Return a dataset, which tests must not change."""
    from small_datasets import trajectories, write

    return write(tmp_path_factory.mktemp("datasets") / "toy-1", trajectories()).path


@pytest.fixture
def copy(pristine, tmp_path) -> Path:
    """Return a copy of the dataset, which a test may change."""
    return Path(shutil.copytree(pristine, tmp_path / "toy-1"))
