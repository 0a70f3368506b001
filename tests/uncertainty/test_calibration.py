"""Calibration of synthetic errors, whose distribution given the spread is known."""

import numpy as np
import pytest
from scipy.stats import norm
from synthetic_errors import FACTOR, OBSERVED, sample

from dynax.errors import UserError
from dynax.math.first_passage import first_passage
from dynax.uncertainty.calibration import FILE, LEVELS, MAX_TOO_LONG, Calibration, normal_half_width
from dynax.uncertainty.spread import rms

SIZE = 3  # coordinates


@pytest.fixture(scope="module")
def calibration():
    return Calibration.fit(np.ones(3), *sample(0), OBSERVED)


def test_the_factors_are_the_quantiles_of_the_error_in_units_of_the_spread(calibration):
    expected = FACTOR * norm.ppf((1 + np.array(LEVELS)) / 2)
    np.testing.assert_allclose(calibration.factors.mean(axis=(1, 2)), expected, rtol=0.02)
    assert np.all(np.diff(calibration.factors, axis=0) > 0)


@pytest.mark.parametrize("level", LEVELS)
def test_new_errors_lie_in_the_intervals_at_the_nominal_rate(calibration, level):
    error, spread = sample(1)
    inside = np.abs(error) <= calibration.half_width(spread, level)
    np.testing.assert_allclose(inside.mean(axis=(0, 2))[1:], level, atol=0.05)
    raw = np.abs(error) <= normal_half_width(spread, level)
    assert raw[:, 1:].mean() < level - 0.1


def test_the_trust_horizon_is_rarely_too_long(calibration):
    error, spread = sample(1)
    valid = first_passage(rms(error, OBSERVED), 0.1)
    announced = calibration.trust_steps(spread, OBSERVED)
    assert np.mean(announced > valid) < MAX_TOO_LONG + 0.04
    assert np.median(announced) >= 0.5 * np.median(valid)
    assert (calibration.trust_steps(spread, OBSERVED, threshold=1.0) >= announced).all()


def test_a_saved_calibration_is_equal(calibration, tmp_path):
    assert Calibration.load(tmp_path, SIZE) is None
    calibration.save(tmp_path)
    loaded = Calibration.load(tmp_path, SIZE)
    assert loaded is not None
    assert loaded.to_json() == calibration.to_json()


def test_a_damaged_file_is_an_error(tmp_path):
    (tmp_path / FILE).write_text('{"state_std": 3}')
    with pytest.raises(UserError, match=r"the run .* is damaged"):
        Calibration.load(tmp_path, SIZE)


def test_arrays_that_do_not_fit_together_are_an_error(calibration):
    content = calibration.to_json()
    with pytest.raises(UserError, match="do not fit together"):
        Calibration.from_json({**content, "steps": content["steps"][1:]}, SIZE, "damaged")
    with pytest.raises(UserError, match="do not fit together"):
        Calibration.from_json({**content, "state_std": [1.0]}, SIZE, "damaged")
    with pytest.raises(UserError, match="do not fit together"):
        Calibration.from_json(content, SIZE + 1, "damaged")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([1], "must be an object"),
        ({"a": 1}, "the key state_std is missing"),
        ({"state_std": [float("nan")] * 3}, "the key state_std.0 must be a number from"),
        ({"state_std": [0.0] * 3}, "the key state_std.0 must be a number from"),
        ({"trust_factor": "x"}, "the key trust_factor must be a number"),
        ({"factors": [[[1e300]]]}, "the key factors.0.0.0 must be a number from"),
        ({"steps": "descending"}, "the steps of the calibration must increase"),
    ],
)
def test_wrong_content_is_named(calibration, wrong, message):
    content = calibration.to_json()
    if wrong == {"steps": "descending"}:
        wrong = {"steps": content["steps"][::-1]}
    changed = {**content, **wrong} if isinstance(wrong, dict) and "a" not in wrong else wrong
    with pytest.raises(UserError, match=f"^damaged: .*{message}"):
        Calibration.from_json(changed, SIZE, "damaged")
