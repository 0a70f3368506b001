"""Reliability of intervals whose coverage and width are known."""

import numpy as np
import pytest
from synthetic_errors import FACTOR, OBSERVED, sample

from dynax.uncertainty.calibration import LEVELS, Calibration
from dynax.uncertainty.reliability import HORIZONS, reliability


@pytest.fixture(scope="module")
def result():
    calibration = Calibration.fit(np.ones(3), *sample(0, n=2000), OBSERVED)
    return reliability(calibration, *sample(1, n=2000), OBSERVED, 0.01)


def test_horizons_beyond_the_test_are_left_out(result):
    assert result.steps == tuple(k for k in HORIZONS if k <= 60)


def test_the_calibrated_coverage_is_nominal_and_the_raw_one_is_too_low(result):
    np.testing.assert_allclose(result.coverage, np.array(LEVELS)[:, None] * np.ones(3), atol=0.03)
    assert (result.raw_coverage < result.coverage - 0.2).all()


def test_the_width_is_that_of_an_oracle_if_all_spreads_are_equal():
    error, spread = sample(0, n=4000)
    constant = np.broadcast_to(np.sqrt(np.mean(spread**2, axis=0)), spread.shape)
    error = FACTOR * constant * np.random.default_rng(5).normal(size=spread.shape)
    calibration = Calibration.fit(np.ones(3), error, constant, OBSERVED)
    again = reliability(calibration, error, constant, OBSERVED, 0.01)
    np.testing.assert_allclose(again.relative_width, 1, atol=0.05)
    assert (again.rank_correlation == 0).all()  # a constant spread does not rank


def test_a_larger_spread_means_a_larger_error(result):
    assert (result.rank_correlation > 0.5).all()
    assert 0 < result.announced_s < result.valid_s
    assert result.too_long < 0.1


def test_the_summary_is_json_data(result):
    summary = result.summary()
    assert summary["steps"] == list(result.steps)
    assert set(summary["coverage"]) == {f"{level:g}" for level in LEVELS}
    assert summary["trust_horizon"]["too_long"] == result.too_long
