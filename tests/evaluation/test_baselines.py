"""Baselines: predictions without a model."""

import numpy as np

from dynax.evaluation.baselines import constant_velocity, hold_last


def test_hold_last_keeps_the_initial_state():
    truth = np.random.default_rng(0).normal(size=(2, 5, 4))
    predicted = hold_last(truth)
    assert predicted.shape == truth.shape
    assert (predicted == truth[:, :1]).all()


def test_constant_velocity_changes_only_positions(cart_pole):
    truth = np.zeros((1, 3, 4))
    truth[0, 0] = [1, 2, 3, 4]
    predicted = constant_velocity(cart_pole.space, truth)
    np.testing.assert_allclose(predicted[0], [[1, 2, 3, 4], [1.03, 2.04, 3, 4], [1.06, 2.08, 3, 4]])
