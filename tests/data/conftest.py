"""Fixtures of the tests of data."""

import pytest
from simulation_cases import PENDULUM, robot


@pytest.fixture(scope="module")
def pendulum():
    """Return a pendulum with a motor."""
    return robot(PENDULUM)
