"""The trust horizon of a trained ensemble."""

import dataclasses

import numpy as np
import pytest
from small_models import calibrated_ensemble

from dynax.errors import UserError
from dynax.trained import load

STATES, ACTIONS = np.full((2, 4), 0.3), np.zeros((2, 40, 1))


@pytest.fixture(scope="module")
def ensemble(robots, trajectories):
    """A calibrated ensemble without training."""
    return calibrated_ensemble(robots["cart_pole"], trajectories["cart_pole"])


def test_the_trust_horizon_is_the_time_until_the_calibrated_spread_is_large(ensemble):
    horizon = ensemble.trust_horizon(STATES, ACTIONS)
    assert horizon.shape == (2,)
    assert ((horizon >= 0) & (horizon <= 40 * ensemble.env.dt)).all()
    assert (ensemble.trust_horizon(STATES, ACTIONS, threshold=1e-9) <= ensemble.env.dt).all()
    np.testing.assert_allclose(ensemble.trust_horizon(STATES, ACTIONS, threshold=1e9), 40 * ensemble.env.dt)


def test_a_saved_ensemble_has_its_calibration(ensemble, tmp_path):
    loaded = load(ensemble.save(tmp_path / "model"))
    assert loaded.calibration is not None
    assert loaded.calibration.to_json() == ensemble.calibration.to_json()
    np.testing.assert_array_equal(loaded.trust_horizon(STATES, ACTIONS), ensemble.trust_horizon(STATES, ACTIONS))


def test_a_model_without_calibration_has_none(ensemble):
    with pytest.raises(UserError, match=r"has no calibration: train an ensemble, for example with model.ensemble_size"):
        dataclasses.replace(ensemble, calibration=None).trust_horizon(STATES, ACTIONS)
