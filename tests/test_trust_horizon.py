"""The trust horizon of a trained ensemble."""

import dataclasses

import jax
import numpy as np
import pytest

from dynax import architectures
from dynax.errors import UserError
from dynax.evaluation.ensembles import calibrate
from dynax.trained import TrainedModel, load
from dynax.training.normalization import normalization_of

STATES, ACTIONS = np.full((2, 4), 0.3), np.zeros((2, 40, 1))


@pytest.fixture(scope="module")
def ensemble(robots, trajectories):
    """A calibrated ensemble without training."""
    train, val = trajectories["cart_pole"].split(0.25)
    group = {"architecture": "mlp", "hidden_dims": [4], "activation": "tanh", "ensemble_size": 3}
    model = architectures.make(robots["cart_pole"], group)
    trained = TrainedModel(model, model.create(jax.random.PRNGKey(0), normalization_of(model, train)))
    return dataclasses.replace(trained, calibration=calibrate(trained, val))


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
