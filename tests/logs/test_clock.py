"""The sampling interval of time stamps."""

import numpy as np
import pytest

from dynax.logs.clock import sampling_interval


@pytest.mark.parametrize("interval", [0.002, 1 / 610.35, 1 / 3])
def test_a_regular_interval_is_exact(interval):
    assert sampling_interval(7.0 + interval * np.arange(50_000)) == pytest.approx(interval, rel=1e-9)


def test_the_interval_of_noisy_time_stamps_is_rounded():
    time = 0.002 * np.arange(5_000) + np.random.default_rng(0).uniform(0, 3e-4, 5_000)
    assert sampling_interval(time) == pytest.approx(0.002, rel=0.01)
    assert float(f"{sampling_interval(time):.3g}") == sampling_interval(time)
